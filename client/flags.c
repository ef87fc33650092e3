/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags_private.h"
#include "output.h"

/* clang-format off */
static const struct option options[] = {
	{ "count",                required_argument, NULL, 'c' },
	{ "interval",             required_argument, NULL, 'i' },
	{ "timeout",              required_argument, NULL, 't' },
	{ "max-time",             required_argument, NULL, 't' },
	{ "connect-timeout",      required_argument, NULL, FLAG_CONNECT },
	{ "json",                 no_argument,       NULL, 'j' },
	{ "version",              no_argument,       NULL, FLAG_VERSION },
	{ "help",                 no_argument,       NULL, 'h' },

	{ "data",                 required_argument, NULL, 'd' },
	{ "header",               required_argument, NULL, 'H' },
	{ "rpc-header",           required_argument, NULL, FLAG_RPC_HEADER },
	{ "reflect-header",       required_argument, NULL, FLAG_ASKING_HEADER },
	{ "expand-headers",       optional_argument, NULL, FLAG_EXPAND },
	{ "proto",                required_argument, NULL, FLAG_PROTO },
	{ "import-path",          required_argument, NULL, FLAG_IMPORT_PATH },
	{ "protoset",             required_argument, NULL, FLAG_PROTOSET },
	{ "use-reflection",       optional_argument, NULL, FLAG_REFLECTION },
	{ "protoset-out",         required_argument, NULL, FLAG_SET_OUT },
	{ "proto-out-dir",        required_argument, NULL, FLAG_PROTO_OUT },
	{ "emit-defaults",        optional_argument, NULL, FLAG_DEFAULTS },
	{ "allow-unknown-fields", optional_argument, NULL, FLAG_UNKNOWN },
	{ "msg-template",         optional_argument, NULL, FLAG_TEMPLATE },
	{ "max-msg-sz",           required_argument, NULL, FLAG_MOST_BYTES },
	{ "format",               required_argument, NULL, FLAG_FORMAT },
	{ "format-error",         optional_argument, NULL, FLAG_FORMAT_ERROR },
	{ "verbose",              optional_argument, NULL, 'v' },
	{ "vv",                   optional_argument, NULL, FLAG_VERY_VERBOSE },
	{ "unix",                 optional_argument, NULL, FLAG_UNIX },
	{ "authority",            required_argument, NULL, FLAG_AUTHORITY },
	{ "user-agent",           required_argument, NULL, FLAG_USER_AGENT },
	{ "keepalive-time",       required_argument, NULL, FLAG_KEEPALIVE },
	{ "plaintext",            optional_argument, NULL, FLAG_PLAINTEXT },
	{ "insecure",             optional_argument, NULL, FLAG_TLS_SWITCH },
	{ "alts",                 optional_argument, NULL, FLAG_TLS_SWITCH },
	{ "alts-handshaker-service", required_argument, NULL, FLAG_TLS },
	{ "alts-target-service-account", required_argument, NULL, FLAG_TLS },
	{ "cacert",               required_argument, NULL, FLAG_TLS },
	{ "cert",                 required_argument, NULL, FLAG_TLS },
	{ "key",                  required_argument, NULL, FLAG_TLS },
	{ "servername",           required_argument, NULL, FLAG_TLS },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

static void
print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(output_is_complete() ? EXIT_OK : EXIT_REFUSED);
}

static void
read_flag(struct command *command, int flag, const char *name)
{
	switch (flag) {
	case 'c':
		command->is_paced = true;
		command->count = parse_count(optarg);
		break;
	case 'i':
		command->is_paced = true;
		command->interval_ms = parse_ms(optarg);
		break;
	case 't':
		command->timeout_ms = parse_timeout(optarg);
		break;
	case FLAG_CONNECT:
		command->connect_ms = parse_timeout(optarg);
		break;
	case 'j':
		command->json = true;
		break;
	case FLAG_VERSION:
		printf("becket %s\n", becket_version());
		print_and_exit("");
		break;
	case 'h':
		print_and_exit(flags_usage);
		break;
	default:
		if (!read_types_flag(command, flag, name, optarg))
			wrong_usage(NULL, "");
		command->is_about_types = true;
	}
}

/* ------------------------------------------------------------- arguments -- */

/* A name has no colon, and every string binding has; a path has a slash. */
static bool
is_name(const struct command *command, const char *argument)
{
	return sources_are_files(&command->sources) &&
	       strchr(argument, ':') == NULL &&
	       (!command->is_unix || strchr(argument, '/') == NULL);
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
	int c, index = 0;
	command->interval_ms = 1000;
	while ((c = getopt_long_only(argc, argv, "c:i:t:jhd:H:v", options,
	            &index)) != -1)
		read_flag(command, c, options[index].name);
	if (optind == argc)
		wrong_usage("what to do? call, list, describe, ping, ifs, "
		            "stats, stop or ep",
		    "");
	command->name = argv[optind++];
	read_arguments(command, argc - optind, argv + optind);
}
