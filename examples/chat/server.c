/* SPDX-License-Identifier: MIT */
/*
 * A room to talk in, over DCE/RPC and gRPC: one thread, whatever the number of
 * those who are in it.
 *
 *   talk()   defers its call, and asks to be called when something has come
 *   ready()  passes on what has come, and answers the call at its end
 *
 * All of it runs in becket_server_listen(), so the list needs no lock. Streams
 * that do not wait say so: what there is no room for on its way to somebody who
 * does not listen, is not told him.
 */
#include <becket.h>
#include <becket_grpc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "chat.becket.h"

struct member {
	struct member *next;
	struct becket_stream *stream;
	struct becket_token token; /* of the call that is to be answered */
};

static struct member *members;
static struct becket_server *server;

static void
tell_all(const Chat__Said *said)
{
	for (struct member *member = members; member; member = member->next)
		if (chat_room_talk_push(member->stream, said) != BECKET_S_OK)
			fputs("somebody does not listen\n", stderr);
}

/* The end of what he says is BECKET_X_PIPE_EMPTY, and as good as S_OK. */
static void
leave(struct member *member, becket_status status)
{
	struct member **at = &members;

	while (*at != member)
		at = &(*at)->next;
	*at = member->next;
	if (chat_room_talk_answer(member->token, status) != BECKET_S_OK)
		fputs("somebody is gone\n", stderr);
	free(member);
}

static void
ready(void *user, struct becket_stream *stream)
{
	struct member *member = user;
	becket_status status;
	Chat__Said *said;

	while ((status = chat_room_talk_pull(stream, &said)) == BECKET_S_OK) {
		tell_all(said);
		chat_said_free(said);
	}
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		leave(member, status);
}

static becket_status
talk(struct becket_call *call, struct becket_stream *stream)
{
	struct member *member = malloc(sizeof *member);
	becket_status status = BECKET_S_OUT_OF_MEMORY;

	if (member != NULL)
		status = becket_stream_set_callback(stream, ready, member);
	if (status == BECKET_S_OK)
		status = becket_call_defer(call, &member->token);
	if (status != BECKET_S_ASYNC_CALL_PENDING) {
		free(member);
		return status;
	}
	member->stream = stream;
	member->next = members;
	members = member;
	return status;
}

/* Who talks ends; whoever asks again does not want to wait for that. */
static void
stop(int signal)
{
	static volatile sig_atomic_t is_asked;

	(void)signal;
	if (is_asked || becket_server_stop(server) != BECKET_S_OK)
		becket_server_stop_now(server);
	is_asked = 1;
}

int
main(int argc, char **argv)
{
	static const struct chat_room_epv epv = { .talk = talk };
	struct becket_runtime *runtime = NULL;
	becket_status status = becket_runtime_new(NULL, &runtime);

	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_server_new(runtime, NULL, &server);
	if (status == BECKET_S_OK)
		status = chat_room_register(server, NULL, &epv, 0);
	for (int i = 1; i < argc && status == BECKET_S_OK; i++)
		status = becket_server_use_string_binding(server, argv[i]);
	if (status == BECKET_S_OK) {
		puts("ready");
		fflush(stdout);
		signal(SIGINT, stop);
		signal(SIGTERM, stop);
		status = becket_server_listen(server, 0);
	}
	if (status != BECKET_S_OK)
		fprintf(stderr, "server: %s\n", becket_error_last()->sentence);
	becket_server_free(server);
	becket_runtime_free(runtime);
	return status != BECKET_S_OK;
}
