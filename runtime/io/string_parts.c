/* SPDX-License-Identifier: MIT */
#include "io/string_parts.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "wire/string_binding.h"

/* No host name or path that works is longer than the system takes. */
enum { LARGEST_TEXT = 4096 };

static struct becket_bytes
bytes_of(const char *text)
{
	return (struct becket_bytes){
		(const uint8_t *)text,
		text == NULL ? 0 : strlen(text),
	};
}

/* A text that is measured first and written then, in memory of exactly its
 * size.
 */
struct writer {
	char *at; /* NULL: only measure */
	size_t size;
};

static void
put(struct writer *writer, struct becket_bytes bytes)
{
	if (writer->at != NULL && bytes.size > 0)
		memcpy(writer->at + writer->size, bytes.data, bytes.size);
	writer->size += bytes.size;
}

static void
put_text(struct writer *writer, const char *text)
{
	put(writer, bytes_of(text));
}

static void
put_escaped(struct writer *writer, const char *text)
{
	char *at = writer->at == NULL ? NULL : writer->at + writer->size;

	writer->size += string_binding_escape(bytes_of(text), at);
}

static bool
is_there(const char *part)
{
	return part != NULL && *part != '\0';
}

static void
put_parts(struct writer *writer, const struct string_parts *parts)
{
	bool has_endpoint = is_there(parts->endpoint);
	bool has_options = is_there(parts->options);

	if (is_there(parts->object)) {
		put_escaped(writer, parts->object);
		put_text(writer, "@");
	}
	put_escaped(writer, parts->protseq);
	put_text(writer, ":");
	put_escaped(writer, parts->netaddr);
	if (!has_endpoint && !has_options)
		return;
	put_text(writer, "[");
	put_escaped(writer, parts->endpoint);
	if (has_endpoint && has_options)
		put_text(writer, ",");
	put_text(writer, parts->options);
	put_text(writer, "]");
}

becket_status
string_parts_join(const struct becket_runtime *runtime,
    const struct string_parts *parts, char **ret_text)
{
	struct writer measure = { 0 };
	struct writer write = { 0 };

	put_parts(&measure, parts);
	write.at = memory_resize(&runtime->memory, NULL, 0, measure.size + 1);
	if (write.at == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	put_parts(&write, parts);
	TRAP_UNLESS(write.size == measure.size);
	write.at[write.size] = '\0';
	*ret_text = write.at;
	return BECKET_S_OK;
}

/* The options without the endpoint that stands among them. */
static void
put_options(struct writer *writer, struct becket_bytes options)
{
	struct becket_bytes name, value;

	while (string_binding_next_option(&options, &name, &value)) {
		if (writer->size > 0)
			put_text(writer, ",");
		put(writer, name);
		put_text(writer, "=");
		put(writer, value);
	}
}

static char *
copy_options(const struct becket_runtime *runtime, struct becket_bytes options)
{
	struct writer measure = { 0 };
	struct writer write = { 0 };

	put_options(&measure, options);
	write.at = memory_resize(&runtime->memory, NULL, 0, measure.size + 1);
	if (write.at == NULL)
		return NULL;
	put_options(&write, options);
	write.at[write.size] = '\0';
	return write.at;
}

/* The memory is as large as the text, since it is freed by its length. */
static char *
copy_part(const struct becket_runtime *runtime, struct becket_bytes part)
{
	char text[LARGEST_TEXT + 1];

	text[string_binding_unescape(part, text)] = '\0';
	return runtime_copy_text(runtime, text);
}

void
string_parts_fini(const struct becket_runtime *runtime,
    struct string_parts *parts)
{
	runtime_free_text(runtime, parts->object);
	runtime_free_text(runtime, parts->protseq);
	runtime_free_text(runtime, parts->netaddr);
	runtime_free_text(runtime, parts->endpoint);
	runtime_free_text(runtime, parts->options);
	*parts = (struct string_parts){ 0 };
}

becket_status
string_parts_split(const struct becket_runtime *runtime, const char *text,
    struct string_parts *ret_parts)
{
	struct becket_bytes bytes = bytes_of(text);
	struct string_binding binding;
	struct string_parts parts;
	becket_status status;

	if (bytes.size > LARGEST_TEXT)
		return BECKET_S_STRING_TOO_LONG;
	status = string_binding_parse(bytes, &binding);
	if (status != BECKET_S_OK)
		return status;
	parts = (struct string_parts){
		.object = copy_part(runtime, binding.object),
		.protseq = copy_part(runtime, binding.protseq),
		.netaddr = copy_part(runtime, binding.netaddr),
		.endpoint = copy_part(runtime, binding.endpoint),
		.options = copy_options(runtime, binding.options),
	};
	if (parts.object == NULL || parts.protseq == NULL ||
	    parts.netaddr == NULL || parts.endpoint == NULL ||
	    parts.options == NULL) {
		string_parts_fini(runtime, &parts);
		return BECKET_S_OUT_OF_MEMORY;
	}
	*ret_parts = parts;
	return BECKET_S_OK;
}
