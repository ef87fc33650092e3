/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include <stdio.h>
#include <string.h>

enum { NEAR = 512 }; /* names are seldom longer */

const struct symbol *
pool_find(const struct pool *pool, const char *name)
{
	return symbols_find(&pool->symbols, name);
}

const struct proto_file *
symbol_file(const struct symbol *symbol)
{
	switch ((enum symbol_kind)symbol->kind) {
	case SYMBOL_MESSAGE:
		return ((struct proto_message *)symbol->thing)->file;
	case SYMBOL_ENUM:
	case SYMBOL_VALUE:
		return ((struct proto_enum *)symbol->thing)->file;
	case SYMBOL_FIELD:
		return ((struct proto_field *)symbol->thing)->file;
	case SYMBOL_SERVICE:
		return ((struct proto_service *)symbol->thing)->file;
	case SYMBOL_METHOD:
		return ((struct proto_method *)symbol->thing)->service->file;
	case SYMBOL_PACKAGE:
		break;
	}
	return symbol->thing;
}

const struct proto_file *
pool_file(const struct pool *pool, const char *name)
{
	const struct symbol *symbol = symbols_find(&pool->names, name);

	return symbol == NULL ? NULL : symbol->thing;
}

struct proto_message *
pool_message(const struct pool *pool, const char *name)
{
	const struct symbol *symbol = pool_find(pool, name);

	return symbol != NULL && symbol->kind == SYMBOL_MESSAGE ? symbol->thing
	                                                        : NULL;
}

const struct proto_field *
pool_extension(const struct pool *pool, const struct proto_message *message,
    uint32_t number)
{
	char near[NEAR];
	const char *key = near;
	const struct symbol *symbol;

	if (message->range_count == 0)
		return NULL;
	/* The pool lasts as long as a stream of messages, and does not shrink.
	 */
	if (snprintf(near, sizeof near, "%s %u", message->full_name,
	        (unsigned)number) >= NEAR)
		key = text_print(pool->arena, "%s %u", message->full_name,
		    (unsigned)number);
	symbol = symbols_find(&pool->extensions, key);
	return symbol == NULL ? NULL : symbol->thing;
}

const struct proto_field *
message_field(const struct proto_message *message, uint32_t number)
{
	size_t low = 0, high = message->field_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (message->by_number[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < message->field_count &&
	               message->by_number[low]->number == number
	           ? message->by_number[low]
	           : NULL;
}

const char *
enum_name(const struct proto_enum *enumeration, int32_t number)
{
	for (size_t i = 0; i < enumeration->value_count; i++)
		if (enumeration->values[i].number == number)
			return enumeration->values[i].name;
	return NULL;
}

const struct proto_value *
enum_value(const struct proto_enum *enumeration, const char *name)
{
	for (size_t i = 0; i < enumeration->value_count; i++)
		if (text_equal(enumeration->values[i].name, name))
			return &enumeration->values[i];
	return NULL;
}

bool
type_is_packable(enum proto_type type)
{
	return type != PROTO_STRING && type != PROTO_BYTES &&
	       type != PROTO_MESSAGE && type != PROTO_GROUP;
}

enum protobuf_wire_type
type_wire_type(enum proto_type type)
{
	switch (type) {
	case PROTO_DOUBLE:
	case PROTO_FIXED64:
	case PROTO_SFIXED64:
		return PROTOBUF_FIXED64;
	case PROTO_FLOAT:
	case PROTO_FIXED32:
	case PROTO_SFIXED32:
		return PROTOBUF_FIXED32;
	case PROTO_STRING:
	case PROTO_BYTES:
	case PROTO_MESSAGE:
		return PROTOBUF_SIZED;
	case PROTO_GROUP:
		return (enum protobuf_wire_type)MESSAGE_GROUP;
	default:
		return PROTOBUF_VARINT;
	}
}

char *
json_name_of(struct arena *arena, const char *name)
{
	char *json = text_copy(arena, name, strlen(name)), *end = json;
	bool raise = false;

	for (; *name != '\0'; name++) {
		if (*name == '_') {
			raise = true;
			continue;
		}
		*end++ = raise && *name >= 'a' && *name <= 'z'
		             ? (char)(*name - 'a' + 'A')
		             : *name;
		raise = false;
	}
	*end = '\0';
	return json;
}
