/* SPDX-License-Identifier: MIT */
#include "io/error.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "io/next_call.h"
#include "tests/unit/test_memory.h"
#include "wire/status_message.h"

static const struct error_place place = {
	.protseq = "ncacn_ip_tcp",
	.host = "host",
	.endpoint = "4747",
	.interface = "calc.Calculator",
	.operation = "Divide",
};

/* Gives its argument back if there is something to complain about. */
static void *
look_in_a_fresh_thread(void *argument)
{
	const struct becket_error *error = becket_error_last();

	if (error->status != BECKET_S_OK || error->sentence == NULL ||
	    *error->detail != '\0' || *error->host != '\0' ||
	    *error->endpoint != '\0' || *error->interface != '\0' ||
	    *error->operation != '\0')
		return argument;
	return NULL;
}

static void
every_thread_has_a_record_of_its_own(void **state)
{
	pthread_t thread;
	void *complaint;

	error_set(BECKET_S_INVALID_ARG, "here");
	assert_int_equal(pthread_create(&thread, NULL, look_in_a_fresh_thread,
	                     state),
	    0);
	pthread_join(thread, &complaint);
	assert_null(complaint);
	assert_int_equal(becket_error_last()->status, BECKET_S_INVALID_ARG);
	assert_string_equal(becket_error_last()->sentence, "here");
}

static void
the_sentence_says_what_failed_where_and_how_far_it_came(void **state)
{
	const struct becket_error *error = becket_error_last();

	(void)state;
	assert_int_equal(error_set_call(BECKET_S_ZERO_DIVIDE, BECKET_EXECUTED,
	                     &place, NULL, "the divisor is 0", 16),
	    BECKET_S_ZERO_DIVIDE);
	assert_string_equal(error->sentence,
	    "calc.Calculator Divide at ncacn_ip_tcp:host[4747]: division by "
	    "zero: the divisor is 0 (executed)");
	assert_string_equal(error->detail, "the divisor is 0");
	assert_string_equal(error->host, "host");
	assert_string_equal(error->endpoint, "4747");
	assert_string_equal(error->interface, "calc.Calculator");
	assert_string_equal(error->operation, "Divide");
	error_set_call(BECKET_S_CALL_FAILED, BECKET_MAYBE_EXECUTED, &place,
	    "lost", NULL, 0);
	assert_string_equal(error->sentence,
	    "calc.Calculator Divide at ncacn_ip_tcp:host[4747]: lost (maybe "
	    "executed)");
	assert_string_equal(error->detail, "");
}

static void
what_a_server_only_repeats_is_said_once(void **state)
{
	static const char text[] = "division by zero";

	(void)state;
	error_set_call(BECKET_S_ZERO_DIVIDE, BECKET_EXECUTED, &place, NULL,
	    text, sizeof text - 1);
	assert_string_equal(becket_error_last()->sentence,
	    "calc.Calculator Divide at ncacn_ip_tcp:host[4747]: division by "
	    "zero (executed)");
	assert_string_equal(becket_error_last()->detail, text);
}

static void
what_is_unknown_is_left_out(void **state)
{
	static const struct error_place nowhere = { 0 };
	static const struct error_place somewhere = { .interface = "calc.C" };

	(void)state;
	error_set_call(BECKET_S_INVALID_ARG, BECKET_NOT_SENT, &nowhere, NULL,
	    NULL, 0);
	assert_string_equal(becket_error_last()->sentence,
	    "invalid argument (not executed)");
	error_set_call(BECKET_S_INVALID_ARG, BECKET_NOT_SENT, &somewhere, NULL,
	    NULL, 0);
	assert_string_equal(becket_error_last()->sentence,
	    "calc.C: invalid argument (not executed)");
}

static void
control_characters_reach_no_terminal(void **state)
{
	(void)state;
	error_set_call(1, BECKET_EXECUTED, &place, NULL, "a\033[2Jb\nc\0d", 9);
	assert_string_equal(becket_error_last()->detail, "a\033[2Jb\nc");
	assert_null(strchr(becket_error_last()->sentence, '\033'));
	error_set(1, "%s", "x\ry\x7f");
	assert_string_equal(becket_error_last()->sentence, "x?y?");
}

