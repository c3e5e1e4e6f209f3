EXTRA_DIST += \
	conf/gatepost-authpolicy.service.in \
	conf/gatepost-milter.service.in \
	conf/gatepost-milter.socket \
	conf/dovecot-2.3.conf \
	conf/dovecot-2.3-authpolicy.conf \
	conf/dovecot-2.4.conf \
	conf/dovecot-2.4-authpolicy.conf \
	conf/gatepost.conf \
	conf/gatepost-alerts.yml \
	conf/gatepost-grafana.json \
	conf/gatepostctl.bash \
	conf/postfix-main.cf \
	conf/postfix-master.cf \
	conf/sendmail.mc
gatepostconfdir = $(sysconfdir)/gatepost
completionsdir = $(datadir)/bash-completion/completions

# The settings of a running site are never written over.
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(gatepostconfdir)
	test -e $(DESTDIR)$(gatepostconfdir)/gatepost.conf || \
		$(INSTALL_DATA) $(top_srcdir)/conf/gatepost.conf \
			$(DESTDIR)$(gatepostconfdir)/gatepost.conf
	$(MKDIR_P) $(DESTDIR)$(completionsdir)
	$(INSTALL_DATA) $(top_srcdir)/conf/gatepostctl.bash \
		$(DESTDIR)$(completionsdir)/gatepostctl
uninstall-local:
	-rm -f $(DESTDIR)$(completionsdir)/gatepostctl
	-rm -f $(DESTDIR)$(gatepostconfdir)/gatepost.conf.compiled
	-cmp -s $(top_srcdir)/conf/gatepost.conf \
		$(DESTDIR)$(gatepostconfdir)/gatepost.conf && \
		rm -f $(DESTDIR)$(gatepostconfdir)/gatepost.conf

# Units for systemd, with the folders of this installation in them.
systemd_units =
if BUILD_MILTER
systemd_units += conf/gatepost-milter.service
endif
if BUILD_AUTHPOLICY
systemd_units += conf/gatepost-authpolicy.service
endif
$(systemd_units): Makefile
	$(AM_V_GEN)$(MKDIR_P) conf && $(SED) 's|@sbindir[@]|$(sbindir)|' \
		$(top_srcdir)/$@.in > $@
conf/gatepost-milter.service: conf/gatepost-milter.service.in
conf/gatepost-authpolicy.service: conf/gatepost-authpolicy.service.in
noinst_DATA = $(systemd_units)
CLEANFILES += $(systemd_units)
if HAVE_SYSTEMD
systemdsystemunitdir = $(with_systemdsystemunitdir)
systemdsystemunit_DATA = $(systemd_units)
if BUILD_MILTER
systemdsystemunit_DATA += conf/gatepost-milter.socket
endif
endif
