/* SPDX-License-Identifier: MIT */
#ifndef IDL_TEMPLATE_H
#define IDL_TEMPLATE_H

#include "idl/text.h"

/*
 * Output made from templates that look like it: "$name$" stands for a value.
 *
 *   out_set(&out, "type", "Calc__AddRequest");
 *   out_put(&out, "const $type$ *request;\n");
 *
 * A template has each declaration and statement on one line, however long; the
 * lines are broken on the way out as clang-format would break them.
 */
enum { OUT_VARIABLES = 96, OUT_WIDTH = 80 };

struct out {
	struct arena *arena;
	struct buffer text; /* what has been put, of idl_memory */
	bool unruly;        /* a line is not as clang-format would have it */
	struct {
		const char *name, *value;
	} variables[OUT_VARIABLES];
	size_t count;
};

struct out out_empty(struct arena *arena);

/* The value must live as long as out; a name is set again for another one. */
void out_set(struct out *out, const char *name, const char *value);

/* Whole lines. */
void out_put(struct out *out, const char *template);

/* A comment of the IDL as one of C, behind indent; NULL: none. */
void out_comment(struct out *out, const char *indent, const char *comment);

/* The text, in the arena; out is empty. Where names are so long that nothing
 * sensible can be done, the text begins by telling clang-format to leave it.
 */
char *out_take(struct out *out);

/* template with its values, in the arena. */
char *out_expand(const struct out *out, const char *template);

#endif
