# Dovecot loads its plugins from this folder and needs exactly these names.
moduledir = $(dovecot_modules)
module_LTLIBRARIES = imapd-hooks/lib95_imap_gatepost_plugin.la
module_LTLIBRARIES += imapd-hooks/lib95_pop3_gatepost_plugin.la

# Beside them, and loaded by them when they have a file to parse; Dovecot leaves alone
# what mail_plugins does not name.
module_LTLIBRARIES += imapd-hooks/libgatepost_confuse.la
imapd_hooks_libgatepost_confuse_la_SOURCES = $(confuse_sources)
imapd_hooks_libgatepost_confuse_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
imapd_hooks_libgatepost_confuse_la_LDFLAGS = $(AM_LDFLAGS) -module \
	-avoid-version -shared -export-symbols-regex '^gp_confuse_read$$'
imapd_hooks_libgatepost_confuse_la_LIBADD = $(CONFUSE_LIBS)

# One session of a mail program, whoever serves it.
poll_session_sources = \
	imapd-hooks/held.c imapd-hooks/held.h \
	imapd-hooks/poll-asker.c imapd-hooks/poll-asker.h \
	imapd-hooks/poll-lines.c imapd-hooks/poll-lines.h \
	imapd-hooks/poll-memory.c imapd-hooks/poll-memory.h \
	imapd-hooks/poll-session.c imapd-hooks/poll-session.h

plugin_sources = \
	imapd-hooks/access.c imapd-hooks/access.h \
	imapd-hooks/dovecot-compat.h \
	imapd-hooks/plugin-confuse.c lib/confuse-read.h \
	imapd-hooks/plugin-dovecot.c imapd-hooks/plugin-dovecot.h \
	imapd-hooks/plugin-library.c imapd-hooks/plugin-library.h \
	imapd-hooks/plugin-login.c imapd-hooks/plugin-login.h \
	imapd-hooks/plugin-site.c imapd-hooks/plugin-site.h \
	$(poll_session_sources)
plugin_cppflags = -I$(top_srcdir)/lib -I$(top_srcdir)/imapd-hooks $(DOVECOT_CFLAGS) \
	-DGP_PLUGIN_VERSION='"$(PACKAGE_VERSION)"'
# nodelete: a thread that still waits for a name server when a mail process ends returns
# into the plugin.
plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared -Wl,-z,nodelete

# -export-symbols-regex: Dovecot loads plugins with RTLD_GLOBAL, so nothing but
# the entry points may be seen by others.
#
# All of a plugin that a plain login has; it links with none of our libraries.
plain_plugin_sources = \
	imapd-hooks/dovecot-compat.h \
	imapd-hooks/plain-login.c imapd-hooks/plain-login.h \
	imapd-hooks/plugin-library.c imapd-hooks/plugin-library.h \
	imapd-hooks/plugin-login.c imapd-hooks/plugin-login.h \
	imapd-hooks/plugin-plain.c imapd-hooks/plugin-plain.h

imapd_hooks_lib95_imap_gatepost_plugin_la_SOURCES = $(plain_plugin_sources) \
	imapd-hooks/imap-gatepost-plugin.c \
	imapd-hooks/imap-gatepost-plugin.h imapd-hooks/imap-judge.h
imapd_hooks_lib95_imap_gatepost_plugin_la_CPPFLAGS = $(plugin_cppflags)
imapd_hooks_lib95_imap_gatepost_plugin_la_CFLAGS = $(AM_CFLAGS)
imapd_hooks_lib95_imap_gatepost_plugin_la_LDFLAGS = $(plugin_ldflags) \
	-export-symbols-regex '^imap_gatepost_plugin_'
imapd_hooks_lib95_imap_gatepost_plugin_la_LIBADD = $(DL_LIBS)

imapd_hooks_lib95_pop3_gatepost_plugin_la_SOURCES = $(plain_plugin_sources) \
	imapd-hooks/pop3-gatepost-plugin.c \
	imapd-hooks/pop3-gatepost-plugin.h imapd-hooks/pop3-judge.h
imapd_hooks_lib95_pop3_gatepost_plugin_la_CPPFLAGS = $(plugin_cppflags)
imapd_hooks_lib95_pop3_gatepost_plugin_la_CFLAGS = $(AM_CFLAGS)
imapd_hooks_lib95_pop3_gatepost_plugin_la_LDFLAGS = $(plugin_ldflags) \
	-export-symbols-regex '^pop3_gatepost_plugin_'
