/* SPDX-License-Identifier: MIT */
#include "headers.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "output.h"

/* In small letters, as metadata have it. */
static char *
name_of(struct arena *arena, const char *header, size_t size)
{
	char *name = text_copy(arena, header, size);
	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return name;
}

/* What ${NAME} stands for, and how long that is; NULL: nothing. */
static const char *
find_variable(struct arena *arena, const char *text, size_t *ret_size)
{
	size_t size = strncmp(text, "${", 2) == 0 ? strcspn(text + 2, "}") : 0;
	if (size == 0 || text[2 + size] != '}')
		return NULL;
	*ret_size = size + 3;
	return text_copy(arena, text + 2, size);
}

/* With the values of variables; NULL: it has been told that one has none. */
static const char *
expanded(const struct command *command, const char *header)
{
	struct buffer text = buffer_empty(&idl_memory);
	const char *name, *value = header;
	size_t size;
	for (; *header != '\0' && value != NULL; header += size) {
		size = 1;
		value = header;
		name = find_variable(command->arena, header, &size);
		if (name != NULL)
			value = getenv(name);
		if (value == NULL)
			print_failure(text_print(command->arena,
			    "there is no variable %s in the environment",
			    name));
		else
			text_put_bytes(&text, value,
			    name == NULL ? 1 : strlen(value));
	}
	if (value != NULL)
		value = text_copy(command->arena, (const char *)text.data,
		    text.size);
	buffer_fini(&text);
	return value;
}

static becket_status
add_header(struct arena *arena, const char *header,
    struct becket_metadata *metadata)
{
	const char *colon = strchr(header, ':'), *name, *value;
	struct buffer bytes = buffer_empty(&idl_memory);
	becket_status status = BECKET_S_INVALID_ARG;
	if (colon == NULL)
		return status;
	name = name_of(arena, header, (size_t)(colon - header));
	value = colon + 1 + strspn(colon + 1, " ");
	if (!text_ends(name, "-bin"))
		status =
		    becket_metadata_add(metadata, name, value, strlen(value));
	else if (base64_decode(value, strlen(value), &bytes))
		status = becket_metadata_add(metadata, name,
		    bytes.size == 0 ? (const void *)"" : bytes.data,
		    bytes.size);
	buffer_fini(&bytes);
	return status;
}

static becket_status
take_header(const struct command *command, const char *header,
    struct becket_metadata *metadata)
{
	becket_status status;
	if (command->expands_headers)
		header = expanded(command, header);
	if (header == NULL)
		return BECKET_S_INVALID_ARG;
	status = add_header(command->arena, header, metadata);
	if (status != BECKET_S_OK)
		print_failure(
		    text_print(command->arena, "this is no metadata: %s (%s)",
		        header, becket_status_text(status)));
	return status;
}

bool
headers_make(const struct command *command, const struct texts *headers,
    struct becket_metadata **ret_metadata)
{
	struct becket_metadata *metadata = NULL;
	becket_status status = becket_metadata_new(command->runtime, &metadata);
	for (size_t i = 0; status == BECKET_S_OK && i < headers->count; i++)
		status = take_header(command, headers->texts[i], metadata);
	if (status == BECKET_S_OK)
		*ret_metadata = metadata;
	else
		becket_metadata_free(&metadata);
	return status == BECKET_S_OK;
}
