/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"
#include "idl/file_set.h"

enum {
	LITERAL_MAX = 4095, /* longer ones than C promises need a pragma */
	COLUMNS = 80 - 4 - 2,
};

/* A string of C on its way out, a line at a time. */
struct literal {
	struct buffer *text;
	size_t columns; /* of this line */
};

static void
end_line(struct literal *literal)
{
	if (literal->columns > 0)
		text_put(literal->text, "\"");
	literal->columns = 0;
}

/* What is not plain is written as an octal escape, of three digits, so that it
 * does not matter what follows.
 */
static void
put_byte(struct literal *literal, uint8_t c)
{
	bool plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '?';
	size_t columns = plain ? 1 : 4;
	const char escape[] = { '\\', (char)('0' + (c >> 6)),
		(char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7)) };

	if (literal->columns + columns > COLUMNS)
		end_line(literal);
	if (literal->columns == 0)
		text_put(literal->text, "\n    \"");
	if (plain)
		text_put_bytes(literal->text, &c, 1);
	else
		text_put_bytes(literal->text, escape, sizeof escape);
	literal->columns += columns;
}

static void
put_piece(void *user, struct becket_bytes piece, bool begins)
{
	struct literal *literal = user;

	if (begins)
		end_line(literal);
	for (size_t i = 0; i < piece.size; i++)
		put_byte(literal, piece.data[i]);
}

void
emit_file_set(struct out *out, const struct model *model,
    const struct file *file)
{
	struct becket_bytes set = file_set_make(model, file);
	struct literal literal = { .text = &out->text };

	out_put(out, "\n");
	out_comment(out, "",
	    "The file and those it imports, for reflection: a serialised "
	    "FileDescriptorSet.");
	if (set.size > LITERAL_MAX)
		out_put(out, "#pragma GCC diagnostic ignored "
		             "\"-Woverlength-strings\"\n");
	text_put(&out->text, "static const uint8_t becket_file_set[] =");
	file_set_walk(set, put_piece, &literal);
	end_line(&literal);
	text_put(&out->text, ";\n");
}
