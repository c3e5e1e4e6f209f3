# The core knows no I/O, no clock and no allocation; scripts/check-layers looks.
core_sources = \
	lib/address.c lib/address.h \
	lib/decision.c lib/decision.h \
	lib/exempt.c lib/exempt.h \
	lib/facts.h \
	lib/identity.c lib/identity.h \
	lib/login.c lib/login.h \
	lib/network.c lib/network.h \
	lib/outage.c lib/outage.h \
	lib/pattern.c lib/pattern.h \
	lib/policy-access.c lib/policy-access.h \
	lib/policy-author.c lib/policy-author.h \
	lib/policy-poll.c lib/policy-poll.h \
	lib/policy-rate.c lib/policy-rate.h \
	lib/policy-submit.c lib/policy-submit.h \
	lib/policy-terms.c lib/policy-terms.h \
	lib/rate.c lib/rate.h

# All but what reads gatepost.conf: the plugins load that when it is needed.
noinst_LTLIBRARIES += lib/libgatepost-base.la
lib_libgatepost_base_la_SOURCES = $(core_sources) \
	lib/access-words.c lib/access-words.h \
	lib/breaker.c lib/breaker.h \
	lib/hash.c lib/hash.h \
	lib/error.c lib/error.h \
	lib/daemon-options.c lib/daemon-options.h \
	lib/exemption.c lib/exemption.h \
	lib/file-state.c lib/file-state.h \
	lib/journal.c lib/journal.h lib/journal-fields.h \
	lib/journal-parse.c \
	lib/journal-pseudonym.c lib/journal-pseudonym.h \
	lib/journal-stream.c lib/journal-stream.h \
	lib/load.c lib/load.h \
	lib/log.c lib/log.h \
	lib/network-text.c lib/network-text.h \
	lib/owners-file.c lib/owners-file.h \
	lib/pool.c lib/pool.h \
	lib/program.c lib/program.h \
	lib/pseudonym.c lib/pseudonym.h \
	lib/refusal.c lib/refusal.h \
	lib/resolve.c lib/resolve.h \
	lib/reply.c lib/reply.h \
	lib/settings.c lib/settings.h \
	lib/rate-memory.c lib/rate-memory.h \
	lib/settings-check.c lib/settings-check.h \
	lib/settings-compiled.c lib/settings-compiled.h \
	lib/settings-files.c lib/settings-files.h \
	lib/settings-ladder.c lib/settings-ladder.h \
	lib/settings-list.c lib/settings-list.h \
	lib/settings-parse.c lib/settings-parse.h \
	lib/settings-place.c lib/settings-place.h \
	lib/settings-poll.c lib/settings-poll.h \
	lib/settings-rate.c lib/settings-rate.h \
	lib/settings-source.c lib/settings-source.h \
	lib/settings-suggest.c lib/settings-suggest.h \
	lib/settings-value.c lib/settings-value.h \
	lib/socket-text.c lib/socket-text.h \
	lib/store.c lib/store.h \
	lib/store-pseudonym.c lib/store-pseudonym.h \
	lib/store-redis.c lib/store-redis.h lib/store-redis-submit.c \
	lib/store-redis-exempt.c lib/store-redis-forget.c \
	lib/store-userdb.c lib/store-userdb.h \
	lib/store-program.c lib/store-program.h \
	lib/store-question.c lib/store-question.h \
	lib/store-record.c lib/store-record.h \
	lib/redis-address.c lib/redis-address.h \
	lib/settings-redis.c lib/settings-redis.h \
	lib/store-redis-access.c lib/store-redis-access.h \
	lib/store-redis-cluster.c lib/store-redis-cluster.h \
	lib/store-redis-link.c lib/store-redis-link.h \
	lib/store-redis-map.c lib/store-redis-map.h \
	lib/store-redis-sentinel.c lib/store-redis-sentinel.h \
	lib/store-redis-review.c \
	lib/store-redis-site.c lib/store-redis-site.h \
	lib/store-redis-stream.c lib/store-stream.h \
	lib/store-redis-tls.c lib/store-redis-tls.h \
	lib/store-redis-wait.c lib/store-redis-wait.h \
	lib/store-redis-login.c lib/store-redis-login.h
