/* SPDX-License-Identifier: MIT */
#include "io/client_hold.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/allocate.h"
#include "io/client_conn.h"
#include "io/clock.h"
#include "io/connect.h"
#include "stub/hold.h"
#include "stub/metadata.h"
#include "wire/cursor.h"
#include "wire/protobuf.h"

/* idl/becket/session.proto, without generated code. To the session of gRPC the
 * call is one that is never answered to its end.
 */
#define RAW \
	{ \
		&becket_codec_bytes, NULL, sizeof(struct becket_bytes) \
	}

static const struct becket_operation operations[] = {
	{ .name = "Hold", .request = RAW, .response = RAW },
};

static const struct becket_interface session_interface = {
	.abi = BECKET_ABI,
	.name = "becket.v1.Session",
	.major = 1,
	.operation_count = 1,
	.operations = operations,
};

enum { ID = 1 }; /* of HoldResponse: string */

struct client_hold {
	struct becket_runtime *runtime;
	uint64_t deadline; /* of its beginning */
	bool is_connecting;
	bool is_blocked; /* there is more to send */
	struct connector connector;
	struct client_conn *conn;
	struct invoke invoke;
	uint32_t number;
	char id[HOLD_TEXT_SIZE];
};

void
client_hold_free(struct client_hold *hold)
{
	if (hold == NULL)
		return;
	if (hold->is_connecting)
		connector_fini(&hold->connector);
	invoke_fini(&hold->invoke);
	client_conn_free(hold->conn);
	memory_free(&hold->runtime->memory, hold, sizeof *hold);
}

/* ----------------------------------------------------------------- begin -- */

static struct client_hold *
hold_new(const struct client_association *association, uint64_t deadline)
{
	struct becket_runtime *runtime = association->pool->runtime;
	const struct connect_target target =
	    client_association_target(association);
	struct client_hold *hold = memory_new(&runtime->memory, sizeof *hold);

	if (hold == NULL)
		return NULL;
	hold->runtime = runtime;
	hold->deadline = deadline;
	hold->invoke.interface = &session_interface;
	hold->invoke.memory = &runtime->memory;
	hold->invoke.limits = &runtime->limits;
	hold->invoke.is_unattended = true;
	hold->is_connecting = true;
	connector_start(&hold->connector, runtime, &target, deadline);
	return hold;
}

static becket_status
begin_call(struct client_hold *hold, int fd)
{
	const struct becket_bytes request = { 0 };
	becket_status status;

	if (!connect_make_blocking(fd)) {
		close(fd);
		return BECKET_S_OUT_OF_RESOURCES;
	}
	status = client_conn_new(hold->runtime, &hold->connector.target, fd, 0,
	    &hold->conn);
	if (status != BECKET_S_OK)
		return status;
	return invoke_begin(&hold->invoke, hold->conn->session, &request,
	    clock_now());
}

static becket_status
connect_on(struct client_hold *hold, char why[CONNECT_WHY_SIZE])
{
	int fd;
	becket_status status = connector_step(&hold->connector, &fd);

	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return status;
	hold->is_connecting = false;
	memcpy(why, hold->connector.why, CONNECT_WHY_SIZE);
	if (status == BECKET_S_OK)
		status = begin_call(hold, fd);
	connector_fini(&hold->connector);
	return status;
}

static void
pump(struct client_hold *hold)
{
	struct client_conn *conn = hold->conn;
	struct pollfd poll_fd = { .fd = conn->fd, .events = POLLIN };
	bool is_readable = poll(&poll_fd, 1, 0) > 0;

	hold->is_blocked = client_conn_pump(conn, is_readable,
	    client_conn_give_to_invoke, &hold->invoke);
	if (conn->is_lost && !hold->invoke.is_over)
		invoke_lost(&hold->invoke, "the connection was lost");
}

