/* SPDX-License-Identifier: MIT */
#include "services/descriptors.h"

#include <string.h>

#include "base/allocate.h"
#include "wire/protobuf.h"

/* Numbers of fields, as google/protobuf/descriptor.proto has them. */
enum {
	SET_FILE = 1,

	NAME = 1, /* of everything that has a name */
	FILE_PACKAGE = 2,
	FILE_DEPENDENCY = 3,
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6,
	FILE_EXTENSION = 7,

	MESSAGE_FIELD = 2,
	MESSAGE_MESSAGE = 3,
	MESSAGE_ENUM = 4,
	MESSAGE_EXTENSION = 6,
	MESSAGE_ONEOF = 8,

	ENUM_VALUE = 2,
	SERVICE_METHOD = 2,

	FIELD_EXTENDEE = 2,
	FIELD_NUMBER = 3,
};

/* Deeper than this no message of a .proto stands in others. */
enum { DEEPEST = 64 };

/* ------------------------------------------------------------- walking -- */

static struct cursor
walk(struct becket_bytes bytes)
{
	return cursor_get(bytes.data, bytes.size, false);
}

/* The next field that has a size: here all that matters have. */
static bool
next(struct cursor *c, struct protobuf_field *ret_field)
{
	while (protobuf_next(c, ret_field))
		if (ret_field->wire_type == PROTOBUF_SIZED)
			return true;
	return false;
}

static struct becket_bytes
get_sized(struct becket_bytes message, uint32_t number)
{
	struct cursor c = walk(message);
	struct becket_bytes last = { 0 };
	struct protobuf_field field;

	while (next(&c, &field))
		if (field.number == number)
			last = field.bytes;
	return last;
}

static uint64_t
get_varint(struct becket_bytes message, uint32_t number)
{
	struct cursor c = walk(message);
	struct protobuf_field field;
	uint64_t last = 0;

	while (protobuf_next(&c, &field))
		if (field.number == number &&
		    field.wire_type == PROTOBUF_VARINT)
			last = field.value;
	return last;
}

