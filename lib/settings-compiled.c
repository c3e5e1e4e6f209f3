/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-compiled.h. */
#include "settings-compiled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gatepost-config.h"
#include "hash.h"
#include "pool.h"

/* The last byte is the version of this format. */
static const char mark[8] = { 'g', 'p', '-', 'c', 'o', 'n', 'f', '\1' };

enum { HEAD_WORDS = 3, SOURCES_MAX = 1000 };

struct head {
	char mark[8];
	uint64_t bytes_count;
	uint64_t sum;           /* of what follows */
};

/* A word after the other: each of them counts, and what differs in one word always
   has another sum. */
static uint64_t sum_of(const uint64_t *words, size_t count)
{
	uint64_t sum = GP_HASH_START;

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ words[i]) * UINT64_C(1099511628211);
	return sum;
}

void gp_compiled_seal(void *bytes, size_t length)
{
	struct head *head = bytes;

	head->bytes_count = length;
	head->sum = sum_of((const uint64_t *)bytes + HEAD_WORDS,
			   length / sizeof(uint64_t) - HEAD_WORDS);
}

char *gp_compiled_path(const char *conf_path)
{
	static const char end[] = ".compiled";
	const size_t length = strlen(conf_path);
	char *path = gp_alloc(length + sizeof(end));

	memcpy(path, conf_path, length);
	memcpy(path + length, end, sizeof(end));
	return path;
}

/* --- writing ----------------------------------------------------------- */

struct gp_compiled_draft {
	uint64_t *words;
	size_t count, size;
};

struct gp_compiled_draft *gp_compiled_draft_create(void)
{
	return gp_alloc(sizeof(struct gp_compiled_draft));
}

void gp_compiled_draft_free(struct gp_compiled_draft **draft)
{
	if (*draft != NULL)
		free((*draft)->words);
	free(*draft);
	*draft = NULL;
}

/* Room for count words more, of zeros. */
static uint64_t *add_words(struct gp_compiled_draft *draft, size_t count)
{
	uint64_t *words;

	if (draft->count + count > draft->size) {
		draft->size = 2 * draft->size + count;
		draft->words = gp_realloc(draft->words, draft->size *
					  sizeof(*draft->words));
	}
	words = draft->words + draft->count;
	draft->count += count;
	return memset(words, 0, count * sizeof(*words));
}

static void put_number(struct gp_compiled_draft *draft, uint64_t number)
{
	*add_words(draft, 1) = number;
}

/* Its length, and it with one NUL or more. */
static void put_text(struct gp_compiled_draft *draft, const char *text)
{
	const size_t length = strlen(text);

	put_number(draft, length);
	memcpy(add_words(draft, length / sizeof(uint64_t) + 1), text, length);
}

static size_t number_of(const struct gp_settings_files *files, const char *path)
{
	size_t number = 0;

	while (strcmp(gp_settings_files_name(files, number), path) != 0)
		number++;
	return number;
}

void gp_compiled_draft_add(struct gp_compiled_draft *draft,
			   const struct gp_compiled_value *value,
			   const struct gp_settings_files *files)
{
	put_text(draft, value->section);
	put_text(draft, value->name);
	put_text(draft, value->text);
	put_number(draft, value->index);
	put_number(draft, number_of(files, value->path));
	put_number(draft, (uint64_t)value->line);
}

static void put_source(struct gp_compiled_draft *draft, const char *path,
		       const struct gp_file_state *state)
{
	put_text(draft, path);
	put_number(draft, (uint64_t)state->device);
	put_number(draft, (uint64_t)state->inode);
	put_number(draft, (uint64_t)state->size);
	put_number(draft, (uint64_t)state->modified.tv_sec);
	put_number(draft, (uint64_t)state->modified.tv_nsec);
	put_number(draft, (uint64_t)state->changed.tv_sec);
	put_number(draft, (uint64_t)state->changed.tv_nsec);
}

