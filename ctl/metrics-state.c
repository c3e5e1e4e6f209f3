/* SPDX-License-Identifier: MIT */
/* This module is documented in metrics-state.h. */
#include "metrics-state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "pool.h"

enum { VERSION = 1, WORDS_BYTES = 128 };

int gp_metrics_state_lock(const char *path, struct gp_error *err)
{
	char *copy = gp_strdup(path);
	const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd;

	/* The file itself is another one after each run. */
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		result = gp_error_set(err, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	}
	free(copy);
	return result;
}

/* --- the numbers --- */

struct number {
	const char *name;
	uint64_t *unsigned_value;       /* one of these */
	int64_t *signed_value;
};

enum { NUMBERS = 11 };

static void list_numbers(struct gp_metrics *metrics, struct number list[NUMBERS])
{
	const struct number numbers[NUMBERS] = {
		{ "unknown", &metrics->unknown_count, NULL },
		{ "lines", &metrics->lines_count, NULL },
		{ "damaged", &metrics->damaged_count, NULL },
		{ "checks", &metrics->checks_count, NULL },
		{ "early", &metrics->early_count, NULL },
		{ "waited_secs", &metrics->waited_secs, NULL },
		{ "stream_lost", &metrics->stream_lost_count, NULL },
		{ "outages", &metrics->outages_count, NULL },
		{ "outage_msecs", NULL, &metrics->outage_msecs },
		{ "outage_shown_msecs", NULL, &metrics->outage_shown_msecs },
		{ "last_msecs", NULL, &metrics->last_msecs },
	};

	memcpy(list, numbers, sizeof(numbers));
}

/* --- reading --- */

static int64_t number_of(const json_t *object, const char *name)
{
	return (int64_t)json_integer_value(json_object_get(object, name));
}

static void read_decisions(const json_t *object, struct gp_metrics *metrics)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		char part[WORDS_BYTES], action[WORDS_BYTES], reason[WORDS_BYTES];
		uint64_t *decision = NULL;

		if (sscanf(key, "%127s %127s %127s", part, action, reason) == 3)
			decision = gp_metrics_decision(metrics, part, action,
						       reason);
		if (decision != NULL)
			*decision = (uint64_t)json_integer_value(value);
	}
}

static void read_hosts(const json_t *object, struct gp_metrics *metrics)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		struct gp_metrics_host *host = gp_metrics_host(metrics, key);

		if (host != NULL)
			host->since_msecs = (int64_t)json_integer_value(value);
	}
}

/* Whoever was not early for a day begins anew. */
static void read_users(const json_t *object, struct gp_metrics *metrics)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		const int64_t seen_msecs = number_of(value, "seen");
		struct gp_metrics_user *user =
			seen_msecs < metrics->users_since_msecs ? NULL
			: gp_metrics_user(metrics, key);

		if (user == NULL)
			continue;
		user->seen_msecs = seen_msecs;
		user->early_msecs = number_of(value, "early");
		if (user->early_msecs >= metrics->users_since_msecs)
			user->early_count = (uint64_t)number_of(value, "count");
	}
}

/* A hash has all bits, more than a number in JSON. */
static void read_places(const json_t *array, struct gp_places *places)
{
	size_t i;
	json_t *value;

	json_array_foreach((json_t *)array, i, value) {
		const char *hash = json_string_value(json_object_get(value,
								     "first"));
		const struct gp_place place = {
			.device = (uint64_t)number_of(value, "device"),
			.inode = (uint64_t)number_of(value, "inode"),
			.size_bytes = (uint64_t)number_of(value, "size"),
			.changed_nsecs = number_of(value, "changed"),
			.first_line = hash == NULL ? 0 : strtoull(hash, NULL, 16),
			.taken_bytes = (uint64_t)number_of(value, "taken"),
			.seen_secs = number_of(value, "seen"),
		};

		gp_places_add(places, &place);
	}
}

static void read_all(const json_t *state, struct gp_metrics *metrics,
		     struct gp_places *places)
{
	struct number numbers[NUMBERS];

	list_numbers(metrics, numbers);
	for (int i = 0; i < NUMBERS; i++) {
		const int64_t value = number_of(state, numbers[i].name);

		if (numbers[i].signed_value != NULL)
			*numbers[i].signed_value = value;
		else
			*numbers[i].unsigned_value = (uint64_t)value;
	}
	read_decisions(json_object_get(state, "decisions"), metrics);
	read_hosts(json_object_get(state, "hosts"), metrics);
	read_users(json_object_get(state, "users"), metrics);
	read_places(json_object_get(state, "files"), places);
}

