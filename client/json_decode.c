/* SPDX-License-Identifier: MIT */
#include "json_decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_decode_private.h"
#include "quote.h"

enum {
	DEEPEST = 200, /* brackets: an array in each of 100 messages */
	TEMPLATE_DEPTH = 4,
	TEMPLATE_SIZE = 1 << 20,
};

bool
decode_wrong(struct json_decode *decode, const char *format, ...)
{
	char sentence[600];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	if (decode->sentence == NULL)
		decode->sentence = text_print(decode->arena, "%s", sentence);
	return false;
}

/* -------------------------------------------------------------- brackets -- */

static void
new_line(struct json_decode *decode)
{
	text_put(decode->out, "\n");
	for (unsigned i = 0; i < decode->depth; i++)
		text_put(decode->out, "  ");
}

struct brackets
decode_open(struct json_decode *decode, const char *both)
{
	text_put_bytes(decode->out, both, 1);
	decode->depth++;
	return (struct brackets){ both[1], false };
}

void
decode_next(struct json_decode *decode, struct brackets *brackets,
    struct becket_bytes name)
{
	if (brackets->has_any)
		text_put(decode->out, ",");
	brackets->has_any = true;
	if (decode->is_pretty)
		new_line(decode);
	if (name.data == NULL)
		return;
	quote_json(decode->out, name);
	text_put(decode->out, decode->is_pretty ? ": " : ":");
}

void
decode_close(struct json_decode *decode, const struct brackets *brackets)
{
	decode->depth--;
	if (brackets->has_any && decode->is_pretty)
		new_line(decode);
	text_put_bytes(decode->out, &brackets->close, 1);
}

/* ---------------------------------------------------------------- fields -- */

static struct becket_bytes
name_of(struct json_decode *decode, const struct proto_field *field)
{
	return decode_name(
	    field->extendee == NULL
	        ? field->json_name
	        : text_print(decode->arena, "[%s]", field->full_name));
}

static bool
decode_packed(struct json_decode *decode, const struct proto_field *field,
    struct becket_bytes packed, struct brackets *brackets)
{
	struct cursor cursor = cursor_get(packed.data, packed.size, false);
	struct protobuf_field value;

	while (decode_unpack(&cursor, field->type, &value)) {
		decode_next(decode, brackets, (struct becket_bytes){ 0 });
		decode_scalar(decode, field, &value);
	}
	return cursor_end(&cursor) == BECKET_S_OK ||
	       decode_wrong(decode, "%s is malformed", field->full_name);
}

static bool
decode_element(struct json_decode *decode, const struct proto_field *field,
    const struct protobuf_field *value, struct brackets *brackets)
{
	if (value->wire_type == PROTOBUF_SIZED && type_is_packable(field->type))
		return decode_packed(decode, field, value->bytes, brackets);
	if (value->wire_type != type_wire_type(field->type)) {
		decode->unknown++;
		return true;
	}
	decode_next(decode, brackets, (struct becket_bytes){ 0 });
	if (field->message != NULL)
		return decode_message(decode, field->message, value->bytes);
	decode_scalar(decode, field, value);
	return true;
}

static bool
decode_repeated(struct json_decode *decode, const struct proto_field *field,
    const struct spread *spread)
{
	struct brackets brackets = decode_open(decode, "[]");
	bool done = true;

	for (size_t i = spread->begin; done && i < spread->end; i++) {
		struct protobuf_field value = spread_at(spread, i);

		done = decode_element(decode, field, &value, &brackets);
	}
	decode_close(decode, &brackets);
	return done;
}

bool
decode_repeated_field(struct json_decode *decode,
    const struct proto_field *field, struct becket_bytes bytes)
{
	struct spots spots;
	struct spread spread;
	bool done;

	if (!spots_find(decode, field->parent, bytes, &spots))
		return decode_wrong(decode, "%s is malformed",
		    field->full_name);
	spread = spots_of(&spots, field->number);
	done = field_is_map(field) ? decode_map(decode, field, &spread)
	                           : decode_repeated(decode, field, &spread);
	spots_fini(&spots);
	return done;
}

/* Of the fields of a oneof the one that came last is there, and of a message in
 * pieces what came after the last of the others.
 */
static struct spread
leave_superseded(const struct proto_field *field, struct spread spread)
{
	const struct proto_oneof *oneof = &field->parent->oneofs[field->oneof];
	const struct spot *spots = spread.spots->spots;

	for (const struct proto_field *other = oneof->first; other != NULL;
	     other = other->other) {
		struct spread rival = spots_of(spread.spots, other->number);

		while (other != field && rival.end > rival.begin &&
		       spread.begin < spread.end &&
		       spots[spread.begin].at < spots[rival.end - 1].at)
			spread.begin++;
	}
	return spread;
}

