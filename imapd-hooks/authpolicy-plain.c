/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-plain.h. */
#include "authpolicy-plain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "pool.h"

enum {
	GUESTS_MAX = 256,       /* with all others, far below the usual limit */
	SWEEP_MSECS = 250,
	PATIENCE_MSECS = 60000  /* who has not looked by then is not plain any more */
};

/* A mail process: it is asking, or it has its answer and may look. */
struct guest {
	int fd;
	int64_t came_msecs;
	size_t length;          /* of what it told; 0 while it is asking */
	char *told;
};

struct gp_auth_plain {
	const struct gp_auth_plain_calls *calls;
	int fd;
	int stop_pipe[2];
	pthread_t thread;
	int64_t sweep_msecs;            /* when to look who has looked */
	struct guest guests[GUESTS_MAX];
	size_t guests_count;
};

int gp_auth_plain_listen(struct gp_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = gp_plain_login_path();
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return gp_error_set(err, "%s: the path of a socket is shorter", path);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return gp_error_set(err, "%s: %s", path, strerror(errno));
	/* One that nobody listens on is still in the way. */
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0 || listen(fd, SOMAXCONN) < 0) {
		(void)gp_error_set(err, "%s: %s", path, strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* --- guests ------------------------------------------------------------ */

static void dismiss(struct gp_auth_plain *plain, size_t number)
{
	struct guest *guest = &plain->guests[number];

	(void)close(guest->fd);
	free(guest->told);
	*guest = plain->guests[--plain->guests_count];
}

/* Who does not find a place here is no plain login. */
static void let_in(struct gp_auth_plain *plain, int64_t now_msecs)
{
	int fd = accept4(plain->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (plain->guests_count == GUESTS_MAX) {
		(void)close(fd);
		return;
	}
	plain->guests[plain->guests_count++] =
		(struct guest){ .fd = fd, .came_msecs = now_msecs };
}

/* True if it has its answer. */
static bool answer(const struct gp_auth_plain *plain, struct guest *guest)
{
	const char yes = GP_PLAIN_LOGIN_YES;
	char told[GP_PLAIN_LOGIN_BYTES];
	const ssize_t length = recv(guest->fd, told, sizeof(told), 0);
	struct gp_plain_login login;

	if (length <= 0 || !gp_plain_login_read(told, (size_t)length, &login) ||
	    !plain->calls->is_plain(&login) ||
	    send(guest->fd, &yes, 1, MSG_NOSIGNAL) != 1)
		return false;
	guest->length = (size_t)length;
	guest->told = gp_alloc(guest->length);
	memcpy(guest->told, told, guest->length);
	return true;
}

/* False when there is nothing more to come from it. */
static bool look_after(const struct gp_auth_plain *plain, const struct guest *guest,
		       int64_t now_msecs)
{
	struct gp_plain_login login;
	char said;
	ssize_t length;

	if (guest->length == 0)
		return now_msecs - guest->came_msecs < SWEEP_MSECS;
	length = recv(guest->fd, &said, 1, 0);
	if (length < 0 && errno == EAGAIN)
		return now_msecs - guest->came_msecs < PATIENCE_MSECS;
	if (length == 1 && said == GP_PLAIN_LOGIN_LOOKED &&
	    gp_plain_login_read(guest->told, guest->length, &login))
		plain->calls->has_looked(&login);
	return false;
}

static void sweep(struct gp_auth_plain *plain, int64_t now_msecs)
{
	for (size_t i = plain->guests_count; i-- > 0;)
		if (!look_after(plain, &plain->guests[i], now_msecs))
			dismiss(plain, i);
	plain->sweep_msecs = now_msecs + SWEEP_MSECS;
}

/* --- the thread -------------------------------------------------------- */

enum { POLL_STOP, POLL_DOOR, POLL_GUESTS };

/* Those who are asking; who has an answer is looked after by and by. */
static nfds_t list(const struct gp_auth_plain *plain,
		   struct pollfd fds[POLL_GUESTS + GUESTS_MAX],
		   size_t numbers[GUESTS_MAX])
{
	nfds_t count = POLL_GUESTS;

	fds[POLL_STOP] = (struct pollfd){ plain->stop_pipe[0], POLLIN, 0 };
	fds[POLL_DOOR] = (struct pollfd){ plain->fd, POLLIN, 0 };
	for (size_t i = 0; i < plain->guests_count; i++) {
		if (plain->guests[i].length > 0)
			continue;
		numbers[count - POLL_GUESTS] = i;
		fds[count++] = (struct pollfd){ plain->guests[i].fd, POLLIN, 0 };
	}
	return count;
}

static int wait_msecs(const struct gp_auth_plain *plain, int64_t now_msecs)
{
	if (plain->guests_count == 0)
		return -1;
	return plain->sweep_msecs > now_msecs
		? (int)(plain->sweep_msecs - now_msecs) : 0;
}

/* False when it is to end. */
static bool serve_once(struct gp_auth_plain *plain)
{
	struct pollfd fds[POLL_GUESTS + GUESTS_MAX];
	size_t numbers[GUESTS_MAX];
	const nfds_t count = list(plain, fds, numbers);
	int64_t now_msecs = gp_clock_monotonic_msecs();
	const bool was_empty = plain->guests_count == 0;

	if (poll(fds, count, wait_msecs(plain, now_msecs)) < 0)
		return errno == EINTR;
	now_msecs = gp_clock_monotonic_msecs();
	/* From the end: who is dismissed is replaced by the last. */
	for (nfds_t i = count; i-- > POLL_GUESTS;)
		if (fds[i].revents != 0 &&
		    !answer(plain, &plain->guests[numbers[i - POLL_GUESTS]]))
			dismiss(plain, numbers[i - POLL_GUESTS]);
	if (fds[POLL_DOOR].revents != 0)
		let_in(plain, now_msecs);
	if (was_empty)
		plain->sweep_msecs = now_msecs + SWEEP_MSECS;
	else if (now_msecs >= plain->sweep_msecs)
		sweep(plain, now_msecs);
	return fds[POLL_STOP].revents == 0;
}

static void *serve(void *context)
{
	struct gp_auth_plain *plain = context;

	while (serve_once(plain))
		;
	return NULL;
}

struct gp_auth_plain *gp_auth_plain_start(int fd,
					  const struct gp_auth_plain_calls *calls,
					  struct gp_error *err)
{
	struct gp_auth_plain *plain = gp_alloc(sizeof(*plain));
	int result;

	plain->calls = calls;
	plain->fd = fd;
	if (pipe2(plain->stop_pipe, O_CLOEXEC) < 0) {
		(void)gp_error_set(err, "pipe: %s", strerror(errno));
		goto out;
	}
	result = pthread_create(&plain->thread, NULL, serve, plain);
	if (result == 0)
		return plain;
	(void)gp_error_set(err, "thread: %s", strerror(result));
	(void)close(plain->stop_pipe[0]);
	(void)close(plain->stop_pipe[1]);
out:
	(void)close(fd);
	free(plain);
	return NULL;
}

void gp_auth_plain_stop(struct gp_auth_plain **plain)
{
	if (*plain == NULL)
		return;
	(void)close((*plain)->stop_pipe[1]);
	(void)pthread_join((*plain)->thread, NULL);
	sweep(*plain, gp_clock_monotonic_msecs());
	while ((*plain)->guests_count > 0)
		dismiss(*plain, 0);
	(void)close((*plain)->stop_pipe[0]);
	(void)close((*plain)->fd);
	free(*plain);
	*plain = NULL;
}
