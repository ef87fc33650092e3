/* SPDX-License-Identifier: MIT */
#ifndef WIRE_EPM_H
#define WIRE_EPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/uuid.h"
#include "wire/cursor.h"
#include "wire/syntax.h"

/*
 * The interface epmapper, the endpoint map of a host (C706 appendix O,
 * PROTOCOL.md section 7.2): the stub data of its operations, in NDR. One layout
 * for both roles and both ways. Trailing bytes are to be ignored.
 *
 * Towers are bytes here; wire/tower.h reads them. What is got are views into
 * the stub data.
 */
extern const struct syntax_id epm_interface; /* e1af8308-...-08002b14a0fa */

enum epm_operation {
	EPM_INSERT = 0,
	EPM_DELETE = 1,
	EPM_LOOKUP = 2,
	EPM_MAP = 3,
	EPM_LOOKUP_HANDLE_FREE = 4,
	EPM_INQ_OBJECT = 5,
	EPM_MGMT_DELETE = 6,
	EPM_OPERATIONS = 7,
};

/* Statuses of ept_* operations, as they stand on the wire. */
enum epm_status {
	EPM_OK = 0,
	EPM_CANT_PERFORM_OP = 0x16c9a0cd,
	EPM_NO_MEMORY = 0x16c9a0ce,
	EPM_CANT_CREATE = 0x16c9a0d0,
	EPM_CANT_ACCESS = 0x16c9a0d1,
	EPM_INVALID_ENTRY = 0x16c9a0d3,
	EPM_INVALID_CONTEXT = 0x16c9a0d5,
	EPM_NOT_REGISTERED = 0x16c9a0d6,
};

/* Ours for one of the wire's; what is unknown stays as it is. */
becket_status epm_status_local(uint32_t status);

/* What a lookup looks for: rpc_c_ep_*, rpc_c_vers_*. Samba numbers the version
 * options from 0, so 0 means all, too.
 */
enum epm_inquiry { EPM_ALL_ELTS, EPM_BY_IF, EPM_BY_OBJECT, EPM_BY_BOTH };
enum epm_versions {
	EPM_VERS_ANY = 0,
	EPM_VERS_ALL = 1,
	EPM_VERS_COMPATIBLE = 2,
	EPM_VERS_EXACT = 3,
	EPM_VERS_MAJOR_ONLY = 4,
	EPM_VERS_UPTO = 5,
};

enum {
	/* Room for an annotation, its NUL included. */
	EPM_ANNOTATION_SIZE = 64,
	/* How many entries or towers others take at once. */
	EPM_MOST = 500,
};

/* A context handle; nil: none. */
struct epm_handle {
	uint32_t attributes;
	struct becket_uuid uuid;
};

struct epm_entry {
	struct becket_uuid object;
	bool has_tower;
	struct becket_bytes tower;
	struct becket_bytes annotation; /* no NUL */
};

/* Put: count of them, and max as the client has asked. Get: up to capacity,
 * count being how many came, so that a first get with capacity 0 says how many
 * there are.
 */
struct epm_entries {
	struct epm_entry *entries;
	uint32_t capacity; /* get */
	uint32_t count;
	uint32_t max; /* of lookups */
};

struct epm_insert {
	struct epm_entries entries;
	bool replace;
};
void epm_insert_in(struct cursor *c, struct epm_insert *in);
void epm_delete_in(struct cursor *c, struct epm_entries *in);

struct epm_lookup_in {
	uint32_t inquiry; /* enum epm_inquiry */
	bool has_object, has_interface;
	struct becket_uuid object;
	struct syntax_id interface;
	uint32_t versions; /* enum epm_versions */
	struct epm_handle handle;
	uint32_t max;
};
struct epm_lookup_out {
	struct epm_handle handle;
	struct epm_entries entries;
	uint32_t status;
};
void epm_lookup_in(struct cursor *c, struct epm_lookup_in *in);
void epm_lookup_out(struct cursor *c, struct epm_lookup_out *out);

struct epm_map_in {
	bool has_object, has_tower;
	struct becket_uuid object;
	struct becket_bytes tower;
	struct epm_handle handle;
	uint32_t max;
};
struct epm_map_out {
	struct epm_handle handle;
	struct becket_bytes *towers; /* as the entries of a lookup */
	uint32_t capacity, count, max;
	uint32_t status;
};
void epm_map_in(struct cursor *c, struct epm_map_in *in);
void epm_map_out(struct cursor *c, struct epm_map_out *out);

void epm_handle_layout(struct cursor *c, struct epm_handle *handle);
/* lookup_handle_free answers so; its request is the handle alone. */
void epm_handle_out(struct cursor *c, struct epm_handle *handle,
    uint32_t *status);
void epm_inq_object_out(struct cursor *c, struct becket_uuid *object,
    uint32_t *status);

struct epm_mgmt_delete {
	bool by_object; /* object_speced */
	bool has_object, has_tower;
	struct becket_uuid object;
	struct becket_bytes tower;
};
void epm_mgmt_delete_in(struct cursor *c, struct epm_mgmt_delete *in);

/* insert, delete and mgmt_delete answer so. */
void epm_status_out(struct cursor *c, uint32_t *status);

/* Bytes that are put at most: for entries and towers of so many bytes, all
 * towers together; and for whatever has none.
 */
size_t epm_entries_size(size_t count, size_t tower_bytes);
enum { EPM_SMALL_SIZE = 128 };

#endif
