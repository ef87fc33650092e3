/* SPDX-License-Identifier: MIT */
#include "wire/tower.h"

#include <string.h>

#include "base/trap.h"

enum {
	UPPER_LEFT = 19, /* protocol, UUID, major version */
	UPPER_RIGHT = 2,
	LOWEST_COUNT = 1, /* there is a floor 3 at least */
};

/* ------------------------------------------------------------- layout -- */

static void
constant_u16(struct cursor *c, uint16_t constant)
{
	uint16_t value = constant;

	cursor_u16(c, &value);
	if (value != constant)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
}

static void
upper_layout(struct cursor *c, struct syntax_id *id)
{
	uint8_t protocol = TOWER_UUID;

	constant_u16(c, UPPER_LEFT);
	cursor_u8(c, &protocol);
	if (protocol != TOWER_UUID)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	cursor_uuid(c, &id->uuid);
	cursor_u16(c, &id->major);
	constant_u16(c, UPPER_RIGHT);
	cursor_u16(c, &id->minor);
}

/* On the left nothing but the protocol counts: vendors put more there. */
static void
lower_layout(struct cursor *c, struct tower_floor *floor)
{
	struct becket_bytes left = { &floor->protocol, 1 };
	uint16_t left_size = 1;
	uint16_t right_size = (uint16_t)floor->address.size;

	TRAP_UNLESS(!c->put || floor->address.size <= UINT16_MAX);
	cursor_u16(c, &left_size);
	if (left_size == 0)
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
	cursor_bytes(c, &left, left_size);
	if (!c->put && c->status == BECKET_S_OK)
		floor->protocol = left.data[0];
	cursor_u16(c, &right_size);
	cursor_bytes(c, &floor->address, right_size);
}

/* Both ways; c must be little-endian. */
static void
layout(struct cursor *c, struct tower *tower)
{
	uint16_t count = (uint16_t)(TOWER_UPPER + tower->floor_count);

	TRAP_UNLESS(!c->big_endian);
	TRAP_UNLESS(!c->put || tower->floor_count <= TOWER_LOWER);
	cursor_u16(c, &count);
	if (count < TOWER_UPPER + LOWEST_COUNT ||
	    count > TOWER_UPPER + TOWER_LOWER) {
		cursor_fail(c, BECKET_X_BAD_STUB_DATA);
		count = TOWER_UPPER;
	}
	upper_layout(c, &tower->interface);
	upper_layout(c, &tower->transfer);
	tower->floor_count = (uint8_t)(count - TOWER_UPPER);
	for (uint8_t i = 0; i < tower->floor_count; i++)
		lower_layout(c, &tower->floors[i]);
}

becket_status
tower_decode(struct becket_bytes bytes, struct tower *ret_tower)
{
	struct tower tower = { 0 };
	struct cursor c;

	if (bytes.size > TOWER_SIZE_MAX)
		return BECKET_S_LIMIT_EXCEEDED;
	c = cursor_get(bytes.data, bytes.size, false);
	layout(&c, &tower);
	if (c.status == BECKET_S_OK)
		*ret_tower = tower;
	return c.status;
}

becket_status
tower_encode(const struct tower *tower, uint8_t ret_bytes[TOWER_SIZE_MAX],
    size_t *ret_size)
{
	struct cursor c = cursor_put(ret_bytes, TOWER_SIZE_MAX);
	struct tower copy = *tower;

	layout(&c, &copy);
	if (c.status == BECKET_S_OK)
		*ret_size = c.at;
	return c.status;
}

/* ---------------------------------------------------- numbers and text -- */

/* A decimal number up to max from *text on, which it moves behind it. */
static bool
take_number(const char **text, uint32_t max, uint32_t *ret_number)
{
	uint32_t number = 0;
	const char *at = *text;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = 10 * number + (uint32_t)(*at - '0');
		if (number > max)
			return false;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret_number = number;
	return true;
}

static bool
parse_ip(const char *text, uint8_t ret_ip[4])
{
	uint8_t ip[4];

	for (int i = 0; i < 4; i++) {
		uint32_t part;

		if (i > 0 && *text++ != '.')
			return false;
		if (!take_number(&text, 255, &part))
			return false;
		ip[i] = (uint8_t)part;
	}
	if (*text != '\0')
		return false;
	memcpy(ret_ip, ip, sizeof ip);
	return true;
}

static char *
put_number(char *text, uint32_t number)
{
	char digits[10];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		*text++ = digits[--count];
	*text = '\0';
	return text;
}

/* -------------------------------------------------------------- build -- */

static void
add(struct tower *tower, uint8_t protocol, const void *address, size_t size)
{
	tower->floors[tower->floor_count++] =
	    (struct tower_floor){ protocol, { address, size } };
}

static becket_status
build_tcp(struct tower *tower, const char *address, const char *endpoint,
    struct tower_room *room)
{
	uint32_t port = 0;

	if (*endpoint != '\0' &&
	    (!take_number(&endpoint, UINT16_MAX, &port) || *endpoint != '\0'))
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	room->port[0] = (uint8_t)(port >> 8);
	room->port[1] = (uint8_t)port;
	(void)parse_ip(address, room->ip);
	add(tower, TOWER_NCACN, room->minor, sizeof room->minor);
	add(tower, TOWER_TCP, room->port, sizeof room->port);
	add(tower, TOWER_IP, room->ip, sizeof room->ip);
	return BECKET_S_OK;
}

