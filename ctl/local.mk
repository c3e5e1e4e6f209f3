# What "check-site" is made of; tests/unit/test-site.c is linked with it too.
site_sources = \
	ctl/site-abi.c ctl/site-abi.h \
	ctl/site-dovecot.c ctl/site-dovecot.h ctl/site-dovecot-plugin.c \
	ctl/site-dovecot-login.c \
	ctl/site-finding.c ctl/site-finding.h \
	ctl/site-gatepost.c ctl/site-gatepost.h \
	ctl/site-key.c ctl/site-key.h \
	ctl/site-network.c ctl/site-network.h \
	ctl/site-postfix.c ctl/site-postfix.h \
	ctl/site-postfix-milter.c ctl/site-postfix-relay.c \
	ctl/site-postfix-tls.c \
	ctl/site-restriction.c ctl/site-restriction.h \
	ctl/site-run.c ctl/site-run.h \
	ctl/site-sendmail.c ctl/site-sendmail.h ctl/site-sendmail-parse.c \
	ctl/site-tls-versions.c ctl/site-tls-versions.h

# How "log" and "report" read the journal; tests/unit/test-review.c is linked with
# it too.
review_sources = \
	ctl/journal-files.c ctl/journal-files.h \
	ctl/journal-filter.c ctl/journal-filter.h \
	ctl/journal-input.c ctl/journal-input.h \
	ctl/journal-source.c ctl/journal-source.h \
	ctl/line-buffer.c ctl/line-buffer.h \
	ctl/report.c ctl/report.h \
	ctl/report-group.c \
	ctl/report-judge.c ctl/report-judge.h \
	ctl/report-rows.c ctl/report-rows.h \
	ctl/report-sketch.c ctl/report-sketch.h \
	ctl/report-words.c ctl/report-words.h \
	ctl/stream-pipe.c ctl/stream-pipe.h \
	ctl/when.c ctl/when.h

sbin_PROGRAMS += ctl/gatepostctl
ctl_gatepostctl_SOURCES = \
	ctl/command.c ctl/command.h \
	ctl/cmd-check.c \
	ctl/cmd-check-site.c \
	ctl/cmd-compile.c \
	ctl/cmd-exempt.c \
	ctl/cmd-explain.c \
	ctl/cmd-forget.c \
	ctl/cmd-log.c \
	ctl/cmd-metrics.c \
	ctl/cmd-probe.c \
	ctl/cmd-replay.c \
	ctl/cmd-report.c \
	ctl/cmd-reset.c \
	ctl/cmd-status.c \
	ctl/cmd-user.c \
	ctl/journal-batch.c ctl/journal-batch.h \
	ctl/cmd-who.c \
	ctl/explain-compared.c ctl/explain-poll.c \
	ctl/explain-access.c \
	ctl/explain-facts.c ctl/explain-facts.h \
	ctl/explain-line.c ctl/explain-line.h \
	ctl/explain-rules.c ctl/explain-rules.h \
	ctl/explain-show.c ctl/explain-show.h \
	ctl/log-follow.c ctl/log-follow.h \
	ctl/main.c \
	ctl/metrics.c ctl/metrics.h ctl/metrics-json.c ctl/metrics-write.c \
	ctl/metrics-state.c ctl/metrics-state.h \
	ctl/journal-place.c ctl/journal-place.h \
	ctl/replay.c ctl/replay.h \
	ctl/replay-line.c ctl/replay-line.h \
	ctl/replay-show.c ctl/replay-show.h \
	lib/poll-model.c lib/poll-model.h \
	ctl/report-charts.c ctl/report-csv.c ctl/report-html.c \
	ctl/report-json.c ctl/report-now.c ctl/report-now.h \
	ctl/report-page.h ctl/report-tables.c \
	ctl/report-show.c ctl/report-show.h ctl/report-text.c \
	ctl/probe.c ctl/probe.h \
	ctl/probe-show.c ctl/probe-show.h \
	ctl/probe-link.c ctl/probe-link.h \
	ctl/probe-mailbox.c ctl/probe-smtp.c ctl/probe-tls.c \
	ctl/person.c ctl/person.h \
	ctl/person-seen.c ctl/person-seen.h \
	ctl/person-show.c ctl/person-show.h \
	ctl/show.c ctl/show.h \
	ctl/show-entry.c ctl/show-entry.h \
	ctl/show-table.c ctl/show-table.h \
	ctl/show-width.c ctl/show-width.h \
	ctl/status.c ctl/status.h \
	ctl/status-journal.c ctl/status-journal.h \
	ctl/status-link.c ctl/status-link.h \
	ctl/status-plugin.c ctl/status-plugin.h \
	ctl/who.h ctl/who-programs.c ctl/who-sending.c \
	ctl/who-order.c ctl/who-order.h \
	ctl/who-watch.c ctl/who-watch.h \
	$(review_sources) $(site_sources)
nodist_ctl_gatepostctl_SOURCES = ctl/report-page.css.h ctl/report-page.js.h
ctl_gatepostctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/ctl
ctl_gatepostctl_CFLAGS = $(AM_CFLAGS) $(SMARTCOLS_CFLAGS) $(JANSSON_CFLAGS) \
	$(ARCHIVE_CFLAGS) $(OPENSSL_CFLAGS)
ctl_gatepostctl_LDADD = lib/libgatepost-mail.la $(SMARTCOLS_LIBS) $(JANSSON_LIBS) \
	$(ARCHIVE_LIBS) $(OPENSSL_LIBS) -lm

# The style and the script of the report's page become C strings.
BUILT_SOURCES += ctl/report-page.css.h ctl/report-page.js.h
CLEANFILES += ctl/report-page.css.h ctl/report-page.js.h
EXTRA_DIST += ctl/report-page.css ctl/report-page.js
ctl/report-page.css.h: ctl/report-page.css lib/embed-script.sh
	$(AM_V_GEN)mkdir -p ctl && sh $(top_srcdir)/lib/embed-script.sh report_page_css \
		$(top_srcdir)/ctl/report-page.css > $@.new && mv $@.new $@
ctl/report-page.js.h: ctl/report-page.js lib/embed-script.sh
	$(AM_V_GEN)mkdir -p ctl && sh $(top_srcdir)/lib/embed-script.sh report_page_js \
		$(top_srcdir)/ctl/report-page.js > $@.new && mv $@.new $@
