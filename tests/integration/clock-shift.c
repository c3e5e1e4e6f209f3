/* SPDX-License-Identifier: MIT */
/*
 * This module is preloaded into a server whose wall clock a test wants to set: it
 * adds the seconds that stand in the file $CLOCK_SHIFT, as 8 bytes of this machine,
 * whenever the server looks at it.  The monotonic clock stays what it is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_secs;

static void __attribute__((constructor)) open_file(void)
{
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*shift_secs), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		shift_secs = mapped;
	(void)close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *time_r)
{
	int result = (int)syscall(SYS_clock_gettime, clock, time_r);

	if (result == 0 && shift_secs != NULL && clock == CLOCK_REALTIME)
		time_r->tv_sec += *shift_secs;
	return result;
}

int gettimeofday(struct timeval *restrict time_r, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	time_r->tv_sec = now.tv_sec;
	time_r->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *time_r)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (time_r != NULL)
		*time_r = now.tv_sec;
	return now.tv_sec;
}
