/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

static const char usage[] =
    "usage: becket [FLAGS] call BINDING SERVICE.OPERATION [JSON | -]\n"
    "       becket [FLAGS] list [BINDING] [SERVICE]\n"
    "       becket [FLAGS] describe [BINDING] [NAME]\n"
    "       becket [FLAGS] ping [-c COUNT] [-i SECONDS] BINDING\n"
    "       becket [FLAGS] ifs BINDING\n"
    "       becket [FLAGS] stats BINDING\n"
    "       becket [FLAGS] stop BINDING\n"
    "       becket [FLAGS] ep [HOST | BINDING]\n"
    "\n"
    "Call anything, ask a server what it is, or an endpoint map who is where.\n"
    "\n"
    "  call      call an operation; requests and responses are JSON, of "
    "streams\n"
    "            one value on each line; \"-\" reads requests from stdin\n"
    "  list      the services of a server, or the operations of one of them\n"
    "  describe  a service, message or whole file.proto as .proto text\n"
    "  ping      is it listening? Again and again, with round-trip times\n"
    "  ifs       which interfaces it offers\n"
    "  stats     how many calls and packets it has seen\n"
    "  stop      ask it to stop; most servers refuse\n"
    "  ep        the endpoint map of this host, or of another: who serves "
    "what\n"
    "            where\n"
    "\n"
    "Flags; of long ones, one dash is as good as two:\n"
    "  -t, --timeout SECONDS    how long a call may take; also --max-time\n"
    "      --connect-timeout SECONDS\n"
    "  -j, --json               one JSON object on each line\n"
    "  -c, --count COUNT        ping so often; without it, until interrupted\n"
    "  -i, --interval SECONDS   pause between pings (1)\n"
    "      --version            print the version and exit\n"
    "  -h, --help               print this and exit\n"
    "\n"
    "of call, list and describe, most of them grpcurl's:\n"
    "  -d, --data JSON          requests; \"-\" and \"@\": stdin\n"
    "  -H, --header 'NAME: VALUE'   metadata; base64 for names in -bin\n"
    "      --rpc-header, --reflect-header   of the call alone, or of asking\n"
    "      --proto FILE         types are those of a .proto, read by protoc\n"
    "      --import-path DIR    where its imports are; \".\" unless given\n"
    "      --protoset FILE      types are those of a set of descriptors;\n"
    "                           without either, the server is asked\n"
    "      --emit-defaults      write fields that have their default, too\n"
    "      --allow-unknown-fields   in JSON: they are left out\n"
    "      --max-msg-sz BYTES   how large a response may be\n"
    "      --msg-template       describe: a message as JSON to fill in\n"
    "      --protoset-out FILE  describe: write a set of descriptors, too\n"
    "  -v, --verbose            metadata, and what is called, on stderr\n"
    "      --plaintext, --format json, --use-reflection[=false]\n"
    "\n"
    "BINDING is a string binding: 'ncacn_ip_tcp:127.0.0.1[4747]',\n"
    "'ncalrpc:[name]', 'grpc_ip_tcp:127.0.0.1[50051]', 'grpc_unix:[/path]';\n"
    "or HOST:PORT or unix:PATH, for gRPC. $BECKET_NCALRPC_DIR is where ncalrpc "
    "sockets\n"
    "live, $BECKET_MAPPER the string binding of the endpoint mapper.\n"
    "\n"
    "Exit status: 0 success, 2 wrong usage, also of JSON; call, list and\n"
    "describe: 64 and the code of gRPC if a call fails. Others: 1 the server\n"
    "refused or failed, 3 no server was reached, 4 the answer did not come.\n";

/* clang-format off */
enum {
	VERSION = 256, VERY_VERBOSE, PROTO, IMPORT_PATH, PROTOSET, DEFAULTS,
	UNKNOWN, TEMPLATE, PLAINTEXT, FORMAT, REFLECTION, CONNECT,
	RPC_HEADER, ASKING_HEADER, MOST_BYTES, SET_OUT,
};

