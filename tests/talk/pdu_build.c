/* SPDX-License-Identifier: MIT */
/* PDUs made by hand, so that they can be wrong, and not by wire/pdu.c. */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocate.h"
#include "wire/pdu.h"

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size > 0)
		return realloc(old, new_size);
	free(old);
	return NULL;
}

static const struct becket_memory heap = { resize, NULL };

static uint8_t
type_of(const char *name)
{
	for (uint8_t type = 0; type < PDU_TYPES; type++)
		if (strcmp(pdu_name(type), name) == 0)
			return type;
	if (strncmp(name, "pdu", 3) == 0)
		return (uint8_t)atoi(name + 3);
	fprintf(stderr, "talk: no PDU is called %s\n", name);
	exit(2);
}

static void
u8(struct cursor *c, uint64_t value)
{
	uint8_t narrow = (uint8_t)value;

	cursor_u8(c, &narrow);
}

static void
u16(struct cursor *c, uint64_t value)
{
	uint16_t narrow = (uint16_t)value;

	cursor_u16(c, &narrow);
}

static void
u32(struct cursor *c, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	cursor_u32(c, &narrow);
}

static void
syntax(struct cursor *c, struct syntax_id id)
{
	cursor_uuid(c, &id.uuid);
	u32(c, (uint64_t)id.minor << 16 | id.major);
}

/* [0 calc becket,ndr]; a dash for no syntax at all */
static void
build_element(struct cursor *c, const char *word)
{
	char context[20], interface[40], syntaxes[80];
	unsigned count = 0;
	size_t count_at;

	if (sscanf(word, "[%19s %39s %79[^]]]", context, interface, syntaxes) !=
	    3)
		exit(2);
	u16(c, parse_number(context));
	count_at = c->at;
	u16(c, 0);
	syntax(c, parse_interface(interface));
	for (char *at = strtok(syntaxes, ","); at && *at != '-';
	     at = strtok(NULL, ",")) {
		syntax(c, parse_syntax(at));
		count++;
	}
	c->put[count_at] = (uint8_t)count;
}

/* [accept ndr] [reject 2] [user 0] [features 2] */
static void
build_result(struct cursor *c, const char *word)
{
	char verdict[20], what[40];

	if (sscanf(word, "[%19s %39[^]]]", verdict, what) != 2)
		exit(2);
	if (strcmp(verdict, "accept") == 0) {
		u32(c, 0);
		syntax(c, parse_syntax(what));
		return;
	}
	u16(c, strcmp(verdict, "user") == 0     ? PDU_USER_REJECTION
	       : strcmp(verdict, "reject") == 0 ? PDU_PROVIDER_REJECTION
	                                        : PDU_NEGOTIATE_ACK);
	u16(c, parse_number(what));
	cursor_reserved(c, PDU_SYNTAX_SIZE);
}

static void
build_list(struct cursor *c, const struct words *w,
    void build(struct cursor *, const char *))
{
	size_t count_at = c->at;
	unsigned count = 0;

	u32(c, 0);
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i][0] == '[' && ++count > 0)
			build(c, w->at[i]);
	c->put[count_at] = (uint8_t)words_number(w, "count", count);
}

static void
build_sizes(struct cursor *c, const struct words *w)
{
	u16(c, words_number(w, "xmit", 5840));
	u16(c, words_number(w, "recv", 5840));
	u32(c, words_number(w, "assoc", 0));
}

static void
build_ack(struct cursor *c, const struct words *w)
{
	const char *address = words_value(w, "address");
	size_t size = address ? strlen(address) + 1 : 0;
	struct becket_bytes bytes = { (const uint8_t *)address, size };

	build_sizes(c, w);
	u16(c, size);
	cursor_bytes(c, &bytes, size);
	cursor_align(c, 4);
	build_list(c, w, build_result);
}

static void
build_stub(struct cursor *c, const struct words *w)
{
	const char *text = words_value(w, "stub");
	struct buffer stub = buffer_empty(&heap);
	struct becket_bytes bytes;

	if (text != NULL)
		parse_bytes(text, &stub);
	bytes = buffer_bytes(&stub);
	cursor_bytes(c, &bytes, bytes.size);
	buffer_fini(&stub);
}

static size_t
stub_size(const struct words *w)
{
	uint8_t bytes[MOST_PDU];
	struct cursor c = cursor_put(bytes, sizeof bytes);

	build_stub(&c, w);
	return c.at;
}

