/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_DECODE_PRIVATE_H
#define BECKET_CLIENT_JSON_DECODE_PRIVATE_H

#include <string.h>

#include "json_decode.h"
#include "message_bytes.h"

/* What the files of json_decode.h share. */

/* Where the fields of a message stand in its bytes, by number, and those of one
 * number as they come.
 */
struct spot {
	uint32_t number, at;
};

struct spots {
	struct becket_bytes bytes;
	struct spot *spots;
	size_t count;
};

/* Those of one number. */
struct spread {
	const struct spots *spots;
	size_t begin, end;
};

/* Give it back with spots_fini(). false: the bytes are no message. */
bool spots_find(struct json_decode *decode, const struct proto_message *message,
    struct becket_bytes bytes, struct spots *ret_spots);
void spots_fini(struct spots *spots);
struct spread spots_of(const struct spots *spots, uint32_t number);
struct protobuf_field spread_at(const struct spread *spread, size_t index);
/* The last of the type's wire type; false: there is none. */
bool spread_last(const struct spread *spread, enum proto_type type,
    struct protobuf_field *ret_value);
/* A message, all of its pieces; false: there is none. */
bool spread_whole(struct json_decode *decode, const struct spread *spread,
    enum proto_type type, struct becket_bytes *ret_bytes);

/* An object or array that is being written. */
struct brackets {
	char close;
	bool has_any;
};

struct brackets decode_open(struct json_decode *decode, const char *both);
/* Before each member of it; name is NULL in an array. */
void decode_next(struct json_decode *decode, struct brackets *brackets,
    struct becket_bytes name);
void decode_close(struct json_decode *decode, const struct brackets *brackets);

/* Always false, for `return`. */
bool decode_wrong(struct json_decode *decode, const char *format, ...)
    BECKET_PRINTF(2, 3);

bool decode_message(struct json_decode *decode,
    const struct proto_message *message, struct becket_bytes bytes);
/* The members alone, into an object that is open. */
bool decode_members(struct json_decode *decode,
    const struct proto_message *message, struct becket_bytes bytes,
    struct brackets *brackets);

/* The value of a repeated field, or a map, of the message in bytes. */
bool decode_repeated_field(struct json_decode *decode,
    const struct proto_field *field, struct becket_bytes bytes);

/* All entries of a map, as an object. */
bool decode_map(struct json_decode *decode, const struct proto_field *field,
    const struct spread *spread);

/* A value of a type that is no message: from a field of the right wire type, or
 * (NULL) what it is when it is not there.
 */
void decode_scalar(struct json_decode *decode, const struct proto_field *field,
    const struct protobuf_field *value);
/* As the name of an object's member: a key of a map. */
struct becket_bytes decode_key(struct json_decode *decode,
    const struct proto_field *field, const struct protobuf_field *value);
/* Is a value that is there the same as one that is not? */
bool decode_is_default(const struct proto_field *field,
    const struct protobuf_field *value);

/* The next value of a packed field; false: the end, or malformed. */
bool decode_unpack(struct cursor *cursor, enum proto_type type,
    struct protobuf_field *ret_value);

/* Has the type JSON of its own? NULL: no. */
typedef bool decode_known(struct json_decode *decode,
    const struct proto_message *message, struct becket_bytes bytes);
decode_known *decode_find_known(const struct proto_message *message);

static inline struct becket_bytes
decode_name(const char *name)
{
	return (struct becket_bytes){ (const uint8_t *)name, strlen(name) };
}

#endif
