/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_ENCODE_PRIVATE_H
#define BECKET_CLIENT_JSON_ENCODE_PRIVATE_H

#include "json_encode.h"
#include "wire/protobuf.h"

/*
 * What the files of json_encode.h share. Whoever looks at a value takes its
 * place first; all of its values are taken when it is done.
 */

/* Of the next value, which is not the next any more. */
size_t encode_take(struct json_encode *encode);
/* Pass over a value and all that is in it. */
void encode_skip(struct json_encode *encode, const json_t *value);

/* Always false, for `return`. The sentence gets the place in front. */
bool encode_wrong(struct json_encode *encode, size_t place, const char *format,
    ...) BECKET_PRINTF(3, 4);

/* Into a message, and out of it again. false: it stands too deep. */
bool encode_enter(struct json_encode *encode);
void encode_leave(struct json_encode *encode);

/* The digits of a number, as they were typed. */
struct becket_bytes encode_digits(const struct json_encode *encode,
    size_t place);

/* A message from whatever JSON stands for it, without its size. */
bool encode_message(struct json_encode *encode,
    const struct proto_message *message, const json_t *value,
    struct buffer *out);

/* The members of an object as fields, but for one, which may be NULL. */
bool encode_members(struct json_encode *encode,
    const struct proto_message *message, const json_t *object,
    const char *except, struct buffer *out);

/* One value that is no message, without a number in front. */
bool encode_scalar(struct json_encode *encode, const struct proto_field *field,
    const json_t *value, struct buffer *out);
/* The same from the name of an object's member: a key of a map. */
bool encode_key(struct json_encode *encode, size_t place,
    const struct proto_field *field, const char *key, size_t size,
    struct buffer *out);
/* google.protobuf.NullValue, which is written null. */
bool encode_is_null(const struct proto_enum *enumeration);

/* Has the type JSON of its own? NULL: no. */
typedef bool encode_known(struct json_encode *encode,
    const struct proto_message *message, const json_t *value,
    struct buffer *out);
encode_known *encode_find_known(const struct proto_message *message);

#endif
