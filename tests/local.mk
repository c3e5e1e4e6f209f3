# Unit tests: one program per module.
unit_tests = \
	tests/unit/test-address \
	tests/unit/test-author \
	tests/unit/test-authres \
	tests/unit/test-breaker \
	tests/unit/test-decision \
	tests/unit/test-journal \
	tests/unit/test-journal-stream \
	tests/unit/test-network \
	tests/unit/test-network-text \
	tests/unit/test-outage \
	tests/unit/test-policy-poll \
	tests/unit/test-policy-rate \
	tests/unit/test-policy-submit \
	tests/unit/test-pool \
	tests/unit/test-program \
	tests/unit/test-pseudonym \
	tests/unit/test-redis-address \
	tests/unit/test-rate \
	tests/unit/test-rate-memory \
	tests/unit/test-resolve \
	tests/unit/test-review \
	tests/unit/test-settings \
	tests/unit/test-settings-compiled \
	tests/unit/test-settings-files \
	tests/unit/test-settings-rate \
	tests/unit/test-settings-syntax \
	tests/unit/test-settings-values \
	tests/unit/test-site \
	tests/unit/test-store-exempt \
	tests/unit/test-store-nonsense \
	tests/unit/test-store-poll \
	tests/unit/test-store-record \
	tests/unit/test-store-redis \
	tests/unit/test-store-submit
if BUILD_MILTER
unit_tests += tests/unit/test-store-queue
endif
# Preloaded into a Redis whose clock a test sets.
check_LTLIBRARIES = tests/integration/libclock_shift.la
tests_integration_libclock_shift_la_SOURCES = tests/integration/clock-shift.c
tests_integration_libclock_shift_la_LDFLAGS = $(AM_LDFLAGS) -module \
	-avoid-version -shared -rpath /nowhere
check_LTLIBRARIES += tests/integration/libslow_signals.la
tests_integration_libslow_signals_la_SOURCES = tests/integration/slow-signals.c
tests_integration_libslow_signals_la_LDFLAGS = $(AM_LDFLAGS) -module \
	-avoid-version -shared -rpath /nowhere
if BUILD_IMAPD_HOOKS
# Loaded beside the plugin, to see what it leaves behind.
check_LTLIBRARIES += tests/integration/lib10_imap_probe_plugin.la
check_LTLIBRARIES += tests/integration/lib10_pop3_probe_plugin.la
tests_integration_lib10_imap_probe_plugin_la_SOURCES = \
	tests/integration/probe-imap-plugin.c
tests_integration_lib10_imap_probe_plugin_la_CPPFLAGS = $(plugin_cppflags)
tests_integration_lib10_imap_probe_plugin_la_LDFLAGS = $(plugin_ldflags) \
	-rpath /nowhere -export-symbols-regex '^imap_probe_plugin_'
tests_integration_lib10_pop3_probe_plugin_la_SOURCES = \
	tests/integration/probe-pop3-plugin.c
tests_integration_lib10_pop3_probe_plugin_la_CPPFLAGS = $(plugin_cppflags)
tests_integration_lib10_pop3_probe_plugin_la_LDFLAGS = $(plugin_ldflags) \
	-rpath /nowhere -export-symbols-regex '^pop3_probe_plugin_'
unit_tests += tests/unit/test-poll-memory tests/unit/test-poll-session
endif
if BUILD_AUTHPOLICY
unit_tests += tests/unit/test-authpolicy-holds tests/unit/test-authpolicy-memory \
	tests/unit/test-authpolicy-request tests/unit/test-plain-login
endif

