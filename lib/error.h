/* SPDX-License-Identifier: MIT */
/*
 * This module is the one shape in which a failure travels up to the code that
 * reports it.  The caller owns the struct, so nobody frees anything.
 */
#ifndef GP_ERROR_H
#define GP_ERROR_H

struct gp_error {
	char text[512];
};

/* Fills err->text and returns -1, so that a function can end with
   "return gp_error_set(err, ...)".  A NULL err is allowed.  The text names the
   thing that failed and the value that was wrong; it is cut at 511 bytes. */
int gp_error_set(struct gp_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
