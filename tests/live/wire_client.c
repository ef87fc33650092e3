/* SPDX-License-Identifier: MIT */
#include "tests/live/wire_client.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/dce.h"
#include "io/clock.h"
#include "io/transfer.h"

enum { PATIENCE_MS = 30000, MUCH = 1 << 20 };

static void *
resize(void *user, void *block, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size == 0) {
		free(block);
		return NULL;
	}
	return realloc(block, new_size);
}

const struct becket_memory wire_memory = { .resize = resize };
static const struct becket_limits limits = BECKET_LIMITS_DEFAULT;

void
wire_open(struct wire_client *client, int fd,
    const struct becket_interface *interface, struct session *session)
{
	const struct dce_client_config config = {
		.memory = &wire_memory,
		.limits = &limits,
		.now = clock_now(),
	};

	*client = (struct wire_client){
		.fd = fd,
		.session = session,
		.interface = interface,
		.is_over = true,
	};
	if (session == NULL)
		assert_int_equal(dce_client_session_new(&config,
		                     &client->session),
		    BECKET_S_OK);
}

static void
forget_call(struct wire_client *client)
{
	if (client->in.memory == NULL)
		return;
	stream_in_fini(&client->in);
	if (client->end.fault_data.data != NULL)
		buffer_fini(&client->end.fault_data);
	if (client->end.metadata.data != NULL)
		buffer_fini(&client->end.metadata);
	client->in = (struct stream_in){ 0 };
	client->end = (struct session_end){ 0 };
}

void
wire_close(struct wire_client *client)
{
	forget_call(client);
	client->session->ops->free(client->session);
	if (client->fd >= 0)
		close(client->fd);
}

void
wire_reset(struct wire_client *client)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(client->fd);
	client->fd = -1;
}

static void
consume(struct wire_client *client, size_t size)
{
	const struct session_ops *ops = client->session->ops;

	if (client->is_lazy)
		client->lazy += size;
	else if (size > 0 && ops->consumed != NULL)
		ops->consumed(client->session, client->call, size);
}

static void
take_message(struct wire_client *client, struct session_event *event)
{
	struct buffer message;
	size_t consumed;

	if (client->is_over) {
		buffer_fini(&event->message);
		return;
	}
	assert_int_equal(stream_in_feed(&client->in, &event->message),
	    BECKET_S_OK);
	if (stream_in_is_ready(&client->in))
		return;
	(void)!stream_in_next(&client->in, &message, &consumed);
	consume(client, consumed);
}

static void
take_end(struct wire_client *client, const struct session_end *end)
{
	client->end = *end;
	client->is_over = true;
	if (end->status == BECKET_S_OK)
		assert_int_equal(stream_in_end(&client->in), BECKET_S_OK);
}

static bool
take_events(struct wire_client *client)
{
	struct session_event event;
	bool any = false;

	while (client->session->ops->next(client->session, &event)) {
		any = true;
		if (event.kind == SESSION_MESSAGE) {
			take_message(client, &event);
		} else if (event.kind == SESSION_END) {
			take_end(client, &event.end);
		} else if (event.kind == SESSION_HEAD) {
			if (event.metadata.data != NULL)
				buffer_fini(&event.metadata);
		} else if (event.kind == SESSION_WRITABLE) {
			client->unsent = 0;
		} else if (event.kind == SESSION_CLOSED) {
			client->is_closed = true;
			if (!client->is_over) {
				client->is_over = true;
				client->end.status = BECKET_S_CALL_FAILED;
			}
		}
	}
	return any;
}

static bool
move(struct wire_client *client)
{
	enum transfer sent, received;
	bool any = take_events(client);

	sent = transfer_send(client->session, client->fd, MSG_DONTWAIT);
	received = transfer_receive(client->session, client->fd, MSG_DONTWAIT);
	if (received == TRANSFER_EOF)
		client->session->ops->eof(client->session);
	if (received == TRANSFER_LOST || sent == TRANSFER_LOST)
		client->session->ops->lost(client->session);
	return take_events(client) || any || sent == TRANSFER_MOVED ||
	       received == TRANSFER_MOVED;
}

static bool
look(struct wire_client *client)
{
	bool any = false;

	while (!client->is_closed && move(client))
		any = true;
	return any;
}

void
wire_look(struct wire_client *client)
{
	(void)look(client);
}

