/* SPDX-License-Identifier: MIT */
#include "idl/template.h"

#include <string.h>

#include "base/trap.h"
#include "idl/layout.h"

struct out
out_empty(struct arena *arena)
{
	return (struct out){
		.arena = arena,
		.text = buffer_empty(&idl_memory),
	};
}

static size_t
lookup(const struct out *out, const char *name, size_t size)
{
	size_t i = 0;

	while (i < out->count &&
	       (strncmp(out->variables[i].name, name, size) != 0 ||
	           out->variables[i].name[size] != '\0'))
		i++;
	return i;
}

void
out_set(struct out *out, const char *name, const char *value)
{
	size_t i = lookup(out, name, strlen(name));

	TRAP_UNLESS(i < OUT_VARIABLES);
	out->variables[i].name = name;
	out->variables[i].value = value;
	if (i == out->count)
		out->count++;
}

char *
out_expand(const struct out *out, const char *template)
{
	struct buffer text = buffer_empty(&idl_memory);
	const char *end;
	char *result;

	for (; *template != '\0'; template = end + (*end == '$')) {
		size_t size = strcspn(template, "$"), i;

		text_put_bytes(&text, template, size);
		end = template + size;
		if (*end == '\0')
			break;
		template = end + 1;
		end = strchr(template, '$');
		TRAP_UNLESS(end != NULL);
		i = lookup(out, template, (size_t)(end - template));
		TRAP_UNLESS(i < out->count);
		text_put(&text, out->variables[i].value);
	}
	result = text_copy(out->arena, (const char *)text.data, text.size);
	buffer_fini(&text);
	return result;
}

void
out_put(struct out *out, const char *template)
{
	const char *text = out_expand(out, template);

	while (*text != '\0') {
		size_t size = strcspn(text, "\n");

		if (!layout_line(&out->text, text, size))
			out->unruly = true;
		text += size + (text[size] == '\n');
	}
}

void
out_comment(struct out *out, const char *indent, const char *comment)
{
	if (comment != NULL)
		layout_comment(&out->text, indent, comment);
}

char *
out_take(struct out *out)
{
	char *text = text_print(out->arena, "%s%.*s",
	    out->unruly ? "/* clang-format off */\n" : "", (int)out->text.size,
	    (const char *)out->text.data);

	buffer_fini(&out->text);
	return text;
}
