/* SPDX-License-Identifier: MIT */
#ifndef IDL_CLASH_H
#define IDL_CLASH_H

#include "idl/model.h"

/*
 * Two things of the IDL that would have one name in C. Each thing (its owner)
 * claims its names in a scope; then every pair that wants the same name is
 * reported once, at the later of the two.
 */
struct owner {
	const struct file *file;
	struct path path;
	const char *words; /* "rpc Divide" */
	size_t order;      /* of making */
};

struct claim {
	const char *name;
	const struct owner *owner;
};

struct clashes {
	struct model *model;
	struct buffer claims; /* of struct claim */
};

const struct owner *owner_new(struct model *model, const struct file *file,
    struct path path, const char *kind, const char *name);

struct clashes clashes_empty(struct model *model);
void clash_claim(struct clashes *clashes, const char *name,
    const struct owner *owner);
/* As problems of the model; clashes is empty then. */
void clash_report(struct clashes *clashes);

/* The names that everything in the files to be generated has at file scope,
 * and those of the parameters of each rpc.
 */
void check_clashes(struct model *model);

#endif
