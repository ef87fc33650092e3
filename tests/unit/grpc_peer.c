/* SPDX-License-Identifier: MIT */
#include "grpc_peer.h"

#include "grpc/door.h"
#include "unit.h"

struct peer peer;

static becket_status
find(const struct door_names *names, struct becket_bytes interface,
    struct becket_bytes operation, struct registered **ret_registered,
    uint16_t *ret_opnum)
{
	(void)names;
	(void)interface;
	(void)operation;
	*ret_registered = &peer.interface;
	*ret_opnum = 1;
	return BECKET_S_OK;
}

static void
prepare(void)
{
	const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

	memset(&peer, 0, sizeof peer);
	peer.names.find = find;
	peer.limits = limits;
	peer.limits.stream_window = 65536;
	peer.test = test_memory(TEST_MEMORY_NEVER);
	peer.now = SECOND;
}

void
peer_finish(void)
{
	peer.session->ops->free(peer.session);
	test_memory_end(&peer.test);
}

/* ----------------------------------------------------------------- frames --
 */

void
peer_feed(const void *data, size_t size)
{
	const uint8_t *at = data;
	struct session_vec vec;

	while (size > 0 && peer.session->ops->recv_vec(peer.session, &vec, 1)) {
		size_t step = size < vec.size ? size : vec.size;

		memcpy(vec.data, at, step);
		peer.session->ops->received(peer.session, step, peer.now);
		at += step;
		size -= step;
	}
}

void
peer_put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

uint32_t
peer_get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

void
peer_send(uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
    size_t size)
{
	uint8_t head[HEAD];

	peer_put_u32(head, (uint32_t)size << 8);
	head[3] = type;
	head[4] = flags;
	peer_put_u32(head + 5, stream);
	peer_feed(head, sizeof head);
	peer_feed(payload, size);
}

void
peer_send_setting(uint16_t id, uint32_t value)
{
	uint8_t entry[6] = { (uint8_t)(id >> 8), (uint8_t)id };

	peer_put_u32(entry + 2, value);
	peer_send(NGHTTP2_SETTINGS, 0, 0, entry, sizeof entry);
}

/* All literal, never indexed. */
size_t
peer_put_field(uint8_t *at, const char *name, const char *value)
{
	size_t name_size = strlen(name), value_size = strlen(value);

	at[0] = 0;
	at[1] = (uint8_t)name_size;
	memcpy(at + 2, name, name_size);
	at[2 + name_size] = (uint8_t)value_size;
	memcpy(at + 3 + name_size, value, value_size);
	return 3 + name_size + value_size;
}

void
peer_send_fields(uint32_t stream, uint8_t flags, const char *const *fields,
    const char *const *more)
{
	uint8_t block[1000];
	size_t size = 0;

	for (; *fields != NULL; fields += 2)
		size += peer_put_field(block + size, fields[0], fields[1]);
	for (; more != NULL && *more != NULL; more += 2)
		size += peer_put_field(block + size, more[0], more[1]);
	peer_send(NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, stream,
	    block, size);
}

/* All that it wants to send now. */
void
peer_gather(void)
{
	struct session_vec vec;

	while (peer.session->ops->send_vec(peer.session, &vec, 1) != 0) {
		assert_true(peer.size + vec.size <= sizeof peer.in);
		memcpy(peer.in + peer.size, vec.data, vec.size);
		peer.size += vec.size;
		peer.session->ops->sent(peer.session, vec.size);
	}
}

/* END_STREAM is the same bit. */
static bool
is_ack(const uint8_t *frame)
{
	return (frame[3] == NGHTTP2_SETTINGS || frame[3] == NGHTTP2_PING) &&
	       (frame[4] & NGHTTP2_FLAG_ACK) != 0;
}

/* The next frame of a type that it has sent; NULL: there is none. */
const uint8_t *
peer_find(uint8_t type)
{
	peer_gather();
	while (peer.at + HEAD <= peer.size) {
		const uint8_t *frame = peer.in + peer.at;

		peer.at += HEAD + (peer_get_u32(frame) >> 8);
		if (frame[3] == type && !is_ack(frame))
			return frame;
	}
	return NULL;
}

uint32_t
peer_stream_of(const uint8_t *frame)
{
	assert_non_null(frame);
	return peer_get_u32(frame + 5);
}

void
peer_expect_reset(uint32_t stream, uint32_t error)
{
	const uint8_t *frame = peer_find(NGHTTP2_RST_STREAM);

	assert_int_equal(peer_stream_of(frame), stream);
	assert_int_equal(peer_get_u32(frame + HEAD), error);
}

