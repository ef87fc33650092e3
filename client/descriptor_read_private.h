/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIPTOR_READ_PRIVATE_H
#define BECKET_CLIENT_DESCRIPTOR_READ_PRIVATE_H

#include "descriptor_read.h"
#include "message_bytes.h"

/* What the files of descriptor_read.h share. */
struct reader {
	struct arena *arena;
	struct proto_file *file;
	const char *sentence; /* the first that is wrong, or NULL */
};

/* What a name stands in. */
struct scope {
	const char *prefix; /* "pkg." or "pkg.Message.", or "" */
	struct proto_message *message;
	unsigned depth;
};

typedef void read_one(struct reader *reader, struct becket_bytes bytes,
    const struct scope *scope, void *ret_thing);

/* The first complaint stays. */
void read_wrong(struct reader *reader, const char *sentence);

/* All things of one number, as an array. */
void *read_all(struct reader *reader, struct becket_bytes bytes,
    uint32_t number, size_t size, read_one *read, const struct scope *scope,
    size_t *ret_count);
const char **read_texts(struct reader *reader, struct becket_bytes bytes,
    uint32_t number, size_t *ret_count);

/* NULL: it is not there. */
const char *read_text_of(struct reader *reader, struct becket_bytes bytes,
    uint32_t number);
/* The name of a thing, which is a word; and with its scope in front. */
const char *read_word(struct reader *reader, struct becket_bytes bytes);
const char *read_full_name(struct reader *reader, const struct scope *scope,
    const char *name);
/* The name of a type as another refers to it, ".pkg.Type"; NULL: absent. */
const char *read_type_name(struct reader *reader, struct becket_bytes bytes,
    uint32_t number);

read_one read_field, read_enum, read_message;

#endif
