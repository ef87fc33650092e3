/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "stub/frame.h"
#include "wire/envelope.h"

/*
 * Envelopes of NDR, in both byte orders. What is taken for a request lies
 * within the input, behind its head, and both sizes say so; encoded again it
 * is the same bytes.
 */
static uint32_t
number(const uint8_t *data, bool big_endian)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | data[big_endian ? i : 3 - i];
	return value;
}

static void
request(struct becket_bytes stub, bool big_endian)
{
	static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	uint8_t head[ENVELOPE_REQUEST_HEAD];
	struct cursor c = cursor_put(head, sizeof head);
	struct frame frame;
	uint32_t size;
	becket_status status =
	    frame_decode(FRAME_ENVELOPE, big_endian, stub, &limits, &frame);
	bool is_right =
	    stub.size >= ENVELOPE_REQUEST_HEAD &&
	    number(stub.data, big_endian) ==
	        number(stub.data + 4, big_endian) &&
	    number(stub.data, big_endian) <= stub.size - ENVELOPE_REQUEST_HEAD;

	EXPECT((status == BECKET_S_OK) == is_right);
	if (!is_right)
		return;
	EXPECT(frame.remaining_us == 0 && frame.metadata.size == 0);
	EXPECT(frame.body.size == number(stub.data, big_endian));
	EXPECT(frame.body.data == stub.data + ENVELOPE_REQUEST_HEAD);
	size = (uint32_t)frame.body.size;
	envelope_request(&c, &size);
	EXPECT(c.status == BECKET_S_OK && c.at == sizeof head);
	EXPECT(big_endian || memcmp(head, stub.data, sizeof head) == 0);
}

static void
response(struct becket_bytes stub, bool big_endian)
{
	uint8_t head[ENVELOPE_RESPONSE_HEAD];
	struct cursor get = cursor_get(stub.data, stub.size, big_endian);
	struct cursor put = cursor_put(head, sizeof head);
	uint32_t size, again;

	envelope_response(&get, &size);
	if (get.status != BECKET_S_OK)
		return;
	EXPECT(get.at == sizeof head && size <= stub.size - get.at);
	envelope_response(&put, &size);
	get = cursor_get(head, put.at, false);
	envelope_response(&get, &again);
	/* Where there is a head alone only nothing can follow. */
	EXPECT((get.status == BECKET_S_OK) == (size == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct becket_bytes stub = { data, size };

	for (int big_endian = 0; big_endian < 2; big_endian++) {
		request(stub, big_endian);
		response(stub, big_endian);
	}
	return 0;
}
