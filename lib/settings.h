/* SPDX-License-Identifier: MIT */
/*
 * This module owns the settings: the struct that every part reads, and the one
 * table of names, types, ranges, defaults and help texts from which parser,
 * sample file check and error messages are made.
 */
#ifndef GP_SETTINGS_H
#define GP_SETTINGS_H

#include <stddef.h>

#include "address.h"
#include "decision.h"
#include "network.h"

struct gp_uint_list {
	unsigned int *items;
	size_t count;
};

/* "after 10: delay 10s": what the 11th and later early rounds get. */
struct gp_ladder_step {
	unsigned int after_count;
	enum gp_action action;
	unsigned int secs;              /* of a delay */
};

enum { GP_LADDER_STEPS_MAX = 8 };

struct gp_ladder {
	struct gp_ladder_step steps[GP_LADDER_STEPS_MAX]; /* after_count rises */
	size_t count;
};

struct gp_settings {
	struct {
		struct gp_uint_list ports;
	} submission;
	struct {
		enum gp_mode mode;
	} tls;
	struct {
		enum gp_mode mode;
	} login;
	struct {
		enum gp_mode mode;
		struct gp_network_list trusted_networks;
		struct gp_str_list local_domains; /* of list and file together */
		char *local_domains_file;         /* "" when there is none */
	} relay;
	struct {
		enum gp_mode mode;
		unsigned int interval_secs;
		unsigned int advised_secs;
		unsigned int round_secs;
		unsigned int tolerance_percent;   /* of the interval */
		unsigned int ladder_window_secs;
		struct gp_ladder ladder;
	} poll;
	struct {
		char *server;                     /* "unix:/path", "host:port", "" */
		unsigned int database;
		char *user;
		char *password_file;
		unsigned int deadline_msecs;
		unsigned int retry_secs;
		unsigned int retention_secs;
	} redis;
	struct {
		char *file;                       /* "" means syslog */
		int facility;                     /* as for openlog(3) */
		unsigned int interval_secs;
	} journal;
	struct {
		char *socket;
		char *socket_group;
		char *user;
		char *pid_file;
		unsigned int drain_secs;
	} milter;
};

enum gp_setting_type {
	GP_SETTING_MODE,
	GP_SETTING_UINT,
	GP_SETTING_SECS,        /* 90, 90s, 5m, 2h, 7d; kept in seconds */
	GP_SETTING_MSECS,       /* 50ms, 1s; kept in milliseconds */
	GP_SETTING_TEXT,
	GP_SETTING_PATH,        /* absolute, or empty */
	GP_SETTING_FACILITY,
	GP_SETTING_LADDER,
	GP_SETTING_UINT_LIST,
	GP_SETTING_DOMAIN_LIST,
	GP_SETTING_NETWORK_LIST
};

struct gp_setting {
	const char *section;
	const char *name;
	enum gp_setting_type type;
	size_t offset;                  /* into struct gp_settings */
	const char *default_text;       /* as in gatepost.conf; lists: "{a, b}" */
	long min, max;                  /* of numbers and of each list item */
	const char *help;               /* one line */
};

/* The table, ended by a row whose section is NULL. */
extern const struct gp_setting gp_settings_table[];

/* Frees settings made by gp_settings_load(); accepts NULL, leaves NULL. */
void gp_settings_free(struct gp_settings **settings);

#endif
