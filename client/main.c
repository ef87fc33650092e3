/* SPDX-License-Identifier: MIT */
/* becket: call and ask servers from a shell. See becket(1). */
#include <stdio.h>
#include <string.h>

#include "becket.h"
#include "becket_grpc.h"
#include "command.h"
#include "flags.h"
#include "output.h"

/* MOST_MEMORY: of descriptors, which a server may have made to be endless. */
enum { ASKING_MS = 5000, MOST_MEMORY = 1 << 30 };

static bool
is_for_maps(const struct command *command)
{
	return command->run == command_ep;
}

static bool
is_for_types(const struct command *command)
{
	return command->run == command_call || command->run == command_list ||
	       command->run == command_describe;
}

/* host:port and unix:path are how others name a server of gRPC. */
static const char *
as_others_do(struct arena *arena, const char *typed)
{
	const char *colon = strrchr(typed, ':');
	if (strncmp(typed, "unix:", 5) == 0) {
		typed += strncmp(typed, "unix:///", 8) == 0 ? 7 : 5;
		return text_print(arena, "grpc_unix:[%s]", typed);
	}
	if (colon == NULL || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return NULL;
	return text_print(arena, "grpc_ip_tcp:%.*s[%s]", (int)(colon - typed),
	    typed, colon + 1);
}

/* What is typed, as a string binding; it lives in the arena, or as typed. */
static const char *
binding_text(const struct command *command)
{
	const char *typed = command->binding_text, *other;
	char *protseq = NULL;
	becket_status status = becket_string_binding_parse(command->runtime,
	    typed, NULL, &protseq, NULL, NULL, NULL);
	if (status == BECKET_S_OK)
		status =
		    becket_network_is_protseq_valid(command->runtime, protseq);
	becket_string_free(command->runtime, &protseq);
	other = status == BECKET_S_OK || !is_for_types(command)
	            ? NULL
	            : as_others_do(command->arena, typed);
	return other == NULL ? typed : other;
}

/* The same with a timeout for connecting among its options. */
static const char *
with_connect_timeout(const struct command *command, const char *text)
{
	const char *bracket = strrchr(text, ']');
	const char *option = text_print(command->arena, "connect_timeout=%u",
	    (unsigned)command->connect_ms);
	if (command->connect_ms == 0)
		return text;
	if (bracket == NULL)
		return text_print(command->arena, "%s[,%s]", text, option);
	return text_print(command->arena, "%.*s,%s]", (int)(bracket - text),
	    text, option);
}

static becket_status
make_binding(struct command *command)
{
	char *text = NULL;
	const char *typed = NULL;
	uint32_t timeout_ms = command->timeout_ms;
	becket_status status = BECKET_S_OK;
	if (is_for_maps(command))
		status =
		    mapper_text(command->runtime, command->binding_text, &text);
	else
		typed = with_connect_timeout(command, binding_text(command));
	if (timeout_ms == 0 && command->run != command_call)
		timeout_ms = ASKING_MS;
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(command->runtime,
		    text == NULL ? typed : text, &command->binding);
	becket_string_free(command->runtime, &text);
	if (status == BECKET_S_OK)
		status = becket_binding_set_option(command->binding,
		    BECKET_OPTION_CALL_TIMEOUT, timeout_ms);
	return status;
}

static int
run(struct command *command)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &limits,
	};
	becket_status status;
	if (command->most_bytes > 0)
		limits.response_size = (size_t)command->most_bytes;
	status = becket_runtime_new(&options, &command->runtime);
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(command->runtime);
	if (status == BECKET_S_OK &&
	    (command->binding_text != NULL || is_for_maps(command)))
		status = make_binding(command);
	if (status != BECKET_S_OK) {
		(void)command_failed(command, status);
		return EXIT_USAGE;
	}
	return command->run(command);
}

/* As old as the program: who reads requests may still be at what is in it. */
static struct arena arena;

int
main(int argc, char **argv)
{
	struct command command = { .arena = &arena };
	arena = arena_empty(&idl_memory, MOST_MEMORY);
	flags_read(&command, argc, argv);
	int status = run(&command);
	becket_binding_free(&command.binding);
	becket_runtime_free(command.runtime);
	if (!output_is_complete()) {
		print_failure("the output could not be written");
		return status == EXIT_OK ? EXIT_REFUSED : status;
	}
	return status;
}
