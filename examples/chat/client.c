/* SPDX-License-Identifier: MIT */
/*
 * client BINDING NAME: what is typed is said, and what is said is shown, until
 * the end of the input. One poll() waits for both.
 */
#include <becket.h>
#include <becket_grpc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chat.becket.h"

static bool is_over;

/* Called by becket_runtime_process(). */
static void
ready(void *user, struct becket_stream *stream)
{
	Chat__Said *said;
	unsigned events;

	(void)user;
	while (!is_over && becket_stream_wait(stream, BECKET_STREAM_READABLE, 0,
	                       &events) == BECKET_S_OK) {
		is_over = chat_room_talk_receive(stream, &said) != BECKET_S_OK;
		if (is_over)
			return; /* how, the end tells */
		printf("%s: %s\n", said->who, said->text);
		fflush(stdout);
		chat_said_free(said);
	}
}

/* Lines, as a terminal gives them; without any we have said all. */
static becket_status
say(struct becket_stream *stream, char *name, struct pollfd *input)
{
	Chat__Said said = CHAT__SAID__INIT;
	becket_status status = BECKET_S_OK;
	char lines[1000], *next = lines;
	ssize_t size = read(STDIN_FILENO, lines, sizeof lines - 1);

	if (size <= 0) {
		input->fd = -1;
		return becket_stream_half_close(stream);
	}
	lines[size] = '\0';
	said.who = name;
	while (status == BECKET_S_OK && next != NULL && *next != '\0') {
		said.text = strsep(&next, "\n");
		status = chat_room_talk_send(stream, &said);
	}
	return status;
}

static void
talk(struct becket_runtime *runtime, struct becket_stream *stream, char *name)
{
	enum { INPUT, NET };
	struct pollfd fds[] = {
		[INPUT] = { STDIN_FILENO, POLLIN, 0 },
		[NET] = { becket_runtime_fd(runtime), 0, 0 },
	};
	becket_status status = BECKET_S_OK;

	while (!is_over && status == BECKET_S_OK) {
		fds[NET].events = becket_runtime_events(runtime);
		if (poll(fds, 2, becket_runtime_timeout(runtime)) < 0)
			continue; /* EINTR */
		if (fds[INPUT].revents != 0)
			status = say(stream, name, &fds[INPUT]);
		(void)!becket_runtime_process(runtime);
	}
}

int
main(int argc, char **argv)
{
	struct becket_runtime *runtime = NULL;
	struct becket_binding *binding = NULL;
	struct becket_stream *stream = NULL;
	becket_status status;

	if (argc != 3)
		return 64;
	status = becket_runtime_new(NULL, &runtime);
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, argv[1],
		    &binding);
	if (status == BECKET_S_OK)
		status = chat_room_talk_open(binding, &stream);
	if (status == BECKET_S_OK)
		status = becket_stream_set_callback(stream, ready, NULL);
	if (status == BECKET_S_OK) {
		talk(runtime, stream, argv[2]);
		status = chat_room_talk_finish(&stream);
	}
	if (status != BECKET_S_OK)
		fprintf(stderr, "client: %s\n", becket_error_last()->sentence);
	becket_stream_abort(&stream);
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	return status != BECKET_S_OK;
}
