# Dovecot loads its plugins from this folder and needs exactly these names.
moduledir = $(dovecot_modules)
module_LTLIBRARIES = imapd-hooks/lib95_imap_gatepost_plugin.la
imapd_hooks_lib95_imap_gatepost_plugin_la_SOURCES = \
	imapd-hooks/dovecot-compat.h \
	imapd-hooks/imap-answer.c imapd-hooks/imap-answer.h \
	imapd-hooks/imap-delay.c imapd-hooks/imap-delay.h \
	imapd-hooks/imap-gatepost-plugin.c \
	imapd-hooks/imap-gatepost-plugin.h \
	imapd-hooks/imap-request.c imapd-hooks/imap-request.h \
	imapd-hooks/poll-session.c imapd-hooks/poll-session.h
imapd_hooks_lib95_imap_gatepost_plugin_la_CPPFLAGS = \
	-I$(top_srcdir)/lib -I$(top_srcdir)/imapd-hooks $(DOVECOT_CFLAGS)
# -fvisibility=hidden: Dovecot loads plugins with RTLD_GLOBAL, so nothing but
# the entry points may be seen by others.
imapd_hooks_lib95_imap_gatepost_plugin_la_CFLAGS = $(AM_CFLAGS)
imapd_hooks_lib95_imap_gatepost_plugin_la_LDFLAGS = $(AM_LDFLAGS) \
	-module -avoid-version -shared \
	-export-symbols-regex '^imap_gatepost_plugin_'
imapd_hooks_lib95_imap_gatepost_plugin_la_LIBADD = lib/libgatepost.la
