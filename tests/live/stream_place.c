/* SPDX-License-Identifier: MIT */
#include "tests/live/stream_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { WORKERS = 64 };

int
stream_place_setup(void **state)
{
	const struct becket_server_options options = { .size = sizeof options,
		.workers = WORKERS };
	struct stream_place *place = *state;

	echo_open_as(&place->echo, NULL, &options);
	flow_register(&place->flow, &place->echo);
	assert_int_equal(becket_server_listen(place->echo.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    0);
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	return 0;
}

int
stream_place_teardown(void **state)
{
	struct stream_place *place = *state;

	becket_binding_free(&place->binding);
	WAIT_UNTIL(place->flow.running == 0);
	echo_stop(&place->echo);
	return 0;
}
