/* SPDX-License-Identifier: MIT */
#include "stub/metadata.h"

#include <string.h>

#include "base/utf8.h"
#include "stub/call.h"
#include "wire/call_header.h"
#include "wire/status_message.h"

/* What a request says beside its message, and what a manager says beside his
 * response or failure.
 */

becket_status
becket_call_set_metadata(struct becket_call *call, struct becket_bytes encoded)
{
	size_t size = metadata_view_size(encoded);
	void *block;

	if (size == 0)
		return BECKET_S_OK;
	block = arena_alloc(&call->arena, size);
	if (block == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	call->metadata = metadata_view_make(encoded, block);
	return BECKET_S_OK;
}

bool
becket_call_metadata_at(const struct becket_call *call, size_t index,
    struct becket_metadata_entry *ret_entry)
{
	return metadata_view_at(call->metadata, index, ret_entry);
}

bool
becket_call_find_metadata(const struct becket_call *call, const char *name,
    struct becket_bytes *ret_value)
{
	return metadata_view_find(call->metadata, name, ret_value);
}

becket_status
becket_call_add_metadata(struct becket_call *call,
    enum becket_metadata_list list, const char *name, const void *value,
    size_t size)
{
	const struct becket_metadata_entry entry = { name, { value, size } };
	struct call_answer *answer = &call->answer;
	bool is_initial = list == BECKET_METADATA_INITIAL;
	struct buffer *to = is_initial ? &answer->initial : &answer->trailing;
	struct buffer *other =
	    is_initial ? &answer->trailing : &answer->initial;

	if (!is_initial && list != BECKET_METADATA_TRAILING)
		return BECKET_S_INVALID_ARG;
	if (is_initial && answer->is_headed)
		return BECKET_X_WRONG_PIPE_ORDER;
	return metadata_append(to, buffer_bytes(other), call->host->limits,
	    &entry);
}

struct buffer
becket_call_fault_header(const struct becket_call *call)
{
	const struct call_answer *answer = &call->answer;
	struct call_header header = {
		.trailing = buffer_bytes(&answer->trailing),
	};
	struct buffer bytes = buffer_empty(call->host->memory);
	size_t size;

	if (!answer->is_headed)
		header.metadata = buffer_bytes(&answer->initial);
	size = call_header_measure_fields(&header);
	if (size > 0 && buffer_reserve(&bytes, size)) {
		call_header_encode_fields(&header, bytes.data);
		bytes.size = size;
	}
	return bytes;
}

/* ------------------------------------------------------------- details -- */

static bool
is_text(const char *text)
{
	return text != NULL && *text != '\0' &&
	       utf8_is_valid((
	           struct becket_bytes){ (const uint8_t *)text, strlen(text) });
}

becket_status
becket_call_add_detail(struct becket_call *call, const char *type,
    const void *message, size_t size)
{
	struct buffer *details = &call->answer.details;
	struct status_detail detail = { .message = { message, size } };

	if (!is_text(type) || (message == NULL && size > 0))
		return BECKET_S_INVALID_ARG;
	detail.type =
	    (struct becket_bytes){ (const uint8_t *)type, strlen(type) };
	if (size > BECKET_DETAILS_SIZE ||
	    detail.type.size > BECKET_DETAILS_SIZE)
		return BECKET_S_LIMIT_EXCEEDED;
	size = status_detail_measure(&detail);
	if (size > BECKET_DETAILS_SIZE - details->size)
		return BECKET_S_LIMIT_EXCEEDED;
	if (!buffer_reserve(details, size))
		return BECKET_S_OUT_OF_MEMORY;
	status_detail_encode(&detail, details->data + details->size);
	details->size += size;
	return BECKET_S_OK;
}
