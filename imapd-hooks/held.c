/* SPDX-License-Identifier: MIT */
/* This module is documented in held.h. */
#include "held.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hash.h"

/* The length of the address: an abstract name begins with a zero byte. */
static socklen_t name_place(struct sockaddr_un *address, uint64_t site,
			    unsigned int place)
{
	int length = snprintf(address->sun_path + 1,
			      sizeof(address->sun_path) - 1,
			      "gatepost-held-%016" PRIx64 "-%u", site, place);

	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)length);
}

/* Where to begin: each process at another place, so mostly the first is free, and
   where it was last. */
static unsigned int first_place(unsigned int held_max)
{
	static unsigned int chance;

	if (chance == 0 && getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		return 0;
	return chance % held_max;
}

bool gp_held_take(const char *site, unsigned int held_max, int *fd_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* A name has room for no path. */
	const uint64_t hash = gp_hash_add(GP_HASH_START, site, strlen(site));
	unsigned int first;
	int fd;

	if (held_max == 0)
		return false;
	*fd_r = -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	first = first_place(held_max);
	for (unsigned int i = 0; i < held_max; i++) {
		const socklen_t length = name_place(&address, hash,
						    (first + i) % held_max);

		if (bind(fd, (struct sockaddr *)&address, length) == 0) {
			*fd_r = fd;
			return true;
		}
		if (errno != EADDRINUSE) {
			(void)close(fd);
			return true;
		}
	}
	(void)close(fd);
	return false;
}

void gp_held_give_back(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
