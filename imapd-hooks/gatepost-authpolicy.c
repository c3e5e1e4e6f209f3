/* SPDX-License-Identifier: MIT */
/*
 * This module is the program gatepost-authpolicy: options, settings, the step down
 * from root, and signals.  One thread answers Dovecot's auth process and one its mail
 * processes, the main thread waits for signals; they share the judge, one at a time.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "authpolicy-http.h"
#include "authpolicy-judge.h"
#include "authpolicy-plain.h"
#include "daemon-options.h"
#include "gatepost-config.h"
#include "log.h"
#include "settings-parse.h"

enum { KEY_BYTES = 256, KEY_BYTES_MIN = 16 };

static pthread_mutex_t judge_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gp_auth_judge *judge;

static const struct gp_daemon program = {
	.name = "gatepost-authpolicy",
	.purpose =
"Tells Dovecot how long a login waits that comes too early, before its password\n"
"is looked at.\n",
	.signals = "SIGHUP reads the settings again, SIGTERM stops.\n",
};

/* --- questions --- */

static unsigned int answer(const char *command, const char *body, size_t length)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();
	struct gp_auth_request request;
	unsigned int wait_secs = 0;
	struct gp_error err;

	if (gp_auth_request_parse(body, length, &request, &err) < 0) {
		gp_log(GP_LOG_WARNING, "a question of Dovecot: %s", err.text);
		return 0;
	}
	(void)pthread_mutex_lock(&judge_lock);
	if (strcmp(command, "allow") == 0)
		wait_secs = gp_auth_judge_ask(judge, &request, now_msecs);
	else if (strcmp(command, "report") == 0)
		gp_auth_judge_report(judge, &request, now_msecs);
	(void)pthread_mutex_unlock(&judge_lock);
	return wait_secs;
}

static bool is_plain(const struct gp_plain_login *login)
{
	bool result;

	(void)pthread_mutex_lock(&judge_lock);
	result = gp_auth_judge_is_plain(judge, login, gp_clock_monotonic_msecs());
	(void)pthread_mutex_unlock(&judge_lock);
	return result;
}

static void has_looked(const struct gp_plain_login *login)
{
	(void)pthread_mutex_lock(&judge_lock);
	gp_auth_judge_has_looked(judge, login, gp_clock_monotonic_msecs());
	(void)pthread_mutex_unlock(&judge_lock);
}

static const struct gp_auth_plain_calls plain_calls = {
	.is_plain = is_plain, .has_looked = has_looked
};

/* --- start --- */

static int read_key(const char *path, char key[KEY_BYTES], struct gp_error *err)
{
	struct stat status;
	FILE *file;

	if (path[0] == '\0')
		return gp_error_set(err, "authpolicy.key_file: a key is needed, or "
				    "anybody on this host could ask");
	file = fopen(path, "re");
	if (file == NULL)
		return gp_error_set(err, "authpolicy.key_file %s: %s", path,
				    strerror(errno));
	if (fstat(fileno(file), &status) < 0 || (status.st_mode & S_IRWXO) != 0) {
		(void)fclose(file);
		return gp_error_set(err, "authpolicy.key_file %s: others can read "
				    "it; run: chmod o= %s", path, path);
	}
	if (fgets(key, KEY_BYTES, file) == NULL)
		key[0] = '\0';
	(void)fclose(file);
	key[strcspn(key, "\r\n")] = '\0';
	if (strlen(key) < KEY_BYTES_MIN || strchr(key, ':') != NULL)
		return gp_error_set(err, "authpolicy.key_file %s: its first line "
				    "must have at least %d bytes, and no colon",
				    path, KEY_BYTES_MIN);
	return 0;
}

static int drop_privileges(const char *name, struct gp_error *err)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = getpwnam(name);
	if (user == NULL)
		return gp_error_set(err, "authpolicy.user '%s': no such user; make "
				    "it with: useradd --system %s", name, name);
	if (user->pw_uid == 0)
		return gp_error_set(err, "authpolicy.user '%s': this does not run "
				    "as root", name);
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
	    setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return gp_error_set(err, "authpolicy.user '%s': %s", name,
				    strerror(errno));
	if (setuid(0) == 0)
		return gp_error_set(err, "authpolicy.user '%s': root privileges did "
				    "not go away", name);
	return 0;
}

struct sockets {
	int http;
	int plain;      /* -1: mail processes do without */
};

static void close_sockets(const struct sockets *sockets)
{
	if (sockets->http >= 0)
		(void)close(sockets->http);
	if (sockets->plain >= 0)
		(void)close(sockets->plain);
}

