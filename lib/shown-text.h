/* SPDX-License-Identifier: MIT */
/*
 * This module looks at the text that mail programs show beside an address, or
 * instead of it: a display name or a comment.  Text that looks like an address
 * misleads people unless it is the address.
 */
#ifndef GP_SHOWN_TEXT_H
#define GP_SHOWN_TEXT_H

#include <stddef.h>

/* NULL; or "address-in-name" if the text (UTF-8) holds what looks like an
   address and is none of these, "bidi" if it turns the direction of writing,
   "control" for what no name holds. */
const char *gp_shown_text_fault(const char *text, const char *const *addresses,
				size_t addresses_count);

#endif
