/* SPDX-License-Identifier: MIT */
#include "idl/depends.h"

#include <string.h>

#include "idl/place.h"

struct depends {
	struct arena *arena;
	const Request *request;
	const char *const *includes;
	bool *seen; /* of request->proto_file */
	struct buffer rule, empty_rules;
};

/* A name as make reads it. */
static const char *
escape(struct arena *arena, const char *name)
{
	char *escaped = text_alloc(arena, 2 * strlen(name) + 1), *to = escaped;

	for (; *name != '\0'; name++) {
		if (*name == ' ' || *name == '#' || *name == ':')
			*to++ = '\\';
		if (*name == '$')
			*to++ = '$';
		*to++ = *name;
	}
	return escaped;
}

/* NULL: in none of the include directories. */
static const char *
locate(const struct depends *depends, const char *name)
{
	for (size_t i = 0; depends->includes[i] != NULL; i++) {
		const char *include = depends->includes[i];
		const char *path =
		    text_equal(include, ".")
		        ? name
		        : text_print(depends->arena, "%s/%s", include, name);

		if (place_exists(path))
			return path;
	}
	return NULL;
}

static void
add(struct depends *depends, const char *name)
{
	const char *path = locate(depends, name);
	const char *escaped;

	if (path == NULL)
		return;
	escaped = escape(depends->arena, path);
	text_put(&depends->rule, " \\\n  ");
	text_put(&depends->rule, escaped);
	text_put(&depends->empty_rules, escaped);
	text_put(&depends->empty_rules, ":\n");
}

/* The file, then what it imports. */
static void
walk(struct depends *depends, const char *name)
{
	const Request *request = depends->request;
	size_t i = 0;

	while (i < request->n_proto_file &&
	       !text_equal(request->proto_file[i]->name, name))
		i++;
	if (i == request->n_proto_file || depends->seen[i])
		return;
	depends->seen[i] = true;
	add(depends, name);
	for (size_t j = 0; j < request->proto_file[i]->n_dependency; j++)
		walk(depends, request->proto_file[i]->dependency[j]);
}

/* Outputs of dir/calc.proto are dir/calc.something, without another dot in
 * front of it.
 */
static bool
is_output_of(const char *output, const char *file)
{
	size_t stem =
	    strlen(file) - strlen(text_ends(file, ".proto") ? ".proto" : "");
	const char *rest = output + stem;

	return strncmp(output, file, stem) == 0 && *rest == '.' &&
	       (strncmp(rest, ".becket", 7) == 0 ||
	           strncmp(rest, ".pb-c.", 6) == 0) &&
	       strchr(rest, '/') == NULL;
}

const char *
depends_rule(struct arena *arena, const Request *request, const char *file,
    const char *directory, const char *const *includes,
    const struct generated_file *outputs, size_t output_count)
{
	struct depends depends = {
		.arena = arena,
		.request = request,
		.includes = includes,
		.seen = text_alloc(arena, request->n_proto_file),
		.rule = buffer_empty(&idl_memory),
		.empty_rules = buffer_empty(&idl_memory),
	};
	const char *text;

	for (size_t i = 0; i < output_count; i++) {
		if (!is_output_of(outputs[i].name, file))
			continue;
		text_put(&depends.rule, depends.rule.size == 0 ? "" : " \\\n");
		text_put(&depends.rule,
		    escape(arena, text_print(arena, "%s/%s", directory,
		                      outputs[i].name)));
	}
	text_put(&depends.rule, ":");
	walk(&depends, file);
	text_put(&depends.rule, "\n");
	text_put_bytes(&depends.rule, depends.empty_rules.data,
	    depends.empty_rules.size);
	text = text_copy(arena, (const char *)depends.rule.data,
	    depends.rule.size);
	buffer_fini(&depends.rule);
	buffer_fini(&depends.empty_rules);
	return text;
}
