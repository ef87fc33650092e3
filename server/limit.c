/* SPDX-License-Identifier: MIT */
#include "limit.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name;
	size_t offset, size;
};

#define LIMIT(name, type, value) \
	{ #name, offsetof(struct becket_limits, name), sizeof(type) },
static const struct row rows[] = { BECKET_LIMITS(LIMIT) };
#undef LIMIT

static const struct row *
find(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool
parse(const char *text, uint64_t *ret_value)
{
	static const char units[] = "KMG";
	char *end;
	unsigned shift = 0;
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);
	if (unit != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	if (*end != '\0' || value > UINT64_MAX >> shift)
		return false;
	*ret_value = value << shift;
	return true;
}

static void
store(struct becket_limits *limits, const struct row *row, uint64_t value)
{
	void *field = (char *)limits + row->offset;
	if (row->size == sizeof(uint16_t))
		memcpy(field, &(uint16_t){ (uint16_t)value }, row->size);
	else if (row->size == sizeof(uint32_t))
		memcpy(field, &(uint32_t){ (uint32_t)value }, row->size);
	else
		memcpy(field, &value, row->size);
}

const char *
limit_set(struct becket_limits *limits, const char *name, const char *text)
{
	const struct row *row = find(name);
	uint64_t value;
	if (row == NULL)
		return "there is no limit of this name";
	if (!parse(text, &value))
		return "a limit is a number, with K, M or G behind it if you "
		       "like";
	if (value == 0)
		return "a limit is at least 1";
	if (value > UINT64_MAX >> (64 - 8 * row->size))
		return "this is more than the limit can be";
	store(limits, row, value);
	return NULL;
}

/* Not memcmp() of all: there are gaps. */
bool
limits_equal(const struct becket_limits *one, const struct becket_limits *other)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (memcmp((const char *)one + rows[i].offset,
		        (const char *)other + rows[i].offset,
		        rows[i].size) != 0)
			return false;
	return true;
}