static const struct option options[] = {
	{ "count",                required_argument, NULL, 'c' },
	{ "interval",             required_argument, NULL, 'i' },
	{ "timeout",              required_argument, NULL, 't' },
	{ "max-time",             required_argument, NULL, 't' },
	{ "connect-timeout",      required_argument, NULL, CONNECT },
	{ "json",                 no_argument,       NULL, 'j' },
	{ "data",                 required_argument, NULL, 'd' },
	{ "header",               required_argument, NULL, 'H' },
	{ "rpc-header",           required_argument, NULL, RPC_HEADER },
	{ "reflect-header",       required_argument, NULL, ASKING_HEADER },
	{ "max-msg-sz",           required_argument, NULL, MOST_BYTES },
	{ "protoset-out",         required_argument, NULL, SET_OUT },
	{ "proto",                required_argument, NULL, PROTO },
	{ "import-path",          required_argument, NULL, IMPORT_PATH },
	{ "protoset",             required_argument, NULL, PROTOSET },
	{ "emit-defaults",        optional_argument, NULL, DEFAULTS },
	{ "allow-unknown-fields", optional_argument, NULL, UNKNOWN },
	{ "msg-template",         optional_argument, NULL, TEMPLATE },
	{ "verbose",              no_argument,       NULL, 'v' },
	{ "vv",                   no_argument,       NULL, VERY_VERBOSE },
	{ "plaintext",            optional_argument, NULL, PLAINTEXT },
	{ "format",               required_argument, NULL, FORMAT },
	{ "use-reflection",       optional_argument, NULL, REFLECTION },
	{ "version",              no_argument,       NULL, VERSION },
	{ "help",                 no_argument,       NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

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

static uint32_t
parse_timeout(const char *text)
{
	uint64_t ms = parse_seconds(text);
	if (ms == 0)
		wrong_usage("a timeout is at least a millisecond, not ", text);
	return (uint32_t)ms;
}

/* A flag without a value is true; Go writes --flag=false. */
static bool
parse_bool(const char *text)
{
	if (text == NULL || strcmp(text, "true") == 0)
		return true;
	if (strcmp(text, "false") != 0)
		wrong_usage("this is neither true nor false: ", text);
	return false;
}

static void
print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(output_is_complete() ? EXIT_OK : EXIT_REFUSED);
}

/* Those that can be given again, of call, list and describe; false: it is none
 * of them.
 */
static bool
read_list_flag(struct command *command, int flag)
{
	struct texts *list = NULL;
	switch (flag) {
	case 'H':
		texts_add(command->arena, &command->asking_headers, optarg);
		list = &command->headers;
		break;
	case RPC_HEADER:
		list = &command->headers;
		break;
	case ASKING_HEADER:
		list = &command->asking_headers;
		break;
	case PROTO:
		list = &command->sources.protos;
		break;
	case IMPORT_PATH:
		list = &command->sources.imports;
		break;
	case PROTOSET:
		list = &command->sources.sets;
		break;
	default:
		return false;
	}
	texts_add(command->arena, list, optarg);
	return true;
}

/* The others. */
static bool
read_call_flag(struct command *command, int flag)
{
	switch (flag) {
	case 'd':
		command->data = optarg;
		return true;
	case MOST_BYTES:
		command->most_bytes = parse_count(optarg);
		return true;
	case SET_OUT:
		command->set_out = optarg;
		return true;
	case DEFAULTS:
		command->emits_defaults = parse_bool(optarg);
		return true;
	case UNKNOWN:
		command->ignores_unknown = parse_bool(optarg);
		return true;
	case TEMPLATE:
		command->wants_template = parse_bool(optarg);
		return true;
	case 'v':
	case VERY_VERBOSE:
		command->is_verbose = true;
		return true;
	case REFLECTION:
		command->sources.without_reflection = !parse_bool(optarg);
		return true;
	case PLAINTEXT:
		if (!parse_bool(optarg))
			wrong_usage("there is no TLS: ", "--plaintext=false");
		return true;
	case FORMAT:
		if (strcmp(optarg, "json") != 0)
			wrong_usage("there is no format but json, not ",
			    optarg);
		return true;
	default:
		return false;
	}
}

static void
read_flag(struct command *command, int flag)
{
	switch (flag) {
	case 'c':
		command->is_paced = true;
		command->count = parse_count(optarg);
		break;
	case 'i':
		command->is_paced = true;
		command->interval_ms = parse_seconds(optarg);
		break;
	case 't':
		command->timeout_ms = parse_timeout(optarg);
		break;
	case CONNECT:
		command->connect_ms = parse_timeout(optarg);
		break;
	case 'j':
		command->json = true;
		break;
	case VERSION:
		printf("becket %s\n", becket_version());
		print_and_exit("");
		break;
	case 'h':
		print_and_exit(usage);
		break;
	default:
		if (!read_list_flag(command, flag) &&
		    !read_call_flag(command, flag))
			wrong_usage(NULL, "");
		command->is_about_types = true;
	}
}

/* ------------------------------------------------------------- arguments -- */

/* A name has no colon, and every string binding has. */
static bool
is_name(const struct command *command, const char *argument)
{
	return sources_are_files(&command->sources) &&
	       strchr(argument, ':') == NULL;
}

/* [BINDING] [NAME] */
static int
read_browsing(struct command *command, int count, char **arguments)
{
	int at = 0;
	if (at < count && !is_name(command, arguments[at]))
		command->binding_text = arguments[at++];
	if (at < count)
		command->symbol = arguments[at++];
	if (at == 0 && !sources_are_files(&command->sources))
		wrong_usage("a string binding is missing", "");
	return at;
}

/* BINDING SERVICE.OPERATION [JSON] */
static int
read_calling(struct command *command, int count, char **arguments)
{
	if (count < 1)
		wrong_usage("a string binding is missing", "");
	if (count < 2)
		wrong_usage("which operation? SERVICE.OPERATION is missing",
		    "");
	command->binding_text = arguments[0];
	command->symbol = arguments[1];
	if (count < 3)
		return 2;
	if (command->data != NULL)
		wrong_usage("the request is given twice", "");
	command->data = arguments[2];
	return 3;
}

static int
read_asking(struct command *command, int count, char **arguments)
{
	if (count < 1 && strcmp(command->name, "ep") != 0)
		wrong_usage("a string binding is missing", "");
	if (count < 1)
		return 0;
	command->binding_text = arguments[0];
	return 1;
}

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(const struct command *command);
	int (*read)(struct command *command, int count, char **arguments);
} commands[] = {
	{ "call",     command_call,     read_calling },
	{ "list",     command_list,     read_browsing },
	{ "describe", command_describe, read_browsing },
	{ "ping",     command_ping,     read_asking },
	{ "ifs",      command_ifs,      read_asking },
	{ "stats",    command_stats,    read_asking },
	{ "stop",     command_stop,     read_asking },
	{ "ep",       command_ep,       read_asking },
};
/* clang-format on */

static void
read_arguments(struct command *command, int count, char **arguments)
{
	size_t i = 0;
	int used;
	while (i < sizeof commands / sizeof *commands &&
	       strcmp(commands[i].name, command->name) != 0)
		i++;
	if (i == sizeof commands / sizeof *commands)
		wrong_usage("there is no command ", command->name);
	command->run = commands[i].run;
	used = commands[i].read(command, count, arguments);
	if (used < count)
		wrong_usage("one argument too many: ", arguments[used]);
	if (command->is_paced && command->run != command_ping)
		wrong_usage("--count and --interval are for ping, not for ",
		    command->name);
	if (command->is_about_types && commands[i].read == read_asking)
		wrong_usage("a flag is for call, list or describe, not for ",
		    command->name);
}

void
flags_read(struct command *command, int argc, char **argv)
{
	int c;
	command->interval_ms = 1000;
	while ((c = getopt_long_only(argc, argv, "c:i:t:jhd:H:v", options,
	            NULL)) != -1)
		read_flag(command, c);
	if (optind == argc)
		wrong_usage("what to do? call, list, describe, ping, ifs, "
		            "stats, stop or ep",
		    "");
	command->name = argv[optind++];
	read_arguments(command, argc - optind, argv + optind);
}
