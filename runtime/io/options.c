/* SPDX-License-Identifier: MIT */
#include "io/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/error.h"
#include "wire/string_binding.h"

enum {
	LARGEST_OPTION = 256,
	LARGEST_TIMEOUT = 0x7fffffff,
};

/* Found within names, in any case: the words of Windows and of Samba. */
static const char *const security_words[] = {
	"auth",
	"connect",
	"credential",
	"identity",
	"integrity",
	"kerberos",
	"krb5",
	"level",
	"negotiate",
	"ntlm",
	"packet",
	"principal",
	"privacy",
	"quality",
	"schannel",
	"seal",
	"secur",
	"sign",
	"spn",
	"tls",
};

static bool
is_about_security(const char *name)
{
	size_t count = sizeof security_words / sizeof security_words[0];

	for (size_t i = 0; i < count; i++)
		if (strcasestr(name, security_words[i]) != NULL)
			return true;
	return false;
}

static becket_status
refuse(const char *name)
{
	if (is_about_security(name))
		return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
		    "option \"%s\" of the string binding: security does not "
		    "exist yet, the connection would be clear text",
		    name);
	return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
	    "option \"%s\" of the string binding does not exist", name);
}

static becket_status
set_timeout(const char *name, const char *value, uint32_t *ret_timeout)
{
	size_t size = strspn(value, "0123456789");
	unsigned long timeout = 0;

	if (size > 0 && size <= 10 && value[size] == '\0')
		timeout = strtoul(value, NULL, 10);
	if (timeout == 0 || timeout > LARGEST_TIMEOUT)
		return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
		    "option \"%s\" of the string binding: \"%s\" is no number "
		    "of milliseconds from 1 to %d",
		    name, value, LARGEST_TIMEOUT);
	*ret_timeout = (uint32_t)timeout;
	return BECKET_S_OK;
}

static becket_status
set_mapper(const char *value, struct binding_options *options)
{
	size_t size = strlen(value);

	if (size == 0 || size >= sizeof options->mapper)
		return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
		    "option \"mapper\" of the string binding: \"%s\" is no "
		    "endpoint",
		    value);
	memcpy(options->mapper, value, size + 1);
	return BECKET_S_OK;
}

/* What a header field of HTTP may have, and no blank at its ends. */
static bool
is_field(const char *value, bool takes_blanks)
{
	size_t size = strlen(value);

	for (size_t i = 0; i < size; i++)
		if (value[i] < ' ' || value[i] > '~' ||
		    (value[i] == ' ' && !takes_blanks))
			return false;
	return size > 0 && size < OPTION_NAME_SIZE && value[0] != ' ' &&
	       value[size - 1] != ' ';
}

static becket_status
set_name(const char *name, const char *value, bool is_grpc,
    char ret_name[OPTION_NAME_SIZE])
{
	if (!is_grpc)
		return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
		    "option \"%s\" of the string binding is for gRPC alone",
		    name);
	if (!is_field(value, strcmp(name, "user_agent") == 0))
		return error_set(BECKET_S_INVALID_NETWORK_OPTIONS,
		    "option \"%s\" of the string binding: \"%s\" is no name",
		    name, value);
	memcpy(ret_name, value, strlen(value) + 1);
	return BECKET_S_OK;
}

static becket_status
take_option(const char *name, const char *value, bool is_grpc,
    struct binding_options *options)
{
	if (strcmp(name, "authority") == 0)
		return set_name(name, value, is_grpc, options->authority);
	if (strcmp(name, "user_agent") == 0)
		return set_name(name, value, is_grpc, options->user_agent);
	if (strcmp(name, "connect_timeout") == 0)
		return set_timeout(name, value, &options->connect_timeout);
	if (strcmp(name, "mapper") == 0)
		return set_mapper(value, options);
	return refuse(name);
}

/* Cut, where it is too long: no option that exists is. */
static void
unescape(struct becket_bytes part, char ret_text[LARGEST_OPTION + 1])
{
	if (part.size > LARGEST_OPTION)
		part.size = LARGEST_OPTION;
	ret_text[string_binding_unescape(part, ret_text)] = '\0';
}

becket_status
options_parse(const char *text, bool is_grpc,
    struct binding_options *ret_options)
{
	struct becket_bytes left = { (const uint8_t *)text, strlen(text) };
	struct binding_options options = { 0 };
	struct becket_bytes name_part, value_part;

	while (string_binding_next_option(&left, &name_part, &value_part)) {
		char name[LARGEST_OPTION + 1], value[LARGEST_OPTION + 1];
		becket_status status;

		unescape(name_part, name);
		unescape(value_part, value);
		status = take_option(name, value, is_grpc, &options);
		if (status != BECKET_S_OK)
			return status;
	}
	*ret_options = options;
	return BECKET_S_OK;
}
