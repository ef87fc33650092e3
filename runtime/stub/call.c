/* SPDX-License-Identifier: MIT */
#include "stub/call.h"

#include <stdio.h>
#include <string.h>

#include "base/allocate.h"
#include "base/utf8.h"
#include "stub/server_stream.h"

void
becket_call_set_remaining(struct becket_call *call, uint64_t remaining_us)
{
	const uint64_t longest = (INT64_MAX - call->began) / 1000;

	call->deadline = 0;
	if (remaining_us != 0)
		call->deadline =
		    call->began +
		    1000 * (remaining_us < longest ? remaining_us : longest);
}

struct becket_call *
becket_call_new(struct call_host *host, struct peer *peer,
    const struct session_event *event, uint64_t now)
{
	struct becket_call *call = memory_new(host->memory, sizeof *call);

	if (call == NULL)
		return NULL;
	call->host = host;
	list_init(&call->node);
	list_init(&call->ticket.node);
	call->id = event->call;
	call->begun = event->begun;
	call->begun.interface = NULL; /* it may be gone by the next event */
	call->interface_id = event->begun.interface->id;
	call->peer = peer_hold(peer);
	call->request = buffer_empty(host->memory);
	call->arena = arena_empty(host->memory, host->limits->call_memory);
	call->reply.stub = buffer_empty(host->memory);
	call->answer = (struct call_answer){
		.initial = buffer_empty(host->memory),
		.trailing = buffer_empty(host->memory),
		.details = buffer_empty(host->memory),
	};
	call->began = now;
	becket_call_set_remaining(call, event->begun.remaining_us);
	atomic_init(&call->is_cancelled, false);
	atomic_init(&call->turns, 0);
	return call;
}

static void
free_buffer(struct buffer *buffer)
{
	if (buffer->data != NULL)
		buffer_fini(buffer);
}

/* The call that has its place now, or NULL. */
static struct becket_call *
leave_gate(struct becket_call *call)
{
	struct ticket *next =
	    call->type == NULL ? NULL
	                       : gate_leave(&call->type->gate, &call->ticket);

	return next == NULL ? NULL
	                    : container_of(next, struct becket_call, ticket);
}

static void
dispose(struct becket_call *call)
{
	struct call_host *host = call->host;

	contexts_finish(call, false);
	hold_end(call);
	server_stream_free(call->stream);
	buffer_fini(&call->request);
	buffer_fini(&call->reply.stub);
	free_buffer(&call->begun.metadata);
	free_buffer(&call->answer.initial);
	free_buffer(&call->answer.trailing);
	free_buffer(&call->answer.details);
	arena_fini(&call->arena);
	peer_release(call->peer);
	managers_release(host->managers, call->type);
	memory_free(host->memory, call, sizeof *call);
}

void
becket_call_free(struct becket_call *call)
{
	while (call != NULL) {
		struct becket_call *next = leave_gate(call);

		dispose(call);
		if (next != NULL && next->host->resume(next->host, next))
			return;
		call = next;
	}
}

const struct becket_operation *
becket_call_operation(const struct becket_call *call)
{
	const struct becket_interface *interface = becket_call_interface(call);

	if (interface == NULL ||
	    call->begun.opnum >= interface->operation_count)
		return NULL;
	return &interface->operations[call->begun.opnum];
}

const struct becket_peer *
becket_call_peer(const struct becket_call *call)
{
	return &call->peer->view;
}

becket_status
becket_call_on_disconnect(struct becket_call *call,
    void (*gone)(void *user, uint64_t connection), void *user)
{
	if (call == NULL || gone == NULL)
		return BECKET_S_INVALID_ARG;
	return peer_watch(call->peer, gone, user);
}

bool
becket_call_is_big_endian(const struct becket_call *call)
{
	return call->begun.big_endian;
}

uint32_t
becket_call_association(const struct becket_call *call)
{
	return call->begun.association;
}

const struct becket_uuid *
becket_call_object(const struct becket_call *call)
{
	return &call->begun.object;
}

uint16_t
becket_call_opnum(const struct becket_call *call)
{
	return call->begun.opnum;
}

const struct becket_interface *
becket_call_interface(const struct becket_call *call)
{
	return call->type == NULL ? NULL : call->type->interface;
}

int64_t
becket_call_remaining(const struct becket_call *call)
{
	uint64_t now = call->host->now();

	if (call->deadline == 0)
		return -1;
	return call->deadline <= now
	           ? 0
	           : (int64_t)((call->deadline - now) / 1000000);
}

bool
becket_call_is_cancelled(const struct becket_call *call)
{
	return atomic_load(&call->is_cancelled);
}

becket_status
becket_call_test_cancel(const struct becket_call *call)
{
	return becket_call_is_cancelled(call) ? BECKET_S_OK
	                                      : BECKET_S_CALL_IN_PROGRESS;
}

void *
becket_call_alloc(struct becket_call *call, size_t size)
{
	void *block = arena_alloc(&call->arena, size);

	if (block != NULL)
		memset(block, 0, size);
	return block;
}

char *
becket_call_strdup(struct becket_call *call, const char *text)
{
	size_t size;
	char *copy;

	if (text == NULL)
		return NULL;
	size = strlen(text) + 1;
	copy = arena_alloc(&call->arena, size);
	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

/* Take the rest of a character away that the end has cut. */
static void
trim_utf8(char *text)
{
	size_t size = strlen(text);

	while (size > 0 && ((unsigned char)text[size - 1] & 0xc0) == 0x80)
		size--;
	if (size > 0 && (unsigned char)text[size - 1] >= 0xc0)
		size--;
	text[size] = '\0';
}

/* A peer takes no other sentence; what is no UTF-8, a file name perhaps, is
 * kept as far as it is ASCII.
 */
static void
force_utf8(char *text)
{
	if (utf8_is_valid(
	        (struct becket_bytes){ (const uint8_t *)text, strlen(text) }))
		return;
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
}

/* Without memory for it the sentence is left out: the status still counts. */
becket_status
becket_call_vfail(struct becket_call *call, becket_status status,
    const char *format, va_list arguments)
{
	size_t size = (size_t)call->host->limits->sentence_size + 1;
	char *sentence = arena_alloc(&call->arena, size);
	int wanted;

	if (status == BECKET_S_OK)
		status = BECKET_S_CALL_FAILED;
	call->failed = status;
	call->sentence = sentence;
	if (sentence == NULL)
		return status;
	wanted = vsnprintf(sentence, size, format, arguments);
	if (wanted < 0)
		*sentence = '\0';
	else if ((size_t)wanted >= size)
		trim_utf8(sentence);
	force_utf8(sentence);
	return status;
}

becket_status
becket_call_fail(struct becket_call *call, becket_status status,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	status = becket_call_vfail(call, status, format, arguments);
	va_end(arguments);
	return status;
}
