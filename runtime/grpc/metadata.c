/* SPDX-License-Identifier: MIT */
#include "grpc/metadata.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "grpc/text.h"
#include "wire/call_header.h"

#define WORD(word) \
	{ \
		word, sizeof word - 1 \
	}

/* Beside those that begin with "grpc-". */
static const struct {
	const char *word;
	size_t size;
} reserved[] = {
	WORD("content-type"),
	WORD("content-length"),
	WORD("te"),
	WORD("user-agent"),
	WORD("host"),
	WORD("connection"),
	WORD("keep-alive"),
	WORD("proxy-connection"),
	WORD("transfer-encoding"),
	WORD("upgrade"),
	WORD("becket-object"),
	WORD("becket-unattended"),
	WORD("becket-status"),
	WORD("becket-not-executed"),
};

enum { RESERVED = sizeof reserved / sizeof *reserved };

static bool
is_reserved(struct becket_bytes name)
{
	static const char grpc[] = "grpc-";

	for (size_t i = 0; i < RESERVED; i++)
		if (name.size == reserved[i].size &&
		    memcmp(name.data, reserved[i].word, name.size) == 0)
			return true;
	return name.size >= sizeof grpc - 1 &&
	       memcmp(name.data, grpc, sizeof grpc - 1) == 0;
}

static becket_status
append(struct buffer *metadata, struct becket_bytes key,
    struct becket_bytes value)
{
	const struct call_header_entry entry = { key, value };
	size_t size = call_header_measure_entry(&entry);

	if (!call_header_entry_is_valid(&entry))
		return BECKET_S_OK;
	if (!buffer_reserve(metadata, size))
		return BECKET_S_OUT_OF_MEMORY;
	metadata->size +=
	    call_header_put_entry(&entry, metadata->data + metadata->size);
	return BECKET_S_OK;
}

static becket_status
append_base64(struct buffer *metadata, struct becket_bytes name,
    struct becket_bytes text)
{
	struct buffer value = buffer_empty(metadata->memory);
	becket_status status = BECKET_X_BAD_STUB_DATA;

	if (text_base64_decode(text, &value))
		status = append(metadata, name, buffer_bytes(&value));
	buffer_fini(&value);
	return status;
}

static becket_status
append_binary(struct buffer *metadata, struct becket_bytes name,
    struct becket_bytes list)
{
	struct becket_bytes word;
	becket_status status;
	bool has_more;

	do {
		has_more = text_next_of_list(&list, &word);
		status = append_base64(metadata, name, word);
	} while (has_more && status == BECKET_S_OK);
	return status;
}

becket_status
metadata_take(struct buffer *metadata, struct becket_bytes name,
    struct becket_bytes value)
{
	if (is_reserved(name))
		return BECKET_S_OK;
	if (call_header_is_binary(name))
		return append_binary(metadata, name, value);
	return append(metadata, name, text_trim(value));
}

/* ------------------------------------------------------- fields to send -- */

/* Those that may go, and how much text they need that is made here. */
static size_t
measure(struct becket_bytes metadata, size_t *ret_text)
{
	struct call_header_entry entry;
	size_t count = 0;

	*ret_text = 0;
	while (call_header_next(&metadata, &entry)) {
		count++;
		if (call_header_is_binary(entry.key))
			*ret_text += text_base64_size(entry.value.size);
	}
	return count;
}

becket_status
field_list_init(struct field_list *list, const struct becket_memory *memory,
    struct becket_bytes metadata)
{
	size_t text;
	size_t count = measure(metadata, &text);

	list->memory = memory;
	list->fields = list->ours;
	list->count = 0;
	list->capacity = FIELDS_OF_OURS;
	list->text = buffer_empty(memory);
	if (count == 0)
		return BECKET_S_OK;
	list->fields =
	    memory_new(memory, (FIELDS_OF_OURS + count) * sizeof *list->fields);
	if (list->fields != NULL)
		list->capacity += count;
	if (list->fields != NULL && buffer_reserve(&list->text, text))
		return BECKET_S_OK;
	field_list_fini(list);
	return BECKET_S_OUT_OF_MEMORY;
}

void
field_list_fini(struct field_list *list)
{
	if (list->fields != list->ours)
		memory_free(list->memory, list->fields,
		    list->capacity * sizeof *list->fields);
	buffer_fini(&list->text);
}

static void
add(struct field_list *list, struct becket_bytes name,
    struct becket_bytes value)
{
	TRAP_UNLESS(list->count < list->capacity);
	list->fields[list->count++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.data,
		.value = (uint8_t *)(uintptr_t)value.data,
		.namelen = name.size,
		.valuelen = value.size,
	};
}

static struct becket_bytes
bytes_of(const char *text)
{
	return (struct becket_bytes){ (const uint8_t *)text, strlen(text) };
}

void
field_list_add(struct field_list *list, const char *name,
    struct becket_bytes value)
{
	add(list, bytes_of(name), value);
}

void
field_list_add_text(struct field_list *list, const char *name,
    const char *value)
{
	add(list, bytes_of(name), bytes_of(value));
}

/* The room for it is there: what is in text must not move. */
static struct becket_bytes
base64_of(struct field_list *list, struct becket_bytes value)
{
	size_t at = list->text.size;

	if (!text_base64_encode(value, &list->text))
		return (struct becket_bytes){ 0 };
	return (
	    struct becket_bytes){ list->text.data + at, list->text.size - at };
}

void
field_list_add_metadata(struct field_list *list, struct becket_bytes metadata)
{
	struct call_header_entry entry;

	while (call_header_next(&metadata, &entry)) {
		if (is_reserved(entry.key))
			continue;
		add(list, entry.key,
		    call_header_is_binary(entry.key)
		        ? base64_of(list, entry.value)
		        : text_trim(entry.value));
	}
}