/* Until something comes, or there is room for what is to go. */
static void
wait_a_bit(struct wire_client *client)
{
	struct pollfd poller = { .fd = client->fd, .events = POLLIN };
	struct session_vec vec;

	if (look(client))
		return;
	if (client->session->ops->send_vec(client->session, &vec, 1) > 0)
		poller.events |= POLLOUT;
	assert_true(poll(&poller, 1, PATIENCE_MS) > 0);
	(void)look(client);
}

void
wire_begin(struct wire_client *client, uint16_t opnum, uint32_t deadline_ms)
{
	const struct becket_interface *interface = client->interface;
	const struct session_ops *ops = client->session->ops;
	const struct call_start start = {
		.interface = { interface->uuid, interface->major,
		    interface->minor },
		.syntax = ops->is_plain ? SYNTAX_PROTOBUF : SYNTAX_BECKET,
		.opnum = opnum,
		.interface_name = interface->name,
		.operation_name = interface->operations[opnum].name,
		.remaining_us = deadline_ms * 1000,
		.is_stream = true,
	};
	const struct frame frame = { .remaining_us = start.remaining_us };
	struct buffer head;

	forget_call(client);
	client->is_over = false;
	client->unsent = client->lazy = 0;
	client->in = (struct stream_in){
		.memory = &wire_memory,
		.limits = &limits,
		.limit = limits.response_size,
		.is_plain = ops->is_plain,
	};
	stream_in_init(&client->in);
	assert_int_equal(ops->begin(client->session, &start, &client->call),
	    BECKET_S_OK);
	assert_int_equal(stream_out_head(ops->is_plain, &frame, &wire_memory,
	                     &head),
	    BECKET_S_OK);
	if (head.size > 0)
		assert_int_equal(ops->put(client->session, client->call, &head),
		    BECKET_S_OK);
	wire_look(client);
}

static const struct becket_type bytes_type = {
	.codec = &becket_codec_bytes,
	.size = sizeof(struct becket_bytes),
};

void
wire_send(struct wire_client *client, const void *data, size_t size)
{
	const struct becket_bytes message = { data, size };
	const struct session_ops *ops = client->session->ops;
	struct buffer bytes;

	while (!client->is_over && client->unsent > MUCH)
		wait_a_bit(client);
	if (client->is_over)
		return;
	assert_int_equal(stream_out_message(ops->is_plain, &bytes_type,
	                     &message, &wire_memory, limits.request_size,
	                     &bytes),
	    BECKET_S_OK);
	client->unsent += bytes.size;
	(void)!ops->put(client->session, client->call, &bytes);
	wire_look(client);
}

void
wire_say(struct wire_client *client, const char *text)
{
	wire_send(client, text, strlen(text));
}

bool
wire_is_full(struct wire_client *client)
{
	wire_look(client);
	return client->unsent > MUCH;
}

void
wire_half_close(struct wire_client *client)
{
	struct call_end end = { .status = BECKET_S_OK };

	(void)!client->session->ops->end(client->session, client->call, &end);
	wire_look(client);
}

void
wire_cancel(struct wire_client *client)
{
	client->session->ops->cancel(client->session, client->call);
	wire_look(client);
}

becket_status
wire_receive(struct wire_client *client, struct buffer *ret_message)
{
	becket_status status;
	size_t consumed;

	while (!stream_in_is_ready(&client->in) && !client->is_over)
		wait_a_bit(client);
	status = stream_in_next(&client->in, ret_message, &consumed);
	if (!client->is_over)
		consume(client, consumed);
	if (status == BECKET_S_OK)
		return status;
	return client->end.status == BECKET_S_OK ? status : client->end.status;
}

void
wire_expect(struct wire_client *client, const char *text)
{
	struct buffer message;

	assert_int_equal(wire_receive(client, &message), BECKET_S_OK);
	assert_int_equal(message.size, strlen(text));
	if (message.size > 0)
		assert_memory_equal(message.data, text, message.size);
	buffer_fini(&message);
}

void
wire_expect_end(struct wire_client *client, becket_status status)
{
	struct buffer message;

	while (!client->is_over)
		wait_a_bit(client);
	assert_int_equal(wire_receive(client, &message),
	    status == BECKET_S_OK ? BECKET_X_PIPE_EMPTY : status);
}