void *gp_compiled_draft_finish(const struct gp_compiled_draft *draft,
			       const struct gp_settings_files *files,
			       size_t *length_r)
{
	struct gp_compiled_draft whole = { NULL, 0, 0 };
	const char *path;
	size_t count = 0;

	memcpy(add_words(&whole, HEAD_WORDS), mark, sizeof(mark));
	put_text(&whole, PACKAGE_VERSION);
	while (gp_settings_files_name(files, count) != NULL)
		count++;
	put_number(&whole, count);
	for (size_t i = 0; i < count; i++) {
		path = gp_settings_files_name(files, i);
		put_source(&whole, path,
			   &gp_settings_files_find(files, path)->state);
	}
	if (draft->count > 0)
		memcpy(add_words(&whole, draft->count), draft->words,
		       draft->count * sizeof(*draft->words));
	*length_r = whole.count * sizeof(*whole.words);
	gp_compiled_seal(whole.words, *length_r);
	return whole.words;
}

/* --- reading ----------------------------------------------------------- */

struct source {
	const char *path;
	struct gp_file_state state;
};

struct gp_compiled {
	uint64_t *words;
	const uint64_t *next, *end;
	struct source *sources;
	size_t sources_count;
};

void gp_compiled_close(struct gp_compiled **compiled)
{
	if (*compiled != NULL) {
		free((*compiled)->words);
		free((*compiled)->sources);
	}
	free(*compiled);
	*compiled = NULL;
}

static bool take_number(struct gp_compiled *compiled, uint64_t *number_r)
{
	if (compiled->next == compiled->end)
		return false;
	*number_r = *compiled->next++;
	return true;
}

static bool take_text(struct gp_compiled *compiled, const char **text_r)
{
	const char *text;
	uint64_t length;
	size_t left;

	if (!take_number(compiled, &length))
		return false;
	left = (size_t)(compiled->end - compiled->next);
	if (length / sizeof(uint64_t) >= left)
		return false;
	text = (const char *)compiled->next;
	if (text[length] != '\0' || strlen(text) != length)
		return false;
	compiled->next += length / sizeof(uint64_t) + 1;
	*text_r = text;
	return true;
}

static bool take_state(struct gp_compiled *compiled, struct gp_file_state *state_r)
{
	uint64_t numbers[7];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!take_number(compiled, &numbers[i]))
			return false;
	*state_r = (struct gp_file_state){
		.device = (dev_t)numbers[0],
		.inode = (ino_t)numbers[1],
		.size = (off_t)numbers[2],
		.modified = { (time_t)numbers[3], (long)numbers[4] },
		.changed = { (time_t)numbers[5], (long)numbers[6] },
	};
	return true;
}

static bool take_sources(struct gp_compiled *compiled)
{
	uint64_t count;

	if (!take_number(compiled, &count) || count == 0 || count > SOURCES_MAX)
		return false;
	compiled->sources = gp_alloc(count * sizeof(*compiled->sources));
	compiled->sources_count = count;
	for (size_t i = 0; i < count; i++)
		if (!take_text(compiled, &compiled->sources[i].path) ||
		    !take_state(compiled, &compiled->sources[i].state))
			return false;
	return true;
}

int gp_compiled_next(struct gp_compiled *compiled,
		     struct gp_compiled_value *value_r)
{
	struct gp_compiled_value value;
	uint64_t index, source, line;

	if (compiled->next == compiled->end)
		return 0;
	if (!take_text(compiled, &value.section) ||
	    !take_text(compiled, &value.name) ||
	    !take_text(compiled, &value.text) ||
	    !take_number(compiled, &index) || !take_number(compiled, &source) ||
	    !take_number(compiled, &line) ||
	    source >= compiled->sources_count || line > INT32_MAX)
		return -1;
	value.index = index;
	value.path = compiled->sources[source].path;
	value.line = (int)line;
	*value_r = value;
	return 1;
}

void gp_compiled_name_files(const struct gp_compiled *compiled,
			    struct gp_settings_files *files)
{
	for (size_t i = 0; i < compiled->sources_count; i++) {
		const struct gp_source source = {
			.text = gp_strdup(""),
			.state = compiled->sources[i].state
		};

		gp_settings_files_add(files, compiled->sources[i].path, &source);
	}
}

/* --- whether it is to be used ------------------------------------------ */

/* What others could have written is not believed. */
static int check_status(const struct stat *status, const char *conf_path,
			struct gp_error *err)
{
	struct stat conf;

