/* SPDX-License-Identifier: MIT */
/*
 * Both roles of Calculator on the engine alone: no heap, no sockets, no
 * generated code. Messages are packed by hand and go through the bytes codec.
 * This is what stays of Becket on a microcontroller; the wire here is memcpy.
 */
#include <string.h>
#include <unistd.h>

#include "base/trap.h"
#include "becket_stub.h"
#include "engine/dce.h"
#include "payload/codec.h"
#include "static_memory.h"
#include "wire/call_header.h"
#include "wire/protobuf.h"

enum { OP_DIVIDE, OP_ADD };

enum { STUB_MOST = 64 };

/* service Calculator of examples/calculator */
static const struct syntax_id calculator = {
	.uuid = { 0x5d9c1ea3, 0x9a4b, 0x4c0e,
	    { 0x9f, 0x38, 0xc2, 0xa7, 0x4a, 0xb2, 0xd1, 0xe6 } },
	.major = 1,
};

static const struct becket_type bytes_type = { .codec = &becket_codec_bytes };

static struct becket_limits limits = BECKET_LIMITS_DEFAULT;

static void
say(const char *text)
{
	(void)!write(1, text, strlen(text));
}

static void
say_number(int64_t value)
{
	char text[24];
	char *at = text + sizeof text;
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	*--at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--at = '-';
	say(at);
}

/* Two numbers, behind an empty call header. */
static struct buffer
pack(int64_t first, int64_t second)
{
	struct buffer stub = buffer_empty(&static_memory);
	struct call_header header = { 0 };
	uint8_t fields[2 * 11];
	struct cursor c = cursor_put(fields, sizeof fields);
	struct becket_bytes message;
	size_t size = call_header_measure(&header);

	protobuf_put_varint(&c, 1, (uint64_t)first);
	protobuf_put_varint(&c, 2, (uint64_t)second);
	message = (struct becket_bytes){ fields, c.at };
	TRAP_UNLESS(buffer_reserve(&stub, STUB_MOST));
	call_header_encode(&header, stub.data);
	bytes_type.codec->encode(&bytes_type, &message, stub.data + size);
	stub.size = size + bytes_type.codec->measure(&bytes_type, &message);
	return stub;
}

static becket_status
unpack(const struct buffer *stub, int64_t ret_numbers[2])
{
	struct arena arena = arena_empty(&static_memory, 1024);
	struct call_header header;
	struct protobuf_field field;
	struct cursor c;
	void *message = NULL;
	becket_status status =
	    call_header_decode(buffer_bytes(stub), &limits, &header);

	if (status == BECKET_S_OK)
		status = bytes_type.codec->decode(&bytes_type,
		    (struct becket_bytes){ stub->data + header.size,
		        stub->size - header.size },
		    &arena, &message);
	if (status != BECKET_S_OK)
		return status;
	c = cursor_get(((struct becket_bytes *)message)->data,
	    ((struct becket_bytes *)message)->size, false);
	ret_numbers[0] = ret_numbers[1] = 0;
	while (protobuf_next(&c, &field))
		if (field.number == 1 || field.number == 2)
			ret_numbers[field.number - 1] = (int64_t)field.value;
	arena_fini(&arena);
	return cursor_end(&c);
}

/* -------------------------------------------------------------- server -- */

static becket_status
run(uint16_t opnum, const int64_t in[2], int64_t out[2])
{
	out[0] = out[1] = 0;
	if (opnum > OP_ADD)
		return BECKET_S_PROCNUM_OUT_OF_RANGE;
	if (opnum == OP_DIVIDE && in[1] == 0)
		return BECKET_S_ZERO_DIVIDE;
	out[0] = opnum == OP_ADD ? in[0] + in[1] : in[0] / in[1];
	out[1] = opnum == OP_ADD ? 0 : in[0] % in[1];
	return BECKET_S_OK;
}

static void
serve(struct session *server, struct idmap_id call, uint16_t opnum,
    struct buffer *request)
{
	struct call_end end = { .status = BECKET_S_OK };
	int64_t in[2] = { 0 }, out[2] = { 0 };

	end.status = unpack(request, in);
	if (end.status == BECKET_S_OK)
		end.status = run(opnum, in, out);
	buffer_fini(request);
	if (end.status == BECKET_S_OK) {
		struct buffer response = pack(out[0], out[1]);

		end.status = server->ops->put(server, call, &response);
	}
	TRAP_UNLESS(server->ops->end(server, call, &end) == BECKET_S_OK);
}