static bool
is_same(struct becket_bytes one, struct becket_bytes other)
{
	return one.size == other.size &&
	       (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

static struct becket_bytes
behind(struct becket_bytes bytes, size_t size)
{
	return (struct becket_bytes){
		bytes.data + size,
		bytes.size - size,
	};
}

/* Takes "name." from the front of *path. */
static bool
enter(struct becket_bytes *path, struct becket_bytes name)
{
	if (path->size <= name.size + 1 || path->data[name.size] != '.' ||
	    !is_same((struct becket_bytes){ path->data, name.size }, name))
		return false;
	*path = behind(*path, name.size + 1);
	return true;
}

/* --------------------------------------------------------------- files -- */

void
descriptors_fini(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (!descriptors->files[i].is_copy)
			memory_free(descriptors->memory,
			    (void *)(uintptr_t)descriptors->files[i].bytes.data,
			    descriptors->files[i].bytes.size);
	memory_free(descriptors->memory, descriptors->files,
	    descriptors->capacity * sizeof *descriptors->files);
	*descriptors = descriptors_empty(descriptors->memory);
}

static becket_status
grow(struct descriptors *descriptors)
{
	size_t capacity =
	    descriptors->capacity == 0 ? 8 : 2 * descriptors->capacity;
	void *files = memory_resize(descriptors->memory, descriptors->files,
	    descriptors->capacity * sizeof *descriptors->files,
	    capacity * sizeof *descriptors->files);

	if (files == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	descriptors->files = files;
	descriptors->capacity = capacity;
	return BECKET_S_OK;
}

/* Those bytes in a set, or any. */
static const struct descriptor_file *
find_bytes(const struct descriptors *descriptors, size_t set,
    struct becket_bytes bytes)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if ((set == DESCRIPTORS_ANY_SET ||
		        descriptors->files[i].set == set) &&
		    is_same(descriptors->files[i].bytes, bytes))
			return &descriptors->files[i];
	return NULL;
}

/* Bytes that live as long as the descriptors. */
static becket_status
keep(const struct descriptors *descriptors, struct becket_bytes bytes,
    struct descriptor_file *ret_file)
{
	const struct descriptor_file *same =
	    find_bytes(descriptors, DESCRIPTORS_ANY_SET, bytes);
	void *copy;

	if (same != NULL) {
		*ret_file = *same;
		ret_file->is_copy = true;
		return BECKET_S_OK;
	}
	copy = memory_resize(descriptors->memory, NULL, 0, bytes.size);
	if (copy == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	memcpy(copy, bytes.data, bytes.size);
	bytes.data = copy;
	*ret_file = (struct descriptor_file){
		.bytes = bytes,
		.name = get_sized(bytes, NAME),
		.package = get_sized(bytes, FILE_PACKAGE),
	};
	return BECKET_S_OK;
}

/* Puts a file where it is to stand. */
static becket_status
add_file(struct descriptors *descriptors, size_t set, struct becket_bytes bytes,
    size_t at)
{
	struct descriptor_file file, *place;
	becket_status status = BECKET_S_OK;

	if (descriptors->count == descriptors->capacity)
		status = grow(descriptors);
	if (status == BECKET_S_OK)
		status = keep(descriptors, bytes, &file);
	if (status != BECKET_S_OK)
		return status;
	place = &descriptors->files[at];
	memmove(place + 1, place, (descriptors->count - at) * sizeof *place);
	file.set = set;
	*place = file;
	descriptors->count++;
	return BECKET_S_OK;
}

becket_status
descriptors_add(struct descriptors *descriptors, struct becket_bytes file_set,
    bool goes_first)
{
	size_t set = descriptors->set_count++;
	size_t at = goes_first ? 0 : descriptors->count;
	struct cursor c = walk(file_set);
	struct protobuf_field field;

	while (next(&c, &field)) {
		becket_status status;

		if (field.number != SET_FILE || field.bytes.size == 0 ||
		    find_bytes(descriptors, set, field.bytes) != NULL)
			continue;
		status = add_file(descriptors, set, field.bytes, at++);
		if (status != BECKET_S_OK)
			return status;
	}
	return c.status;
}

static const struct descriptor_file *
find_file(const struct descriptors *descriptors, size_t set,
    struct becket_bytes name)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if ((set == DESCRIPTORS_ANY_SET ||
		        descriptors->files[i].set == set) &&
		    is_same(descriptors->files[i].name, name))
			return &descriptors->files[i];
	return NULL;
}

const struct descriptor_file *
descriptors_find_file(const struct descriptors *descriptors,
    struct becket_bytes name)
{
	return find_file(descriptors, DESCRIPTORS_ANY_SET, name);
}

static size_t
add_once(struct becket_bytes *files, size_t count, struct becket_bytes file)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].data == file.data)
			return count;
	files[count] = file;
	return count + 1;
}

static const struct descriptor_file *
find_import(const struct descriptors *descriptors, size_t set,
    struct becket_bytes name)
{
	const struct descriptor_file *file = find_file(descriptors, set, name);

	return file != NULL ? file : descriptors_find_file(descriptors, name);
}

size_t
descriptors_closure(const struct descriptors *descriptors,
    const struct descriptor_file *file, struct becket_bytes *ret_files)
{
	size_t count = add_once(ret_files, 0, file->bytes);

	for (size_t i = 0; i < count; i++) {
		struct cursor c = walk(ret_files[i]);
		struct protobuf_field field;

		while (next(&c, &field)) {
			const struct descriptor_file *import;

			if (field.number != FILE_DEPENDENCY)
				continue;
			import =
			    find_import(descriptors, file->set, field.bytes);
			if (import != NULL)
				count =
				    add_once(ret_files, count, import->bytes);
		}
	}
	return count;
}

/* ------------------------------------------------------------- symbols -- */

enum kind { NOTHING, FILE_, MESSAGE, ENUM, SERVICE, LEAF };

