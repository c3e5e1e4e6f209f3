/* SPDX-License-Identifier: MIT */
/* This module is documented in status-plugin.h. */
#include "status-plugin.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site-abi.h"

enum { PROCESSES_MAX = 50 };

static const char file_end[] = "_gatepost_plugin.so";
static const char deleted[] = " (deleted)";

static FILE *open_of(const char *pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	return fopen(path, "re");
}

/* Dovecot's own name of the process, which it keeps whatever its title says. */
static bool is_mail_process(const char *pid)
{
	char name[32] = "";
	FILE *file = open_of(pid, "comm");

	if (file == NULL)
		return false;
	if (fgets(name, sizeof(name), file) == NULL)
		name[0] = '\0';
	(void)fclose(file);
	return strcmp(name, "imap\n") == 0 || strcmp(name, "pop3\n") == 0;
}

/* The path in a line of maps: the rest from the first '/'. */
static bool look_at_line(char *line, struct gp_pool *pool,
			 struct gp_loaded_plugin *found)
{
	char *path = strchr(line, '/'), *end;

	line[strcspn(line, "\n")] = '\0';
	end = path == NULL ? NULL : strstr(path, file_end);
	if (end == NULL)
		return false;
	end += sizeof(file_end) - 1;
	if (strcmp(end, deleted) == 0)
		found->is_replaced = true;
	else if (*end == '\0' && found->version == NULL)
		found->version = gp_site_version_of_file(pool, path);
	return true;
}

static bool look_at_process(const char *pid, struct gp_pool *pool,
			    struct gp_loaded_plugin *found)
{
	FILE *maps = open_of(pid, "maps");
	bool has_plugin = false;
	char *line = NULL;
	size_t size = 0;

	if (maps == NULL)
		return false;
	while (!has_plugin && getline(&line, &size, maps) > 0)
		has_plugin = look_at_line(line, pool, found);
	free(line);
	(void)fclose(maps);
	return has_plugin;
}

void gp_status_find_plugin(struct gp_pool *pool, struct gp_loaded_plugin *found_r)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	int left = PROCESSES_MAX;

	*found_r = (struct gp_loaded_plugin){ 0 };
	if (folder == NULL)
		return;
	while (left > 0 && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    is_mail_process(entry->d_name))
			left -= look_at_process(entry->d_name, pool, found_r);
	(void)closedir(folder);
}
