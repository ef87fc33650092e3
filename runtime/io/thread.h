/* SPDX-License-Identifier: MIT */
#ifndef IO_THREAD_H
#define IO_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Threads of the library, which take no signals: those are for the
 * application's. false: the system has none.
 */
bool thread_start(pthread_t *thread, void *(*run)(void *argument),
    void *argument);

#endif
