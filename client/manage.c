/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>

#include "failure.h"
#include "output.h"

static void
show_id(const struct command *command, struct line *line,
    const struct becket_if_id *id)
{
	char uuid[BECKET_UUID_TEXT_SIZE];
	becket_uuid_to_string(&id->uuid, uuid);
	if (!command->json) {
		printf("%s v%u.%u\n", uuid, id->major, id->minor);
		return;
	}
	line_begin(line, NULL);
	line_string(line, "uuid", uuid);
	line_number(line, "major", id->major);
	line_number(line, "minor", id->minor);
	line_end(line);
}

int
command_ifs(const struct command *command)
{
	struct becket_if_id_vector *vector = NULL;
	struct line line = { 0 };
	becket_status status =
	    becket_mgmt_inq_if_ids(command->binding, &vector);
	if (status != BECKET_S_OK && status != BECKET_S_NO_INTERFACES)
		return command_failed(command, status);
	if (command->json) {
		line_begin(&line, NULL);
		line_string(&line, "binding", command->binding_text);
		line_array_begin(&line, "interfaces");
	}
	for (size_t i = 0; vector != NULL && i < vector->count; i++)
		show_id(command, &line, &vector->ids[i]);
	if (command->json) {
		line_array_end(&line);
		line_end(&line);
	}
	becket_if_id_vector_free(&vector);
	return EXIT_OK;
}

int
command_stats(const struct command *command)
{
	struct becket_stats stats;
	struct line line = { 0 };
	becket_status status = becket_mgmt_inq_stats(command->binding, &stats);
	if (status != BECKET_S_OK)
		return command_failed(command, status);
	if (!command->json) {
		printf("calls in     %12" PRIu64 "\n"
		       "calls out    %12" PRIu64 "\n"
		       "packets in   %12" PRIu64 "\n"
		       "packets out  %12" PRIu64 "\n",
		    stats.calls_in, stats.calls_out, stats.packets_in,
		    stats.packets_out);
		return EXIT_OK;
	}
	line_begin(&line, NULL);
	line_string(&line, "binding", command->binding_text);
	line_number(&line, "calls_in", stats.calls_in);
	line_number(&line, "calls_out", stats.calls_out);
	line_number(&line, "packets_in", stats.packets_in);
	line_number(&line, "packets_out", stats.packets_out);
	line_end(&line);
	return EXIT_OK;
}

int
command_stop(const struct command *command)
{
	struct line line = { 0 };
	becket_status status =
	    becket_mgmt_stop_server_listening(command->binding);
	if (status != BECKET_S_OK)
		return command_failed(command, status);
	if (!command->json) {
		puts("stopping");
		return EXIT_OK;
	}
	line_begin(&line, NULL);
	line_string(&line, "binding", command->binding_text);
	line_bool(&line, "stopping", true);
	line_end(&line);
	return EXIT_OK;
}
