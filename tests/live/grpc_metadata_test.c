/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/echo.h"

/*
 * What travels beside messages, through real sockets: a server that gives back
 * all that it was told, in front and behind, whether it fails or not.
 */
enum { REFLECT, REFUSE, LATER_ON, FEED, GATHER, OPERATIONS };

#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

static const struct becket_operation operations[OPERATIONS] = {
	[REFLECT] = { .name = "Reflect", .request = RAW, .response = RAW },
	[REFUSE] = { .name = "Refuse", .request = RAW, .response = RAW },
	[LATER_ON] = { .name = "LaterOn", .request = RAW, .response = RAW },
	[FEED] = { .name = "Feed",
	    .request = RAW,
	    .response = RAW,
	    .flags = BECKET_OPERATION_RESPONSE_STREAM },
	[GATHER] = { .name = "Gather",
	    .request = RAW,
	    .response = RAW,
	    .flags =
	        BECKET_OPERATION_REQUEST_STREAM | BECKET_OPERATION_BLOCKING },
};

static const struct becket_interface mirror = {
	.abi = BECKET_ABI,
	.name = "test.Mirror",
	.uuid = { 0x4a1b6b0e, 0x2f4c, 0x4d4c,
	    { 0x8e, 0x2d, 0x19, 0x0c, 0x7b, 0xd2, 0x51, 0x6f } },
	.major = 1,
	.operation_count = OPERATIONS,
	.operations = operations,
};

static const char retry_info[] = "type.googleapis.com/google.rpc.RetryInfo";

static becket_status
give_back(struct becket_call *call)
{
	struct becket_metadata_entry entry;
	becket_status status = BECKET_S_OK;
	char name[64];

	for (size_t i = 0;
	     status == BECKET_S_OK && becket_call_metadata_at(call, i, &entry);
	     i++) {
		/* What a library of gRPC says of itself is metadata, too. */
		if (strcmp(entry.name, "user-agent") == 0)
			continue;
		snprintf(name, sizeof name, "i-%s", entry.name);
		status = becket_call_add_metadata(call, BECKET_METADATA_INITIAL,
		    name, entry.value.data, entry.value.size);
		*name = 't';
		if (status == BECKET_S_OK)
			status = becket_call_add_metadata(call,
			    BECKET_METADATA_TRAILING, name, entry.value.data,
			    entry.value.size);
	}
	return status;
}

static becket_status
reflect(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	(void)epv;
	memcpy(response, request, sizeof(struct becket_bytes));
	return give_back(call);
}

static becket_status
refuse(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;
	becket_status status = give_back(call);

	(void)epv;
	(void)response;
	if (status == BECKET_S_OK)
		status = becket_call_add_detail(call, retry_info, "\x0a\0", 2);
	if (status == BECKET_S_OK)
		status = becket_call_add_detail(call, "x", NULL, 0);
	if (status != BECKET_S_OK)
		return status;
	if (bytes->size == 0)
		return BECKET_S_ABORTED;
	return becket_call_fail(call, BECKET_S_ABORTED, "%.*s",
	    (int)bytes->size, (const char *)bytes->data);
}

static becket_status
later_on(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_token token;
	becket_status status = becket_call_defer(call, &token);

	(void)epv;
	(void)response;
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	if (give_back(call) != BECKET_S_OK ||
	    becket_stub_answer(token, &mirror, LATER_ON, BECKET_S_OK,
	        request) != BECKET_S_OK)
		abort();
	return status;
}

/* The request as a message, then the end: "fail" fails. */
static becket_status
feed(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	const struct becket_bytes *bytes = request;
	becket_status status = give_back(call);

	(void)epv;
	assert_null(response);
	if (status == BECKET_S_OK)
		status = becket_stub_send(becket_call_stream(call), &mirror,
		    FEED, request);
	if (status != BECKET_S_OK)
		return status;
	if (becket_call_add_metadata(call, BECKET_METADATA_INITIAL, "late", "",
	        0) != BECKET_X_WRONG_PIPE_ORDER)
		return BECKET_S_CALL_FAILED;
	if (bytes->size != 4 || memcmp(bytes->data, "fail", 4) != 0)
		return BECKET_S_OK;
	status = becket_call_add_detail(call, "x", "y", 1);
	return status != BECKET_S_OK
	           ? status
	           : becket_call_fail(call, BECKET_S_ABORTED, "no!");
}

