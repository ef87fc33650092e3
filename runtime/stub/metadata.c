/* SPDX-License-Identifier: MIT */
#include "stub/metadata.h"

#include <string.h>

#include "base/allocate.h"
#include "stub/hold.h"
#include "wire/call_header.h"

/* The rest of a call header: the remaining time, and what stands in front of a
 * trailer.
 */
enum { HEADER_REST = 16 };

/* --------------------------------------------------------------- views -- */

static size_t
count_entries(struct becket_bytes encoded)
{
	struct call_header_entry entry;
	size_t count = 0;

	while (call_header_next(&encoded, &entry))
		count++;
	return count;
}

size_t
metadata_view_size(struct becket_bytes encoded)
{
	struct call_header_entry entry;
	size_t size = 0;

	while (call_header_next(&encoded, &entry))
		size += sizeof(struct becket_metadata_entry) + entry.key.size +
		        entry.value.size + 2;
	return size == 0 ? 0 : sizeof(struct metadata_view) + size;
}

static const char *
copy_text(char **at, struct becket_bytes bytes)
{
	char *text = *at;

	if (bytes.size > 0)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	*at += bytes.size + 1;
	return text;
}

struct metadata_view *
metadata_view_make(struct becket_bytes encoded, void *block)
{
	struct metadata_view *view = block;
	struct call_header_entry entry;
	char *texts;

	view->size = metadata_view_size(encoded);
	view->count = 0;
	texts = (char *)&view->entries[count_entries(encoded)];
	while (call_header_next(&encoded, &entry)) {
		struct becket_metadata_entry *shown =
		    &view->entries[view->count++];

		shown->name = copy_text(&texts, entry.key);
		shown->value = (struct becket_bytes){
			(const uint8_t *)copy_text(&texts, entry.value),
			entry.value.size,
		};
	}
	return view;
}

bool
metadata_view_at(const struct metadata_view *view, size_t index,
    struct becket_metadata_entry *ret_entry)
{
	if (view == NULL || index >= view->count)
		return false;
	*ret_entry = view->entries[index];
	return true;
}

bool
metadata_view_find(const struct metadata_view *view, const char *name,
    struct becket_bytes *ret_value)
{
	for (size_t i = 0; view != NULL && i < view->count; i++) {
		if (strcmp(view->entries[i].name, name) != 0)
			continue;
		*ret_value = view->entries[i].value;
		return true;
	}
	return false;
}

bool
metadata_find(struct becket_bytes encoded, const char *name,
    struct becket_bytes *ret_value)
{
	struct call_header_entry entry;
	size_t size = strlen(name);

	while (call_header_next(&encoded, &entry)) {
		if (entry.key.size != size ||
		    memcmp(entry.key.data, name, size) != 0)
			continue;
		*ret_value = entry.value;
		return true;
	}
	return false;
}

/* -------------------------------------------------------------- append -- */

/* What HTTP and gRPC say with header fields themselves. */
static bool
is_reserved(const char *name)
{
	static const char *const names[] = { "connection", "content-length",
		"content-type", "host", "keep-alive", "proxy-connection", "te",
		"trailer", "transfer-encoding", "upgrade", "user-agent" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "grpc-", 5) == 0 ||
	       strncmp(name, "becket-", 7) == 0;
}

/* HTTP takes white space off the ends of what is no base64. */
static bool
has_space_at_end(const struct call_header_entry *entry)
{
	struct becket_bytes value = entry->value;

	return value.size > 0 &&
	       (value.data[0] == ' ' || value.data[value.size - 1] == ' ') &&
	       !call_header_is_binary(entry->key);
}

static bool
has_room(const struct buffer *encoded, struct becket_bytes others,
    const struct becket_limits *limits, size_t size)
{
	size_t room = limits->call_header_size;

	if (room < HEADER_REST + others.size + encoded->size)
		return false;
	room -= HEADER_REST + others.size + encoded->size;
	return size <= room &&
	       count_entries(buffer_bytes(encoded)) + count_entries(others) <
	           limits->call_header_entries;
}

