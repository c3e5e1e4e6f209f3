/* SPDX-License-Identifier: MIT */
/* This module fills the error text that a caller gave. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int gp_error_set(struct gp_error *err, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}