/* How many messages there were. */
static becket_status
gather(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	becket_status status = give_back(call);
	uint8_t *count = becket_call_alloc(call, 1);
	void *message;

	(void)epv;
	assert_null(request);
	if (status != BECKET_S_OK || count == NULL)
		return BECKET_S_CALL_FAILED;
	while ((status = becket_stub_receive(becket_call_stream(call), &mirror,
	            GATHER, &message)) == BECKET_S_OK) {
		becket_stub_free(message);
		++*count;
	}
	*(struct becket_bytes *)response = (struct becket_bytes){ count, 1 };
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_OK : status;
}

static becket_routine *const mirrors[OPERATIONS] = { reflect, refuse, later_on,
	feed, gather };

static const struct becket_routines routines = {
	.abi = BECKET_ABI,
	.count = OPERATIONS,
	.routines = mirrors,
};

struct place {
	size_t which;
	struct echo echo;
	struct becket_binding *binding;
	struct becket_metadata *metadata;
};

static becket_status
let_in_who_knows_the_word(void *user, struct becket_call *call)
{
	struct becket_bytes value;
	struct place *place = user;

	(void)place;
	if (!becket_call_find_metadata(call, "x-word", &value))
		return becket_call_fail(call, BECKET_S_ACCESS_DENIED,
		    "say the word");
	return BECKET_S_OK;
}

static int
setup(void **state)
{
	struct place *place = *state;

	echo_start(&place->echo, NULL);
	assert_int_equal(becket_server_register_if(place->echo.server, &mirror,
	                     &routines, NULL, place, 0),
	    BECKET_S_OK);
	place->binding =
	    echo_bind(&place->echo, place->echo.addresses[place->which]);
	assert_int_equal(becket_metadata_new(place->echo.runtime,
	                     &place->metadata),
	    BECKET_S_OK);
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	becket_metadata_free(&place->metadata);
	becket_binding_free(&place->binding);
	echo_stop(&place->echo);
	return 0;
}

static void
add(struct place *place, const char *name, const void *value, size_t size)
{
	assert_int_equal(becket_metadata_add(place->metadata, name, value,
	                     size),
	    BECKET_S_OK);
}

static void
expect(const struct place *place, enum becket_metadata_list list, size_t index,
    const char *name, const void *value, size_t size)
{
	struct becket_metadata_entry entry;
	struct becket_bytes found;

	assert_true(becket_metadata_at(place->metadata, list, index, &entry));
	assert_string_equal(entry.name, name);
	assert_int_equal(entry.value.size, size);
	assert_memory_equal(entry.value.data, value, size);
	assert_true(becket_metadata_find(place->metadata, list, name, &found));
}

static void
expect_no_more(const struct place *place, size_t index)
{
	struct becket_metadata_entry entry;

	assert_false(becket_metadata_at(place->metadata,
	    BECKET_METADATA_INITIAL, index, &entry));
	assert_false(becket_metadata_at(place->metadata,
	    BECKET_METADATA_TRAILING, index, &entry));
}

static void
expect_reflection(const struct place *place)
{
	expect(place, BECKET_METADATA_INITIAL, 0, "i-x-id", "4711", 4);
	expect(place, BECKET_METADATA_INITIAL, 1, "i-x-bin", "\0\xff", 2);
	expect(place, BECKET_METADATA_TRAILING, 0, "t-x-id", "4711", 4);
	expect(place, BECKET_METADATA_TRAILING, 1, "t-x-bin", "\0\xff", 2);
	expect_no_more(place, 2);
}

static void
add_usual(struct place *place)
{
	add(place, "x-id", "4711", 4);
	add(place, "x-bin", "\0\xff", 2);
}

static becket_status
call(struct place *place, uint16_t opnum, const char *text)
{
	struct becket_bytes request = { (const uint8_t *)text, strlen(text) };
	void *response = NULL;
	becket_status status;

	status = becket_stub_call(place->binding, &mirror, opnum, &request,
	    &response);
	if (status == BECKET_S_OK) {
		const struct becket_bytes *bytes = response;

		assert_int_equal(bytes->size, request.size);
		assert_memory_equal(bytes->data, text, request.size);
	}
	becket_stub_free(response);
	return status;
}

static void
metadata_go_there_and_back(void **state)
{
	struct place *place = *state;

	add_usual(place);
	for (uint16_t opnum = REFLECT; opnum <= LATER_ON; opnum += LATER_ON) {
		becket_binding_set_next_metadata(place->binding,
		    place->metadata);
		assert_int_equal(call(place, opnum, "hello"), BECKET_S_OK);
		expect_reflection(place);
	}
}

