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
	HEADER = 4,   /* CallHeader */
	TYPE_URL = 1, /* string, of an Any */
	VALUE = 2,    /* bytes */
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
take_text(struct becket_bytes bytes, struct becket_bytes *ret_text)
{
	if (bytes.size > 0 && memchr(bytes.data, 0, bytes.size) != NULL)
		return BECKET_X_BAD_STUB_DATA;
	if (!utf8_is_valid(bytes))
		return BECKET_S_INVALID_UTF8;
	*ret_text = bytes;
	return BECKET_S_OK;
}

static becket_status
take_field(const struct cursor *c, size_t start,
    const struct protobuf_field *field, struct status_message *message)
{
	if (field->number < CODE || field->number > HEADER)
		return BECKET_S_OK;
	if (field->wire_type !=
	    (field->number == CODE ? PROTOBUF_VARINT : PROTOBUF_SIZED))
		return BECKET_X_BAD_STUB_DATA;
	if (field->number == SENTENCE)
		return take_text(field->bytes, &message->sentence);
	if (field->number == DETAILS)
		return add_details(c, start, &message->details);
	if (field->number == HEADER) {
		message->header = field->bytes;
		return BECKET_S_OK;
	}
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
	if (message->header.size > 0)
		size += protobuf_measure_sized(HEADER, message->header.size);
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
	cursor_bytes(&c, &details, details.size);
	if (message->header.size > 0)
		protobuf_put_sized(&c, HEADER, message->header);
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == c.size);
}

/* ------------------------------------------------------------- details -- */

static becket_status
decode_detail(struct becket_bytes bytes, struct status_detail *ret_detail)
{
	struct cursor c = cursor_get(bytes.data, bytes.size, false);
	struct status_detail detail = { 0 };
	struct protobuf_field field;

	while (protobuf_next(&c, &field)) {
		becket_status status = BECKET_S_OK;

		if (field.number != TYPE_URL && field.number != VALUE)
			continue;
		if (field.wire_type != PROTOBUF_SIZED)
			return BECKET_X_BAD_STUB_DATA;
		if (field.number == VALUE)
			detail.message = field.bytes;
		else
			status = take_text(field.bytes, &detail.type);
		if (status != BECKET_S_OK)
			return status;
	}
	if (c.status == BECKET_S_OK)
		*ret_detail = detail;
	return c.status;
}

bool
status_detail_next(struct becket_bytes *details,
    struct status_detail *ret_detail)
{
	struct cursor c = cursor_get(details->data, details->size, false);
	struct protobuf_field field;

	if (!protobuf_next(&c, &field) || field.number != DETAILS ||
	    decode_detail(field.bytes, ret_detail) != BECKET_S_OK) {
		*details = (struct becket_bytes){ 0 };
		return false;
	}
	details->data += c.at;
	details->size -= c.at;
	return true;
}

static size_t
any_size(const struct status_detail *detail)
{
	return protobuf_measure_sized(TYPE_URL, detail->type.size) +
	       protobuf_measure_sized(VALUE, detail->message.size);
}

size_t
status_detail_measure(const struct status_detail *detail)
{
	return protobuf_measure_sized(DETAILS, any_size(detail));
}

void
status_detail_encode(const struct status_detail *detail, uint8_t *ret_bytes)
{
	struct cursor c = cursor_put(ret_bytes, status_detail_measure(detail));
	uint64_t tag = DETAILS << 3 | PROTOBUF_SIZED;
	uint64_t size = any_size(detail);

	protobuf_varint(&c, &tag);
	protobuf_varint(&c, &size);
	protobuf_put_sized(&c, TYPE_URL, detail->type);
	protobuf_put_sized(&c, VALUE, detail->message);
	TRAP_UNLESS(c.status == BECKET_S_OK && c.at == c.size);
}