/* Of a oneof, after the first. */
static bool
is_alternative(const struct proto_field *field)
{
	return field->oneof >= 0 &&
	       field->parent->oneofs[field->oneof].first != field;
}

/* Something of every field, but no message within itself. */
static bool
template_field(struct json_decode *decode, const struct proto_field *field,
    struct brackets *outer)
{
	struct becket_bytes nothing = { NULL, 0 }, name = { NULL, 0 };
	struct brackets array;
	bool done = true;

	if (decode->depth > TEMPLATE_DEPTH ||
	    decode->out->size > TEMPLATE_SIZE || is_alternative(field))
		return true;
	decode_next(decode, outer, name_of(decode, field));
	if (field_is_map(field)) {
		text_put(decode->out, "{}");
		return true;
	}
	if (field->is_repeated) {
		array = decode_open(decode, "[]");
		decode_next(decode, &array, name);
	}
	if (field->message != NULL)
		done = decode_message(decode, field->message, nothing);
	else
		decode_scalar(decode, field, NULL);
	if (field->is_repeated)
		decode_close(decode, &array);
	return done;
}

static bool
decode_single(struct json_decode *decode, const struct proto_field *field,
    struct spread spread, struct brackets *brackets)
{
	struct protobuf_field value = { 0 };
	struct becket_bytes whole;

	if (field->oneof >= 0)
		spread = leave_superseded(field, spread);
	if (field->message != NULL) {
		if (!spread_whole(decode, &spread, field->type, &whole))
			return true;
		decode_next(decode, brackets, name_of(decode, field));
		return decode_message(decode, field->message, whole);
	}
	bool has = spread_last(&spread, field->type, &value);
	if (has && !field->has_presence && decode_is_default(field, &value))
		has = false;
	if (!has && (field->has_presence || !decode->emits_defaults))
		return true;
	decode_next(decode, brackets, name_of(decode, field));
	decode_scalar(decode, field, has ? &value : NULL);
	return true;
}

static bool
decode_field(struct json_decode *decode, const struct proto_field *field,
    const struct spots *spots, struct brackets *brackets)
{
	struct spread spread = spots_of(spots, field->number);

	if (decode->is_template)
		return template_field(decode, field, brackets);
	if (!field->is_repeated)
		return decode_single(decode, field, spread, brackets);
	if (spread.begin == spread.end && !decode->emits_defaults)
		return true;
	decode_next(decode, brackets, name_of(decode, field));
	return field_is_map(field) ? decode_map(decode, field, &spread)
	                           : decode_repeated(decode, field, &spread);
}

/* Those that the message does not declare: extensions, and unknown ones. */
static bool
decode_others(struct json_decode *decode, const struct proto_message *message,
    const struct spots *spots, struct brackets *brackets)
{
	bool done = true;

	for (size_t i = 0; done && i < spots->count; i++) {
		uint32_t number = spots->spots[i].number;
		const struct proto_field *field = NULL;

		if (message_field(message, number) != NULL ||
		    (i > 0 && spots->spots[i - 1].number == number))
			continue;
		field = pool_extension(decode->pool, message, number);
		if (field != NULL)
			done = decode_field(decode, field, spots, brackets);
		else
			decode->unknown++;
	}
	return done;
}

bool
decode_members(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes, struct brackets *brackets)
{
	struct spots spots;
	bool done = true;

	if (!spots_find(decode, message, bytes, &spots))
		return decode_wrong(decode, "this is no %s",
		    message->full_name);
	for (size_t i = 0; done && i < message->field_count; i++)
		done =
		    decode_field(decode, &message->fields[i], &spots, brackets);
	done = done && decode_others(decode, message, &spots, brackets);
	spots_fini(&spots);
	return done;
}

bool
decode_message(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes)
{
	decode_known *known = decode_find_known(message);
	struct brackets brackets;
	bool done;

	if (decode->depth >= DEEPEST)
		return decode_wrong(decode,
		    "messages stand too deep in each other");
	if (known != NULL)
		return known(decode, message, bytes);
	brackets = decode_open(decode, "{}");
	done = decode_members(decode, message, bytes, &brackets);
	decode_close(decode, &brackets);
	return done;
}

bool
json_decode(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes, struct buffer *out)
{
	decode->out = out;
	decode->depth = 0;
	decode->unknown = 0;
	decode->sentence = NULL;
	return decode_message(decode, message, bytes);
}
