sbin_PROGRAMS += ctl/gatepostctl
ctl_gatepostctl_SOURCES = \
	ctl/command.h \
	ctl/cmd-check.c \
	ctl/cmd-explain.c \
	ctl/cmd-who.c \
	ctl/explain-facts.c ctl/explain-facts.h \
	ctl/main.c
ctl_gatepostctl_CFLAGS = $(AM_CFLAGS) $(SMARTCOLS_CFLAGS) $(JANSSON_CFLAGS)
ctl_gatepostctl_LDADD = lib/libgatepost.la $(SMARTCOLS_LIBS) $(JANSSON_LIBS)