/* Each size once, so that every way to cut a character comes up. */
static void
what_is_too_long_is_cut_between_characters(void **state)
{
	char text[4096];

	(void)state;
	for (size_t size = 0; size + 3 <= sizeof text; size++) {
		const char *detail, *sentence;
		size_t length;

		memset(text, 'x', size % 3);
		for (size_t i = size % 3; i + 3 <= sizeof text; i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		error_set_call(1, BECKET_EXECUTED, &place, NULL, text,
		    size - size % 3);
		detail = becket_error_last()->detail;
		sentence = becket_error_last()->sentence;
		length = strlen(detail);
		if (length < size - size % 3)
			assert_string_equal(detail + length - 3, "...");
		else
			assert_int_equal(length, size - size % 3);
		assert_non_null(strstr(sentence, detail));
		error_set(1, "%.*s", (int)size, text);
		assert_in_range(strlen(becket_error_last()->sentence), 0, 2047);
	}
	memset(text, 'h', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	error_set_string(BECKET_S_STRING_TOO_LONG, text, NULL);
	assert_in_range(strlen(becket_error_last()->sentence), 256, 400);
	assert_non_null(strstr(becket_error_last()->sentence, "...\": string"));
}

static void
a_detail_that_was_cut_is_still_utf8(void **state)
{
	char text[3000];

	(void)state;
	for (size_t head = 0; head < 4; head++) {
		struct becket_bytes detail;

		memset(text, 'x', head);
		for (size_t i = head; i + 4 <= sizeof text; i += 4)
			memcpy(text + i, "\xf0\x9f\xaa\xa3", 4);
		error_set_call(1, BECKET_EXECUTED, &place, NULL, text,
		    2900 + head);
		detail.data = (const uint8_t *)becket_error_last()->detail;
		detail.size = strlen(becket_error_last()->detail);
		assert_in_range(detail.size, 1000, 1023);
		assert_true(utf8_is_valid(detail));
	}
}

/* size: of its message. */
static void
add_detail(struct buffer *details, size_t size)
{
	static const uint8_t zeros[8192];
	const struct status_detail detail = {
		.type = { (const uint8_t *)"type", 4 },
		.message = { zeros, size },
	};
	size_t encoded = status_detail_measure(&detail);

	assert_true(buffer_reserve(details, encoded));
	status_detail_encode(&detail, details->data + details->size);
	details->size += encoded;
}

static void
as_many_details_are_kept_as_there_is_room_for(void **state)
{
	const struct error_place nowhere = { 0 };
	struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
	struct buffer details = buffer_empty(test_memory_of(&memory));
	const struct becket_error *error = becket_error_last();

	(void)state;
	for (int i = 0; i < 20; i++)
		add_detail(&details, 10);
	error_set_call(1, BECKET_EXECUTED, &nowhere, NULL, NULL, 0);
	assert_int_equal(error->detail_count, 0);
	error_set_details(buffer_bytes(&details));
	assert_int_equal(error->detail_count, 16);
	assert_string_equal(error->details[15].type, "type");
	assert_int_equal(error->details[15].message.size, 10);

	details.size = 0;
	add_detail(&details, 8192); /* never fits */
	add_detail(&details, 8192 - 6);
	add_detail(&details, 0);
	error_set_call(1, BECKET_EXECUTED, &nowhere, NULL, NULL, 0);
	error_set_details(buffer_bytes(&details));
	assert_int_equal(error->detail_count, 1);
	assert_int_equal(error->details[0].message.size, 8192 - 6);
	error_set(2, "another");
	assert_int_equal(error->detail_count, 0);
	buffer_fini(&details);
	test_memory_end(&memory);
}

static uint32_t
take_timeout(const void *handle)
{
	return next_call_take(handle, 1).timeout;
}

static void
the_oldest_of_too_many_timeouts_is_forgotten(void **state)
{
	static char handles[12];

	(void)state;
	for (size_t i = 0; i < sizeof handles; i++)
		next_call_set_timeout((const void *)&handles[i], 1,
		    (uint32_t)i + 100);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(take_timeout(&handles[i]), 0);
	for (size_t i = 4; i < sizeof handles; i++)
		assert_int_equal(take_timeout(&handles[i]), i + 100);
	for (size_t i = 0; i < sizeof handles; i++)
		assert_int_equal(take_timeout(&handles[i]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_thread_has_a_record_of_its_own),
		cmocka_unit_test(as_many_details_are_kept_as_there_is_room_for),
		cmocka_unit_test(
		    the_sentence_says_what_failed_where_and_how_far_it_came),
		cmocka_unit_test(what_a_server_only_repeats_is_said_once),
		cmocka_unit_test(what_is_unknown_is_left_out),
		cmocka_unit_test(control_characters_reach_no_terminal),
		cmocka_unit_test(what_is_too_long_is_cut_between_characters),
		cmocka_unit_test(a_detail_that_was_cut_is_still_utf8),
		cmocka_unit_test(the_oldest_of_too_many_timeouts_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