# Tests against real servers; they need root and skip without it.
integration_tests = \
	tests/integration/01-lab-contract.sh \
	tests/integration/02-lab-down.sh \
	tests/integration/10-submission.sh \
	tests/integration/11-relay.sh \
	tests/integration/12-milter-death.sh \
	tests/integration/12-milter-life.sh \
	tests/integration/13-milter-start.sh \
	tests/integration/14-milter-restart.sh \
	tests/integration/15-rate.sh \
	tests/integration/16-rate-store.sh \
	tests/integration/17-milter-systemd.sh \
	tests/integration/18-milter-limits.sh \
	tests/integration/19-milter-threads.sh \
	tests/integration/20-ctl.sh \
	tests/integration/21-check-site.sh \
	tests/integration/22-check-site-sendmail.sh \
	tests/integration/23-log.sh \
	tests/integration/24-report.sh \
	tests/integration/25-report-page.sh \
	tests/integration/26-review.sh \
	tests/integration/27-completion.sh \
	tests/integration/28-explain.sh \
	tests/integration/29-status.sh \
	tests/integration/30-poll-absorb.sh \
	tests/integration/31-poll-delay.sh \
	tests/integration/32-poll-observe.sh \
	tests/integration/33-poll-store-down.sh \
	tests/integration/34-poll-real-programs.sh \
	tests/integration/35-poll-idle.sh \
	tests/integration/36-poll-redis-calls.sh \
	tests/integration/37-poll-same-words.sh \
	tests/integration/38-poll-refuse.sh \
	tests/integration/39-poll-store-nonsense.sh \
	tests/integration/40-pop3.sh \
	tests/integration/41-authpolicy.sh \
	tests/integration/41-authpolicy-memory.sh \
	tests/integration/41-authpolicy-report.sh \
	tests/integration/41-authpolicy-terms.sh \
	tests/integration/41-plain-login.sh \
	tests/integration/42-postlogin.sh \
	tests/integration/43-one-person.sh \
	tests/integration/44-poll-people.sh \
	tests/integration/44-poll-rounds.sh \
	tests/integration/45-compiled-settings.sh \
	tests/integration/45-dovecot-plugin.sh \
	tests/integration/46-poll-hibernate.sh \
	tests/integration/47-poll-processes.sh \
	tests/integration/48-poll-proxy.sh \
	tests/integration/49-poll-program.sh \
	tests/integration/50-identity.sh \
	tests/integration/51-headers.sh \
	tests/integration/52-strength-and-login.sh \
	tests/integration/53-ciphers-and-names.sh \
	tests/integration/54-lists-change.sh \
	tests/integration/55-poll-overrides.sh \
	tests/integration/56-poll-notice.sh \
	tests/integration/57-access.sh \
	tests/integration/58-exempt.sh \
	tests/integration/59-held-max.sh \
	tests/integration/60-sendmail-submission.sh \
	tests/integration/61-sendmail-relay.sh \
	tests/integration/62-sendmail-rate.sh \
	tests/integration/63-sendmail-identity.sh \
	tests/integration/64-sendmail-headers.sh \
	tests/integration/65-sendmail-strength.sh \
	tests/integration/66-sendmail-death.sh \
	tests/integration/67-sendmail-stdin.sh \
	tests/integration/70-user.sh \
	tests/integration/71-who.sh \
	tests/integration/72-replay.sh \
	tests/integration/73-probe.sh \
	tests/integration/74-metrics.sh \
	tests/integration/75-journal-stream.sh \
	tests/integration/76-figures.sh \
	tests/integration/77-terminal.sh \
	tests/integration/78-metrics-rotation.sh \
	tests/integration/80-milter-store-faults.sh \
	tests/integration/81-milter-store-hostile.sh \
	tests/integration/82-clock-jumps.sh \
	tests/integration/83-redis-sentinel.sh \
	tests/integration/84-redis-circle.sh \
	tests/integration/84-redis-cluster.sh \
	tests/integration/85-redis-acl.sh \
	tests/integration/85-redis-acl-sites.sh \
	tests/integration/86-redis-tls.sh \
	tests/integration/86-redis-tls-sites.sh \
	tests/integration/87-pseudonyms.sh \
	tests/integration/88-store-memory.sh \
	tests/integration/89-redis-ipv6.sh \
	tests/integration/89-redis-name.sh \
	tests/integration/90-redis-connections.sh \
	tests/integration/91-redis-loading.sh

table_tests = tests/tables/run-tables.sh
fuzz_tests = tests/fuzz/run-seeds.sh

