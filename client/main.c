/* SPDX-License-Identifier: MIT */
/* becket: ask a server from a shell. See becket(1). */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "becket.h"
#include "command.h"
#include "output.h"

static const char usage[] =
    "usage: becket [FLAGS] ping [-c COUNT] [-i SECONDS] BINDING\n"
    "       becket [FLAGS] ifs BINDING\n"
    "       becket [FLAGS] stats BINDING\n"
    "       becket [FLAGS] stop BINDING\n"
    "       becket [FLAGS] ep [HOST | BINDING]\n"
    "\n"
    "Ask a server through its management interface, or an endpoint map.\n"
    "\n"
    "  ping    is it listening? Again and again, with round-trip times\n"
    "  ifs     which interfaces it offers\n"
    "  stats   how many calls and packets it has seen\n"
    "  stop    ask it to stop; most servers refuse\n"
    "  ep      the endpoint map of this host, or of another: who serves what\n"
    "          where\n"
    "\n"
    "  -c, --count COUNT        ping so often; without it, until interrupted\n"
    "  -i, --interval SECONDS   pause between pings (1)\n"
    "  -t, --timeout SECONDS    how long a call may take (5)\n"
    "  -j, --json               one JSON object on each line\n"
    "      --version            print the version and exit\n"
    "  -h, --help               print this and exit\n"
    "\n"
    "BINDING is a string binding: 'ncacn_ip_tcp:127.0.0.1[4747]',\n"
    "'ncalrpc:[name]'. $BECKET_NCALRPC_DIR is where ncalrpc sockets live,\n"
    "$BECKET_MAPPER the string binding of the endpoint mapper.\n"
    "\n"
    "Exit status: 0 success, 1 the server refused or failed, 2 wrong usage,\n"
    "3 no server was reached, 4 the answer did not come.\n";

enum { VERSION = 256 };

static const struct option options[] = {
	{ "count", required_argument, NULL, 'c' },
	{ "interval", required_argument, NULL, 'i' },
	{ "timeout", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name;
	int (*run)(const struct command *command);
} commands[] = {
	{ "ping", command_ping },
	{ "ifs", command_ifs },
	{ "stats", command_stats },
	{ "stop", command_stop },
	{ "ep", command_ep },
};

static _Noreturn void
wrong_usage(const char *sentence, const char *what)
{
	if (sentence != NULL)
		fprintf(stderr, "becket: %s%s\n", sentence, what);
	fputs("Try becket --help.\n", stderr);
	exit(EXIT_USAGE);
}

static uint64_t
parse_count(const char *text)
{
	char *end;
	errno = 0;
	unsigned long long count = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    count == 0)
		wrong_usage("a count is a number from 1 on, not ", text);
	return count;
}

/* Seconds, with a fraction if you like; in milliseconds. */
static uint64_t
parse_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);
	if (((*text < '0' || *text > '9') && *text != '.') || *end != '\0' ||
	    !(seconds <= 1e6))
		wrong_usage("this is not a number of seconds: ", text);
	return (uint64_t)(seconds * 1000 + 0.5);
}

static uint64_t
parse_timeout(const char *text)
{
	uint64_t ms = parse_seconds(text);
	if (ms == 0)
		wrong_usage("a timeout is at least a millisecond, not ", text);
	return ms;
}

/* Fills in command; the timeout in milliseconds. */
static uint64_t
parse_flags(struct command *command, int argc, char **argv)
{
	uint64_t timeout_ms = 5000;
	int c;
	command->interval_ms = 1000;
	while ((c = getopt_long(argc, argv, "c:i:t:jh", options, NULL)) != -1) {
		if (c == 'c') {
			command->is_paced = true;
			command->count = parse_count(optarg);
		} else if (c == 'i') {
			command->is_paced = true;
			command->interval_ms = parse_seconds(optarg);
		} else if (c == 't') {
			timeout_ms = parse_timeout(optarg);
		} else if (c == 'j') {
			command->json = true;
		} else if (c == VERSION) {
			printf("becket %s\n", becket_version());
			exit(output_is_complete() ? EXIT_OK : EXIT_REFUSED);
		} else if (c == 'h') {
			fputs(usage, stdout);
			exit(output_is_complete() ? EXIT_OK : EXIT_REFUSED);
		} else {
			wrong_usage(NULL, "");
		}
	}
	return timeout_ms;
}

static bool
is_for_maps(const struct command *command)
{
	return strcmp(command->name, "ep") == 0;
}

static becket_status
open_binding(struct command *command, uint64_t timeout_ms)
{
	char *text = NULL;
	becket_status status = becket_runtime_new(NULL, &command->runtime);
	if (status == BECKET_S_OK && is_for_maps(command))
		status =
		    mapper_text(command->runtime, command->binding_text, &text);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(command->runtime,
		    text == NULL ? command->binding_text : text,
		    &command->binding);
	becket_string_free(command->runtime, &text);
	if (status == BECKET_S_OK)
		status = becket_binding_set_option(command->binding,
		    BECKET_OPTION_CALL_TIMEOUT, timeout_ms);
	return status;
}

static int
run(struct command *command, uint64_t timeout_ms)
{
	becket_status status = open_binding(command, timeout_ms);
	if (status != BECKET_S_OK) {
		(void)command_failed(command, status);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, command->name) == 0)
			return commands[i].run(command);
	return EXIT_USAGE; /* main() has looked */
}

static bool
command_exists(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct command command = { 0 };
	uint64_t timeout_ms = parse_flags(&command, argc, argv);
	if (optind == argc)
		wrong_usage("what to ask? ping, ifs, stats, stop or ep", "");
	command.name = argv[optind++];
	if (!command_exists(command.name))
		wrong_usage("there is no command ", command.name);
	if (optind == argc && !is_for_maps(&command))
		wrong_usage("a string binding is missing", "");
	if (optind < argc)
		command.binding_text = argv[optind++];
	if (optind < argc)
		wrong_usage("one argument too many: ", argv[optind]);
	if (command.is_paced && strcmp(command.name, "ping") != 0)
		wrong_usage("--count and --interval are for ping, not for ",
		    command.name);
	int status = run(&command, timeout_ms);
	becket_binding_free(&command.binding);
	becket_runtime_free(command.runtime);
	if (!output_is_complete()) {
		print_failure("the output could not be written");
		return status == EXIT_OK ? EXIT_REFUSED : status;
	}
	return status;
}
