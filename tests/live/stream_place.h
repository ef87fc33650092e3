/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_STREAM_PLACE_H
#define TESTS_LIVE_STREAM_PLACE_H

#include "tests/live/flow.h"

/*
 * A server with streams and a handle for it, for tests that run for each
 * protocol sequence: main() has STREAM_PLACES, and lists its tests with ALL(),
 * or REMOTE() for those that are not about local sockets.
 */
struct stream_place {
	size_t which;
	struct echo echo;
	struct flow flow;
	struct becket_binding *binding;
};

enum { STREAM_GRPC = 2 }; /* which */

int stream_place_setup(void **state);
int stream_place_teardown(void **state);

/* clang-format off */
#define STREAM_PLACES \
	struct stream_place tcp = { .which = 0 }, local = { .which = 1 }, \
	                    grpc = { .which = STREAM_GRPC }
#define ONE(name, place) \
	{ #name " (" #place ")", name, stream_place_setup, \
	  stream_place_teardown, &(place) }
#define ALL(name)    ONE(name, tcp), ONE(name, local), ONE(name, grpc)
#define REMOTE(name) ONE(name, tcp), ONE(name, grpc)
/* clang-format on */

#endif
