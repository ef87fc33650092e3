/* SPDX-License-Identifier: MIT */
#include "wire/status_message.h"

#include <string.h>

#include "base/trap.h"
#include "base/utf8.h"
#include "wire/cursor.h"
#include "wire/protobuf.h"

/* becket.wire.Status: PROTOCOL.md section 4. */
enum {
	CODE = 1,     /* uint32 */
	SENTENCE = 2, /* string */
	DETAILS = 3,  /* repeated google.protobuf.Any */
};

/* The field, which began at start and has been taken. */
static becket_status
add_details(const struct cursor *c, size_t start, struct becket_bytes *details)
{
	if (details->size == 0)
		details->data = c->get + start;
	else if (details->data + details->size != c->get + start)
		return BECKET_X_BAD_STUB_DATA; /* details stand together */
	details->size += c->at - start;
	return BECKET_S_OK;
}

static becket_status
take_sentence(struct becket_bytes bytes, struct status_message *message)
{
	if (bytes.size > 0 && memchr(bytes.data, 0, bytes.size) != NULL)
		return BECKET_X_BAD_STUB_DATA;
	if (!utf8_is_valid(bytes))
		return BECKET_S_INVALID_UTF8;
	message->sentence = bytes;
	return BECKET_S_OK;
}

static becket_status
take_field(const struct cursor *c, size_t start,
    const struct protobuf_field *field, struct status_message *message)
{
	if (field->number < CODE || field->number > DETAILS)
		return BECKET_S_OK;
	if (field->wire_type !=
	    (field->number == CODE ? PROTOBUF_VARINT : PROTOBUF_SIZED))
		return BECKET_X_BAD_STUB_DATA;
	if (field->number == SENTENCE)
		return take_sentence(field->bytes, message);
	if (field->number == DETAILS)
		return add_details(c, start, &message->details);
	message->code = (uint32_t)field->value;
	return BECKET_S_OK;
}

becket_status
status_message_decode(struct becket_bytes data,
    struct status_message *ret_message)
{
	struct cursor c = cursor_get(data.data, data.size, false);
	struct status_message message = { 0 };
	struct protobuf_field field;

	for (size_t start = 0; protobuf_next(&c, &field); start = c.at) {
		becket_status status = take_field(&c, start, &field, &message);

		if (status != BECKET_S_OK)
			return status;
	}
	if (c.status == BECKET_S_OK)
		*ret_message = message;
	return c.status;
}

size_t
status_message_measure(const struct status_message *message)
{
	size_t size = message->details.size;

	if (message->code != 0)
		size += protobuf_measure_varint(CODE, message->code);
	if (message->sentence.size > 0)
		size +=
		    protobuf_measure_sized(SENTENCE, message->sentence.size);
	return size;
}

void
status_message_encode(const struct status_message *message, uint8_t *ret_bytes)
{
	size_t size = status_message_measure(message);
	struct becket_bytes details = message->details;
	struct cursor c;

	if (size == 0)
		return;
	c = cursor_put(ret_bytes, size);
	if (message->code != 0)
		protobuf_put_varint(&c, CODE, message->code);
	if (message->sentence.size > 0)
		protobuf_put_sized(&c, SENTENCE, message->sentence);
	cursor_rest(&c, &details);
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == c.size);
}