own_redis = tests/unit/own-redis.c tests/unit/own-redis.h
unit_ldadd = lib/libgatepost.la $(CMOCKA_LIBS)
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
tests_unit_test_address_LDADD = $(unit_ldadd)
tests_unit_test_author_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
tests_unit_test_author_LDADD = lib/libgatepost-mail.la $(GMIME_LIBS) \
	$(CMOCKA_LIBS)
tests_unit_test_authres_LDADD = lib/libgatepost-mail.la $(CMOCKA_LIBS)
tests_unit_test_breaker_LDADD = $(unit_ldadd)
tests_unit_test_pseudonym_LDADD = $(unit_ldadd)
tests_unit_test_decision_LDADD = $(unit_ldadd)
tests_unit_test_journal_LDADD = $(unit_ldadd)
tests_unit_test_journal_stream_SOURCES = tests/unit/test-journal-stream.c \
	$(own_redis)
tests_unit_test_journal_stream_LDADD = $(unit_ldadd)
tests_unit_test_network_LDADD = $(unit_ldadd)
tests_unit_test_network_text_LDADD = $(unit_ldadd)
tests_unit_test_outage_LDADD = $(unit_ldadd)
tests_unit_test_policy_poll_LDADD = $(unit_ldadd)
tests_unit_test_policy_rate_LDADD = $(unit_ldadd)
tests_unit_test_policy_submit_LDADD = $(unit_ldadd)
tests_unit_test_pool_LDADD = $(unit_ldadd)
tests_unit_test_program_LDADD = $(unit_ldadd)
tests_unit_test_redis_address_LDADD = $(unit_ldadd)
tests_unit_test_rate_LDADD = $(unit_ldadd)
tests_unit_test_rate_memory_LDADD = $(unit_ldadd)
tests_unit_test_resolve_LDADD = $(unit_ldadd)
tests_unit_test_review_SOURCES = tests/unit/test-review.c \
	$(review_sources) ctl/show.c ctl/show.h
tests_unit_test_review_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/ctl
tests_unit_test_review_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ARCHIVE_CFLAGS)
tests_unit_test_review_LDADD = $(unit_ldadd) $(JANSSON_LIBS) $(ARCHIVE_LIBS)
settings_folder = tests/unit/settings-folder.c tests/unit/settings-folder.h
tests_unit_test_settings_SOURCES = tests/unit/test-settings.c \
	$(settings_folder)
tests_unit_test_settings_LDADD = $(unit_ldadd)
tests_unit_test_settings_compiled_SOURCES = tests/unit/test-settings-compiled.c \
	$(settings_folder)
tests_unit_test_settings_compiled_LDADD = $(unit_ldadd)
tests_unit_test_settings_files_SOURCES = tests/unit/test-settings-files.c \
	$(settings_folder)
tests_unit_test_settings_files_LDADD = $(unit_ldadd)
tests_unit_test_settings_rate_SOURCES = tests/unit/test-settings-rate.c \
	$(settings_folder)
tests_unit_test_settings_rate_LDADD = $(unit_ldadd)
tests_unit_test_settings_syntax_SOURCES = tests/unit/test-settings-syntax.c \
	$(settings_folder)
tests_unit_test_settings_syntax_LDADD = $(unit_ldadd)
tests_unit_test_settings_values_SOURCES = tests/unit/test-settings-values.c \
	$(settings_folder)
tests_unit_test_settings_values_LDADD = $(unit_ldadd)
tests_unit_test_site_SOURCES = tests/unit/test-site.c $(site_sources) \
	ctl/show.c ctl/show.h
tests_unit_test_site_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/ctl
tests_unit_test_site_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_site_LDADD = $(unit_ldadd) $(JANSSON_LIBS)
tests_unit_test_store_record_LDADD = $(unit_ldadd)
tests_unit_test_store_redis_SOURCES = tests/unit/test-store-redis.c $(own_redis)
tests_unit_test_store_redis_LDADD = $(unit_ldadd)
tests_unit_test_store_exempt_SOURCES = tests/unit/test-store-exempt.c $(own_redis)
tests_unit_test_store_exempt_LDADD = $(unit_ldadd)
tests_unit_test_store_nonsense_SOURCES = tests/unit/test-store-nonsense.c \
	$(impostor)