static void
they_are_for_the_next_call_alone(void **state)
{
	struct place *place = *state;
	struct becket_metadata *other;
	struct becket_metadata_entry entry;

	add_usual(place);
	assert_int_equal(becket_metadata_new(place->echo.runtime, &other),
	    BECKET_S_OK);
	becket_binding_set_next_metadata(place->binding, other);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	becket_binding_set_next_timeout(place->binding, 20000);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	expect_reflection(place);
	becket_binding_set_next_metadata(place->binding, other);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	assert_false(
	    becket_metadata_at(other, BECKET_METADATA_INITIAL, 0, &entry));
	becket_binding_set_next_metadata(place->binding, place->metadata);
	becket_binding_set_next_metadata(place->binding, NULL);
	assert_int_equal(call(place, REFUSE, ""), BECKET_S_ABORTED);
	expect_reflection(place);
	becket_metadata_free(&other);
}

static void
a_failure_brings_them_too_and_details(void **state)
{
	struct place *place = *state;
	const struct becket_error *error = becket_error_last();

	add_usual(place);
	for (int i = 0; i < 2; i++) {
		becket_binding_set_next_metadata(place->binding,
		    place->metadata);
		assert_int_equal(call(place, REFUSE, i == 0 ? "no!" : ""),
		    BECKET_S_ABORTED);
		expect_reflection(place);
		assert_string_equal(error->detail, i == 0 ? "no!" : "");
		assert_int_equal(error->detail_count, 2);
		assert_string_equal(error->details[0].type, retry_info);
		assert_int_equal(error->details[0].message.size, 2);
		assert_memory_equal(error->details[0].message.data, "\x0a", 2);
		assert_string_equal(error->details[1].type, "x");
		assert_int_equal(error->details[1].message.size, 0);
	}
	assert_int_equal(call(place, OPERATIONS, ""),
	    BECKET_S_PROCNUM_OUT_OF_RANGE);
	assert_int_equal(error->detail_count, 0);
}

static void
a_call_that_is_not_made_says_nothing(void **state)
{
	struct place *place = *state;
	struct becket_binding *nowhere;
	struct becket_bytes request = { 0 };
	void *response = NULL;

	add_usual(place);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	expect_reflection(place);
	nowhere = echo_bind(&place->echo, "ncalrpc:[nobody]");
	becket_binding_set_next_metadata(nowhere, place->metadata);
	assert_int_equal(becket_stub_call(nowhere, &mirror, REFLECT, &request,
	                     &response),
	    BECKET_S_SERVER_UNAVAILABLE);
	expect_no_more(place, 0);
	becket_binding_free(&nowhere);
}

static void
those_of_an_asynchronous_call_come_when_it_is_finished(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { 0 };

	add_usual(place);
	for (uint16_t opnum = REFLECT; opnum <= REFUSE; opnum++) {
		struct becket_async async;
		void *response = NULL;
		becket_status status;

		becket_binding_set_next_metadata(place->binding,
		    place->metadata);
		assert_int_equal(becket_stub_start(place->binding, &mirror,
		                     opnum, &request, &async),
		    BECKET_S_OK);
		status = becket_async_wait(&async, BECKET_FOREVER);
		assert_int_equal(status,
		    opnum == REFUSE ? BECKET_S_ABORTED : BECKET_S_OK);
		expect_no_more(place, 0);
		assert_int_equal(becket_stub_finish(&async, &mirror, opnum,
		                     &response),
		    status);
		expect_reflection(place);
		becket_stub_free(response);
	}
	assert_int_equal(becket_error_last()->detail_count, 2);
}

static void
initial_ones_of_a_stream_come_with_its_first_message(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_metadata_entry entry;
	struct becket_stream *stream;
	void *message;

	add_usual(place);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(becket_stub_open(place->binding, &mirror, FEED,
	                     &request, &stream),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_receive(stream, &mirror, FEED, &message),
	    BECKET_S_OK);
	becket_stub_free(message);
	expect(place, BECKET_METADATA_INITIAL, 0, "i-x-id", "4711", 4);
	expect(place, BECKET_METADATA_INITIAL, 1, "i-x-bin", "\0\xff", 2);
	assert_false(becket_metadata_at(place->metadata,
	    BECKET_METADATA_TRAILING, 0, &entry));
	assert_int_equal(becket_stub_receive(stream, &mirror, FEED, &message),
	    BECKET_X_PIPE_EMPTY);
	assert_int_equal(becket_stub_finish_stream(&stream, &mirror, FEED,
	                     NULL),
	    BECKET_S_OK);
	assert_null(stream);
	expect_reflection(place);
}