static becket_status
build_local(struct tower *tower, const char *endpoint, struct tower_room *room)
{
	size_t size = strlen(endpoint) + 1;

	if (size > sizeof room->name)
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	memcpy(room->name, endpoint, size);
	add(tower, TOWER_NCALRPC, room->minor, sizeof room->minor);
	add(tower, TOWER_LOCAL, room->name, size);
	return BECKET_S_OK;
}

becket_status
tower_build(struct tower *tower, const char *protseq, const char *address,
    const char *endpoint, struct tower_room *room)
{
	*room = (struct tower_room){ 0 };
	tower->floor_count = 0;
	if (strcmp(protseq, "ncacn_ip_tcp") == 0)
		return build_tcp(tower, address, endpoint, room);
	if (strcmp(protseq, "ncalrpc") == 0)
		return build_local(tower, endpoint, room);
	return BECKET_S_PROTSEQ_NOT_SUPPORTED;
}

/* --------------------------------------------------------------- read -- */

enum address_kind { ADDRESS_TEXT, ADDRESS_PORT, ADDRESS_IP };

/* The protocols of floors 3 to 5, and how the last two are written. */
/* clang-format off */
static const struct row {
	const char *protseq;
	uint8_t protocols[3]; /* the last may be 0: no such floor */
	enum address_kind endpoint, host;
} rows[] = {
	{ "ncacn_ip_tcp", { TOWER_NCACN, TOWER_TCP, TOWER_IP },
	    ADDRESS_PORT, ADDRESS_IP },
	{ "ncalrpc", { TOWER_NCALRPC, TOWER_LOCAL, 0 },
	    ADDRESS_TEXT, ADDRESS_TEXT },
	{ "ncadg_ip_udp", { TOWER_NCADG, TOWER_UDP, TOWER_IP },
	    ADDRESS_PORT, ADDRESS_IP },
	{ "ncacn_np", { TOWER_NCACN, TOWER_PIPE, TOWER_NETBIOS },
	    ADDRESS_TEXT, ADDRESS_TEXT },
	{ "ncacn_http", { TOWER_NCACN, TOWER_HTTP, TOWER_IP },
	    ADDRESS_PORT, ADDRESS_IP },
	{ "ncacn_unix_stream", { TOWER_NCACN, TOWER_UNIX, 0 },
	    ADDRESS_TEXT, ADDRESS_TEXT },
};
/* clang-format on */

static const struct row *
find_row(const struct tower *tower)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		uint8_t count = row->protocols[2] == 0 ? 2 : 3;
		uint8_t equal = 0;

		while (equal < count && equal < tower->floor_count &&
		       tower->floors[equal].protocol == row->protocols[equal])
			equal++;
		if (equal == count && tower->floor_count == count)
			return row;
	}
	return NULL;
}

const char *
tower_protseq(const struct tower *tower)
{
	const struct row *row = find_row(tower);

	return row == NULL ? NULL : row->protseq;
}

static void
get_text(struct becket_bytes address, char *ret_text)
{
	size_t size = address.size;

	if (size > 0 && address.data[size - 1] == '\0')
		size--;
	if (size == 0 || size >= TOWER_TEXT_SIZE ||
	    memchr(address.data, 0, size) != NULL)
		return;
	memcpy(ret_text, address.data, size);
	ret_text[size] = '\0';
}

static void
get_port(struct becket_bytes address, char *ret_text)
{
	if (address.size != 2 || (address.data[0] | address.data[1]) == 0)
		return;
	put_number(ret_text, (uint32_t)address.data[0] << 8 | address.data[1]);
}

static void
get_ip(struct becket_bytes address, char *ret_text)
{
	static const uint8_t anywhere[4];

	if (address.size != 4 || memcmp(address.data, anywhere, 4) == 0)
		return;
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*ret_text++ = '.';
		ret_text = put_number(ret_text, address.data[i]);
	}
}

static void
get_address(enum address_kind kind, struct becket_bytes address, char *ret_text)
{
	switch (kind) {
	case ADDRESS_TEXT:
		get_text(address, ret_text);
		break;
	case ADDRESS_PORT:
		get_port(address, ret_text);
		break;
	case ADDRESS_IP:
		get_ip(address, ret_text);
		break;
	}
}

void
tower_endpoint(const struct tower *tower, char ret_text[TOWER_TEXT_SIZE])
{
	const struct row *row = find_row(tower);

	*ret_text = '\0';
	if (row != NULL)
		get_address(row->endpoint, tower->floors[1].address, ret_text);
}

void
tower_host(const struct tower *tower, char ret_text[TOWER_TEXT_SIZE])
{
	const struct row *row = find_row(tower);

	*ret_text = '\0';
	if (row != NULL && row->protocols[2] != 0)
		get_address(row->host, tower->floors[2].address, ret_text);
}

bool
tower_same_protocols(const struct tower *a, const struct tower *b)
{
	if (a->floor_count != b->floor_count)
		return false;
	for (uint8_t i = 0; i < a->floor_count; i++)
		if (a->floors[i].protocol != b->floors[i].protocol)
			return false;
	return true;
}
