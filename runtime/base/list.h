/* SPDX-License-Identifier: MIT */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/trap.h"

/*
 * A ring of nodes embedded in what they link. A list is a node that is not
 * embedded; empty when it points at itself.
 */
struct list {
	struct list *next;
	struct list *previous;
};

static inline void
list_init(struct list *list)
{
	list->next = list->previous = list;
}

static inline bool
list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* Before the head is the end of the list. */
static inline void
list_append(struct list *list, struct list *node)
{
	node->previous = list->previous;
	node->next = list;
	list->previous->next = node;
	list->previous = node;
}

/* Leaves node an empty list of its own: removing twice does nothing. */
static inline void
list_remove(struct list *node)
{
	node->next->previous = node->previous;
	node->previous->next = node->next;
	list_init(node);
}

/* The node may be removed in the body. */
#define list_for_each(node, head) \
	for (struct list *node = (head)->next, *next_##node = node->next; \
	     node != (head); node = next_##node, next_##node = node->next)

#endif