static becket_status
read_id(struct client_hold *hold)
{
	struct becket_bytes bytes = buffer_bytes(&hold->invoke.response);
	struct cursor c = cursor_get(bytes.data, bytes.size, false);
	struct protobuf_field field;

	while (protobuf_next(&c, &field)) {
		if (field.number != ID || field.wire_type != PROTOBUF_SIZED ||
		    field.bytes.size != sizeof hold->id)
			continue;
		memcpy(hold->id, field.bytes.data, sizeof hold->id);
		return BECKET_S_OK;
	}
	return BECKET_X_BAD_STUB_DATA;
}

static void
say_why(const struct client_hold *hold, becket_status status,
    char why[CONNECT_WHY_SIZE])
{
	struct becket_bytes detail = invoke_detail(&hold->invoke);

	snprintf(why, CONNECT_WHY_SIZE, "%s/%s: %.*s", session_interface.name,
	    operations[0].name,
	    detail.size > 0 ? (int)detail.size : (int)CONNECT_WHY_SIZE,
	    detail.size > 0 ? (const char *)detail.data
	                    : becket_status_text(status));
}

/* The call may take as long as it likes, but its beginning may not. */
static becket_status
await_answer(struct client_hold *hold)
{
	struct invoke *invoke = &hold->invoke;

	pump(hold);
	if (invoke->messages > 0)
		return read_id(hold);
	if (invoke->is_over)
		return invoke->end.status == BECKET_S_OK
		           ? BECKET_S_PROTOCOL_ERROR
		           : invoke->end.status;
	return clock_now() >= hold->deadline ? BECKET_S_CALL_CANCELLED
	                                     : BECKET_S_ASYNC_CALL_PENDING;
}

/* S_ASYNC_CALL_PENDING: not yet; see client_hold_fd() and so on. */
static becket_status
step(struct client_hold *hold, char why[CONNECT_WHY_SIZE])
{
	becket_status status = BECKET_S_OK;

	if (hold->is_connecting)
		status = connect_on(hold, why);
	if (status != BECKET_S_OK)
		return status;
	status = await_answer(hold);
	if (status != BECKET_S_OK && status != BECKET_S_ASYNC_CALL_PENDING)
		say_why(hold, status, why);
	return status;
}

int
client_hold_fd(const struct client_hold *hold)
{
	return hold->is_connecting ? connector_fd(&hold->connector)
	                           : hold->conn->fd;
}

short
client_hold_events(const struct client_hold *hold)
{
	if (hold->is_connecting)
		return connector_events(&hold->connector);
	return hold->is_blocked ? POLLIN | POLLOUT : POLLIN;
}

uint64_t
client_hold_until(const struct client_hold *hold)
{
	return hold->is_connecting ? connector_until(&hold->connector)
	                           : hold->deadline;
}

/* ----------------------------------------------------------------- enter -- */

static bool
is_alive(struct client_hold *hold)
{
	pump(hold);
	return !hold->invoke.is_over && !hold->conn->is_dead;
}

/* The one that there is, or S_ASYNC_CALL_PENDING, and another begins. */
static becket_status
look(const struct client_hold_wish *wish, struct client_hold **ret_opening,
    char why[CONNECT_WHY_SIZE])
{
	struct client_association *association = wish->association;
	struct client_hold *hold = association->hold;

	if (hold != NULL && !is_alive(hold)) {
		client_hold_free(hold);
		hold = association->hold = NULL;
	}
	if (wish->number != 0 &&
	    (hold == NULL || hold->number != wish->number)) {
		snprintf(why, CONNECT_WHY_SIZE,
		    "the session it belongs to has ended");
		return BECKET_X_SS_CONTEXT_MISMATCH;
	}
	if (hold != NULL)
		return BECKET_S_OK;
	*ret_opening = hold_new(association, wish->deadline);
	return *ret_opening == NULL ? BECKET_S_OUT_OF_MEMORY
	                            : BECKET_S_ASYNC_CALL_PENDING;
}

