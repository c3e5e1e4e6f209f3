/* SPDX-License-Identifier: MIT */
/*
 * This module carries the name through hibernation in the fields of the userdb,
 * which Dovecot hands on from process to process.  A block in the exported state
 * would be the other way, but a process without the plugin does not know it and ends
 * the session; of a field it takes no notice.
 */
#include "imap-program.h"

#include "imap-quote.h"
#include "log.h"
#include "program.h"

static bool is_our_field(const char *field)
{
	return gp_dovecot_str_begins(field, GP_IMAP_PROGRAM_FIELD"=");
}

void gp_imap_program_begin(struct gp_imap_client *gc)
{
	const char *const *field = gc->client->user->userdb_fields;
	char name[GP_PROGRAM_ID_BYTES];

	for (; field != NULL && *field != NULL; field++) {
		if (is_our_field(*field) &&
		    gp_program_name_in_id(*field +
					  strlen(GP_IMAP_PROGRAM_FIELD"="), name))
			gp_poll_session_name_program(
				gc->session, name, gp_clock_monotonic_msecs());
	}
}

/* NULL if the program gave none. */
static const char *find_name(const struct imap_arg *args)
{
	const struct imap_arg *list;
	const char *key, *value;

	if (!imap_arg_get_list(args, &list))
		return NULL;
	for (; !IMAP_ARG_IS_EOL(&list[0]) && !IMAP_ARG_IS_EOL(&list[1]);
	     list += 2) {
		if (imap_arg_get_astring(&list[0], &key) &&
		    strcasecmp(key, "name") == 0)
			return imap_arg_get_nstring(&list[1], &value) ? value
								      : NULL;
	}
	return NULL;
}

void gp_imap_program_given(struct gp_imap_client *gc,
			   const struct imap_arg *args)
{
	const char *name = find_name(args);

	if (name == NULL || *name == '\0')
		return;
	(void)i_strocpy(gc->name_given, t_strndup(name, sizeof(gc->name_given) - 1),
			sizeof(gc->name_given));
	gp_poll_session_name_program(gc->session, gc->name_given,
				     gp_clock_monotonic_msecs());
}

void gp_imap_program_keep(struct gp_imap_client *gc)
{
	struct client *client = gc->client;
	const char *const *field = client->userdb_fields;
	ARRAY_TYPE(const_string) fields;
	string_t *ours;

	if (gc->name_given[0] == '\0')
		return;
	p_array_init(&fields, client->pool, 16);
	for (; field != NULL && *field != NULL; field++) {
		if (!is_our_field(*field))
			array_push_back(&fields, field);
	}
	ours = str_new(client->pool, 2 * sizeof(gc->name_given) + 64);
	str_append(ours, GP_IMAP_PROGRAM_FIELD"=\"name\" ");
	imap_append_quoted(ours, gc->name_given);
	array_push_back(&fields, &(const char *){ str_c(ours) });
	array_append_zero(&fields);
	client->userdb_fields = array_front(&fields);
}