imapd_hooks_lib95_pop3_gatepost_plugin_la_LIBADD = $(DL_LIBS)

# The rest, which those load.
module_LTLIBRARIES += imapd-hooks/libgatepost_imap.la
imapd_hooks_libgatepost_imap_la_SOURCES = $(plugin_sources) \
	imapd-hooks/imap-answer.c imapd-hooks/imap-answer.h \
	imapd-hooks/imap-delay.c imapd-hooks/imap-delay.h \
	imapd-hooks/imap-judge.c imapd-hooks/imap-judge.h \
	imapd-hooks/imap-program.c imapd-hooks/imap-program.h \
	imapd-hooks/imap-request.c imapd-hooks/imap-request.h
imapd_hooks_libgatepost_imap_la_CPPFLAGS = $(plugin_cppflags)
imapd_hooks_libgatepost_imap_la_CFLAGS = $(AM_CFLAGS)
imapd_hooks_libgatepost_imap_la_LDFLAGS = $(plugin_ldflags) \
	-export-symbols-regex '^gp_imap_judge$$'
imapd_hooks_libgatepost_imap_la_LIBADD = lib/libgatepost-base.la $(DL_LIBS)

module_LTLIBRARIES += imapd-hooks/libgatepost_pop3.la
imapd_hooks_libgatepost_pop3_la_SOURCES = $(plugin_sources) \
	imapd-hooks/pop3-judge.c imapd-hooks/pop3-judge.h
imapd_hooks_libgatepost_pop3_la_CPPFLAGS = $(plugin_cppflags)
imapd_hooks_libgatepost_pop3_la_CFLAGS = $(AM_CFLAGS)
imapd_hooks_libgatepost_pop3_la_LDFLAGS = $(plugin_ldflags) \
	-export-symbols-regex '^gp_pop3_judge$$'
imapd_hooks_libgatepost_pop3_la_LIBADD = lib/libgatepost-base.la $(DL_LIBS)

# Asked by Dovecot's auth process; knows nothing of Dovecot's headers.
if BUILD_AUTHPOLICY
sbin_PROGRAMS += imapd-hooks/gatepost-authpolicy
imapd_hooks_gatepost_authpolicy_SOURCES = \
	imapd-hooks/authpolicy-holds.c imapd-hooks/authpolicy-holds.h \
	imapd-hooks/authpolicy-http.c imapd-hooks/authpolicy-http.h \
	imapd-hooks/authpolicy-judge.c imapd-hooks/authpolicy-judge.h \
	imapd-hooks/authpolicy-lines.c imapd-hooks/authpolicy-lines.h \
	imapd-hooks/authpolicy-memory.c imapd-hooks/authpolicy-memory.h \
	imapd-hooks/authpolicy-plain.c imapd-hooks/authpolicy-plain.h \
	imapd-hooks/authpolicy-question.c imapd-hooks/authpolicy-question.h \
	imapd-hooks/authpolicy-request.c imapd-hooks/authpolicy-request.h \
	imapd-hooks/gatepost-authpolicy.c \
	imapd-hooks/plain-login.c imapd-hooks/plain-login.h \
	$(poll_session_sources)
imapd_hooks_gatepost_authpolicy_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) \
	$(JANSSON_CFLAGS)
imapd_hooks_gatepost_authpolicy_LDADD = lib/libgatepost.la $(MICROHTTPD_LIBS) \
	$(JANSSON_LIBS) -lpthread
endif

# Run by Dovecot's script-login; knows nothing of Dovecot's headers either.
libexec_PROGRAMS += imapd-hooks/gatepost-postlogin
imapd_hooks_gatepost_postlogin_SOURCES = \
	imapd-hooks/access.c imapd-hooks/access.h \
	imapd-hooks/gatepost-postlogin.c \
	imapd-hooks/plugin-site.c imapd-hooks/plugin-site.h \
	$(poll_session_sources)
imapd_hooks_gatepost_postlogin_CFLAGS = $(AM_CFLAGS)
imapd_hooks_gatepost_postlogin_LDADD = lib/libgatepost.la
