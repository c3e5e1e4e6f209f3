sbin_PROGRAMS += milter/gatepost-milter
milter_gatepost_milter_SOURCES = \
	milter/answer.c milter/answer.h \
	milter/callbacks.c milter/callbacks.h \
	milter/collect.c milter/collect.h \
	milter/control.c milter/control.h \
	milter/edit.c milter/edit.h \
	milter/headers.c milter/headers.h \
	milter/listen.c milter/listen.h \
	milter/lists.c milter/lists.h \
	milter/main.c \
	milter/sending.c milter/sending.h \
	milter/session.c milter/session.h \
	milter/snapshot.c milter/snapshot.h \
	milter/start.c milter/start.h \
	milter/store-keeper.c milter/store-keeper.h \
	milter/store-queue.c milter/store-queue.h
milter_gatepost_milter_LDADD = lib/libgatepost-mail.la $(MILTER_LIBS)