nodist_lib_libgatepost_base_la_SOURCES = lib/store-exempt.lua.h $(user_scripts)
# OpenSSL: its headers alone, see pseudonym.c.
lib_libgatepost_base_la_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(OPENSSL_CFLAGS)
lib_libgatepost_base_la_LIBADD = $(HIREDIS_LIBS)

confuse_sources = lib/confuse-read.c lib/confuse-read.h
noinst_LTLIBRARIES += lib/libgatepost.la
lib_libgatepost_la_SOURCES = $(confuse_sources)
lib_libgatepost_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS)
lib_libgatepost_la_LIBADD = lib/libgatepost-base.la $(CONFUSE_LIBS)

# What only mail in transit needs; a mail process of Dovecot does not load these
# libraries.
noinst_LTLIBRARIES += lib/libgatepost-mail.la
lib_libgatepost_mail_la_SOURCES = \
	lib/author.c lib/author.h \
	lib/authres.c lib/authres.h \
	lib/cipher.c lib/cipher.h \
	lib/idn.c lib/idn.h \
	lib/mailbox.c lib/mailbox.h \
	lib/shown-text.c lib/shown-text.h
lib_libgatepost_mail_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) \
	$(GMIME_CFLAGS) $(IDN_CFLAGS)
lib_libgatepost_mail_la_LIBADD = lib/libgatepost.la $(OPENSSL_LIBS) \
	$(GMIME_LIBS) $(IDN_LIBS)

# A script becomes a C string and the SHA1 by which Redis knows it.  Those about a user
# begin with store-user.lua, and those that change much end with store-keep.lua.
user_scripts = lib/store-hold.lua.h lib/store-poll.lua.h lib/store-reset.lua.h \
	lib/store-submit.lua.h
BUILT_SOURCES += lib/store-exempt.lua.h $(user_scripts)
CLEANFILES += lib/store-exempt.lua.h $(user_scripts)
EXTRA_DIST += lib/store-exempt.lua lib/store-hold.lua lib/store-keep.lua \
	lib/store-poll-plain.lua lib/store-poll.lua lib/store-reset.lua \
	lib/store-submit.lua lib/store-user.lua lib/embed-script.sh
embed_script = name=$$(basename $@ .lua.h | tr - _) && mkdir -p lib && \
	sh $(top_srcdir)/lib/embed-script.sh $$name
lib/store-exempt.lua.h: lib/store-exempt.lua lib/embed-script.sh
	$(AM_V_GEN)$(embed_script) $(top_srcdir)/lib/store-exempt.lua \
		> $@.new && mv $@.new $@
lib/store-hold.lua.h: lib/store-user.lua lib/store-hold.lua lib/embed-script.sh
	$(AM_V_GEN)$(embed_script) $(top_srcdir)/lib/store-user.lua \
		$(top_srcdir)/lib/store-hold.lua > $@.new && mv $@.new $@
lib/store-poll.lua.h: lib/store-user.lua lib/store-poll-plain.lua lib/store-poll.lua \
		lib/store-keep.lua lib/embed-script.sh
	$(AM_V_GEN)$(embed_script) $(top_srcdir)/lib/store-user.lua \
		$(top_srcdir)/lib/store-poll-plain.lua $(top_srcdir)/lib/store-poll.lua \
		$(top_srcdir)/lib/store-keep.lua > $@.new && mv $@.new $@
lib/store-reset.lua.h: lib/store-user.lua lib/store-reset.lua lib/embed-script.sh
	$(AM_V_GEN)$(embed_script) $(top_srcdir)/lib/store-user.lua \
		$(top_srcdir)/lib/store-reset.lua > $@.new && mv $@.new $@
lib/store-submit.lua.h: lib/store-user.lua lib/store-submit.lua lib/store-keep.lua \
		lib/embed-script.sh
	$(AM_V_GEN)$(embed_script) $(top_srcdir)/lib/store-user.lua \
		$(top_srcdir)/lib/store-submit.lua $(top_srcdir)/lib/store-keep.lua > $@.new && mv $@.new $@