tests_unit_test_store_nonsense_LDADD = $(unit_ldadd)
tests_unit_test_store_queue_SOURCES = tests/unit/test-store-queue.c \
	milter/store-queue.c milter/store-keeper.c $(own_redis)
tests_unit_test_store_queue_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/milter
tests_unit_test_store_queue_LDADD = $(unit_ldadd)
tests_unit_test_store_poll_SOURCES = tests/unit/test-store-poll.c \
	lib/poll-model.c lib/poll-model.h $(own_redis)
tests_unit_test_store_poll_LDADD = $(unit_ldadd) -lm
impostor = tests/unit/impostor.c tests/unit/impostor.h $(own_redis)
tests_unit_test_store_submit_SOURCES = tests/unit/test-store-submit.c $(impostor)
tests_unit_test_store_submit_LDADD = $(unit_ldadd)
tests_unit_test_authpolicy_holds_SOURCES = \
	tests/unit/test-authpolicy-holds.c imapd-hooks/authpolicy-holds.c
tests_unit_test_authpolicy_holds_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_unit_test_authpolicy_holds_LDADD = $(unit_ldadd)
tests_unit_test_authpolicy_memory_SOURCES = \
	tests/unit/test-authpolicy-memory.c imapd-hooks/authpolicy-memory.c
tests_unit_test_authpolicy_memory_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_unit_test_authpolicy_memory_LDADD = $(unit_ldadd)
tests_unit_test_plain_login_SOURCES = tests/unit/test-plain-login.c \
	imapd-hooks/plain-login.c
tests_unit_test_plain_login_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/imapd-hooks
tests_unit_test_plain_login_LDADD = $(unit_ldadd)
tests_unit_test_authpolicy_request_SOURCES = \
	tests/unit/test-authpolicy-request.c imapd-hooks/authpolicy-request.c
tests_unit_test_authpolicy_request_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_unit_test_authpolicy_request_LDADD = $(unit_ldadd) $(JANSSON_LIBS)
tests_unit_test_poll_memory_SOURCES = tests/unit/test-poll-memory.c \
	imapd-hooks/poll-memory.c
tests_unit_test_poll_memory_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_unit_test_poll_memory_LDADD = $(unit_ldadd)
# What one session of a mail program consists of.
one_session = imapd-hooks/held.c imapd-hooks/poll-asker.c \
	imapd-hooks/poll-lines.c imapd-hooks/poll-memory.c \
	imapd-hooks/poll-session.c
tests_unit_test_poll_session_SOURCES = tests/unit/test-poll-session.c \
	$(one_session)
tests_unit_test_poll_session_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_unit_test_poll_session_LDADD = $(unit_ldadd)

# What scripts/check-docs compares with the documents.
check_PROGRAMS += tests/unit/print-vocabulary
tests_unit_print_vocabulary_LDADD = lib/libgatepost.la

# Parsers: each has an entry point for a fuzzer; the seeds run here.
check_PROGRAMS += tests/fuzz/fuzz-address tests/fuzz/fuzz-author \
	tests/fuzz/fuzz-authres tests/fuzz/fuzz-journal tests/fuzz/fuzz-settings
if BUILD_AUTHPOLICY
check_PROGRAMS += tests/fuzz/fuzz-authpolicy
tests_fuzz_fuzz_authpolicy_SOURCES = tests/fuzz/fuzz-authpolicy.c \
	tests/fuzz/seed-driver.c imapd-hooks/authpolicy-request.c
tests_fuzz_fuzz_authpolicy_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/imapd-hooks
tests_fuzz_fuzz_authpolicy_LDADD = lib/libgatepost.la $(JANSSON_LIBS)
endif
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz-address.c \
	tests/fuzz/seed-driver.c
tests_fuzz_fuzz_author_SOURCES = tests/fuzz/fuzz-author.c \
	tests/fuzz/seed-driver.c
