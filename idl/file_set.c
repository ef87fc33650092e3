/* SPDX-License-Identifier: MIT */
#include "idl/file_set.h"

#include <string.h>

#include "idl/imports.h"

typedef Google__Protobuf__FileDescriptorSet FileSet;

struct set {
	struct arena *arena;
	const Request *request;
	FileProto **files; /* as in the request; NULL: not reached */
};

/* --------------------------------------------------------------- prune -- */

/* "dividend_bits" is "dividendBits" in JSON, unless it is told otherwise. */
static bool
is_json_name(const char *json, const char *name)
{
	bool upper = false;

	for (; *name != '\0'; name++) {
		bool small = *name >= 'a' && *name <= 'z';
		char c = *name;

		if (c == '_') {
			upper = true;
			continue;
		}
		if (upper && small)
			c = (char)(c - 'a' + 'A');
		upper = false;
		if (*json++ != c)
			return false;
	}
	return *json == '\0';
}

static void
prune_fields(FieldProto *const *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i]->json_name != NULL &&
		    is_json_name(fields[i]->json_name, fields[i]->name))
			fields[i]->json_name = NULL;
	}
}

static void
prune_message(MessageProto *message)
{
	prune_fields(message->field, message->n_field);
	prune_fields(message->extension, message->n_extension);
	for (size_t i = 0; i < message->n_nested_type; i++)
		prune_message(message->nested_type[i]);
}

/* One's own copy of what others still need as it is. */
static FileProto *
copy(struct set *set, const FileProto *file)
{
	ProtobufCAllocator allocator = text_allocator(set->arena);
	size_t size = protobuf_c_message_get_packed_size(&file->base);
	uint8_t *bytes = text_alloc(set->arena, size);

	protobuf_c_message_pack(&file->base, bytes);
	return google__protobuf__file_descriptor_proto__unpack(&allocator, size,
	    bytes);
}

static void
reach(struct set *set, size_t index)
{
	FileProto *file = copy(set, set->request->proto_file[index]);

	set->files[index] = file;
	file->source_code_info = NULL;
	prune_fields(file->extension, file->n_extension);
	for (size_t i = 0; i < file->n_message_type; i++)
		prune_message(file->message_type[i]);
	imports_prune(set->arena, set->request, file);
	for (size_t i = 0; i < file->n_dependency; i++) {
		size_t next = imports_find(set->request, file->dependency[i]);

		if (next < index && set->files[next] == NULL)
			reach(set, next);
	}
}

struct becket_bytes
file_set_make(const struct model *model, const struct file *file)
{
	struct set set = { .arena = model->arena, .request = model->request };
	size_t count = set.request->n_proto_file;
	FileSet files = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
	struct becket_bytes bytes;
	uint8_t *data;

	set.files = text_alloc(set.arena, count * sizeof *set.files);
	reach(&set, (size_t)(file - model->files));
	files.file = text_alloc(set.arena, count * sizeof *files.file);
	for (size_t i = 0; i < count; i++) {
		if (set.files[i] != NULL)
			files.file[files.n_file++] = set.files[i];
	}
	bytes.size = protobuf_c_message_get_packed_size(&files.base);
	data = text_alloc(set.arena, bytes.size);
	protobuf_c_message_pack(&files.base, data);
	bytes.data = data;
	return bytes;
}

/* ---------------------------------------------------------------- walk -- */

/* Messages of descriptor.proto, as far as their fields begin something. */
enum shape { FILE_SET, FILE_, MESSAGE, ENUM, SERVICE, LEAF, PART };

/* What the field with this number is in a message of this shape; PART: of no
 * interest.
 */
static enum shape
inner(enum shape shape, uint64_t field)
{
	static const enum shape fields[][9] = {
		[FILE_SET] = { [1] = FILE_ },
		[FILE_] = { [4] = MESSAGE,
		    [5] = ENUM,
		    [6] = SERVICE,
		    [7] = LEAF },
		[MESSAGE] = { [2] = LEAF,
		    [3] = MESSAGE,
		    [4] = ENUM,
		    [6] = LEAF,
		    [8] = LEAF },
		[ENUM] = { [2] = LEAF },
		[SERVICE] = { [2] = LEAF },
	};
	enum shape found = FILE_SET;

	if (shape <= SERVICE && field < 9)
		found = fields[shape][field];
	return found == FILE_SET ? PART : found;
}

static uint64_t
varint(struct becket_bytes bytes, size_t *at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	while (*at < bytes.size) {
		uint8_t byte = bytes.data[(*at)++];

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if ((byte & 0x80) == 0)
			break;
	}
	return value;
}

/* The end of a field whose tag has been read up to at. *ret_head: of what
 * stands before its value, if that has a length.
 */
static size_t
field_end(struct becket_bytes bytes, size_t at, unsigned type, size_t *ret_head)
{
	uint64_t size = 0;

	if (type == 0)
		(void)varint(bytes, &at);
	else if (type == 1 || type == 5)
		size = type == 1 ? 8 : 4;
	else if (type == 2)
		size = varint(bytes, &at);
	*ret_head = at;
	return size > bytes.size - at ? bytes.size : at + (size_t)size;
}

static void
walk(struct becket_bytes bytes, enum shape shape, file_set_piece *put,
    void *user)
{
	size_t at = 0;
	bool behind = false; /* something that has lines of its own */

	while (at < bytes.size) {
		size_t start = at, head, end;
		uint64_t tag = varint(bytes, &at);
		enum shape next = inner(shape, tag >> 3);
		bool begins = next != PART || behind;

		end = field_end(bytes, at, tag & 7, &head);
		at = next < LEAF ? head : end;
		put(user,
		    (struct becket_bytes){ bytes.data + start, at - start },
		    begins);
		behind = next != PART;
		if (next < LEAF)
			walk((struct becket_bytes){ bytes.data + head,
			         end - head },
			    next, put, user);
		at = end;
	}
}

void
file_set_walk(struct becket_bytes set, file_set_piece *put, void *user)
{
	walk(set, FILE_SET, put, user);
}