int gp_metrics_state_read(const char *path, const char *chosen,
			  struct gp_metrics *metrics, struct gp_places *places,
			  struct gp_error *err)
{
	json_error_t why;
	const char *kept;
	json_t *state;
	int result = 1;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	state = json_load_file(path, 0, &why);
	kept = json_string_value(json_object_get(state, "chosen"));
	if (state == NULL)
		result = gp_error_set(err, "%s: %s", path, why.text);
	else if (number_of(state, "version") != VERSION || kept == NULL)
		result = gp_error_set(err, "%s: another version has written it",
				      path);
	else if (strcmp(kept, chosen) != 0)
		result = gp_error_set(err, "%s: it has counted other lines: "
				      "each set of filters needs a file of its own",
				      path);
	else
		read_all(state, metrics, places);
	json_decref(state);
	return result;
}

/* --- writing --- */

static json_t *decisions_json(const struct gp_metrics *metrics)
{
	json_t *object = json_object();

	for (int part = 0; part < GP_METRICS_PARTS; part++)
		for (int i = 0; i < 2 * GP_ACTION_COUNT * GP_REASON_COUNT; i++) {
			const int reason = i % GP_REASON_COUNT;
			const int action = i / GP_REASON_COUNT % GP_ACTION_COUNT;
			const int observed = i / GP_REASON_COUNT / GP_ACTION_COUNT;
			const uint64_t count = metrics->decisions[part][observed]
				[action][reason];
			char key[3 * WORDS_BYTES];

			if (count == 0)
				continue;
			(void)snprintf(key, sizeof(key), "%s %s%s %s",
				       gp_metrics_part_word(part),
				       observed ? "would-" : "",
				       gp_action_word((enum gp_action)action),
				       gp_reason_word((enum gp_reason)reason));
			(void)json_object_set_new(object, key, json_integer(
				(json_int_t)count));
		}
	return object;
}

static json_t *hosts_json(const struct gp_metrics *metrics)
{
	json_t *object = json_object();

	for (size_t i = 0; i < metrics->hosts_count; i++)
		(void)json_object_set_new(object, metrics->hosts[i].name,
			json_integer(metrics->hosts[i].since_msecs));
	return object;
}

static json_t *users_json(const struct gp_metrics *metrics)
{
	json_t *object = json_object();

	for (size_t i = 0; i < metrics->users_slots; i++) {
		const struct gp_metrics_user *user = &metrics->users[i];

		if (user->name == NULL ||
		    user->seen_msecs < metrics->users_since_msecs)
			continue;
		(void)json_object_set_new(object, user->name, json_pack(
			"{s:I, s:I, s:I}", "seen", (json_int_t)user->seen_msecs,
			"early", (json_int_t)user->early_msecs,
			"count", (json_int_t)user->early_count));
	}
	return object;
}

static json_t *places_json(const struct gp_places *places)
{
	json_t *array = json_array();

	for (size_t i = 0; i < places->count; i++) {
		const struct gp_place *place = &places->items[i];
		char hash[20];

		(void)snprintf(hash, sizeof(hash), "%016" PRIx64,
			       place->first_line);
		(void)json_array_append_new(array, json_pack(
			"{s:I, s:I, s:I, s:I, s:s, s:I, s:I}",
			"device", (json_int_t)place->device,
			"inode", (json_int_t)place->inode,
			"size", (json_int_t)place->size_bytes,
			"changed", (json_int_t)place->changed_nsecs, "first", hash,
			"taken", (json_int_t)place->taken_bytes,
			"seen", (json_int_t)place->seen_secs));
	}
	return array;
}

static void dump(void *context, FILE *out)
{
	(void)json_dumpf(context, out, JSON_COMPACT);
	(void)fputc('\n', out);
}

int gp_metrics_state_write(const char *path, const char *chosen,
			   const struct gp_metrics *metrics,
			   const struct gp_places *places)
{
	struct gp_metrics copy = *metrics;
	struct number numbers[NUMBERS];
	json_t *state = json_object();
	int code;

	list_numbers(&copy, numbers);
	for (int i = 0; i < NUMBERS; i++)
		(void)json_object_set_new(state, numbers[i].name, json_integer(
			numbers[i].signed_value != NULL
			? *numbers[i].signed_value
			: (json_int_t)*numbers[i].unsigned_value));
	(void)json_object_set_new(state, "version", json_integer(VERSION));
	(void)json_object_set_new(state, "chosen", json_string(chosen));
	(void)json_object_set_new(state, "decisions", decisions_json(metrics));
	(void)json_object_set_new(state, "hosts", hosts_json(metrics));
	(void)json_object_set_new(state, "users", users_json(metrics));
	(void)json_object_set_new(state, "files", places_json(places));
	/* It names users. */
	code = gp_command_write(path, 0600, NULL, dump, state);
	json_decref(state);
	return code;
}