/* What kind of thing, with a name, a field of a thing of this kind is. */
static enum kind
kind_of(enum kind parent, uint32_t number)
{
	static const struct {
		enum kind parent;
		uint32_t number;
		enum kind kind;
	} rows[] = {
		{ FILE_, FILE_MESSAGE, MESSAGE },
		{ FILE_, FILE_ENUM, ENUM },
		{ FILE_, FILE_SERVICE, SERVICE },
		{ FILE_, FILE_EXTENSION, LEAF },
		{ MESSAGE, MESSAGE_FIELD, LEAF },
		{ MESSAGE, MESSAGE_MESSAGE, MESSAGE },
		{ MESSAGE, MESSAGE_ENUM, ENUM },
		{ MESSAGE, MESSAGE_EXTENSION, LEAF },
		{ MESSAGE, MESSAGE_ONEOF, LEAF },
		{ ENUM, ENUM_VALUE, LEAF },
		{ SERVICE, SERVICE_METHOD, LEAF },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].parent == parent && rows[i].number == number)
			return rows[i].kind;
	return NOTHING;
}

static bool
has_symbol(struct becket_bytes scope, enum kind kind, struct becket_bytes path,
    unsigned depth)
{
	struct cursor c = walk(scope);
	struct protobuf_field field;

	while (next(&c, &field)) {
		enum kind child = kind_of(kind, field.number);
		struct becket_bytes name, rest = path;

		if (child == NOTHING)
			continue;
		name = get_sized(field.bytes, NAME);
		if (is_same(name, path))
			return true;
		/* The values of an enum have names beside its own. */
		if (child != LEAF && depth < DEEPEST &&
		    (child == ENUM || enter(&rest, name)) &&
		    has_symbol(field.bytes, child, rest, depth + 1))
			return true;
	}
	return false;
}

const struct descriptor_file *
descriptors_find_symbol(const struct descriptors *descriptors, size_t set,
    struct becket_bytes symbol)
{
	for (size_t i = 0; i < descriptors->count; i++) {
		const struct descriptor_file *file = &descriptors->files[i];
		struct becket_bytes path = symbol;

		if (set != DESCRIPTORS_ANY_SET && file->set != set)
			continue;
		if (file->package.size > 0 && !enter(&path, file->package))
			continue;
		if (path.size > 0 && has_symbol(file->bytes, FILE_, path, 0))
			return file;
	}
	return NULL;
}

/* ---------------------------------------------------------- extensions -- */

struct extensions {
	struct becket_bytes type;
	int32_t *numbers;
	size_t count, room;
	int32_t wanted;
	bool has_wanted;
};

static bool
is_of(struct becket_bytes extension, struct becket_bytes type)
{
	struct becket_bytes extendee = get_sized(extension, FIELD_EXTENDEE);

	return extendee.size > 0 && *extendee.data == '.' &&
	       is_same(behind(extendee, 1), type);
}

static void
note(struct extensions *extensions, int32_t number)
{
	if (extensions->count < extensions->room)
		extensions->numbers[extensions->count] = number;
	extensions->count++;
	extensions->has_wanted |= number == extensions->wanted;
}

static void
collect(struct extensions *extensions, struct becket_bytes scope,
    enum kind kind, unsigned depth)
{
	const uint32_t extension =
	    kind == FILE_ ? FILE_EXTENSION : MESSAGE_EXTENSION;
	struct cursor c = walk(scope);
	struct protobuf_field field;

	while (next(&c, &field)) {
		if (field.number == extension &&
		    is_of(field.bytes, extensions->type))
			note(extensions,
			    (int32_t)get_varint(field.bytes, FIELD_NUMBER));
		if (kind_of(kind, field.number) == MESSAGE && depth < DEEPEST)
			collect(extensions, field.bytes, MESSAGE, depth + 1);
	}
}

size_t
descriptors_extensions(const struct descriptors *descriptors,
    struct becket_bytes type, int32_t *ret_numbers, size_t count)
{
	struct extensions extensions = {
		.type = type,
		.numbers = ret_numbers,
		.room = count,
	};

	for (size_t i = 0; i < descriptors->count; i++)
		if (!descriptors->files[i].is_copy)
			collect(&extensions, descriptors->files[i].bytes, FILE_,
			    0);
	return extensions.count;
}

const struct descriptor_file *
descriptors_find_extension(const struct descriptors *descriptors,
    struct becket_bytes type, int32_t number)
{
	for (size_t i = 0; i < descriptors->count; i++) {
		const struct descriptor_file *file = &descriptors->files[i];
		struct extensions extensions = {
			.type = type,
			.wanted = number,
		};

		collect(&extensions, file->bytes, FILE_, 0);
		if (extensions.has_wanted)
			return file;
	}
	return NULL;
}