	if (!S_ISREG(status->st_mode))
		return gp_error_set(err, "it is not a plain file");
	if (stat(conf_path, &conf) < 0)
		return gp_error_set(err, "%s: %s", conf_path, strerror(errno));
	if (status->st_uid != 0 && status->st_uid != conf.st_uid)
		return gp_error_set(err, "it belongs neither to root nor to the "
				    "owner of %s", conf_path);
	if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return gp_error_set(err, "others than its owner can write to it");
	if (status->st_size < (off_t)sizeof(struct head) ||
	    status->st_size > GP_SOURCE_BYTES_MAX ||
	    status->st_size % (off_t)sizeof(uint64_t) != 0)
		return gp_error_set(err, "it is damaged");
	return 0;
}

/* As many bytes as it had; a file that is being written has another sum. */
static int read_bytes(int fd, void *bytes, size_t size, struct gp_error *err)
{
	size_t length = 0;
	ssize_t got;

	do {
		got = read(fd, (char *)bytes + length, size - length);
		if (got > 0)
			length += (size_t)got;
	} while (length < size && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0)
		return gp_error_set(err, "%s", strerror(errno));
	return length == size ? 0 : gp_error_set(err, "it is damaged");
}

static int read_words(const char *path, const char *conf_path,
		      struct gp_compiled *compiled, struct gp_error *err)
{
	/* O_NONBLOCK: a pipe would hold us for as long as nobody writes. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		      O_NOFOLLOW);
	struct stat status;
	int result;

	if (fd < 0)
		return errno == ENOENT ? 0 : gp_error_set(err, "%s",
			errno == ELOOP ? "it is a link" : strerror(errno));
	if (fstat(fd, &status) < 0)
		result = gp_error_set(err, "%s", strerror(errno));
	else
		result = check_status(&status, conf_path, err);
	if (result == 0) {
		compiled->words = gp_alloc((size_t)status.st_size);
		compiled->next = compiled->words;
		compiled->end = compiled->words +
			(size_t)status.st_size / sizeof(uint64_t);
		result = read_bytes(fd, compiled->words, (size_t)status.st_size,
				    err);
	}
	(void)close(fd);
	return result < 0 ? -1 : 1;
}

static bool is_whole(const struct gp_compiled *compiled)
{
	const struct head *head = (const struct head *)compiled->words;
	const size_t count = (size_t)(compiled->end - compiled->words);

	return memcmp(head->mark, mark, sizeof(mark)) == 0 &&
		head->bytes_count == count * sizeof(uint64_t) &&
		head->sum == sum_of(compiled->words + HEAD_WORDS,
				    count - HEAD_WORDS);
}

static int check_sources(const struct gp_compiled *compiled,
			 const char *conf_path, struct gp_error *err)
{
	struct gp_file_state state;
	struct stat status;

	/* Errors name the file as whoever loads it does. */
	if (strcmp(compiled->sources[0].path, conf_path) != 0)
		return gp_error_set(err, "it was compiled from a file by the name "
				    "of %s", compiled->sources[0].path);
	for (size_t i = 0; i < compiled->sources_count; i++) {
		const char *path = compiled->sources[i].path;

		if (stat(path, &status) < 0)
			return gp_error_set(err, "%s: %s", path, strerror(errno));
		state = gp_file_state_of(&status);
		if (!gp_file_state_is_same(&state, &compiled->sources[i].state))
			return gp_error_set(err, "%s has changed since", path);
	}
	return 0;
}

static int check_words(struct gp_compiled *compiled, const char *conf_path,
		       struct gp_error *err)
{
	const char *version;

	if (!is_whole(compiled))
		return gp_error_set(err, "it is damaged, or of another version of "
				    "gatepost");
	compiled->next += HEAD_WORDS;
	if (!take_text(compiled, &version))
		return gp_error_set(err, "it is damaged");
	if (strcmp(version, PACKAGE_VERSION) != 0)
		return gp_error_set(err, "it is of gatepost %s, this is %s", version,
				    PACKAGE_VERSION);
	if (!take_sources(compiled))
		return gp_error_set(err, "it is damaged");
	return check_sources(compiled, conf_path, err);
}

int gp_compiled_open(const char *conf_path, struct gp_compiled **compiled_r,
		     struct gp_error *err)
{
	struct gp_compiled *compiled = gp_alloc(sizeof(*compiled));
	char *path = gp_compiled_path(conf_path);
	int result = read_words(path, conf_path, compiled, err);

	free(path);
	if (result > 0 && check_words(compiled, conf_path, err) < 0)
		result = -1;
	if (result > 0)
		*compiled_r = compiled;
	else
		gp_compiled_close(&compiled);
	return result;
}
