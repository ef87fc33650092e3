/* SPDX-License-Identifier: MIT */
#include "io/client_hold.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
	invoke_fini(&hold->invoke);
	client_conn_free(hold->conn);
	memory_free(&hold->runtime->memory, hold, sizeof *hold);
}

/* ----------------------------------------------------------------- begin -- */

static becket_status
open_conn(struct client_hold *hold,
    const struct client_association *association, uint64_t deadline,
    char why[CONNECT_WHY_SIZE])
{
	const struct connect_target target = {
		.protseq = association->protseq,
		.host = association->host,
		.endpoint = association->endpoint,
	};
	int fd;
	becket_status status =
	    connect_to(hold->runtime, &target, deadline, &fd, why);

	return status != BECKET_S_OK ? status
	                             : client_conn_new(hold->runtime, &target,
	                                   fd, 0, &hold->conn);
}

/* true: there is more to send. */
static bool
pump(struct client_hold *hold, bool is_readable)
{
	bool is_blocked = client_conn_pump(hold->conn, is_readable,
	    client_conn_give_to_invoke, &hold->invoke);

	if (hold->conn->is_lost && !hold->invoke.is_over)
		invoke_lost(&hold->invoke, "the connection was lost");
	return is_blocked;
}

/* true: there is something to read. */
static bool
wait_for(const struct client_hold *hold, short events, uint64_t until)
{
	struct pollfd poll_fd = { .fd = hold->conn->fd, .events = events };

	return poll(&poll_fd, 1, clock_poll_timeout(clock_now(), until)) > 0 &&
	       (poll_fd.revents & ~POLLOUT) != 0;
}

/* The call may take as long as it likes, but its beginning may not. */
static becket_status
await_answer(struct client_hold *hold, uint64_t deadline)
{
	const struct becket_bytes request = { 0 };
	struct invoke *invoke = &hold->invoke;
	bool is_readable = false;
	becket_status status =
	    invoke_begin(invoke, hold->conn->session, &request, clock_now());

	if (status != BECKET_S_OK)
		return status;
	for (;;) {
		bool is_blocked = pump(hold, is_readable);

		if (invoke->is_over || invoke->messages > 0)
			break;
		if (clock_now() >= deadline)
			return BECKET_S_CALL_CANCELLED;
		is_readable = wait_for(hold,
		    is_blocked ? POLLIN | POLLOUT : POLLIN, deadline);
	}
	if (invoke->messages > 0)
		return BECKET_S_OK;
	return invoke->end.status == BECKET_S_OK ? BECKET_S_PROTOCOL_ERROR
	                                         : invoke->end.status;
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

static becket_status
begin(struct client_hold *hold, const struct client_association *association,
    uint64_t deadline, char why[CONNECT_WHY_SIZE])
{
	becket_status status = open_conn(hold, association, deadline, why);

	if (status != BECKET_S_OK)
		return status;
	status = await_answer(hold, deadline);
	if (status == BECKET_S_OK)
		status = read_id(hold);
	if (status != BECKET_S_OK)
		say_why(hold, status, why);
	return status;
}

static becket_status
hold_new(const struct client_association *association, uint64_t deadline,
    struct client_hold **ret_hold, char why[CONNECT_WHY_SIZE])
{
	struct becket_runtime *runtime = association->pool->runtime;
	struct client_hold *hold = memory_new(&runtime->memory, sizeof *hold);
	becket_status status;

	if (hold == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	hold->runtime = runtime;
	hold->invoke.interface = &session_interface;
	hold->invoke.memory = &runtime->memory;
	hold->invoke.limits = &runtime->limits;
	status = begin(hold, association, deadline, why);
	if (status == BECKET_S_OK)
		*ret_hold = hold;
	else
		client_hold_free(hold);
	return status;
}

/* ----------------------------------------------------------------- enter -- */

static bool
is_alive(struct client_hold *hold)
{
	(void)pump(hold, wait_for(hold, POLLIN, 1));
	return !hold->invoke.is_over && !hold->conn->is_dead;
}

/* Who comes while another is at it, and may be connecting, waits for him. */
static bool
claim(struct client_association *association, uint64_t deadline)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / 1000000000),
		.tv_nsec = (long)(deadline % 1000000000),
	};
	int error = 0;

	pool_lock(association->pool);
	association->waiting++;
	while (association->is_hold_claimed && error == 0)
		error = pthread_cond_timedwait(&association->changed,
		    &association->pool->lock, &until);
	association->waiting--;
	if (error == 0)
		association->is_hold_claimed = true;
	pool_unlock(association->pool);
	return error == 0;
}

static void
unclaim(struct client_association *association)
{
	pool_lock(association->pool);
	association->is_hold_claimed = false;
	client_association_changed(association);
	pool_unlock(association->pool);
}

static becket_status
see_to_it(const struct client_hold_wish *wish, char why[CONNECT_WHY_SIZE])
{
	struct client_association *association = wish->association;
	struct client_hold *hold = association->hold;
	becket_status status;

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
	status = hold_new(association, wish->deadline, &hold, why);
	if (status != BECKET_S_OK)
		return status;
	hold->number = ++association->holds;
	association->hold = hold;
	return BECKET_S_OK;
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

becket_status
client_hold_enter(const struct client_hold_wish *wish, uint32_t *ret_number,
    struct buffer *ret_metadata, char ret_why[CONNECT_WHY_SIZE])
{
	struct client_association *association = wish->association;
	struct becket_bytes other;
	becket_status status;

	*ret_why = '\0';
	if (metadata_find(wish->metadata, HOLD_METADATA, &other)) {
		snprintf(ret_why, CONNECT_WHY_SIZE,
		    "the stub holds a session itself, and metadata name one");
		return BECKET_S_INVALID_ARG;
	}
	if (!claim(association, wish->deadline))
		return BECKET_S_CALL_CANCELLED;
	status = see_to_it(wish, ret_why);
	if (status == BECKET_S_OK)
		status = say(association->hold, wish->metadata, ret_metadata);
	if (status == BECKET_S_OK)
		*ret_number = association->hold->number;
	unclaim(association);
	return status;
}