static void
build_call(struct cursor *c, const struct words *w, uint8_t type)
{
	const char *object = words_value(w, "object");
	struct becket_uuid uuid = { 0 };

	u32(c, words_number(w, "hint", stub_size(w)));
	u16(c, words_number(w, "ctx", 0));
	if (type == PDU_REQUEST)
		u16(c, words_number(w, "opnum", 0));
	else
		u16(c, words_number(w, "cancels", 0));
	if (type == PDU_FAULT) {
		u32(c, words_number(w, "status", 0));
		u32(c, 0);
	}
	if (object != NULL && becket_uuid_from_string(object, strlen(object),
	                          &uuid) != BECKET_S_OK)
		exit(2);
	if (object != NULL)
		cursor_uuid(c, &uuid);
	build_stub(c, w);
}

static void
build_body(struct cursor *c, const struct words *w, uint8_t type)
{
	switch (type) {
	case PDU_REQUEST:
	case PDU_RESPONSE:
	case PDU_FAULT:
		build_call(c, w, type);
		break;
	case PDU_BIND:
	case PDU_ALTER_CONTEXT:
		build_sizes(c, w);
		build_list(c, w, build_element);
		break;
	case PDU_BIND_ACK:
	case PDU_ALTER_CONTEXT_RESP:
		build_ack(c, w);
		break;
	case PDU_BIND_NAK:
		u16(c, words_number(w, "reason", 0));
		u8(c, 1);
		u16(c, 5);
		cursor_align(c, 4);
		break;
	default:
		break;
	}
}

/* auth=TYPE,LEVEL,SIZE. Returns auth_length. */
static size_t
build_verifier(struct cursor *c, const struct words *w)
{
	const char *auth = words_value(w, "auth");
	unsigned type, level, size;

	if (auth == NULL)
		return 0;
	if (sscanf(auth, "%u,%u,%u", &type, &level, &size) != 3)
		exit(2);
	if (!words_have(w, "unaligned"))
		cursor_align(c, 4);
	u8(c, type);
	u8(c, level);
	u16(c, 0);
	u32(c, 77);
	cursor_reserved(c, size);
	return size;
}

static void
build_header(struct cursor *c, const struct words *w, uint8_t type)
{
	unsigned flags = words_value(w, "object") ? 0x83 : 0x03;
	const char *given = words_value(w, "flags");

	if (given != NULL)
		flags = (unsigned)strtoul(given, NULL, 16);
	u8(c, 5);
	u8(c, 0);
	u8(c, type);
	u8(c, flags);
	u8(c, c->big_endian ? 0 : 0x10);
	cursor_reserved(c, 7);
	u32(c, words_number(w, "call", 1));
}

/* @offset=hex overwrites a byte. */
static void
patch(const struct words *w, uint8_t *bytes)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->at[i][0] == '@')
			bytes[atoi(w->at[i] + 1)] =
			    (uint8_t)strtoul(strchr(w->at[i], '=') + 1, NULL,
			        16);
}

static size_t
build_hex(const struct words *w, uint8_t *bytes)
{
	size_t size = 0;

	for (size_t i = 2; i < w->count; i++)
		for (const char *at = w->at[i]; at[0] && at[1]; at += 2) {
			char pair[3] = { at[0], at[1], 0 };

			bytes[size++] = (uint8_t)strtoul(pair, NULL, 16);
		}
	return size;
}

size_t
pdu_build(const struct words *w, uint8_t ret_bytes[MOST_PDU])
{
	struct cursor c = cursor_put(ret_bytes, MOST_PDU);
	struct cursor sizes = cursor_put(ret_bytes + 8, 4);
	size_t auth_size;
	uint8_t type;

	if (strcmp(w->at[1], "hex") == 0)
		return build_hex(w, ret_bytes);
	type = type_of(w->at[1]);
	c.big_endian = sizes.big_endian = words_have(w, "big");
	build_header(&c, w, type);
	build_body(&c, w, type);
	cursor_reserved(&c, (size_t)words_number(w, "pad", 0));
	auth_size = build_verifier(&c, w);
	u16(&sizes, words_number(w, "size", c.at));
	u16(&sizes, words_number(w, "auth_length", auth_size));
	patch(w, ret_bytes);
	return (size_t)words_number(w, "cut", c.at);
}

/* ------------------------------------------------------------ compare -- */

static uint64_t
get(const uint8_t *bytes, size_t size, size_t at, size_t width)
{
	uint64_t value = 0;

	if (at + width > size)
		return UINT64_MAX;
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)bytes[at + i] << (8 * i);
	return value;
}

