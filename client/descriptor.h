/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIPTOR_H
#define BECKET_CLIENT_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "message_bytes.h"
#include "symbols.h"

/*
 * What .proto files say, at run time: messages, enums, services and where they
 * stand, read from descriptors (google/protobuf/descriptor.proto) that protoc,
 * a file or a server gave.
 *
 *   pool --- files --- messages --- fields, oneofs, messages, enums
 *         |        |-- enums --- values
 *         |        |-- services --- methods
 *         |        `-- extensions (fields)
 *         `-- symbols: full names of all of these
 *
 * A server's descriptors are a peer's bytes: they are bounded in depth, names
 * are words, and what refers to nothing is refused. All of it lives in the
 * pool's arena, and points into bytes that pool_add() has copied.
 */
enum proto_type {
	PROTO_DOUBLE = 1,
	PROTO_FLOAT = 2,
	PROTO_INT64 = 3,
	PROTO_UINT64 = 4,
	PROTO_INT32 = 5,
	PROTO_FIXED64 = 6,
	PROTO_FIXED32 = 7,
	PROTO_BOOL = 8,
	PROTO_STRING = 9,
	PROTO_GROUP = 10,
	PROTO_MESSAGE = 11,
	PROTO_BYTES = 12,
	PROTO_UINT32 = 13,
	PROTO_ENUM = 14,
	PROTO_SFIXED32 = 15,
	PROTO_SFIXED64 = 16,
	PROTO_SINT32 = 17,
	PROTO_SINT64 = 18,
};

struct proto_file;
struct proto_message;
struct proto_enum;

struct proto_field {
	const char *name, *json_name;
	const char *full_name; /* "pkg.Message.field", or of an extension */
	uint32_t number;
	enum proto_type type;
	bool is_repeated, is_required, is_packed, is_optional3;
	bool has_presence;         /* absent is another thing than 0 */
	int32_t oneof;             /* of its message; -1: in none */
	struct proto_field *other; /* the next of its oneof */
	const char *type_name;     /* ".pkg.Type", or NULL */
	const char *extendee;      /* of an extension, else NULL */
	const char *default_text;  /* NULL: none */
	struct becket_bytes options;
	struct proto_file *file;
	struct proto_message *parent;   /* it is a field of */
	struct proto_message *message;  /* what type_name names: */
	struct proto_enum *enumeration; /* one of the two */
};

struct proto_range {
	int64_t first, last;
};

struct proto_oneof {
	const char *name;
	bool is_synthetic; /* of a proto3 optional */
	struct proto_field *first;
};

struct proto_message {
	const char *name, *full_name;
	struct proto_file *file;
	struct proto_message *parent; /* NULL: at the top */
	struct proto_field *fields;   /* as they stand in the file */
	size_t field_count;
	struct proto_field **by_number;
	struct proto_oneof *oneofs;
	size_t oneof_count;
	struct proto_message *messages;
	size_t message_count;
	struct proto_enum *enums;
	size_t enum_count;
	struct proto_field *extensions;
	size_t extension_count;
	struct proto_range *ranges, *reserved;
	size_t range_count, reserved_count;
	const char **reserved_names;
	size_t reserved_name_count;
	bool is_map_entry;
	struct becket_bytes options;
};

struct proto_value {
	const char *name;
	int32_t number;
	struct becket_bytes options;
};

struct proto_enum {
	const char *name, *full_name;
	struct proto_file *file;
	struct proto_message *parent;
	struct proto_value *values;
	size_t value_count;
	struct proto_range *reserved;
	size_t reserved_count;
	const char **reserved_names;
	size_t reserved_name_count;
	struct becket_bytes options;
};

struct proto_method {
	const char *name, *full_name; /* "pkg.Service.Method" */
	const char *input_name, *output_name;
	struct proto_message *input, *output;
	struct proto_service *service;
	bool client_streams, server_streams;
	struct becket_bytes options;
};

struct proto_service {
	const char *name, *full_name;
	struct proto_file *file;
	struct proto_method *methods;
	size_t method_count;
	struct becket_bytes options;
};

struct proto_file {
	const char *name, *package; /* "" where there is none */
	const char *syntax;         /* "proto2" or "proto3" */
	bool is_proto3;
	bool is_ours; /* built in, for what others do without */
	struct becket_bytes bytes;
	const char **imports;
	size_t import_count;
	bool *is_public, *is_weak, *is_lost; /* of each import */
	struct proto_message *messages;
	size_t message_count;
	struct proto_enum *enums;
	size_t enum_count;
	struct proto_service *services;
	size_t service_count;
	struct proto_field *extensions;
	size_t extension_count;
	struct becket_bytes options;
	struct proto_file *next;
};

enum symbol_kind {
	SYMBOL_PACKAGE,
	SYMBOL_MESSAGE,
	SYMBOL_ENUM,
	SYMBOL_VALUE,
	SYMBOL_FIELD, /* of a message, or an extension */
	SYMBOL_SERVICE,
	SYMBOL_METHOD,
};

struct pool {
	struct arena *arena;
	struct proto_file *files, **files_end;
	struct symbols symbols;    /* by full name */
	struct symbols names;      /* files by name */
	struct symbols extensions; /* by "extendee number" */
	const char *other; /* a file of which there was another, or NULL */
};

struct pool *pool_new(struct arena *arena);

/* Read a FileDescriptorProto, or a FileDescriptorSet of them; a file that is
 * there already, by its name, stays as it is. NULL, or a sentence that says
 * what is wrong.
 */
const char *pool_add(struct pool *pool, struct becket_bytes file);
const char *pool_add_set(struct pool *pool, struct becket_bytes set);

/* The first import that is not there, or NULL. */
const char *pool_missing(const struct pool *pool);

/* Whoever imports it must do without it, if it is not built in. */
void pool_do_without(struct pool *pool, const char *name);

/* Join names with what they stand for, once, when all files are there; those
 * that are built in come in addition. NULL, or a sentence.
 */
const char *pool_link(struct pool *pool);

/* By full names, without a dot in front; NULL: there is none. */
const struct symbol *pool_find(const struct pool *pool, const char *name);
const struct proto_file *pool_file(const struct pool *pool, const char *name);
const struct proto_file *symbol_file(const struct symbol *symbol);
struct proto_message *pool_message(const struct pool *pool, const char *name);
const struct proto_field *pool_extension(const struct pool *pool,
    const struct proto_message *message, uint32_t number);

/* A field of the message or an extension of it. NULL: there is none. */
const struct proto_field *message_field(const struct proto_message *message,
    uint32_t number);

const char *enum_name(const struct proto_enum *enumeration, int32_t number);
const struct proto_value *enum_value(const struct proto_enum *enumeration,
    const char *name);

/* Of a map, whose message is an entry with the fields 1 and 2. */
static inline bool
field_is_map(const struct proto_field *field)
{
	return field->message != NULL && field->message->is_map_entry;
}

/* How a value of the type is encoded, if it stands alone; and is there a form
 * in which many stand in one field?
 */
enum protobuf_wire_type type_wire_type(enum proto_type type);
bool type_is_packable(enum proto_type type);

/* What JSON calls a field unless it is told: "fooBar" of "foo_bar". */
char *json_name_of(struct arena *arena, const char *name);

#endif