void
peer_expect_goaway(uint32_t error)
{
	const uint8_t *frame = peer_find(NGHTTP2_GOAWAY);

	assert_non_null(frame);
	assert_int_equal(peer_get_u32(frame + HEAD + 4), error);
}

/* Of the first block that the session has sent. */
void
peer_expect_field(const uint8_t *frame, const char *name, const char *value)
{
	nghttp2_hd_inflater *inflater;
	const uint8_t *at = frame + HEAD;
	size_t left = peer_get_u32(frame) >> 8;
	nghttp2_nv field;
	bool is_there = false;
	int flags = 0;

	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
		ssize_t size = nghttp2_hd_inflate_hd2(inflater, &field, &flags,
		    at, left, 1);

		assert_true(size >= 0);
		at += size;
		left -= (size_t)size;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0)
			continue;
		if (strcmp((const char *)field.name, name) != 0)
			continue;
		assert_string_equal((const char *)field.value, value);
		is_there = true;
	}
	assert_int_equal(is_there, value != NULL);
	nghttp2_hd_inflate_del(inflater);
}

/* ----------------------------------------------------------------- events --
 */

static void
drop(struct buffer *buffer)
{
	if (buffer->memory != NULL)
		buffer_fini(buffer);
}

/* The next event is of this kind; what it has is gone. */
struct session_event
peer_told(enum session_event_kind kind)
{
	struct session_event event;

	assert_true(peer.session->ops->next(peer.session, &event));
	assert_int_equal(event.kind, kind);
	if (kind == SESSION_CALL)
		drop(&event.begun.metadata);
	if (kind == SESSION_MESSAGE)
		drop(&event.message);
	if (kind == SESSION_END && event.end.fault_data.memory != NULL) {
		drop(&event.end.fault_data);
		drop(&event.end.metadata);
	}
	return event;
}

void
peer_told_nothing(void)
{
	struct session_event event;

	assert_false(peer.session->ops->next(peer.session, &event));
}

void
peer_end_call(struct idmap_id id)
{
	struct call_end end = { .status = BECKET_S_OK };

	assert_int_equal(peer.session->ops->end(peer.session, id, &end),
	    BECKET_S_OK);
}

void
peer_tick_after(uint64_t seconds)
{
	peer.now += seconds * SECOND;
	peer.session->ops->tick(peer.session, peer.now);
}

void
peer_ping(void)
{
	peer_send(NGHTTP2_PING, 0, 0, "12345678", 8);
	peer_gather();
}

/* ---------------------------------------------------------------- servers --
 */

const char *const peer_request[] = { ":method", "POST", ":scheme", "http",
	":path", "/a.Echo/Echo", "te", "trailers", "content-type",
	"application/grpc", NULL };

/* To a peer that has said nothing about our SETTINGS. */
void
peer_greet(void)
{
	struct door_server_config config;

	prepare();
	config = (struct door_server_config){ test_memory_of(&peer.test),
		&peer.limits, &peer.names, peer.now };
	assert_int_equal(grpc_server_session_new(&config, &peer.session),
	    BECKET_S_OK);
	peer_feed(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	peer_send(NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	peer_gather();
}

void
peer_serve(void)
{
	peer_greet();
	peer_send(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

/* ---------------------------------------------------------------- clients --
 */

void
peer_connect(uint32_t ping_ms)
{
	struct door_client_config config;

	prepare();
	peer.limits.ping_ms = ping_ms;
	config = (struct door_client_config){ test_memory_of(&peer.test),
		&peer.limits, "host:1", peer.now };
	assert_int_equal(grpc_client_session_new(&config, &peer.session),
	    BECKET_S_OK);
	peer_gather();
	peer.at = NGHTTP2_CLIENT_MAGIC_LEN;
}

struct idmap_id
peer_begin(uint64_t deadline)
{
	const struct call_start start = { .interface_name = "a.Echo",
		.operation_name = "Echo",
		.deadline = deadline,
		.remaining_us =
		    deadline == 0 ? 0 : (deadline - peer.now) / 1000 };
	struct idmap_id id;

	assert_int_equal(peer.session->ops->begin(peer.session, &start, &id),
	    BECKET_S_OK);
	return id;
}

void
peer_call(uint64_t deadline)
{
	peer_end_call(peer_begin(deadline));
}

void
peer_answer_code(uint32_t stream, const char *code, const char *status)
{
	const char *const fields[] = { ":status", "200", "content-type",
		"application/grpc", "grpc-status", code,
		status == NULL ? NULL : "becket-status", status, NULL };

	peer_send_fields(stream, NGHTTP2_FLAG_END_STREAM, fields, NULL);
}

void
peer_answer(uint32_t stream)
{
	peer_answer_code(stream, "0", NULL);
}
