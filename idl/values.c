/* SPDX-License-Identifier: MIT */
#include "idl/values.h"

#include <string.h>

#include "idl/text.h"

bool
value_uuid(const char *text, struct becket_uuid *ret_uuid)
{
	struct becket_uuid uuid;

	if (becket_uuid_from_string(text, strlen(text), &uuid) != BECKET_S_OK ||
	    becket_uuid_is_nil(&uuid))
		return false;
	*ret_uuid = uuid;
	return true;
}

/* Digits up to maximum, without a sign, a space or a needless zero. */
static bool
number(const char **text, uint64_t maximum, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (at[0] == '0' && at[1] >= '0' && at[1] <= '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		value = 10 * value + (uint64_t)(*at - '0');
		if (value > maximum)
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret_value = value;
	return true;
}

bool
value_version(const char *text, uint16_t *ret_major, uint16_t *ret_minor)
{
	uint64_t major, minor;

	if (!number(&text, UINT16_MAX, &major) || *text++ != '.' ||
	    !number(&text, UINT16_MAX, &minor) || *text != '\0')
		return false;
	*ret_major = (uint16_t)major;
	*ret_minor = (uint16_t)minor;
	return true;
}

bool
value_timeout(const char *text, uint32_t *ret_milliseconds)
{
	static const struct {
		const char *name;
		uint64_t milliseconds;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	uint64_t value;

	if (!number(&text, UINT32_MAX, &value) || value == 0)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!text_equal(text, units[i].name))
			continue;
		value *= units[i].milliseconds;
		if (value > UINT32_MAX)
			return false;
		*ret_milliseconds = (uint32_t)value;
		return true;
	}
	return false;
}

const char *
value_endpoint(const char *text)
{
	return *text == '\0' ? "it is empty" : NULL;
}