static void
a_stream_that_fails_brings_them_and_details(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { (const uint8_t *)"fail", 4 };
	struct becket_stream *stream;

	add_usual(place);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(becket_stub_open(place->binding, &mirror, FEED,
	                     &request, &stream),
	    BECKET_S_OK);
	assert_int_equal(becket_stub_finish_stream(&stream, &mirror, FEED,
	                     NULL),
	    BECKET_S_ABORTED);
	expect_reflection(place);
	assert_string_equal(becket_error_last()->detail, "no!");
	assert_int_equal(becket_error_last()->detail_count, 1);
	assert_string_equal(becket_error_last()->details[0].type, "x");
}

static void
those_of_a_request_come_before_its_messages(void **state)
{
	struct place *place = *state;
	struct becket_bytes request = { (const uint8_t *)"hello", 5 };
	struct becket_stream *stream;
	void *response;

	add_usual(place);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(becket_stub_open(place->binding, &mirror, GATHER, NULL,
	                     &stream),
	    BECKET_S_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(becket_stub_send(stream, &mirror, GATHER,
		                     &request),
		    BECKET_S_OK);
	assert_int_equal(becket_stub_finish_stream(&stream, &mirror, GATHER,
	                     &response),
	    BECKET_S_OK);
	assert_int_equal(((struct becket_bytes *)response)->data[0], 3);
	becket_stub_free(response);
	expect_reflection(place);
}

static becket_status
open_and_finish(struct place *place)
{
	struct becket_stream *stream;
	void *response = NULL;
	becket_status status;

	assert_int_equal(becket_stub_open(place->binding, &mirror, GATHER, NULL,
	                     &stream),
	    BECKET_S_OK);
	status = becket_stub_finish_stream(&stream, &mirror, GATHER, &response);
	becket_stub_free(response);
	return status;
}

static void
who_authorises_sees_them(void **state)
{
	struct place *place = *state;
	struct becket_register_options options = {
		.size = sizeof options,
		.authorize = let_in_who_knows_the_word,
		.authorize_user = place,
	};

	assert_int_equal(becket_server_unregister_if(place->echo.server,
	                     &mirror, NULL, true),
	    BECKET_S_OK);
	assert_int_equal(becket_server_register_if_ex(place->echo.server,
	                     &mirror, &routines, NULL, place, &options),
	    BECKET_S_OK);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_ACCESS_DENIED);
	assert_string_equal(becket_error_last()->detail, "say the word");
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	assert_int_equal(open_and_finish(place), BECKET_S_ACCESS_DENIED);
	assert_string_equal(becket_error_last()->detail, "say the word");
	assert_int_equal(becket_error_last()->outcome, BECKET_NOT_SENT);
	add(place, "x-word", "please", 6);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	expect(place, BECKET_METADATA_INITIAL, 0, "i-x-word", "please", 6);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(open_and_finish(place), BECKET_S_OK);
}

static void
as_much_as_may_be_added_may_come_back(void **state)
{
	static char text[3000];
	struct place *place = *state;

	memset(text, 'x', sizeof text);
	add(place, "x", text, sizeof text);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_OK);
	expect(place, BECKET_METADATA_INITIAL, 0, "i-x", text, sizeof text);
	expect(place, BECKET_METADATA_TRAILING, 0, "t-x", text, sizeof text);
	/* There and back twice is too much for the server. */
	add(place, "x", text, sizeof text);
	becket_binding_set_next_metadata(place->binding, place->metadata);
	assert_int_equal(call(place, REFLECT, ""), BECKET_S_LIMIT_EXCEEDED);
	expect(place, BECKET_METADATA_INITIAL, 0, "i-x", text, sizeof text);
	assert_int_equal(becket_metadata_add(place->metadata, "x", text,
	                     sizeof text),
	    BECKET_S_LIMIT_EXCEEDED);
}

/* clang-format off */
#define EACH(test) \
	{ #test " (ncacn_ip_tcp)", test, setup, teardown, &places[0] }, \
	{ #test " (ncalrpc)", test, setup, teardown, &places[1] }, \
	{ #test " (grpc_ip_tcp)", test, setup, teardown, &places[2] }
/* clang-format on */

int
main(void)
{
	static struct place places[] = { { .which = 0 }, { .which = 1 },
		{ .which = 2 } };
	const struct CMUnitTest tests[] = {
		EACH(metadata_go_there_and_back),
		EACH(they_are_for_the_next_call_alone),
		EACH(a_failure_brings_them_too_and_details),
		EACH(a_call_that_is_not_made_says_nothing),
		EACH(those_of_an_asynchronous_call_come_when_it_is_finished),
		EACH(initial_ones_of_a_stream_come_with_its_first_message),
		EACH(a_stream_that_fails_brings_them_and_details),
		EACH(those_of_a_request_come_before_its_messages),
		EACH(who_authorises_sees_them),
		EACH(as_much_as_may_be_added_may_come_back),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
