/* SPDX-License-Identifier: MIT */
/* becket: call and ask servers from a shell. See becket(1). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "becket.h"
#include "becket_grpc.h"
#include "command.h"
#include "failure.h"
#include "flags.h"
#include "output.h"

/* MOST_MEMORY: of descriptors, which a server may have made to be endless. */
enum { ASKING_MS = 5000, MOST_MEMORY = 1 << 30, MOST_REQUEST = 1 << 30 };

static bool
is_for_maps(const struct command *command)
{
	return command->run == command_ep;
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
		typed = address_text(command);
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
	limits.request_size = MOST_REQUEST; /* the server knows how much */
	limits.ping_ms = command->ping_ms;
	status = becket_runtime_new(&options, &command->runtime);
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(command->runtime);
	if (status == BECKET_S_OK &&
	    (command->binding_text != NULL || is_for_maps(command)))
		status = make_binding(command);
	if (status != BECKET_S_OK) {
		(void)command_failed(command, status);
		address_hint(command, status);
		return EXIT_USAGE;
	}
	return command->run(command);
}

/* What we have not been given would else be a socket, and output go there.
 * Input and output fail as they do without.
 */
static bool
has_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
		        fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

/* As old as the program: who reads requests may still be at what is in it. */
static struct arena arena;

int
main(int argc, char **argv)
{
	struct command command = { .arena = &arena };
	if (!has_standard_descriptors())
		return EXIT_REFUSED;
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
