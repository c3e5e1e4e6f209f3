/* SPDX-License-Identifier: MIT */
/* This module prints the settings, fields, reasons, actions and checks that the
   programs know, for scripts/check-docs: one per line, with its kind before it. */
#include <stdio.h>

#include "decision.h"
#include "facts.h"
#include "journal-fields.h"
#include "settings.h"

int main(void)
{
	size_t count;
	const struct gp_journal_field *fields = gp_journal_fields(&count);

	for (size_t i = 0; i < count; i++)
		(void)printf("field %s\n", fields[i].name);
	for (const struct gp_setting *s = gp_settings_table; s->section != NULL; s++)
		(void)printf("setting %s.%s %s\n", s->section, s->name,
			     s->default_text);
	for (int i = 0; i < GP_REASON_COUNT; i++)
		(void)printf("reason %s\n", gp_reason_word((enum gp_reason)i));
	for (int i = 0; i < GP_ACTION_COUNT; i++)
		(void)printf("action %s\n", gp_action_word((enum gp_action)i));
	for (int i = 0; i < GP_CHECK_COUNT; i++)
		(void)printf("check %s\n", gp_check_word((enum gp_check)i));
	return 0;
}