static void
take_server_events(struct session *server)
{
	static uint16_t opnum;
	static struct buffer request;
	struct session_event event;

	while (server->ops->next(server, &event)) {
		if (event.kind == SESSION_CALL)
			opnum = event.begun.opnum;
		else if (event.kind == SESSION_MESSAGE)
			request = event.message;
		else if (event.kind == SESSION_END)
			serve(server, event.call, opnum, &request);
	}
}

/* -------------------------------------------------------------- client -- */

static unsigned ended;

static void
take_client_events(struct session *client)
{
	static int64_t numbers[2];
	struct session_event event;

	while (client->ops->next(client, &event)) {
		if (event.kind == SESSION_MESSAGE) {
			TRAP_UNLESS(
			    unpack(&event.message, numbers) == BECKET_S_OK);
			buffer_fini(&event.message);
		} else if (event.kind == SESSION_END) {
			ended++;
			buffer_fini(&event.end.fault_data);
			if (event.end.status != BECKET_S_OK) {
				say(becket_status_text(event.end.status));
				say("\n");
				continue;
			}
			say_number(numbers[0]);
			say(" ");
			say_number(numbers[1]);
			say("\n");
		}
	}
}

static void
call(struct session *client, uint16_t opnum, int64_t first, int64_t second)
{
	struct call_start start = { .interface = calculator, .opnum = opnum };
	struct buffer request = pack(first, second);
	struct call_end end = { .status = BECKET_S_OK };
	struct idmap_id id;

	TRAP_UNLESS(client->ops->begin(client, &start, &id) == BECKET_S_OK);
	TRAP_UNLESS(client->ops->put(client, id, &request) == BECKET_S_OK);
	TRAP_UNLESS(client->ops->end(client, id, &end) == BECKET_S_OK);
}

/* ---------------------------------------------------------------- wire -- */

static bool
move(struct session *from, struct session *to)
{
	struct session_vec out, in;

	if (from->ops->send_vec(from, &out, 1) == 0 ||
	    to->ops->recv_vec(to, &in, 1) == 0)
		return false;
	if (out.size > in.size)
		out.size = in.size;
	memcpy(in.data, out.data, out.size);
	from->ops->sent(from, out.size);
	to->ops->received(to, out.size, 1);
	return true;
}

static void
exchange(struct session *client, struct session *server)
{
	bool moved = true;

	while (moved) {
		moved = move(client, server);
		take_server_events(server);
		moved |= move(server, client);
		take_client_events(client);
	}
}

static void
run_both(struct registry *registry, struct associations *associations)
{
	struct dce_server_config at_server = { &static_memory, &limits,
		registry, associations, "uart0", 1, 1 };
	struct dce_client_config at_client = { &static_memory, &limits, 0, 1 };
	struct session *server, *client;

	TRAP_UNLESS(dce_server_session_new(&at_server, &server) == BECKET_S_OK);
	TRAP_UNLESS(dce_client_session_new(&at_client, &client) == BECKET_S_OK);
	call(client, OP_ADD, 40, 2);
	call(client, OP_DIVIDE, -17, 5);
	call(client, OP_DIVIDE, 1, 0);
	call(client, 9, 1, 1);
	exchange(client, server);
	TRAP_UNLESS(ended == 4);
	client->ops->free(client);
	server->ops->free(server);
}

int
main(void)
{
	struct registry registry = registry_empty(&static_memory, 1);
	struct associations associations =
	    associations_empty(&static_memory, 1);
	struct registered registered = { .interface = calculator,
		.syntaxes = 1u << SYNTAX_BECKET };

	limits.fragment_size = 1432;
	limits.calls_per_session = 4;
	limits.contexts_per_session = 2;
	TRAP_UNLESS(registry_add(&registry, &registered) == BECKET_S_OK);
	run_both(&registry, &associations);
	registry_remove(&registry, &registered);
	associations_fini(&associations);
	registry_fini(&registry);
	TRAP_UNLESS(static_memory_used() == 0);
	say("most memory in use: ");
	say_number((int64_t)static_memory_peak());
	say(" bytes\n");
	return 0;
}
