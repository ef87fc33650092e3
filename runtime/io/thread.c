/* SPDX-License-Identifier: MIT */
#include "io/thread.h"

#include <signal.h>

bool
thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed == 0;
}
