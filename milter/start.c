/* SPDX-License-Identifier: MIT */
/* This module is documented in start.h. */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

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

/* The user to become, or NULL if we are no root; -1 with *err filled when it will
   not do. */
static int find_user(const struct gp_settings *settings,
		     const struct passwd **user_r, struct gp_error *err)
{
	*user_r = NULL;
	if (geteuid() != 0)
		return 0;
	*user_r = getpwnam(settings->milter.user);
	if (*user_r == NULL)
		return gp_error_set(err, "milter.user '%s': no such user; make it "
				    "with: useradd --system %s",
				    settings->milter.user, settings->milter.user);
	if ((*user_r)->pw_uid == 0)
		return gp_error_set(err, "milter.user '%s': the milter does not "
				    "run as root", settings->milter.user);
	return 0;
}

int gp_start_try_user(const struct gp_settings *settings, struct gp_error *err)
{
	const struct passwd *user;

	if (find_user(settings, &user, err) < 0)
		return -1;
	if (user != NULL && (initgroups(user->pw_name, user->pw_gid) < 0 ||
			     setegid(user->pw_gid) < 0 ||
			     seteuid(user->pw_uid) < 0))
		return gp_error_set(err, "milter.user '%s': %s",
				    settings->milter.user, strerror(errno));
	return 0;
}

int gp_start_be_root_again(struct gp_error *err)
{
	if (getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return gp_error_set(err, "seteuid: %s", strerror(errno));
	return 0;
}

int gp_start_drop_privileges(const struct gp_settings *settings,
			     struct gp_error *err)
{
	const struct passwd *user;

	if (find_user(settings, &user, err) < 0)
		return -1;
	if (user == NULL)
		return 0;
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

/* Not the file of a milter that has taken over. */
void gp_start_remove_pid(const struct gp_settings *settings)
{
	const char *path = settings->milter.pid_file;
	FILE *file = *path != '\0' ? fopen(path, "re") : NULL;
	long pid = 0;

	if (file == NULL)
		return;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	(void)fclose(file);
	if (pid == (long)getpid())
		(void)unlink(path);
}
