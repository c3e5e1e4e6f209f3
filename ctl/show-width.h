/* SPDX-License-Identifier: MIT */
/* This module knows how wide a terminal and texts on it are, and breaks and cuts texts
   to a width. */
#ifndef GP_SHOW_WIDTH_H
#define GP_SHOW_WIDTH_H

#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal that standard output is; 0: it is none. */
size_t gp_width_of_terminal(void);

/* Columns that a text takes; sequences of ESC that choose colours take none, and bytes
   that are no characters are shown as \xNN. */
size_t gp_width_of(const char *text);

/* The text in at most so many columns, with a mark at its end if it was cut; in memory
   to free(). */
char *gp_width_cut(const char *text, size_t width);

/* The text with newlines in place of blanks, and within words that are too long, so
   that no line takes more columns; in memory to free(). */
char *gp_width_fold(const char *text, size_t width);

/* A line with its newline: on a terminal folded to it, what follows its first line
   indented; else as it is. */
void gp_width_print(FILE *out, const char *text, size_t indent);

#endif
