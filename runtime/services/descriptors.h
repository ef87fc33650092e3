/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_DESCRIPTORS_H
#define SERVICES_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/status.h"

/*
 * The .proto files of a server's interfaces, as FileDescriptorProtos, and where
 * in them is what: for reflection. They are copies, for the interfaces may be
 * gone before their descriptors are asked for.
 *
 * Each interface brings a set along. Two sets may have files of one name that
 * differ, made at different times or by different people: each is what the
 * files beside it in its set import. The bytes of those that do not differ are
 * kept once.
 *
 * There is no index: whoever looks for a symbol walks over the files, going
 * into that only which can have it, and a walk over what a server has is as
 * short as the message that tells of it.
 *
 * Names are fully qualified, "calc.Calculator.Divide", without a dot in front.
 * One thread at a time.
 */
struct descriptor_file {
	struct becket_bytes bytes, name,
	    package; /* the last two are of bytes */
	size_t set;
	bool is_copy; /* of the bytes of another */
};

struct descriptors {
	const struct becket_memory *memory;
	struct descriptor_file *files;
	size_t count, capacity;
	size_t set_count;
};

#define DESCRIPTORS_ANY_SET SIZE_MAX

static inline struct descriptors
descriptors_empty(const struct becket_memory *memory)
{
	return (struct descriptors){ .memory = memory };
}

void descriptors_fini(struct descriptors *descriptors);

/* Add the files of a FileDescriptorSet, as a set of the next number; what is
 * looked for is found in one that goes first rather than in those before it.
 * S_OUT_OF_MEMORY; X_BAD_STUB_DATA, S_TRUNCATED: it is none, and what came
 * before that is there.
 */
BECKET_MUST_USE becket_status descriptors_add(struct descriptors *descriptors,
    struct becket_bytes file_set, bool goes_first);

/* These return NULL where there is no such thing; else a view that lives until
 * something is added.
 */
const struct descriptor_file *
descriptors_find_file(const struct descriptors *descriptors,
    struct becket_bytes name);
/* Of a message, field, oneof, enum, value, service, method or extension; in one
 * set, or any.
 */
const struct descriptor_file *
descriptors_find_symbol(const struct descriptors *descriptors, size_t set,
    struct becket_bytes symbol);
const struct descriptor_file *
descriptors_find_extension(const struct descriptors *descriptors,
    struct becket_bytes type, int32_t number);

/* A file, and then those that it imports, directly or not, each once, as its
 * set has them, or else any: room for as many as there are files. What is
 * imported and not there is left out. Returns how many.
 */
size_t descriptors_closure(const struct descriptors *descriptors,
    const struct descriptor_file *file, struct becket_bytes *ret_files);

/* The numbers of the extensions of a type: up to count of them are written, all
 * of them counted.
 */
size_t descriptors_extensions(const struct descriptors *descriptors,
    struct becket_bytes type, int32_t *ret_numbers, size_t count);

#endif
