sbin_PROGRAMS += ctl/gatepostctl
ctl_gatepostctl_SOURCES = \
	ctl/command.h \
	ctl/cmd-check.c \
	ctl/cmd-explain.c \
	ctl/cmd-who.c \
	ctl/explain-facts.c ctl/explain-facts.h \
	ctl/main.c \
	ctl/show.c ctl/show.h \
	ctl/who-sending.c ctl/who-sending.h
ctl_gatepostctl_CFLAGS = $(AM_CFLAGS) $(SMARTCOLS_CFLAGS) $(JANSSON_CFLAGS)
ctl_gatepostctl_LDADD = lib/libgatepost-mail.la $(SMARTCOLS_LIBS) $(JANSSON_LIBS)