tests_fuzz_fuzz_authres_SOURCES = tests/fuzz/fuzz-authres.c \
	tests/fuzz/seed-driver.c
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz-settings.c \
	tests/fuzz/seed-driver.c
tests_fuzz_fuzz_journal_SOURCES = tests/fuzz/fuzz-journal.c \
	tests/fuzz/seed-driver.c
tests_fuzz_fuzz_address_LDADD = lib/libgatepost.la
tests_fuzz_fuzz_author_LDADD = lib/libgatepost-mail.la
tests_fuzz_fuzz_authres_LDADD = lib/libgatepost-mail.la
tests_fuzz_fuzz_settings_LDADD = lib/libgatepost.la
tests_fuzz_fuzz_journal_LDADD = lib/libgatepost.la

dist_check_SCRIPTS = $(integration_tests) $(table_tests) $(fuzz_tests) \
	scripts/check-docs scripts/check-layers
TESTS += $(integration_tests) $(table_tests) $(fuzz_tests) \
	scripts/check-docs scripts/check-layers

EXTRA_DIST += tests/integration/lib.sh tests/integration/asserts.py \
	tests/integration/browser.py \
	tests/integration/faults.py tests/integration/hostile.py \
	tests/integration/kept_user.py tests/integration/load.py \
	tests/integration/several.py \
	tests/integration/logins.py \
	tests/integration/poll.py tests/integration/pop3_session.py \
	tests/integration/milter.py \
	tests/integration/poll.sh tests/integration/programs.py \
	tests/integration/rate.py \
	tests/integration/redis_servers.py \
	tests/integration/running.py tests/integration/smtp.py \
	tests/tables/access.table \
	tests/tables/submit.table tests/tables/identity.table \
	tests/tables/poll.table \
	tests/fuzz/seeds-address tests/fuzz/seeds-author \
	tests/fuzz/seeds-authpolicy \
	tests/fuzz/seeds-authres tests/fuzz/seeds-journal \
	tests/fuzz/seeds-settings

AM_TESTS_ENVIRONMENT = \
	GATEPOST_SOURCE='$(abs_top_srcdir)'; \
	GATEPOST_BUILD='$(abs_top_builddir)'; \
	export GATEPOST_SOURCE GATEPOST_BUILD;

# Benchmarks, side by side in one run: the milter against one that does nothing and
# against rspamd, and how often a session that checks all the time asks Redis.
EXTRA_PROGRAMS += tests/bench/milter-load tests/bench/null-milter
tests_bench_milter_load_SOURCES = tests/bench/milter-load.c \
	tests/bench/milter-link.c tests/bench/milter-link.h \
	tests/bench/milter-scene.c tests/bench/milter-scene.h
tests_bench_null_milter_LDADD = $(MILTER_LIBS)
EXTRA_DIST += tests/bench/run tests/bench/servers.sh tests/bench/logins \
	tests/bench/sessions
bench: tests/bench/milter-load$(EXEEXT) tests/bench/null-milter$(EXEEXT) all
	$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/bench/run --check && \
		$(top_srcdir)/tests/integration/36-poll-redis-calls.sh
# What logins cost, on a site with gatepost and on one without: five minutes, as root.
bench-logins: all
	$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/bench/logins
# What checks in held sessions cost, likewise: five minutes, as root.
bench-sessions: all
	$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/bench/sessions
# How fast a report goes through ten million lines: two minutes, 4 GB in $TMPDIR.
EXTRA_PROGRAMS += tests/bench/journal-lines
EXTRA_DIST += tests/bench/report
bench-report: tests/bench/journal-lines$(EXEEXT) all
	$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/bench/report --check
# What users cost Redis: a minute.
EXTRA_PROGRAMS += tests/bench/scale
tests_bench_scale_SOURCES = tests/bench/scale.c $(own_redis)
tests_bench_scale_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_bench_scale_LDADD = lib/libgatepost.la
bench-scale: tests/bench/scale$(EXEEXT)
	tests/bench/scale$(EXEEXT) --check
