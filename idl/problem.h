/* SPDX-License-Identifier: MIT */
#ifndef IDL_PROBLEM_H
#define IDL_PROBLEM_H

#include "idl/model.h"

/*
 * A rule that an IDL file breaks, and where: "calc.proto:7:3: sentence". All
 * of them are collected, so that one run tells everything.
 */
struct problem {
	const struct file *file;
	int32_t line, column; /* from 1; 0: not known */
	const char *sentence;
	struct problem *next;
};

/* path: the thing that is wrong; where it has no position, what it is in. */
void problem_at(struct model *model, const struct file *file, struct path path,
    const char *format, ...) BECKET_PRINTF(4, 5);

/* The comment of a thing, or NULL. */
const char *problem_comment(const struct file *file, struct path path);
/* What begins with SPDX-License-Identifier: in a comment at the top; or NULL.
 */
const char *problem_licence(const struct file *file);

/* One line per problem, by file and position. */
char *problem_lines(const struct model *model);

#endif
