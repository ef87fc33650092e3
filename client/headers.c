/* SPDX-License-Identifier: MIT */
#include "headers.h"

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

bool
headers_make(const struct command *command, const struct texts *headers,
    struct becket_metadata **ret_metadata)
{
	struct becket_metadata *metadata = NULL;
	becket_status status = becket_metadata_new(command->runtime, &metadata);
	for (size_t i = 0; status == BECKET_S_OK && i < headers->count; i++) {
		status =
		    add_header(command->arena, headers->texts[i], metadata);
		if (status != BECKET_S_OK)
			print_failure(text_print(command->arena,
			    "this is no metadata: %s (%s)", headers->texts[i],
			    becket_status_text(status)));
	}
	if (status == BECKET_S_OK)
		*ret_metadata = metadata;
	else
		becket_metadata_free(&metadata);
	return status == BECKET_S_OK;
}
