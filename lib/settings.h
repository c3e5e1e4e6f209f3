/* SPDX-License-Identifier: MIT */
/*
 * This module owns the settings: the struct that every part reads, and the one
 * table of names, types, ranges, defaults and help texts from which parser,
 * sample file check and error messages are made.
 */
#ifndef GP_SETTINGS_H
#define GP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "decision.h"
#include "facts.h"
#include "network.h"
#include "rate.h"

struct gp_uint_list {
	unsigned int *items;
	size_t count;
};

/* "after 10 within 1h: delay 10s": what the 11th and later early rounds get. */
struct gp_ladder_step {
	unsigned int after_count;
	enum gp_action action;
	unsigned int secs;              /* of a delay or hold */
	unsigned int within_secs;       /* 0: poll.ladder_window */
};

enum { GP_LADDER_STEPS_MAX = 8 };

struct gp_ladder {
	struct gp_ladder_step steps[GP_LADDER_STEPS_MAX]; /* after_count rises
	                                               within each window */
	size_t count;
};

enum gp_tls_version {
	GP_TLS_1_0,
	GP_TLS_1_1,
	GP_TLS_1_2,
	GP_TLS_1_3
};

/* "192.0.2.7 until 2026-12-31 by joe: scanner without TLS": a host, or a login,
   for which rules of submission do not hold yet. */
struct gp_exemption {
	bool is_network;
	struct gp_network network;      /* if it is one */
	char *login;                    /* else; as in the settings */
	int64_t until_secs;             /* Unix time; it has ended then */
	char *author, *reason;
};

/* Other terms for checks of somebody. */
struct gp_poll_override {
	bool is_network;
	struct gp_network network;      /* if it is one */
	char *who;                      /* else: login, "@group", "program=PATTERN" */
	bool is_lifted;                 /* none at all */
	bool names_mode, names_interval, names_ladder, names_login_ladder;
	enum gp_mode mode;
	unsigned int interval_secs;
	struct gp_ladder ladder, login_ladder;
};
struct gp_poll_override_list {
	struct gp_poll_override *items;
	size_t count;
};
struct gp_exemption_list {
	struct gp_exemption *items;
	size_t count;
};

/* Who may use an address, from identity.alias_file: sorted by address. */
struct gp_owner {
	char *address;                  /* lower case: "user@domain", "@domain" */
	struct gp_str_list logins;      /* as in the file */
};

struct gp_owner_map {
	struct gp_owner *items;
	size_t count;
};

enum gp_header_remedy {
	GP_HEADER_REFUSE,
	GP_HEADER_REWRITE
};

/* Other limits for a login, or for the members of "@group"; what it does not name
   stays as it is for all. */
struct gp_rate_override {
	char *who;
	bool names_limits[GP_RATE_KINDS];
	bool names_per_message;
	struct gp_rate_terms terms;
	unsigned int recipients_per_message;
};

struct gp_rate_override_list {
	struct gp_rate_override *items;
	size_t count;
};

/* Whether mail may be read by a protocol. */
enum gp_access {
	GP_ACCESS_ALLOW,
	GP_ACCESS_NOTICE,               /* and users are told to leave it */
	GP_ACCESS_DENY
};

/* What tells a user's mail programs apart, besides the protocol. */
enum gp_program_key {
	GP_PROGRAM_ADDRESS_AND_NAME,
	GP_PROGRAM_ADDRESS,
	GP_PROGRAM_NAME                 /* the address of those without one */
};

/* Where history is kept. */
enum gp_store_kind {
	GP_STORE_AUTO,                  /* Redis where redis.server is set */
	GP_STORE_REDIS,
	GP_STORE_MEMORY                 /* then redis.server is "" */
};

/* What redis.server names. */
enum gp_redis_topology {
	GP_REDIS_SINGLE,
	GP_REDIS_BY_SENTINEL,
	GP_REDIS_CLUSTER
};

/* What becomes of mail while Redis is silent. */
enum gp_store_failure {
	GP_STORE_FAILURE_PASS,
	GP_STORE_FAILURE_DEFER
};

struct gp_group {
	char *name;
	struct gp_str_list members;     /* logins, sorted by strcmp() */
};

struct gp_group_list {
	struct gp_group *items;
	size_t count;
};

struct gp_settings_files;               /* settings-files.h */

