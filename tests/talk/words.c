/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/fault.h"

const char *
words_value(const struct words *words, const char *key)
{
	size_t size = strlen(key);

	for (size_t i = 0; i < words->count; i++)
		if (strncmp(words->at[i], key, size) == 0 &&
		    words->at[i][size] == '=')
			return words->at[i] + size + 1;
	return NULL;
}

bool
words_have(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->at[i], word) == 0)
			return true;
	return false;
}

uint64_t
words_number(const struct words *words, const char *key, uint64_t otherwise)
{
	const char *value = words_value(words, key);

	return value != NULL ? parse_number(value) : otherwise;
}

static bool
is_name(const char *name, const char *text)
{
	return name != NULL && strcmp(name, text) == 0;
}

uint64_t
parse_number(const char *text)
{
	static const uint32_t faults[] = {
		NCA_S_COMM_FAILURE,
		NCA_S_OP_RNG_ERROR,
		NCA_S_UNK_IF,
		NCA_S_PROTO_ERROR,
		NCA_S_SERVER_TOO_BUSY,
		NCA_S_UNSUPPORTED_TYPE,
		NCA_S_FAULT_CANCEL,
		NCA_S_FAULT_CONTEXT_MISMATCH,
		NCA_S_FAULT_REMOTE_NO_MEMORY,
	};
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end == '\0')
		return value;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (is_name(fault_name(faults[i]), text))
			return faults[i];
#define STATUS(name, value, sentence) \
	if (is_name(#name, text)) \
		return value;
#include "base/status.def"
#undef STATUS
	fprintf(stderr, "talk: no number is called %s\n", text);
	exit(2);
}

static void
append(struct buffer *bytes, const char *data, size_t size)
{
	if (!buffer_append(bytes, data, size))
		abort();
}

void
parse_bytes(const char *text, struct buffer *ret_bytes)
{
	const char *star = strchr(text, '*');
	size_t size = strlen(text);

	if (text[0] == '"') {
		append(ret_bytes, text + 1, size - 2);
		return;
	}
	if (star == NULL) {
		append(ret_bytes, text, size);
		return;
	}
	for (unsigned long n = strtoul(text, NULL, 10); n > 0; n--)
		append(ret_bytes, star + 1, 1);
}

/* The name up to a slash, and the version behind it. */
static bool
is_called(const char *text, const char *name)
{
	size_t size = strlen(name);

	return strncmp(text, name, size) == 0 &&
	       (text[size] == '\0' || text[size] == '/');
}

struct syntax_id
parse_interface(const char *text)
{
	struct syntax_id id = { .major = 1 };
	const char *slash = strchr(text, '/');

	id.uuid.time_low = is_called(text, "calc")   ? 0xca1c
	                   : is_called(text, "echo") ? 0xec40
	                                             : 0xdead;
	id.uuid.clock_node[7] = 7;
	if (is_called(text, "calc"))
		id.minor = 2;
	if (slash != NULL) {
		id.major = (uint16_t)atoi(slash + 1);
		id.minor = (uint16_t)atoi(strchr(slash, '.') + 1);
	}
	return id;
}

struct syntax_id
parse_syntax(const char *text)
{
	if (strcmp(text, "becket") == 0)
		return transfer_syntaxes[SYNTAX_BECKET];
	if (strcmp(text, "ndr") == 0)
		return transfer_syntaxes[SYNTAX_NDR];
	if (strncmp(text, "features:", 9) == 0)
		return syntax_from_features((uint8_t)atoi(text + 9));
	return (struct syntax_id){ .uuid = { .time_low = 0xbad }, .major = 1 };
}