becket_status
metadata_append_own(struct buffer *encoded, struct becket_bytes others,
    const struct becket_limits *limits,
    const struct becket_metadata_entry *entry)
{
	struct call_header_entry raw = {
		.key = { (const uint8_t *)entry->name, strlen(entry->name) },
		.value = entry->value,
	};
	size_t size;

	if (!call_header_entry_is_valid(&raw) || has_space_at_end(&raw))
		return BECKET_S_INVALID_ARG;
	if (raw.key.size + raw.value.size > limits->call_header_size)
		return BECKET_S_LIMIT_EXCEEDED;
	size = call_header_measure_entry(&raw);
	if (!has_room(encoded, others, limits, size))
		return BECKET_S_LIMIT_EXCEEDED;
	if (!buffer_reserve(encoded, size))
		return BECKET_S_OUT_OF_MEMORY;
	encoded->size +=
	    call_header_put_entry(&raw, encoded->data + encoded->size);
	return BECKET_S_OK;
}

becket_status
metadata_append(struct buffer *encoded, struct becket_bytes others,
    const struct becket_limits *limits,
    const struct becket_metadata_entry *entry)
{
	if (entry->name == NULL || is_reserved(entry->name) ||
	    (entry->value.data == NULL && entry->value.size > 0))
		return BECKET_S_INVALID_ARG;
	return metadata_append_own(encoded, others, limits, entry);
}

/* ------------------------------------------------------ of one call ---- */

static void
drop_view(struct becket_metadata *metadata, enum becket_metadata_list list)
{
	struct metadata_view *view = metadata->views[list];

	if (view != NULL)
		memory_free(metadata->memory, view, view->size);
	metadata->views[list] = NULL;
}

void
metadata_replace(struct becket_metadata *metadata,
    enum becket_metadata_list list, struct becket_bytes encoded)
{
	size_t size = metadata_view_size(encoded);
	void *block;

	drop_view(metadata, list);
	block = size == 0 ? NULL : memory_new(metadata->memory, size);
	if (block != NULL)
		metadata->views[list] = metadata_view_make(encoded, block);
}

void
becket_metadata_free(struct becket_metadata **metadata)
{
	struct becket_metadata *old = metadata == NULL ? NULL : *metadata;

	if (old == NULL)
		return;
	*metadata = NULL;
	for (size_t i = 0; i < METADATA_LISTS; i++)
		drop_view(old, (enum becket_metadata_list)i);
	buffer_fini(&old->request);
	memory_free(old->memory, old, sizeof *old);
}

/* Who holds a session by himself names it himself. */
static becket_status
append_to_request(struct becket_metadata *metadata,
    const struct becket_metadata_entry *entry)
{
	bool is_session = entry->name != NULL && entry->value.data != NULL &&
	                  strcmp(entry->name, HOLD_METADATA) == 0;

	return (is_session ? metadata_append_own
	                   : metadata_append)(&metadata->request,
	    (struct becket_bytes){ 0 }, metadata->limits, entry);
}

/* All or nothing: what can be seen is what goes along. */
becket_status
becket_metadata_add(struct becket_metadata *metadata, const char *name,
    const void *value, size_t size)
{
	const struct becket_metadata_entry entry = { name, { value, size } };
	size_t before;
	becket_status status;

	if (metadata == NULL)
		return BECKET_S_INVALID_ARG;
	before = metadata->request.size;
	status = append_to_request(metadata, &entry);
	if (status != BECKET_S_OK)
		return status;
	metadata_replace(metadata, BECKET_METADATA_REQUEST,
	    buffer_bytes(&metadata->request));
	if (metadata->views[BECKET_METADATA_REQUEST] != NULL)
		return BECKET_S_OK;
	metadata->request.size = before;
	metadata_replace(metadata, BECKET_METADATA_REQUEST,
	    buffer_bytes(&metadata->request));
	return BECKET_S_OUT_OF_MEMORY;
}

static const struct metadata_view *
view_of(const struct becket_metadata *metadata, enum becket_metadata_list list)
{
	return metadata == NULL || (unsigned)list >= METADATA_LISTS
	           ? NULL
	           : metadata->views[list];
}

bool
becket_metadata_at(const struct becket_metadata *metadata,
    enum becket_metadata_list list, size_t index,
    struct becket_metadata_entry *ret_entry)
{
	return metadata_view_at(view_of(metadata, list), index, ret_entry);
}

bool
becket_metadata_find(const struct becket_metadata *metadata,
    enum becket_metadata_list list, const char *name,
    struct becket_bytes *ret_value)
{
	return metadata_view_find(view_of(metadata, list), name, ret_value);
}
