/* SPDX-License-Identifier: MIT */
/*
 * This module is the program gatepostctl: the table of commands, their help,
 * the options before them, and what ends it early.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "command.h"
#include "gatepost-config.h"
#include "log.h"
#include "login.h"
#include "pool.h"
#include "settings-parse.h"

static const struct gp_command *const commands[] = {
	&gp_command_check,
	&gp_command_check_site,
	&gp_command_compile,
	&gp_command_exempt,
	&gp_command_explain,
	&gp_command_forget,
	&gp_command_log,
	&gp_command_metrics,
	&gp_command_probe,
	&gp_command_replay,
	&gp_command_report,
	&gp_command_reset,
	&gp_command_status,
	&gp_command_user,
	&gp_command_who,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

int gp_command_fail(int code, const char *fmt, ...)
{
	va_list args;

	(void)fputs("gatepostctl: ", stderr);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return code;
}

char *gp_command_person(const struct gp_settings *settings, const char *user)
{
	char *person;

	if (user == NULL)
		return NULL;
	person = gp_alloc(strlen(user) + 1);
	gp_login_normalise(settings, user, person);
	return person;
}

static void print_help(void)
{
	(void)printf("Usage: gatepostctl [-c FILE] COMMAND [ARGUMENT...]\n"
		     "Reviews what gatepost does on this mail server.\n\n"
		     "  -c, --config FILE   settings (%s)\n"
		     "  -V, --version       show the version\n"
		     "  -h, --help          show this help\n\nCommands:\n",
		     gp_settings_default_path());
	for (int i = 0; i < COMMAND_COUNT; i++)
		(void)printf("  %-10s %s\n", commands[i]->name,
			     commands[i]->summary);
	(void)printf("\ngatepostctl COMMAND --help tells more.  "
		     "See gatepostctl(8).\n");
}

static const struct gp_command *find_command(const char *name)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Wherever it stands: "exempt list --help". */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int run_command(const char *name, int argc, char **argv,
		       const char *conf_path)
{
	const struct gp_command *command = find_command(name);

	if (command == NULL)
		return gp_command_fail(EX_USAGE, "there is no command '%s'; try: "
				       "gatepostctl --help", name);
	if (asks_for_help(argc, argv)) {
		(void)printf("Usage: gatepostctl [-c FILE] %s %s\n%s.\n\n%s",
			     command->name, command->arguments,
			     command->summary, command->help);
		return EX_OK;
	}
	optind = 0;     /* glibc: start anew with the command's own arguments */
	return command->run(argc, argv, conf_path);
}

/* Who reads what we write may go ("| head"): that ends us, as it ends others.  A Redis
   that goes must not: it is told as an error, by the command. */
static void on_broken_pipe(int number)
{
	struct pollfd ends[] = { { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };
	const int before = errno;

	(void)poll(ends, 2, 0);
	if (((ends[0].revents | ends[1].revents) & (POLLERR | POLLHUP)) != 0) {
		(void)signal(number, SIG_DFL);
		(void)raise(number);
	}
	errno = before;
}

static void catch_broken_pipes(void)
{
	struct sigaction action = { .sa_handler = on_broken_pipe,
				    .sa_flags = SA_RESTART }, inherited;

	/* Who ignores them when starting us wants it so. */
	if (sigaction(SIGPIPE, NULL, &inherited) == 0 &&
	    inherited.sa_handler != SIG_IGN)
		(void)sigaction(SIGPIPE, &action, NULL);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conf_path = gp_settings_default_path();
	int option;

	catch_broken_pipes();
	gp_log_open("gatepostctl", true, LOG_USER);
	while ((option = getopt_long(argc, argv, "+c:Vh", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			conf_path = optarg;
			break;
		case 'V':
			(void)printf("gatepostctl %s\n", PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			print_help();
			return EX_OK;
		default:
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return gp_command_fail(EX_USAGE, "which command?  Try: "
				       "gatepostctl --help");
	return run_command(argv[optind], argc - optind, argv + optind,
			   conf_path);
}
