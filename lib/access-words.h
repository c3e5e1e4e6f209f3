/* SPDX-License-Identifier: MIT */
/*
 * This module tells a person in plain words why mail may not be read, or soon not any
 * more, the way it was tried.
 */
#ifndef GP_ACCESS_WORDS_H
#define GP_ACCESS_WORDS_H

#include "decision.h"
#include "facts.h"
#include "settings.h"

enum { GP_ACCESS_BYTES = 512 };

/* What the user is told: one line in plain words, cut to fit.  Both return buffer. */
const char *gp_access_refusal_text(const struct gp_settings *settings,
				   enum gp_protocol protocol,
				   const struct gp_decision *decision,
				   char buffer[GP_ACCESS_BYTES]);
const char *gp_access_notice_text(const struct gp_settings *settings,
				  enum gp_protocol protocol,
				  char buffer[GP_ACCESS_BYTES]);

/* The code of a refusal: of RFC 5530 for IMAP, of RFC 3206 for POP3. */
const char *gp_access_code(enum gp_protocol protocol,
			   const struct gp_decision *decision);

#endif
