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
#include "plugin-login.h"
#include "program.h"

static bool is_our_field(const char *field)
{
	return gp_dovecot_str_begins(field, GP_PLUGIN_ID_FIELD"=");
}

void gp_imap_program_begin(struct gp_imap_client *gc)
{
	const char *said = gp_plugin_field(gc->client->user, GP_PLUGIN_ID_FIELD);
	struct gp_program_id id;

	if (said == NULL)
		return;
	gp_program_id_read(said, &id);
	gp_poll_session_identify(gc->session, &id, gp_clock_monotonic_msecs());
}

/* Leaves "" if the program does not say. */
static void find_value(const struct imap_arg *args, const char *wanted,
		       char found[GP_PROGRAM_ID_BYTES])
{
	const struct imap_arg *list;
	const char *key, *value;

	found[0] = '\0';
	if (!imap_arg_get_list(args, &list))
		return;
	for (; !IMAP_ARG_IS_EOL(&list[0]) && !IMAP_ARG_IS_EOL(&list[1]);
	     list += 2) {
		if (!imap_arg_get_astring(&list[0], &key) ||
		    strcasecmp(key, wanted) != 0)
			continue;
		if (imap_arg_get_nstring(&list[1], &value) && value != NULL)
			(void)i_strocpy(found, t_strndup(value,
					GP_PROGRAM_ID_BYTES - 1),
					GP_PROGRAM_ID_BYTES);
		return;
	}
}

void gp_imap_program_given(struct gp_imap_client *gc,
			   const struct imap_arg *args)
{
	struct gp_program_id id;

	find_value(args, "name", id.name);
	find_value(args, "version", id.version);
	find_value(args, "os", id.os);
	if (id.name[0] == '\0')
		return;
	gc->id_given = id;
	gp_poll_session_identify(gc->session, &id, gp_clock_monotonic_msecs());
}

/* A key of the list and its value, as Dovecot has it in that field. */
static void append_pair(string_t *list, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	if (str_data(list)[str_len(list) - 1] != '=')
		str_append_c(list, ' ');
	str_printfa(list, "\"%s\" ", key);
	imap_append_quoted(list, value);
}

void gp_imap_program_keep(struct gp_imap_client *gc)
{
	struct client *client = gc->client;
	const char *const *field = client->userdb_fields;
	ARRAY_TYPE(const_string) fields;
	string_t *ours;

	if (gc->id_given.name[0] == '\0')
		return;
	p_array_init(&fields, client->pool, 16);
	for (; field != NULL && *field != NULL; field++) {
		if (!is_our_field(*field))
			array_push_back(&fields, field);
	}
	ours = str_new(client->pool, 2 * sizeof(gc->id_given) + 64);
	str_append(ours, GP_PLUGIN_ID_FIELD"=");
	append_pair(ours, "name", gc->id_given.name);
	append_pair(ours, "version", gc->id_given.version);
	append_pair(ours, "os", gc->id_given.os);
	array_push_back(&fields, &(const char *){ str_c(ours) });
	array_append_zero(&fields);
	client->userdb_fields = array_front(&fields);
}
