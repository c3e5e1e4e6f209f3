/* SPDX-License-Identifier: MIT */
/*
 * This module turns Prometheus's text format, as metrics-write.c has written it, into
 * JSON: one list of figures, so that both forms have the same ones.
 */
#include "metrics.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

/* name="value", with \\ and \" in the value; *text_r is behind it. */
static void take_label(char **text_r, json_t *labels)
{
	char *name = *text_r, *value = strchr(name, '='), *end, *out;

	*value = '\0';
	value += 2;
	for (end = out = value; *end != '"'; end++) {
		if (*end == '\\')
			end++;
		*out++ = *end;
	}
	*out = '\0';
	(void)json_object_set_new(labels, name, gp_show_json_name(value));
	*text_r = end + 1 + (end[1] == ',' ? 1 : 0);
}

/* NAME VALUE, or NAME{LABELS} VALUE.  What is no number is infinite: null. */
static json_t *figure_of(char *line)
{
	char *end = line + strcspn(line, "{ "), *text = end + 1;
	const bool has_labels = *end == '{';
	json_t *labels = json_object();

	*end = '\0';
	if (has_labels) {
		while (*text != '}')
			take_label(&text, labels);
		text += 2;
	}
	return json_pack("{s:s, s:o, s:o}", "name", line, "labels", labels, "value",
			 strchr(text, 'I') != NULL ? json_null() :
			 strchr(text, '.') != NULL ? json_real(strtod(text, NULL))
			 : json_integer((json_int_t)strtoull(text, NULL, 10)));
}

int gp_metrics_write_json(char *text, FILE *out)
{
	json_t *figures = json_array(), *root;
	char *line, *rest = NULL;
	int result;

	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (*line != '#')
			(void)json_array_append_new(figures, figure_of(line));
	root = json_pack("{s:o}", "figures", figures);
	/* Times to the millisecond have 13 digits. */
	result = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	json_decref(root);
	return result < 0 || fputc('\n', out) == EOF ? -1 : 0;
}
