/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "becket_grpc.h"
#include "tests/live/stream_bench.h"

/*
 * A gigabyte through a slow reader: memory stays where it is, on both ends,
 * which are both in this process.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEGABYTES = 32, SANITIZED = 1 };
#else
enum { MEGABYTES = 1024, SANITIZED = 0 };
#endif

enum {
	PIECE = 64 << 10,
	PIECES = MEGABYTES * 16,
	MOST_KB = 8 << 10, /* more, in the end */
};

struct place {
	size_t which; /* of echo.addresses */
	uint16_t opnum;
};

/* In kB, the most there ever was. */
static long
memory_peak(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long peak = 0;

	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "VmHWM: %ld", &peak) == 1)
			break;
	fclose(file);
	return peak;
}

static void
expect_flat(long before)
{
	if (!SANITIZED)
		assert_in_range(memory_peak(), 1, before + MOST_KB);
}

/* A reader that is slow now and then. */
static void
dawdle(unsigned count)
{
	if (count % 256 == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static struct becket_stream *
open_stream(struct becket_binding *binding, uint16_t opnum, const char *request)
{
	const struct becket_bytes bytes = { (const uint8_t *)request,
		request == NULL ? 0 : strlen(request) };
	struct becket_stream *stream;

	assert_int_equal(becket_stub_open(binding, &stream_interface, opnum,
	                     request == NULL ? NULL : &bytes, &stream),
	    BECKET_S_OK);
	return stream;
}

static void
pour(struct becket_binding *binding, uint16_t opnum, unsigned pieces)
{
	struct becket_stream *stream;
	unsigned count = 0;
	char order[32];
	void *message;

	snprintf(order, sizeof order, "%u %d", pieces, PIECE);
	stream = open_stream(binding, opnum, order);
	while (becket_stub_receive(stream, &stream_interface, opnum,
	           &message) == BECKET_S_OK) {
		const struct becket_bytes *piece = message;

		assert_int_equal(piece->size, PIECE);
		assert_int_equal(piece->data[0], (uint8_t)count);
		becket_stub_free(message);
		dawdle(++count);
	}
	assert_int_equal(becket_stub_finish_stream(&stream, &stream_interface,
	                     opnum, NULL),
	    BECKET_S_OK);
	assert_int_equal(count, pieces);
}

static void
a_gigabyte_comes_in_little_memory(void **state)
{
	const struct place *place = *state;
	struct stream_bench bench;
	struct becket_binding *binding;
	long before;

	stream_bench_start(&bench, NULL, 1, 0);
	binding = echo_bind(&bench.echo, bench.echo.addresses[place->which]);
	pour(binding, place->opnum, 100);
	before = memory_peak();
	pour(binding, place->opnum, PIECES);
	expect_flat(before);
	becket_binding_free(&binding);
	stream_bench_stop(&bench);
}

static void
send(struct becket_binding *binding, uint16_t opnum, unsigned pieces)
{
	static const uint8_t data[PIECE];
	const struct becket_bytes piece = { data, PIECE };
	struct becket_stream *stream = open_stream(binding, opnum, NULL);
	const struct becket_bytes *sum;
	char expected[48];
	void *message;

	for (unsigned i = 0; i < pieces; i++)
		assert_int_equal(becket_stub_send(stream, &stream_interface,
		                     opnum, &piece),
		    BECKET_S_OK);
	assert_int_equal(becket_stub_finish_stream(&stream, &stream_interface,
	                     opnum, &message),
	    BECKET_S_OK);
	sum = message;
	snprintf(expected, sizeof expected, "%u %lu", pieces,
	    (unsigned long)pieces * PIECE);
	assert_int_equal(sum->size, strlen(expected));
	assert_memory_equal(sum->data, expected, sum->size);
	becket_stub_free(message);
}

static void
a_quarter_goes_in_little_memory(void **state)
{
	const struct place *place = *state;
	struct stream_bench bench;
	struct becket_binding *binding;
	long before;

	stream_bench_start(&bench, NULL, 1, 0);
	binding = echo_bind(&bench.echo, bench.echo.addresses[place->which]);
	send(binding, place->opnum, 100);
	before = memory_peak();
	send(binding, place->opnum, PIECES / 4);
	expect_flat(before);
	becket_binding_free(&binding);
	stream_bench_stop(&bench);
}

/* ----------------------------------------- both ways, with a slow reader -- */

struct talker {
	struct becket_stream *stream;
	unsigned pieces;
	pthread_t thread;
};

static void *
talk(void *argument)
{
	static const uint8_t data[PIECE];
	const struct becket_bytes piece = { data, PIECE };
	struct talker *talker = argument;

	for (unsigned i = 0; i < talker->pieces; i++)
		if (becket_stub_send(talker->stream, &stream_interface, CHAT,
		        &piece) != BECKET_S_OK)
			abort();
	if (becket_stream_half_close(talker->stream) != BECKET_S_OK)
		abort();
	return NULL;
}

static void
both_ways_at_once_in_little_memory(void **state)
{
	const struct place *place = *state;
	struct stream_bench bench;
	struct becket_binding *binding;
	struct talker talker = { .pieces = PIECES / 8 };
	unsigned count = 0;
	void *message;
	long before;

	stream_bench_start(&bench, NULL, 1, 0);
	binding = echo_bind(&bench.echo, bench.echo.addresses[place->which]);
	talker.stream = open_stream(binding, CHAT, NULL);
	before = memory_peak();
	assert_int_equal(pthread_create(&talker.thread, NULL, talk, &talker),
	    0);
	while (becket_stub_receive(talker.stream, &stream_interface, CHAT,
	           &message) == BECKET_S_OK) {
		becket_stub_free(message);
		dawdle(++count);
	}
	pthread_join(talker.thread, NULL);
	assert_int_equal(count, talker.pieces);
	assert_int_equal(becket_stub_finish_stream(&talker.stream,
	                     &stream_interface, CHAT, NULL),
	    BECKET_S_OK);
	expect_flat(before);
	becket_binding_free(&binding);
	stream_bench_stop(&bench);
}

/* clang-format off */
static struct place
    pour_tcp = { 0, POUR },       add_tcp = { 0, ADD },
    pour_on_local = { 1, POUR_ON }, add_on_local = { 1, ADD_ON },
    pour_grpc = { 2, POUR },      add_grpc = { 2, ADD },
    pour_on_grpc = { 2, POUR_ON };

#define ONE(test, place) { #test " (" #place ")", test, NULL, NULL, &place }
/* clang-format on */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(a_gigabyte_comes_in_little_memory, pour_tcp),
		ONE(a_gigabyte_comes_in_little_memory, pour_on_local),
		ONE(a_gigabyte_comes_in_little_memory, pour_grpc),
		ONE(a_gigabyte_comes_in_little_memory, pour_on_grpc),
		ONE(a_quarter_goes_in_little_memory, add_tcp),
		ONE(a_quarter_goes_in_little_memory, add_on_local),
		ONE(a_quarter_goes_in_little_memory, add_grpc),
		ONE(both_ways_at_once_in_little_memory, pour_tcp),
		ONE(both_ways_at_once_in_little_memory, pour_grpc),
	};

	echo_equip = becket_grpc_enable;
	return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}
