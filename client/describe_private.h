/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_DESCRIBE_PRIVATE_H
#define BECKET_CLIENT_DESCRIBE_PRIVATE_H

#include "describe.h"

/* What the files of describe.h share: lines, and what stands in blocks. */
enum { DESCRIBE_STEP = 2 };

struct describer {
	const struct pool *pool;
	struct buffer *out;
	unsigned indent;
	bool wants_blank;    /* a blank line before what comes next */
	struct symbols used; /* files of extensions among the options */
};

void describe_line(struct describer *writer, const char *text);
/* "text {", and what follows is indented, up to "}". */
void describe_open(struct describer *writer, const char *text);
void describe_close(struct describer *writer);

/* As statements. */
void describe_put_options(struct describer *writer, const char *kind,
    struct becket_bytes options, const char *scope);

void describe_message(struct describer *writer,
    const struct proto_message *message);
void describe_enum(struct describer *writer,
    const struct proto_enum *enumeration);
void describe_field(struct describer *writer, const struct proto_field *field,
    const char *scope);
void describe_extensions(struct describer *writer,
    const struct proto_field *fields, size_t count, const char *scope);
/* Is the message a group, of one of the fields? */
bool describe_is_group(const struct proto_message *inner,
    const struct proto_field *fields, size_t count);

const char *describe_quoted(const struct describer *writer, const char *text);

#endif
