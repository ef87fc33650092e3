/* SPDX-License-Identifier: MIT */
#include "idl/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef Google__Protobuf__SourceCodeInfo__Location Location;

/* The location of exactly this path. */
static const Location *
find(const struct file *file, struct path path)
{
	const Google__Protobuf__SourceCodeInfo *info =
	    file->proto->source_code_info;

	for (size_t i = 0; info != NULL && i < info->n_location; i++) {
		const Location *at = info->location[i];

		if (at->n_path == path.size && at->n_span >= 3 &&
		    (path.size == 0 || memcmp(at->path, path.at,
		                           path.size * sizeof *path.at) == 0))
			return at;
	}
	return NULL;
}

/* Of a thing, or zeros. */
static void
find_position(const struct file *file, struct path path, int32_t *ret_line,
    int32_t *ret_column)
{
	const Location *at = find(file, path);

	while (at == NULL && path.size > 0) {
		path.size--;
		at = find(file, path);
	}
	/* the whole file has no position worth telling */
	*ret_line = at != NULL && path.size > 0 ? at->span[0] + 1 : 0;
	*ret_column = at != NULL && path.size > 0 ? at->span[1] + 1 : 0;
}

const char *
problem_comment(const struct file *file, struct path path)
{
	const Location *at = find(file, path);

	return at == NULL ? NULL : at->leading_comments;
}

const char *
problem_licence(const struct file *file)
{
	static const char words[] = "SPDX-License-Identifier:";
	static const int32_t syntax[] = { 12 }, package[] = { 2 };
	const Location *at = find(file, (struct path){ syntax, 1 });
	const char *found = NULL;

	if (at == NULL)
		at = find(file, (struct path){ package, 1 });
	if (at == NULL)
		return NULL;
	if (at->leading_comments != NULL)
		found = strstr(at->leading_comments, words);
	for (size_t i = 0; found == NULL && i < at->n_leading_detached_comments;
	     i++)
		found = strstr(at->leading_detached_comments[i], words);
	return found;
}

/* Does a come before b? Those of one position stay in order. */
static bool
precedes(const struct problem *a, const struct problem *b)
{
	if (a->file != b->file)
		return a->file < b->file; /* elements of one array */
	if (a->line != b->line)
		return a->line < b->line;
	return a->column < b->column;
}

static void
insert(struct model *model, struct problem *problem)
{
	struct problem **at = &model->problems;

	while (*at != NULL && !precedes(problem, *at))
		at = &(*at)->next;
	problem->next = *at;
	*at = problem;
	model->problem_count++;
}

void
problem_at(struct model *model, const struct file *file, struct path path,
    const char *format, ...)
{
	struct problem *problem = text_alloc(model->arena, sizeof *problem);
	va_list arguments;
	int size;
	char *sentence;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	sentence = text_alloc(model->arena, (size_t)size + 1);
	va_start(arguments, format);
	vsnprintf(sentence, (size_t)size + 1, format, arguments);
	va_end(arguments);
	problem->file = file;
	problem->sentence = sentence;
	find_position(file, path, &problem->line, &problem->column);
	insert(model, problem);
}

char *
problem_lines(const struct model *model)
{
	struct buffer lines = buffer_empty(&idl_memory);
	char *result;

	for (const struct problem *p = model->problems; p != NULL;
	     p = p->next) {
		const char *place =
		    p->line == 0 ? ""
		                 : text_print(model->arena,
		                       "%d:%d:", (int)p->line, (int)p->column);

		text_put(&lines,
		    text_print(model->arena, "%s:%s %s%s", p->file->name, place,
		        p->sentence, p->next == NULL ? "" : "\n"));
	}
	result = text_copy(model->arena, (const char *)lines.data, lines.size);
	buffer_fini(&lines);
	return result;
}
