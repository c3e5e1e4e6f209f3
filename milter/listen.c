/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in listen.h.
 *
 * libmilter removes whatever socket it finds at the path it is given, at start
 * and at its end, also one that is another's.  So it is only ever given a name
 * that nobody else uses.
 */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "socket-text.h"

enum { BACKLOG = 1024 };        /* connections that wait while we start */

static struct {
	struct gp_socket address;
	char own_path[GP_SOCKET_PATH_BYTES];    /* until it is published */
	struct stat own;                        /* which file it is */
	pid_t predecessor;                      /* 0: none */
} listener;

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strcpy(address.sun_path, path);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address,
			       sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Is the process a milter of ours that we may signal? */
static bool is_milter(pid_t pid)
{
	char path[64], name[32] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fgets(name, sizeof(name), file) == NULL)
		name[0] = '\0';
	(void)fclose(file);
	return strcmp(name, "gatepost-milter\n") == 0 && kill(pid, 0) == 0;
}

/* Who listens at the path; a socket that nobody listens on is no hindrance. */
static int find_predecessor(const char *path, struct gp_error *err)
{
	struct ucred peer = { .pid = 0 };
	socklen_t length = sizeof(peer);
	struct stat status;
	int fd;

	if (lstat(path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode))
		return gp_error_set(err, "milter.socket %s: something that is no "
				    "socket is there; move it away", path);
	fd = connect_to(path);
	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		peer.pid = 0;
	(void)close(fd);
	if (peer.pid <= 0 || peer.pid == getpid() || !is_milter(peer.pid))
		return gp_error_set(err, "milter.socket %s: another program "
				    "(process %ld) listens there; stop it first",
				    path, (long)peer.pid);
	listener.predecessor = peer.pid;
	return 0;
}

/* In the same folder, so that it can be put in place. */
static int name_own_path(struct gp_error *err)
{
	const char *path = listener.address.path;
	const int folder = (int)(strrchr(path, '/') - path);
	int length = snprintf(listener.own_path, sizeof(listener.own_path),
			      "%.*s/.m%ld", folder, path, (long)getpid());

	if (length < (int)sizeof(listener.own_path))
		return 0;
	return gp_error_set(err, "milter.socket %s: the folder's path is too long "
			    "by %d bytes", path,
			    length + 1 - (int)sizeof(listener.own_path));
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

static int check_given_fd(int fd, struct gp_error *err)
{
	int is_listening = 0;
	socklen_t length = sizeof(is_listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
		       &length) == 0 && is_listening)
		return 0;
	return gp_error_set(err, "milter.socket fd:%d: whoever started us left no "
			    "listening socket there; is it started by "
			    "gatepost-milter.socket?", fd);
}

static int open_at(struct gp_socket address, const char *shown,
		   struct gp_error *err)
{
	char text[GP_SOCKET_TEXT_BYTES];
	mode_t old_umask;
	int result;

	(void)gp_socket_format_milter(&address, text);
	old_umask = umask(0117);        /* 0660 */
	result = smfi_setconn(text) == MI_SUCCESS &&
		smfi_setbacklog(BACKLOG) == MI_SUCCESS &&
		smfi_opensocket(true) == MI_SUCCESS ? 0 : -1;
	(void)umask(old_umask);
	if (result == 0)
		return 0;
	return gp_error_set(err, "milter.socket '%s' cannot be opened (%s); %s",
			    shown, strerror(errno),
			    address.kind == GP_SOCKET_UNIX
			    ? "is its folder there?"
			    : "does another milter listen there?");
}

static int open_unix(const struct gp_settings *settings, struct gp_error *err)
{
	struct gp_socket own = listener.address;

	if (find_predecessor(listener.address.path, err) < 0 ||
	    name_own_path(err) < 0)
		return -1;
	(void)strcpy(own.path, listener.own_path);
	if (open_at(own, settings->milter.socket, err) < 0)
		return -1;
	if (give_socket(settings, own.path, err) < 0 ||
	    lstat(own.path, &listener.own) < 0) {
		(void)unlink(own.path);
		return -1;
	}
	return 0;
}

int gp_listen_open(const struct gp_settings *settings, struct gp_error *err)
{
	if (gp_socket_parse(settings->milter.socket, &listener.address, err) < 0)
		return -1;
	if (listener.address.kind == GP_SOCKET_UNIX)
		return open_unix(settings, err);
	if (listener.address.kind == GP_SOCKET_FD &&
	    check_given_fd(listener.address.fd, err) < 0)
		return -1;
	return open_at(listener.address, settings->milter.socket, err);
}

int gp_listen_publish(struct gp_error *err)
{
	if (listener.own_path[0] == '\0')
		return 0;
	if (rename(listener.own_path, listener.address.path) < 0) {
		(void)gp_error_set(err, "milter.socket %s: %s",
				   listener.address.path, strerror(errno));
		(void)unlink(listener.own_path);
		return -1;
	}
	listener.own_path[0] = '\0';
	return 0;
}

void gp_listen_relieve(void)
{
	if (listener.predecessor <= 0)
		return;
	if (is_milter(listener.predecessor) &&
	    kill(listener.predecessor, SIGUSR1) == 0)
		gp_log(GP_LOG_INFO, "taking over from process %ld, which goes on "
		       "with the sessions it has",
		       (long)listener.predecessor);
	listener.predecessor = 0;
}

/* libmilter goes on to accept; from here on on a socket that nobody knows. */
void gp_listen_pause(void)
{
	struct sockaddr_un nowhere = { .sun_family = AF_UNIX };
	int fd;

	if (listener.address.kind != GP_SOCKET_FD)
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* An address of no length: Linux chooses an abstract one. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&nowhere,
			   sizeof(sa_family_t)) < 0 || listen(fd, 1) < 0 ||
	    dup2(fd, listener.address.fd) < 0)
		gp_log(GP_LOG_WARNING, "milter.socket fd:%d: %s; connections are "
		       "taken until the end", listener.address.fd,
		       strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

/* As an unprivileged user this works only in a folder of its own; what stays
   behind is replaced at the next start. */
void gp_listen_remove(void)
{
	const char *path = listener.own_path[0] != '\0' ? listener.own_path
		: listener.address.path;
	struct stat status;

	if (listener.address.kind == GP_SOCKET_UNIX &&
	    lstat(path, &status) == 0 &&
	    status.st_ino == listener.own.st_ino &&
	    status.st_dev == listener.own.st_dev)
		(void)unlink(path);
}
