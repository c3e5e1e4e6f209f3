EXTRA_DIST += \
	conf/dovecot-2.3.conf \
	conf/dovecot-2.3-authpolicy.conf \
	conf/dovecot-2.4.conf \
	conf/dovecot-2.4-authpolicy.conf \
	conf/gatepost.conf \
	conf/postfix-main.cf \
	conf/postfix-master.cf \
	conf/sendmail.mc
gatepostconfdir = $(sysconfdir)/gatepost

# The settings of a running site are never written over.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(gatepostconfdir)
	test -e $(DESTDIR)$(gatepostconfdir)/gatepost.conf || \
		$(INSTALL_DATA) $(top_srcdir)/conf/gatepost.conf \
			$(DESTDIR)$(gatepostconfdir)/gatepost.conf
uninstall-local:
	-cmp -s $(top_srcdir)/conf/gatepost.conf \
		$(DESTDIR)$(gatepostconfdir)/gatepost.conf && \
		rm -f $(DESTDIR)$(gatepostconfdir)/gatepost.conf
