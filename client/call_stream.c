/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "call.h"
#include "failure.h"
#include "output.h"

/*
 * A thread reads requests and sends them while the main thread receives: input
 * may come from a person, who wants to see an answer before he types on. It
 * waits in a read that nothing ends, so at the end of the call it is left
 * alone: what it uses is not freed before the process ends.
 */
struct sender {
	struct call *call;
	struct becket_stream *stream;
	pthread_mutex_t lock;
	bool is_over; /* the stream is gone */
	int status;   /* of input that was no good */
};

/* A stream that is closed says why to who receives. */
static becket_status
send_one(struct sender *sender, struct buffer *request)
{
	const struct call *call = sender->call;
	struct becket_bytes bytes = buffer_bytes(request);
	becket_status status = BECKET_X_PIPE_CLOSED;
	pthread_mutex_lock(&sender->lock);
	if (!sender->is_over)
		status = becket_stub_send(sender->stream, call->interface,
		    call->opnum, &bytes);
	pthread_mutex_unlock(&sender->lock);
	return status;
}

static void
end_sending(struct sender *sender, int status)
{
	becket_status ended = BECKET_S_OK; /* receiving tells of a failure */
	pthread_mutex_lock(&sender->lock);
	sender->status = status;
	if (!sender->is_over && status == EXIT_OK)
		ended = becket_stream_half_close(sender->stream);
	else if (!sender->is_over)
		ended = becket_stream_cancel(sender->stream);
	(void)ended;
	pthread_mutex_unlock(&sender->lock);
}

static void *
send_all(void *sender_)
{
	struct sender *sender = sender_;
	struct buffer request = buffer_empty(&idl_memory);
	becket_status sent = BECKET_S_OK;
	int status = EXIT_OK;
	while (sent == BECKET_S_OK &&
	       call_next_request(sender->call, &request, &status)) {
		sent = send_one(sender, &request);
		request.size = 0;
	}
	if (sent != BECKET_S_OK && sent != BECKET_X_PIPE_CLOSED)
		status = call_failed(sender->call->command, sender->call->pool,
		    sent, sender->call->deadline_ms);
	buffer_fini(&request);
	end_sending(sender, status);
	return NULL;
}

/* Nobody reads what would come; and the thread that sends may be waiting. */
static _Noreturn void
leave(void)
{
	print_failure("the output could not be written");
	_Exit(EXIT_REFUSED);
}

/* Messages until there are no more, or the call has failed: finish says. */
static void
receive_all(struct call *call, struct becket_stream *stream, int *ret_result)
{
	void *response;
	while (becket_stub_receive(stream, call->interface, call->opnum,
	           &response) == BECKET_S_OK) {
		int shown;
		call_show_initial(call);
		shown = call_show(call, response);
		if (shown != EXIT_OK)
			*ret_result = shown;
		becket_stub_free(response);
		if (!output_is_complete())
			leave();
	}
}

/* How the call has ended, and the response that is no stream. */
static int
finish(struct call *call, struct becket_stream **stream)
{
	bool is_one = !call->method->server_streams;
	void *response = NULL;
	becket_status status = becket_stub_finish_stream(stream,
	    call->interface, call->opnum, is_one ? &response : NULL);
	int result = EXIT_OK;
	if (status != BECKET_S_OK)
		return call_fail(call, status);
	call_show_initial(call);
	if (is_one)
		result = call_show(call, response);
	call_show_trailing(call);
	becket_stub_free(response);
	return result;
}

static int
receive(struct call *call, struct becket_stream **stream)
{
	int result = EXIT_OK, end;
	receive_all(call, *stream, &result);
	end = finish(call, stream);
	return end != EXIT_OK ? end : result;
}

/* Nobody answers before all is sent: one thread will do. */
static int
call_one_way(struct call *call, struct sender *sender)
{
	send_all(sender);
	if (sender->status != EXIT_OK) {
		becket_stream_abort(&sender->stream);
		return sender->status;
	}
	return finish(call, &sender->stream);
}

static int
call_both_ways(struct call *call, struct sender *sender)
{
	pthread_t thread;
	int result = EXIT_OK, end;
	if (pthread_create(&thread, NULL, send_all, sender) != 0) {
		print_failure("out of threads");
		becket_stream_abort(&sender->stream);
		return EXIT_REFUSED;
	}
	pthread_detach(thread);
	receive_all(call, sender->stream, &result);
	pthread_mutex_lock(&sender->lock);
	sender->is_over = true;
	if (sender->status != EXIT_OK) {
		becket_stream_abort(&sender->stream);
		result = sender->status;
	} else {
		end = finish(call, &sender->stream);
		result = end != EXIT_OK ? end : result;
	}
	pthread_mutex_unlock(&sender->lock);
	return result;
}

static int
open_with_one(struct call *call, struct becket_stream **ret_stream)
{
	struct buffer request = buffer_empty(&idl_memory);
	struct becket_bytes bytes;
	becket_status status;
	int result = call_one_request(call, &request);
	bytes = buffer_bytes(&request);
	if (result == EXIT_OK) {
		status = becket_stub_open(call->command->binding,
		    call->interface, call->opnum, &bytes, ret_stream);
		if (status != BECKET_S_OK)
			result = call_fail(call, status);
	}
	buffer_fini(&request);
	return result;
}

int
call_stream(struct call *call)
{
	struct sender *sender = NULL;
	struct becket_stream *stream;
	becket_status status;
	int result;
	if (!call->method->client_streams) {
		result = open_with_one(call, &stream);
		return result == EXIT_OK ? receive(call, &stream) : result;
	}
	sender = text_alloc(call->command->arena, sizeof *sender);
	sender->call = call;
	pthread_mutex_init(&sender->lock, NULL);
	status = becket_stub_open(call->command->binding, call->interface,
	    call->opnum, NULL, &sender->stream);
	if (status != BECKET_S_OK)
		return call_fail(call, status);
	return call->method->server_streams ? call_both_ways(call, sender)
	                                    : call_one_way(call, sender);
}
