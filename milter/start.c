/* SPDX-License-Identifier: MIT */
/* This module is documented in start.h. */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "socket-text.h"

static int ready_fd = -1;       /* the parent's end is waited on */

/* The child's word, or its exit code when it died without one. */
static void wait_for_child(pid_t child, int fd) __attribute__((noreturn));

static void wait_for_child(pid_t child, int fd)
{
	ssize_t length;
	char byte;
	int status;

	do
		length = read(fd, &byte, 1);
	while (length < 0 && errno == EINTR);
	if (length == 1)
		_exit(EX_OK);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EX_SOFTWARE);
}

int gp_start_background(struct gp_error *err)
{
	int pipe_fds[2];
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return gp_error_set(err, "pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return gp_error_set(err, "fork: %s", strerror(errno));
	if (child > 0) {
		(void)close(pipe_fds[1]);
		wait_for_child(child, pipe_fds[0]);
	}
	(void)close(pipe_fds[0]);
	ready_fd = pipe_fds[1];
	(void)setsid();
	if (chdir("/") < 0)
		return gp_error_set(err, "chdir /: %s", strerror(errno));
	return 0;
}

void gp_start_ready(void)
{
	int null_fd;

	if (ready_fd < 0)
		return;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null_fd >= 0 && fd <= 2; fd++)
		(void)dup2(null_fd, fd);
	if (null_fd > 2)
		(void)close(null_fd);
	if (write(ready_fd, "r", 1) < 0)
		(void)0;        /* the parent is gone; nobody waits */
	(void)close(ready_fd);
	ready_fd = -1;
}

/* The socket belongs to the user that we shall be, so that it can be removed,
   and to the group through which the MTA gets in. */
static int give_socket(const struct gp_settings *settings, const char *path,
		       struct gp_error *err)
{
	const struct passwd *user = getpwnam(settings->milter.user);
	uid_t uid = geteuid() == 0 && user != NULL ? user->pw_uid : (uid_t)-1;
	gid_t gid = (gid_t)-1;

	if (settings->milter.socket_group[0] != '\0') {
		const struct group *group =
			getgrnam(settings->milter.socket_group);

		if (group == NULL)
			return gp_error_set(err, "milter.socket_group '%s': no "
					    "such group",
					    settings->milter.socket_group);
		gid = group->gr_gid;
	}
	if (lchown(path, uid, gid) < 0)
		return gp_error_set(err, "milter.socket %s: chown: %s", path,
				    strerror(errno));
	return 0;
}

/* libmilter removes whatever socket it finds, also one that is in use. */
static bool is_in_use(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool in_use;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	(void)strcpy(address.sun_path, path);
	in_use = connect(fd, (const struct sockaddr *)&address,
			 sizeof(address)) == 0;
	(void)close(fd);
	return in_use;
}

int gp_start_socket(const struct gp_settings *settings, struct gp_error *err)
{
	char text[GP_SOCKET_TEXT_BYTES];
	struct gp_socket parsed;
	mode_t old_umask;
	int result;

	if (gp_socket_parse(settings->milter.socket, &parsed, err) < 0)
		return -1;
	if (parsed.kind == GP_SOCKET_UNIX && is_in_use(parsed.path))
		return gp_error_set(err, "milter.socket %s: another milter listens "
				    "there", parsed.path);
	(void)gp_socket_format_milter(&parsed, text);
	old_umask = umask(0117);        /* 0660 */
	result = smfi_setconn(text) == MI_SUCCESS &&
		smfi_opensocket(true) == MI_SUCCESS ? 0 : -1;
	(void)umask(old_umask);
	if (result < 0)
		return gp_error_set(err, "milter.socket '%s' cannot be opened "
				    "(%s); is its folder there?", settings->milter.socket,
				    strerror(errno));
	return parsed.kind == GP_SOCKET_UNIX
		? give_socket(settings, parsed.path, err) : 0;
}

int gp_start_drop_privileges(const struct gp_settings *settings,
			     struct gp_error *err)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = getpwnam(settings->milter.user);
	if (user == NULL)
		return gp_error_set(err, "milter.user '%s': no such user; make it "
				    "with: useradd --system %s",
				    settings->milter.user, settings->milter.user);
	if (user->pw_uid == 0)
		return gp_error_set(err, "milter.user '%s': the milter does not "
				    "run as root", settings->milter.user);
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
	    setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return gp_error_set(err, "milter.user '%s': %s",
				    settings->milter.user, strerror(errno));
	if (setuid(0) == 0)
		return gp_error_set(err, "milter.user '%s': root privileges did "
				    "not go away", settings->milter.user);
	return 0;
}

int gp_start_write_pid(const struct gp_settings *settings, struct gp_error *err)
{
	const char *path = settings->milter.pid_file;
	int fd, result;

	if (*path == '\0')
		return 0;
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		return gp_error_set(err, "milter.pid_file %s: %s", path,
				    strerror(errno));
	result = dprintf(fd, "%ld\n", (long)getpid());
	if (close(fd) < 0 || result < 0)
		return gp_error_set(err, "milter.pid_file %s: %s", path,
				    strerror(errno));
	return 0;
}

/* As an unprivileged user this works only in a folder of its own; what stays
   behind is replaced at the next start. */
void gp_start_remove_files(const struct gp_settings *settings)
{
	struct gp_socket parsed;

	if (gp_socket_parse(settings->milter.socket, &parsed, NULL) == 0 &&
	    parsed.kind == GP_SOCKET_UNIX)
		(void)unlink(parsed.path);
	if (settings->milter.pid_file[0] != '\0')
		(void)unlink(settings->milter.pid_file);
}
