/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_DNS_H
#define TESTS_LIVE_DNS_H

#include <pthread.h>
#include <stdatomic.h>

/*
 * A name server on a free UDP port of 127.0.0.1, in a thread of its own.
 *
 *   two.test      127.0.0.2 and 127.0.0.1
 *   silent.test   no answer
 *   all others    there is no such name
 */
struct dns {
	int fd;
	char name[32]; /* "127.0.0.1:5353" */
	pthread_t thread;
	atomic_uint asked;
};

void dns_start(struct dns *dns);
void dns_stop(struct dns *dns);

#endif
