/* SPDX-License-Identifier: MIT */
#include "idl/clash.h"

#include <stdlib.h>
#include <string.h>

#include "idl/problem.h"

const struct owner *
owner_new(struct model *model, const struct file *file, struct path path,
    const char *kind, const char *name)
{
	struct owner *owner = text_alloc(model->arena, sizeof *owner);

	owner->file = file;
	owner->path = path;
	owner->words = text_print(model->arena, "%s %s", kind, name);
	owner->order = model->owner_count++;
	return owner;
}

struct clashes
clashes_empty(struct model *model)
{
	return (struct clashes){
		.model = model,
		.claims = buffer_empty(&idl_memory),
	};
}

void
clash_claim(struct clashes *clashes, const char *name,
    const struct owner *owner)
{
	const struct claim claim = { name, owner };

	text_put_bytes(&clashes->claims, &claim, sizeof claim);
}

static int
by_name(const void *a_, const void *b_)
{
	const struct claim *a = a_, *b = b_;
	int order = strcmp(a->name, b->name);

	if (order != 0)
		return order;
	return a->owner->order < b->owner->order
	           ? -1
	           : a->owner->order > b->owner->order;
}

/* One sentence for each two things, however many names they share. */
struct pair {
	const struct owner *first, *second;
};

static bool
is_told(const struct buffer *pairs, struct pair pair)
{
	const struct pair *told =
	    (const struct pair *)(const void *)pairs->data;

	for (size_t i = 0; i < pairs->size / sizeof *told; i++) {
		if (told[i].first == pair.first &&
		    told[i].second == pair.second)
			return true;
	}
	return false;
}

static void
report(struct clashes *clashes, const struct claim *first,
    const struct claim *second, struct buffer *pairs)
{
	const struct pair pair = { first->owner, second->owner };

	if (pair.first == pair.second || is_told(pairs, pair))
		return;
	text_put_bytes(pairs, &pair, sizeof pair);
	problem_at(clashes->model, pair.second->file, pair.second->path,
	    "%s and %s are both %s in C", pair.first->words, pair.second->words,
	    first->name);
}

void
clash_report(struct clashes *clashes)
{
	struct claim *claims = (struct claim *)(void *)clashes->claims.data;
	size_t count = clashes->claims.size / sizeof *claims;
	struct buffer pairs = buffer_empty(&idl_memory);

	if (count > 0)
		qsort(claims, count, sizeof *claims, by_name);
	for (size_t i = 1; i < count; i++) {
		if (text_equal(claims[i - 1].name, claims[i].name))
			report(clashes, &claims[i - 1], &claims[i], &pairs);
	}
	buffer_fini(&pairs);
	buffer_fini(&clashes->claims);
}
