/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/live/raw.h"
#include "wire/fault.h"

/*
 * What a server offers to whom: objects and their types. Every test is run for
 * each protocol sequence; which one is in its state.
 */
static size_t
which(void **state)
{
	return *(size_t *)*state;
}

static struct becket_binding *
bind_to(struct echo *echo, void **state)
{
	return echo_bind(echo, echo->addresses[which(state)]);
}

/* -------------------------------------------------------------- objects -- */

/* An interface whose routine says which EPV it is called through. */
#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

static const struct becket_operation name_operation = {
	.name = "Name",
	.request = RAW,
	.response = RAW,
};

static const struct becket_interface name_interface = {
	.abi = BECKET_ABI,
	.name = "test.Name",
	.uuid = { 0x3bd43b9b, 0x5a02, 0x4a4e,
	    { 0x8c, 0x0c, 0x8e, 0x2a, 0x8a, 0x4e, 0x2d, 0x11 } },
	.major = 1,
	.operation_count = 1,
	.operations = &name_operation,
};

static becket_status
tell_name(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)call;
	(void)request;
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ epv, strlen(epv) };
	return BECKET_S_OK;
}

static becket_routine *const name_list[] = { tell_name };
static const struct becket_routines name_routines = {
	.abi = BECKET_ABI,
	.count = 1,
	.routines = name_list,
};

static const struct becket_uuid cup = { .time_low = 1 },
                                pan = { .time_low = 2 },
                                lid = { .time_low = 3 },
                                red = { .time_low = 0xed },
                                blue = { .time_low = 0xb1 };

static void
offer(struct echo *echo, const struct becket_uuid *type, const char *epv)
{
	assert_int_equal(becket_server_register_if(echo->server,
	                     &name_interface, &name_routines, type, epv, 0),
	    BECKET_S_OK);
}

/* name NULL: there is no manager for the type. */
static void
expect_name(struct becket_binding *binding, const struct becket_uuid *object,
    const char *name)
{
	const struct becket_bytes nothing = { (const uint8_t *)"", 0 };
	struct becket_bytes *bytes;
	void *response = NULL;
	becket_status status;

	assert_int_equal(becket_binding_set_object(binding, object),
	    BECKET_S_OK);
	status =
	    becket_stub_call(binding, &name_interface, 0, &nothing, &response);
	if (name == NULL) {
		assert_int_equal(status, BECKET_S_UNSUPPORTED_TYPE);
		assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
		return;
	}
	assert_int_equal(status, BECKET_S_OK);
	bytes = response;
	assert_int_equal(bytes->size, strlen(name));
	assert_memory_equal(bytes->data, name, bytes->size);
	becket_stub_free(bytes);
}

/* cup is red, pan is blue, lid has no type; there is no EPV for blue. */
static void
the_type_of_the_object_decides(void **state)
{
	struct becket_binding *binding;
	struct echo echo;

	echo_start(&echo, NULL);
	binding = bind_to(&echo, state);
	assert_int_equal(becket_object_set_type(echo.server, &cup, &red),
	    BECKET_S_OK);
	assert_int_equal(becket_object_set_type(echo.server, &pan, &blue),
	    BECKET_S_OK);
	offer(&echo, &red, "red");
	expect_name(binding, NULL, NULL);
	expect_name(binding, &lid, NULL);
	expect_name(binding, &cup, "red");
	expect_name(binding, &pan, NULL);
	offer(&echo, NULL, "nil");
	expect_name(binding, NULL, "nil");
	expect_name(binding, &lid, "nil");
	expect_name(binding, &cup, "red");
	expect_name(binding, &pan, NULL);
	/* Types change while it listens. */
	assert_int_equal(becket_object_set_type(echo.server, &cup, NULL),
	    BECKET_S_OK);
	expect_name(binding, &cup, "nil");
	becket_binding_free(&binding);
	echo_stop(&echo);
}

struct inquiry {
	struct echo *echo;
	atomic_uint asked;
};

/* It may use the server. */
static becket_status
invent_type(void *user, const struct becket_uuid *object,
    struct becket_uuid *ret_type)
{
	struct inquiry *inquiry = user;

	atomic_fetch_add(&inquiry->asked, 1);
	if (becket_object_set_type(inquiry->echo->server, object, NULL) !=
	    BECKET_S_OK)
		return BECKET_S_CALL_FAILED;
	if (!becket_uuid_equal(object, &cup))
		return BECKET_S_OBJECT_NOT_FOUND;
	*ret_type = red;
	return BECKET_S_OK;
}

static void
a_function_is_asked_once_for_a_call_with_an_object(void **state)
{
	struct becket_binding *binding;
	struct inquiry inquiry = { 0 };
	struct echo echo;

	echo_start(&echo, NULL);
	inquiry.echo = &echo;
	binding = bind_to(&echo, state);
	offer(&echo, NULL, "nil");
	offer(&echo, &red, "red");
	becket_object_set_inq_fn(echo.server, invent_type, &inquiry);
	expect_name(binding, NULL, "nil");
	assert_int_equal(atomic_load(&inquiry.asked), 0);
	expect_name(binding, &cup, "red");
	assert_int_equal(atomic_load(&inquiry.asked), 1);
	expect_name(binding, &lid, "nil");
	assert_int_equal(atomic_load(&inquiry.asked), 2);
	becket_binding_free(&binding);
	echo_stop(&echo);
}

/* ----------------------------------------------------------------------- */

/* clang-format off */
#define BOTH(test) \
	{ #test " (ncacn_ip_tcp)", test, NULL, NULL, &indices[0] }, \
	{ #test " (ncalrpc)", test, NULL, NULL, &indices[1] }
/* clang-format on */

int
main(void)
{
	static size_t indices[] = { 0, 1 };
	const struct CMUnitTest tests[] = {
		BOTH(the_type_of_the_object_decides),
		BOTH(a_function_is_asked_once_for_a_call_with_an_object),
	};

	return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