/* Where a field of a PDU of ours is, which is always little-endian. */
struct field {
	const char *name;
	int type; /* or -1: of all */
	size_t at, width;
};

static const struct field fields[] = {
	{ "flags", -1, 3, 1 },
	{ "size", -1, 8, 2 },
	{ "auth_length", -1, 10, 2 },
	{ "call", -1, 12, 4 },
	{ "xmit", -1, 16, 2 },
	{ "recv", -1, 18, 2 },
	{ "assoc", -1, 20, 4 },
	{ "reason", PDU_BIND_NAK, 16, 2 },
	{ "hint", -1, 16, 4 },
	{ "ctx", -1, 20, 2 },
	{ "opnum", PDU_REQUEST, 22, 2 },
	{ "cancels", -1, 22, 1 },
	{ "status", PDU_FAULT, 24, 4 },
};

static bool
compare_number(const uint8_t *bytes, size_t size, const char *word,
    const char *value, char ret_why[200])
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const struct field *f = &fields[i];
		uint64_t is, wanted;

		if (strncmp(word, f->name, strlen(f->name)) != 0 ||
		    word[strlen(f->name)] != '=')
			continue;
		is = get(bytes, size, f->at, f->width);
		wanted =
		    f->at == 3 ? strtoul(value, NULL, 16) : parse_number(value);
		if (is == wanted)
			return true;
		snprintf(ret_why, 200, "%s is %#llx", f->name,
		    (unsigned long long)is);
		return false;
	}
	snprintf(ret_why, 200, "there is no field %.100s", word);
	return false;
}

static size_t
body_at(const uint8_t *bytes)
{
	if (bytes[2] == PDU_FAULT)
		return PDU_FAULT_SIZE;
	return bytes[2] == PDU_REQUEST && bytes[3] & PDU_OBJECT
	           ? PDU_REQUEST_SIZE + PDU_OBJECT_SIZE
	           : PDU_REQUEST_SIZE;
}

static bool
compare_stub(const uint8_t *bytes, size_t size, const char *value,
    char ret_why[200])
{
	struct buffer stub = buffer_empty(&heap);
	size_t at = body_at(bytes);
	bool same;

	parse_bytes(value, &stub);
	same =
	    size >= at && size - at == stub.size &&
	    (stub.size == 0 || memcmp(bytes + at, stub.data, stub.size) == 0);
	buffer_fini(&stub);
	snprintf(ret_why, 200, "the stub is %zu bytes", size - at);
	return same;
}

static bool
compare_list(const struct words *w, const uint8_t *bytes, size_t size,
    char ret_why[200])
{
	uint8_t list[MOST_PDU];
	struct cursor c = cursor_put(list, sizeof list);
	size_t at = 24;

	if (bytes[2] == PDU_BIND_ACK || bytes[2] == PDU_ALTER_CONTEXT_RESP) {
		at = (26 + get(bytes, size, 24, 2) + 3) & ~(size_t)3;
		build_list(&c, w, build_result);
	} else {
		build_list(&c, w, build_element);
	}
	snprintf(ret_why, 200, "the list is another");
	return size - at == c.at && memcmp(bytes + at, list, c.at) == 0;
}

static bool
compare_word(const uint8_t *bytes, size_t size, const char *word,
    char ret_why[200])
{
	const char *value = strchr(word, '=');

	if (value == NULL) {
		snprintf(ret_why, 200, "what is %.100s?", word);
		return false;
	}
	if (strncmp(word, "stub=", 5) == 0)
		return compare_stub(bytes, size, value + 1, ret_why);
	if (strncmp(word, "address=", 8) == 0) {
		snprintf(ret_why, 200, "the address is another");
		return get(bytes, size, 24, 2) == strlen(value) &&
		       memcmp(bytes + 26, value + 1, strlen(value)) == 0;
	}
	return compare_number(bytes, size, word, value + 1, ret_why);
}

bool
pdu_compare(const struct words *w, const uint8_t *bytes, size_t size,
    char ret_why[200])
{
	bool has_list = false;

	snprintf(ret_why, 200, "it is a %s", pdu_name(bytes[2]));
	if (bytes[2] != type_of(w->at[1]))
		return false;
	for (size_t i = 2; i < w->count; i++) {
		if (w->at[i][0] == '[')
			has_list = true;
		else if (!compare_word(bytes, size, w->at[i], ret_why))
			return false;
	}
	return !has_list || compare_list(w, bytes, size, ret_why);
}
