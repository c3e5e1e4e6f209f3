/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in control.h.
 *
 * libmilter waits with sigwait() for SIGHUP, SIGTERM and SIGINT in a thread it
 * starts, and takes each of them as "stop at once".  Linux gives a signal of
 * the process to the main thread first if that does not block it, so the main
 * thread never blocks them: its handlers write one byte into a pipe, and the
 * work is done outside of the handler.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "listen.h"
#include "lists.h"
#include "log.h"
#include "sending.h"
#include "session.h"
#include "settings-parse.h"
#include "snapshot.h"
#include "start.h"
#include "store-queue.h"

enum {
	EVENT_RELOAD = 'r', EVENT_STOP = 's', EVENT_ENDED = 'e',
	EVENT_RELIEVED = 'u'    /* another milter has taken over the socket */
};
enum {
	DRAIN_STEP_MSECS = 20,
	QUIET_MSECS = 3000,     /* for what still waits in the old socket */
	RELIEVED_MSECS_MAX = 3600 * 1000
};

static int event_pipe[2] = { -1, -1 };

static void send_event(char event)
{
	int saved_errno = errno;

	if (write(event_pipe[1], &event, 1) < 0)
		(void)0;        /* the pipe is full of events already */
	errno = saved_errno;
}

static void on_signal(int number)
{
	send_event(number == SIGHUP ? EVENT_RELOAD
		   : number == SIGUSR1 ? EVENT_RELIEVED : EVENT_STOP);
}

/* Held until the main thread takes signals again. */
static pthread_mutex_t before_libmilter = PTHREAD_MUTEX_INITIALIZER;

static void *run_milter(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&before_libmilter);
	(void)pthread_mutex_unlock(&before_libmilter);
	if (smfi_main() != MI_SUCCESS)
		gp_log(GP_LOG_ERROR, "libmilter ended with an error");
	send_event(EVENT_ENDED);
	return NULL;
}

static int install_handlers(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART | SA_NODEFER };

	(void)sigemptyset(&action.sa_mask);
	if (sigaction(SIGHUP, &action, NULL) < 0 ||
	    sigaction(SIGTERM, &action, NULL) < 0 ||
	    sigaction(SIGINT, &action, NULL) < 0 ||
	    sigaction(SIGUSR1, &action, NULL) < 0)
		return -1;
	action.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &action, NULL);
}

/* Only the main thread may take the signals: the other one inherits that they are
   blocked.  A SIGHUP while both block them would go to libmilter's sigwait(), if that
   ran already. */
static int start_thread(pthread_t *thread_r)
{
	sigset_t blocked, old;
	int result;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGHUP);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigaddset(&blocked, SIGUSR1);
	(void)pthread_mutex_lock(&before_libmilter);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, &old);
	result = pthread_create(thread_r, NULL, run_milter, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_mutex_unlock(&before_libmilter);
	return result == 0 ? 0 : -1;
}

/* The journal and all that was counted bear these names. */
static bool has_same_names(const struct gp_settings *new)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();
	const struct gp_settings *old = gp_snapshot_settings(snapshot);
	const bool answer =
		old->privacy.pseudonyms == new->privacy.pseudonyms &&
		strcmp(old->privacy.secret_file, new->privacy.secret_file) == 0;

	gp_snapshot_release(&snapshot);
	return answer;
}

static void reload(const char *conf_path)
{
	struct gp_snapshot *before;
	struct gp_settings *settings;
	struct gp_error err;

	if (gp_settings_load(conf_path, &settings, &err) < 0) {
		gp_log(GP_LOG_ERROR, "settings not changed: %s", err.text);
		return;
	}
	if (!has_same_names(settings)) {
		gp_log(GP_LOG_ERROR, "settings not changed: section privacy of %s "
		       "has; the milter must be started anew for it", conf_path);
		gp_settings_free(&settings);
		return;
	}
	before = gp_snapshot_acquire();
	gp_sending_tell_store(gp_snapshot_settings(before), settings);
	gp_snapshot_release(&before);
	gp_snapshot_replace(settings);
	gp_lists_begin();
	gp_log(GP_LOG_INFO, "settings read again from %s", conf_path);
}