static int open_sockets(const struct gp_settings *settings,
			struct sockets *sockets_r, struct gp_error *err)
{
	struct gp_error why;

	sockets_r->http = gp_auth_http_listen(settings->authpolicy.listen, err);
	if (sockets_r->http < 0)
		return -1;
	sockets_r->plain = gp_auth_plain_listen(&why);
	if (sockets_r->plain < 0)
		gp_log(GP_LOG_WARNING, "%s; every login loads all of its plugin",
		       why.text);
	return 0;
}

/* What needs root first.  From then on questions wait in the sockets' queues, so the
   caller of a daemon need not wait.  0, or -1 with *err filled. */
static int start(const struct gp_daemon_options *options, struct gp_settings *settings,
		 char key[KEY_BYTES], struct sockets *sockets_r,
		 struct gp_error *err)
{
	if (read_key(settings->authpolicy.key_file, key, err) < 0 ||
	    open_sockets(settings, sockets_r, err) < 0)
		return -1;
	if (drop_privileges(settings->authpolicy.user, err) < 0)
		goto out;
	judge = gp_auth_judge_create(settings, err);
	if (judge == NULL)
		goto out;
	gp_log(GP_LOG_INFO, "version %s listens on %s", PACKAGE_VERSION,
	       settings->authpolicy.listen);
	if (!options->is_foreground && daemon(0, 0) < 0) {
		(void)gp_error_set(err, "fork: %s", strerror(errno));
		goto out;
	}
	gp_log_open("gatepost-authpolicy", options->is_foreground,
		    settings->journal.facility);
	return 0;
out:
	close_sockets(sockets_r);
	return -1;
}

/* --- signals --- */

static void reload(const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_error err;
	int result = gp_settings_load(conf_path, &settings, &err);

	if (result == 0) {
		(void)pthread_mutex_lock(&judge_lock);
		result = gp_auth_judge_replace(judge, settings, &err);
		(void)pthread_mutex_unlock(&judge_lock);
		if (result < 0)
			gp_settings_free(&settings);
	}
	if (result < 0)
		gp_log(GP_LOG_ERROR, "settings not changed: %s", err.text);
	else
		gp_log(GP_LOG_INFO, "settings read again from %s", conf_path);
}

static void wait_for_end(const sigset_t *signals, const char *conf_path)
{
	int number;

	while (sigwait(signals, &number) == 0 && number == SIGHUP)
		reload(conf_path);
}

static void block_signals(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGHUP);
	(void)sigaddset(signals, SIGTERM);
	(void)sigaddset(signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

struct servers {
	struct gp_auth_http *http;
	struct gp_auth_plain *plain;
};

static void stop_servers(struct servers *servers)
{
	gp_auth_http_stop(&servers->http);
	gp_auth_plain_stop(&servers->plain);
}

/* Takes the sockets over. */
static int start_servers(const struct sockets *sockets, const char *key,
			 struct servers *servers_r, struct gp_error *err)
{
	*servers_r = (struct servers){
		.http = gp_auth_http_start(sockets->http, key, answer, err)
	};
	if (servers_r->http == NULL) {
		close_sockets(sockets);
		return -1;
	}
	if (sockets->plain < 0)
		return 0;
	servers_r->plain = gp_auth_plain_start(sockets->plain, &plain_calls, err);
	if (servers_r->plain == NULL) {
		stop_servers(servers_r);
		return -1;
	}
	return 0;
}

static int run(const struct gp_daemon_options *options, const char *conf_path,
	       struct gp_settings *settings)
{
	struct servers servers;
	struct sockets sockets;
	char key[KEY_BYTES];
	struct gp_error err;
	sigset_t signals;

	block_signals(&signals);
	if (start(options, settings, key, &sockets, &err) < 0 ||
	    start_servers(&sockets, key, &servers, &err) < 0) {
		gp_log(GP_LOG_ERROR, "%s", err.text);
		if (judge == NULL)
			gp_settings_free(&settings);
		gp_auth_judge_free(&judge);
		return EX_CONFIG;
	}
	wait_for_end(&signals, conf_path);
	stop_servers(&servers);
	gp_auth_judge_free(&judge);
	explicit_bzero(key, sizeof(key));
	return EX_OK;
}

int main(int argc, char **argv)
{
	struct gp_daemon_options options;
	struct gp_settings *settings;
	char *conf_path;
	int code = gp_daemon_begin(&program, argc, argv, &options, &settings);

	if (code >= 0)
		return code;
	conf_path = realpath(options.conf_path, NULL);
	code = run(&options, conf_path != NULL ? conf_path : options.conf_path,
		   settings);
	free(conf_path);
	return code;
}