# A day of a million users: on two cores an hour and a half with DAY_FLAGS=--together,
# else two or three; DAY_USERS=20000 takes four minutes, and costs as much for a user.
EXTRA_PROGRAMS += tests/bench/day
tests_bench_day_SOURCES = tests/bench/day.c tests/bench/day-lanes.c \
	tests/bench/day-lanes.h $(own_redis) $(one_session)
tests_bench_day_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit \
	-I$(top_srcdir)/imapd-hooks
tests_bench_day_LDADD = lib/libgatepost.la -lpthread
tests_bench_day_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gp_redis_site_disconnect \
	-Wl,--wrap=gp_redis_link_connect -Wl,--wrap=gp_redis_link_exchange
DAY_USERS = 1000000
bench-day: tests/bench/day$(EXEEXT) tests/integration/libclock_shift.la
	tests/bench/day$(EXEEXT) --users $(DAY_USERS) $(DAY_FLAGS) \
		$(abs_builddir)/tests/integration/.libs/libclock_shift.so
# They run by hand, but must not rot.
bench_programs = tests/bench/day$(EXEEXT) tests/bench/journal-lines$(EXEEXT) \
	tests/bench/milter-load$(EXEEXT) tests/bench/null-milter$(EXEEXT) \
	tests/bench/scale$(EXEEXT)
build-bench: $(bench_programs)
.PHONY: bench bench-day bench-logins bench-scale bench-sessions bench-report build-bench

# The plugins in mail processes under valgrind: what their tests do, without those
# that have the whole site under a load that valgrind is too slow for.
valgrind_tests = \
	tests/integration/31-poll-delay.sh \
	tests/integration/33-poll-store-down.sh \
	tests/integration/34-poll-real-programs.sh \
	tests/integration/37-poll-same-words.sh \
	tests/integration/38-poll-refuse.sh \
	tests/integration/39-poll-store-nonsense.sh \
	tests/integration/40-pop3.sh \
	tests/integration/46-poll-hibernate.sh \
	tests/integration/49-poll-program.sh
check-valgrind: all
	GATEPOST_VALGRIND=yes $(MAKE) check TESTS='$(valgrind_tests)'
.PHONY: check-valgrind

# For scripts/test: which tests run without servers, and which with sanitizers.
print-unit-tests:
	@echo $(unit_tests) $(table_tests) $(fuzz_tests)
print-sanitizer-tests:
	@echo $(unit_tests) $(table_tests) $(fuzz_tests) \
		tests/integration/10-submission.sh \
		tests/integration/12-milter-life.sh \
		tests/integration/15-rate.sh \
		tests/integration/16-rate-store.sh \
		tests/integration/18-milter-limits.sh \
		tests/integration/23-log.sh \
		tests/integration/24-report.sh \
		tests/integration/30-poll-absorb.sh \
		tests/integration/31-poll-delay.sh \
		tests/integration/33-poll-store-down.sh \
		tests/integration/34-poll-real-programs.sh \
		tests/integration/37-poll-same-words.sh \
		tests/integration/45-compiled-settings.sh \
		tests/integration/46-poll-hibernate.sh \
		tests/integration/47-poll-processes.sh \
		tests/integration/40-pop3.sh \
		tests/integration/41-authpolicy.sh \
		tests/integration/50-identity.sh \
		tests/integration/51-headers.sh \
		tests/integration/54-lists-change.sh \
		tests/integration/84-redis-cluster.sh
# What depends on the versions of the servers, for scripts/debian13: mail by way of
# Valkey, and what the history itself needs with that Debian's Redis as well.
print-debian13-tests:
	@echo $(unit_tests) $(table_tests) $(fuzz_tests) `printf '%s\n' $(integration_tests) | \
		grep -E '/(01|10|11|16|21|[345][0-9]|75|8[0-7]|91)-'`
print-store-tests:
	@echo tests/unit/test-journal-stream tests/unit/test-store-exempt \
		tests/unit/test-store-poll tests/unit/test-store-queue \
		tests/unit/test-store-redis tests/unit/test-store-submit \
		`printf '%s\n' $(integration_tests) | grep -E '/(16|33)-'`
.PHONY: print-unit-tests print-sanitizer-tests print-debian13-tests \
	print-store-tests