static void drain(void)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();
	int64_t end_msecs = gp_clock_monotonic_msecs() + (int64_t)1000 *
		gp_snapshot_settings(snapshot)->milter.drain_secs;

	gp_snapshot_release(&snapshot);
	gp_session_stop_new_messages();
	while (gp_session_open_messages() > 0 &&
	       gp_clock_monotonic_msecs() < end_msecs)
		(void)poll(NULL, 0, DRAIN_STEP_MSECS);
	if (gp_session_open_messages() > 0)
		gp_log(GP_LOG_WARNING, "%u messages were still open; the MTA "
		       "defers them", gp_session_open_messages());
}

/* Looks after the lists while there is no event. */
static void wait_for_event(void)
{
	struct pollfd ready = { .fd = event_pipe[0], .events = POLLIN };
	int count;

	do {
		count = poll(&ready, 1, gp_lists_wait_msecs());
		if (count == 0)
			gp_lists_check();
	} while (count == 0 || (count < 0 && errno == EINTR));
}

/* Does an event come in that time? */
static bool event_within(int msecs)
{
	struct pollfd pipe_end = { .fd = event_pipe[0], .events = POLLIN };

	return poll(&pipe_end, 1, msecs) > 0;
}

static int read_event(char *event_r)
{
	ssize_t length;

	wait_for_event();

	do
		length = read(event_pipe[0], event_r, 1);
	while (length < 0 && errno == EINTR);
	return length == 1 ? 0 : -1;
}

/*
 * Sessions go on as if nothing had happened until the last has ended; nobody
 * finds the way to new ones.  Returns the event that ends it.
 */
static char finish_sessions(const char *conf_path)
{
	int64_t now_msecs = gp_clock_monotonic_msecs();
	int64_t quiet_since_msecs = now_msecs;
	const int64_t end_msecs = now_msecs + RELIEVED_MSECS_MAX;
	char event = EVENT_RELIEVED;

	gp_log(GP_LOG_INFO, "another milter has taken over; %u sessions go on "
	       "here", gp_session_open_count());
	while (now_msecs < end_msecs &&
	       now_msecs < quiet_since_msecs + QUIET_MSECS) {
		if (event_within(DRAIN_STEP_MSECS) && read_event(&event) == 0 &&
		    event != EVENT_RELIEVED) {
			if (event != EVENT_RELOAD)
				return event;
			reload(conf_path);
		}
		now_msecs = gp_clock_monotonic_msecs();
		if (gp_session_open_count() > 0)
			quiet_since_msecs = now_msecs;
	}
	return EVENT_STOP;
}

int gp_control_prepare(struct gp_error *err)
{
	if (pipe2(event_pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    fcntl(event_pipe[0], F_SETFL, 0) < 0 || install_handlers() < 0)
		return gp_error_set(err, "cannot take signals: %s",
				    strerror(errno));
	return 0;
}

int gp_control_run(const char *conf_path)
{
	pthread_t thread;
	char event = EVENT_ENDED;

	if (start_thread(&thread) < 0) {
		gp_log(GP_LOG_ERROR, "cannot start: %s", strerror(errno));
		return EX_OSERR;
	}
	gp_lists_begin();
	gp_listen_relieve();
	gp_start_ready();
	while (read_event(&event) == 0 && event == EVENT_RELOAD)
		reload(conf_path);
	if (event == EVENT_RELIEVED)
		event = finish_sessions(conf_path);
	if (event != EVENT_STOP)
		return EX_SOFTWARE;
	gp_log(GP_LOG_INFO, "stopping");
	gp_listen_pause();
	drain();
	gp_store_queue_flush();
	/* No smfi_stop(): it waits for libmilter's listener, which looks up every
	   few seconds only, and no message is open any more. */
	return EX_OK;
}
