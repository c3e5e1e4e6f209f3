/* SPDX-License-Identifier: MIT */
/*
 * This module is the wire between the load generator and a milter: packets of the
 * milter protocol (version 6) as Postfix sends and reads them, and negotiation.
 * What does not work ends the program with a message.
 */
#ifndef MILTER_LINK_H
#define MILTER_LINK_H

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_STAGES = SMFIM_EOH + 1, LINK_PACKET_MAX = 128 * 1024 };

/* One connection. */
struct link {
	int fd;
	uint32_t actions, steps;        /* SMFIF_..., SMFIP_... that were agreed on */
	char macro_names[LINK_STAGES][512];     /* that the milter wants, by stage */
	unsigned char out[LINK_PACKET_MAX];
	size_t out_length;
	unsigned char in[LINK_PACKET_MAX];      /* the packet that was read last */
	size_t in_length;
};

/* Says what failed, and why if errno is set; exit code 2. */
void die(const char *what) __attribute__((noreturn));

/* Opens "unix:PATH" or "inet:PORT@HOST" and negotiates. */
void link_open(struct link *link, const char *where);
void link_close(struct link *link);

/* Like Postfix: nothing leaves before an answer is awaited, or flush() is called. */
void link_put(struct link *link, char command, const void *data, size_t length);
void link_flush(struct link *link);

/* Puts the macros of a stage; value() gives NULL for one that is not known. */
typedef const char *link_macro_value(const void *context, int stage,
				     const char *name);
void link_put_macros(struct link *link, int stage, char command,
		     link_macro_value *value, const void *context);

/* Flushes and reads the answer, SMFIR_...; the rest of its packet is link->in, with
   a NUL behind it.  What changes the message, or says that the milter is still at
   it, is no answer. */
char link_read(struct link *link);

/* What was negotiated, as options of null-milter. */
void link_print_terms(const struct link *link);

#endif
