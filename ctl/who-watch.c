/* SPDX-License-Identifier: MIT */
/* This module is documented in who-watch.h. */
#include "who-watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

/* DEC private modes: a screen of its own, and no cursor on it. */
static const char begin_screen[] = "\033[?1049h\033[?25l";
static const char end_screen[] = "\033[?25h\033[?1049l";

static volatile sig_atomic_t is_over;

static void on_end(int number)
{
	(void)number;
	is_over = 1;
}

/* Only there to end the pause. */
static void on_resize(int number)
{
	(void)number;
}

static void catch_signals(sigset_t *outside_r)
{
	struct sigaction end = { .sa_handler = on_end };
	struct sigaction resize = { .sa_handler = on_resize };
	sigset_t ours;

	/* They come while we wait, and only then: none is missed in between. */
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGHUP);
	(void)sigaddset(&ours, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &ours, outside_r);
	(void)sigaction(SIGINT, &end, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGHUP, &end, NULL);
	(void)sigaction(SIGWINCH, &resize, NULL);
	/* Who reads may go: that is no fault here, and ends it too. */
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Lines of the terminal that a picture may have; the last stays free, or the screen
   would move. */
static size_t height(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 3
		? 23 : size.ws_row - 1u;
}

static void show_on_terminal(const char *picture)
{
	size_t left = height();

	/* Each line removes what stood there, so nothing flickers. */
	(void)fputs("\033[H", stdout);
	while (*picture != '\0' && left > 0) {
		const size_t length = strcspn(picture, "\n");

		(void)fwrite(picture, 1, length, stdout);
		(void)fputs("\033[K\n", stdout);
		picture += length;
		picture += *picture == '\n';
		left--;
	}
	(void)fputs("\033[J", stdout);
}

static void show(gp_watch_draw *draw, void *context, unsigned int secs,
		 bool is_terminal)
{
	const time_t now = time(NULL);
	char *picture = NULL, clock[16] = "";
	size_t length = 0;
	struct tm tm;
	struct gp_error err;
	FILE *out = open_memstream(&picture, &length);
	int result;

	if (out == NULL)
		return;
	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (is_terminal)
		(void)fprintf(out, "%s  every %u s, Ctrl-C ends\n", clock, secs);
	result = draw(context, out, &err);
	if (result < 0 && is_terminal)
		(void)fprintf(out, "%s\n", err.text);
	else if (result < 0)
		(void)gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	(void)fclose(out);
	if (is_terminal)
		show_on_terminal(picture);
	else
		(void)fputs(picture, stdout);
	free(picture);
	if (fflush(stdout) != 0)
		is_over = 1;
}

void gp_watch(gp_watch_draw *draw, void *context, unsigned int secs,
	      bool is_for_machines)
{
	const bool is_terminal = !is_for_machines && isatty(STDOUT_FILENO);
	const struct timespec pause = { .tv_sec = (time_t)secs };
	sigset_t outside;

	catch_signals(&outside);
	if (is_terminal)
		(void)fputs(begin_screen, stdout);
	while (!is_over) {
		show(draw, context, secs, is_terminal);
		if (!is_over)
			(void)ppoll(NULL, 0, &pause, &outside);
	}
	if (is_terminal)
		(void)fputs(end_screen, stdout);
	(void)fflush(stdout);
}
