/* SPDX-License-Identifier: MIT */
#include "symbols.h"

#include <stdint.h>

enum { SMALLEST = 64 };

/* FNV-1a */
static size_t
hash(const char *name)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *name != '\0'; name++)
		value = (value ^ (unsigned char)*name) * 0x100000001b3;
	return (size_t)(value ^ value >> 32);
}

/* Where it is, or would be. */
static struct symbol *
slot_of(const struct symbols *symbols, const char *name)
{
	size_t at = hash(name);
	struct symbol *slot;

	do {
		slot = &symbols->slots[at++ & (symbols->capacity - 1)];
	} while (slot->name != NULL && !text_equal(slot->name, name));
	return slot;
}

const struct symbol *
symbols_find(const struct symbols *symbols, const char *name)
{
	const struct symbol *slot;

	if (symbols->capacity == 0)
		return NULL;
	slot = slot_of(symbols, name);
	return slot->name == NULL ? NULL : slot;
}

/* What it leaves goes with the arena. */
static void
grow(struct symbols *symbols)
{
	struct symbols larger = *symbols;

	larger.capacity =
	    symbols->capacity == 0 ? SMALLEST : 2 * symbols->capacity;
	larger.slots =
	    text_alloc(larger.arena, larger.capacity * sizeof *larger.slots);
	for (size_t i = 0; i < symbols->capacity; i++)
		if (symbols->slots[i].name != NULL)
			*slot_of(&larger, symbols->slots[i].name) =
			    symbols->slots[i];
	*symbols = larger;
}

bool
symbols_put(struct symbols *symbols, struct symbol symbol)
{
	struct symbol *slot;

	if (2 * symbols->count >= symbols->capacity)
		grow(symbols);
	slot = slot_of(symbols, symbol.name);
	if (slot->name != NULL)
		return false;
	*slot = symbol;
	symbols->count++;
	return true;
}