struct gp_settings {
	struct gp_settings_files *files;  /* what they were read from */
	struct {
		struct gp_uint_list ports;
		struct gp_exemption_list exemptions;
	} submission;
	struct {
		enum gp_mode mode;
		enum gp_mode strength_mode;
		enum gp_mode inbound_mode;        /* never enforce */
		enum gp_tls_version min_version;
		unsigned int min_bits;
		bool forward_secrecy;
		struct gp_str_list denied_ciphers; /* patterns with '*' */
	} tls;
	struct {
		enum gp_mode mode;
		enum gp_mode mechanisms_mode;
		struct gp_str_list mechanisms;    /* patterns, "PORT:" before */
		enum gp_mode plaintext_mode;
		enum gp_mode author_mode;
		struct gp_network_list xclient_networks;
		struct gp_str_list certificates;  /* "LOGIN = SUBJECT" */
		struct gp_str_list certificate_issuers;
		bool fold_case;
		struct gp_str_list realms;
		char *groups_file;                /* "" when there is none */
		struct gp_group_list groups;      /* what it says */
	} login;
	struct {
		enum gp_mode mode;
		struct gp_network_list trusted_networks;
		struct gp_str_list local_domains; /* of list and file together */
		char *local_domains_file;         /* "" when there is none */
	} relay;
	struct {
		enum gp_mode envelope;
		enum gp_mode from;
		enum gp_mode sender;
		enum gp_mode reply_to;
		enum gp_mode resent;
		enum gp_mode inbound;
		enum gp_header_remedy header;
		struct gp_str_list domains;       /* empty: relay.local_domains */
		char *alias_file;
		struct gp_owner_map owners;       /* what the file says */
		char *delimiter;                  /* "+", "" for none */
		struct gp_str_list send_as_anyone; /* logins */
	} identity;
	struct {
		bool authentication_results;
		char *authserv_id;                /* "": the host's name */
	} headers;
	struct {
		enum gp_mode mode;
		struct gp_rate_terms terms;
		unsigned int recipients_per_message;  /* 0: any number */
		enum gp_store_failure on_store_failure;
		struct gp_rate_override_list overrides; /* the first match wins */
	} rate;
	struct {
		enum gp_access protocols[GP_PROTOCOLS];
		enum gp_mode protocol_mode;
		char *notice;                     /* "" for none */
		enum gp_mode tls_mode;
		struct gp_network_list trusted_networks;
		enum gp_mode mechanisms_mode;
		struct gp_str_list mechanisms[GP_PROTOCOLS]; /* patterns */
		struct gp_exemption_list exemptions;
	} access;
	struct {
		enum gp_mode mode;
		unsigned int interval_secs;
		unsigned int advised_secs;
		unsigned int round_secs;
		unsigned int tolerance_percent;   /* of the interval */
		unsigned int interval_max_secs;   /* at high load */
		unsigned int load_low_percent;    /* per processor */
		unsigned int load_high_percent;
		enum gp_program_key program;
		unsigned int programs_max;        /* 0: any number */
		unsigned int grace_secs;
		unsigned int away_after_secs;     /* 0: never */
		unsigned int away_interval_secs;
		unsigned int ladder_window_secs;
		struct gp_ladder ladder;
		struct gp_ladder login_ladder;    /* note, hold and refuse */
		unsigned int held_max;            /* at once, on a host */
		char *notice;                     /* "" for none */
		char *idle_notice;                /* to who could use IDLE */
		unsigned int notice_after;        /* early rounds */
		struct gp_exemption_list exemptions;
		struct gp_poll_override_list overrides; /* the first match wins */
	} poll;
	struct {
		char *listen;                     /* "address:port" */
		char *key_file;
		char *user;
		unsigned int held_max;
	} authpolicy;
	struct {
		enum gp_store_kind kind;
	} store;
	struct {
		enum gp_redis_topology topology;
		char *server;                     /* "unix:/path", "host:port", "";
		                                     several but for single */
		char *sentinel_master;            /* the name sentinels know */
		char *sentinel_user;
		char *sentinel_password_file;
		bool tls;
		char *tls_ca_file;                /* "": the system's */
		char *tls_certificate_file;       /* "" for none */
		char *tls_key_file;
		char *tls_name;                   /* "": what the server is called */
		unsigned int database;
		char *user;
		char *password_file;
		unsigned int deadline_msecs;
		unsigned int retry_secs;
		unsigned int retention_secs;
	} redis;
	struct {
		bool pseudonyms;
		char *secret_file;
	} privacy;
	struct {
		char *file;                       /* "" means syslog */
		int facility;                     /* as for openlog(3) */
		unsigned int interval_secs;
		bool all_checks;
		unsigned int stream;              /* lines in Redis; 0: none */
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
	GP_SETTING_BOOL,        /* yes, no */
	GP_SETTING_CHOICE,      /* one of words; kept as its number */
	GP_SETTING_UINT,
	GP_SETTING_SECS,        /* 90, 90s, 5m, 2h, 7d; kept in seconds */
	GP_SETTING_MSECS,       /* 50ms, 1s; kept in milliseconds */
	GP_SETTING_TEXT,
	GP_SETTING_PATH,        /* absolute, or empty */
	GP_SETTING_FACILITY,
	GP_SETTING_LADDER,
	GP_SETTING_LOGIN_LADDER,
	GP_SETTING_RATE_LIST,   /* 30/1m: struct gp_rate_limits */
	GP_SETTING_RATE_OVERRIDE_LIST,
	GP_SETTING_POLL_OVERRIDE_LIST,
	GP_SETTING_UINT_LIST,
	GP_SETTING_TEXT_LIST,   /* items of 1 to max bytes */
	GP_SETTING_MECHANISM_LIST,
	GP_SETTING_CERTIFICATE_LIST,
	GP_SETTING_EXEMPTION_LIST,
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
	const char *const *words;       /* of a CHOICE, ended by NULL */
};

/* The table, ended by a row whose section is NULL. */
extern const struct gp_setting gp_settings_table[];

/* Frees what an exemption points to. */
void gp_exemption_free(struct gp_exemption *exemption);

/* Frees settings made by gp_settings_load(); accepts NULL, leaves NULL. */
void gp_settings_free(struct gp_settings **settings);

#endif