/* By the claimant. */
static becket_status
see_to_it(const struct client_hold_wish *wish, struct client_hold **opening,
    char why[CONNECT_WHY_SIZE])
{
	struct client_association *association = wish->association;
	becket_status status = BECKET_S_ASYNC_CALL_PENDING;

	if (*opening == NULL)
		status = look(wish, opening, why);
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	status = step(*opening, why);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return status;
	if (status == BECKET_S_OK) {
		(*opening)->number = ++association->holds;
		association->hold = *opening;
	} else {
		client_hold_free(*opening);
	}
	*opening = NULL;
	return status;
}

static becket_status
say(const struct client_hold *hold, struct becket_bytes metadata,
    struct buffer *ret_metadata)
{
	const struct becket_memory *memory = &hold->runtime->memory;
	const struct becket_metadata_entry entry = {
		.name = HOLD_METADATA,
		.value = { (const uint8_t *)hold->id, sizeof hold->id },
	};
	struct buffer all = buffer_empty(memory);
	becket_status status = BECKET_S_OUT_OF_MEMORY;

	if (buffer_append(&all, metadata.data, metadata.size))
		status = metadata_append_own(&all, (struct becket_bytes){ 0 },
		    &hold->runtime->limits, &entry);
	if (status == BECKET_S_OK)
		*ret_metadata = all;
	else
		buffer_fini(&all);
	return status;
}

static bool
names_another(const struct client_hold_wish *wish, char why[CONNECT_WHY_SIZE])
{
	struct becket_bytes other;

	*why = '\0';
	if (!metadata_find(wish->metadata, HOLD_METADATA, &other))
		return false;
	snprintf(why, CONNECT_WHY_SIZE,
	    "the stub holds a session itself, and metadata name one");
	return true;
}

/* By the claimant, who is it no longer. */
static becket_status
enter(const struct client_hold_wish *wish, becket_status status,
    uint32_t *ret_number, struct buffer *ret_metadata)
{
	const struct client_hold *hold = wish->association->hold;

	if (status == BECKET_S_OK)
		status = say(hold, wish->metadata, ret_metadata);
	if (status == BECKET_S_OK)
		*ret_number = hold->number;
	client_hold_unclaim(wish->association);
	return status;
}

static void
wait_for(const struct client_hold *hold)
{
	struct pollfd poll_fd = {
		.fd = client_hold_fd(hold),
		.events = client_hold_events(hold),
	};

	(void)poll(&poll_fd, 1,
	    clock_poll_timeout(clock_now(), client_hold_until(hold)));
}

becket_status
client_hold_enter(const struct client_hold_wish *wish, uint32_t *ret_number,
    struct buffer *ret_metadata, char ret_why[CONNECT_WHY_SIZE])
{
	struct client_hold *opening = NULL;
	becket_status status;

	if (names_another(wish, ret_why))
		return BECKET_S_INVALID_ARG;
	if (!client_hold_claim(wish->association, wish->deadline))
		return BECKET_S_CALL_CANCELLED;
	while ((status = see_to_it(wish, &opening, ret_why)) ==
	       BECKET_S_ASYNC_CALL_PENDING)
		wait_for(opening);
	return enter(wish, status, ret_number, ret_metadata);
}

becket_status
client_hold_try(const struct client_hold_wish *wish,
    struct client_hold **opening, uint32_t *ret_number,
    struct buffer *ret_metadata, char ret_why[CONNECT_WHY_SIZE])
{
	becket_status status;

	if (names_another(wish, ret_why))
		return BECKET_S_INVALID_ARG;
	if (*opening == NULL && !client_hold_claim_now(wish->association))
		return BECKET_S_ASYNC_CALL_PENDING;
	status = see_to_it(wish, opening, ret_why);
	return status == BECKET_S_ASYNC_CALL_PENDING
	           ? status
	           : enter(wish, status, ret_number, ret_metadata);
}

void
client_hold_give_up(struct client_association *association,
    struct client_hold *opening)
{
	if (opening == NULL)
		return;
	client_hold_free(opening);
	client_hold_unclaim(association);
}
