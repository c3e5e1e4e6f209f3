/* SPDX-License-Identifier: MIT */
/*
 * This module is preloaded into a program whose thread is to be late when it takes
 * signals again, as on a busy machine.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	const struct timespec late = { .tv_nsec = 300 * 1000 * 1000 };

	if (how == SIG_SETMASK)
		(void)nanosleep(&late, NULL);
	return sigprocmask(how, set, old) == 0 ? 0 : errno;
}
