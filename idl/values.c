/* SPDX-License-Identifier: MIT */
#include "idl/values.h"

#include <string.h>

#include "wire/string_binding.h"

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

static const char *
why_no_port(const char *text)
{
	uint64_t port;

	if (!number(&text, UINT16_MAX, &port) || *text != '\0' || port == 0)
		return "a port is a number from 1 to 65535";
	return NULL;
}

/* It becomes the name of a file in a directory of the runtime's. */
static const char *
why_no_socket(const char *text)
{
	if (*text == '.' || strpbrk(text, "/\\") != NULL || strlen(text) > 64)
		return "the name of a local endpoint has no slash and no dot "
		       "in front, and at most 64 characters";
	return NULL;
}

/* The protocol sequences there are, and what ends a binding over them. */
static const struct {
	const char *name;
	const char *(*why_not)(const char *endpoint);
} protseqs[] = {
	{ "ncacn_ip_tcp", why_no_port },
	{ "ncalrpc", why_no_socket },
};

static bool
is(struct becket_bytes part, const char *text)
{
	return part.size == strlen(text) &&
	       memcmp(part.data, text, part.size) == 0;
}

static const char *
judge(struct arena *arena, const struct string_binding *binding)
{
	char *endpoint = text_alloc(arena, binding->endpoint.size + 1);
	struct becket_bytes options = binding->options, name, value;

	if (binding->has_object)
		return "it names an object";
	if (binding->netaddr.size > 0)
		return "it names a host";
	if (!binding->has_endpoint || binding->endpoint.size == 0)
		return "no endpoint stands in its brackets";
	if (string_binding_next_option(&options, &name, &value))
		return "it has options";
	string_binding_unescape(binding->endpoint, endpoint);
	for (size_t i = 0; i < sizeof protseqs / sizeof *protseqs; i++) {
		if (is(binding->protseq, protseqs[i].name))
			return protseqs[i].why_not(endpoint);
	}
	return "its protocol sequence is neither ncacn_ip_tcp nor ncalrpc";
}

const char *
value_endpoint(struct arena *arena, const char *text)
{
	const struct becket_bytes bytes = { (const uint8_t *)text,
		strlen(text) };
	struct string_binding binding;

	if (string_binding_parse(bytes, &binding) != BECKET_S_OK)
		return "a string binding has the form "
		       "ncacn_ip_tcp:[4747] or ncalrpc:[name]";
	return judge(arena, &binding);
}
