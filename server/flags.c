/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"

static const char usage[] =
    "usage: becketd [-qvMR] [-c FILE] [-l BINDING]... [-m PATH]...\n"
    "               [-s MODULE.KEY=VALUE]...\n"
    "\n"
    "Serve interface modules, in the foreground.\n"
    "\n"
    "  -c, --config FILE            read FILE, see becketd.conf(5); no file\n"
    "                               is read unless given\n"
    "  -l, --listen BINDING         listen there, and there...: "
    "'ncacn_ip_tcp:',\n"
    "                               'ncacn_ip_tcp:127.0.0.1[4747]', "
    "'ncalrpc:[name]'\n"
    "  -m, --module PATH            load this module, and this...\n"
    "  -s, --set MODULE.KEY=VALUE   a setting of a module; beats the file\n"
    "  -M, --mapper                 be the endpoint mapper of this host\n"
    "  -R, --register               enter the interfaces into its map\n"
    "      --ncalrpc-dir DIR        where ncalrpc sockets live\n"
    "      --check-config           do everything but listen, then exit\n"
    "  -q, --quiet                  log warnings and errors, no calls\n"
    "  -v, --verbose                log everything\n"
    "      --version                print the version and exit\n"
    "  -h, --help                   print this and exit\n"
    "\n"
    "Where it listens comes on stdout, then \"ready\"; the log on stderr.\n"
    "SIGTERM finishes what runs, a second one stops at once.\n"
    "SIGHUP reads FILE again.\n"
    "Exit status: 0 drained, 1 failure, 2 wrong usage, 78 wrong\n"
    "configuration.\n";

enum { NCALRPC_DIR = 256, CHECK_CONFIG, VERSION };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "listen", required_argument, NULL, 'l' },
	{ "module", required_argument, NULL, 'm' },
	{ "set", required_argument, NULL, 's' },
	{ "mapper", no_argument, NULL, 'M' },
	{ "register", no_argument, NULL, 'R' },
	{ "ncalrpc-dir", required_argument, NULL, NCALRPC_DIR },
	{ "check-config", no_argument, NULL, CHECK_CONFIG },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};
static const char letters[] = "c:l:m:s:MRqvh";

/* The file is read first, wherever its flag stands, so that flags win. */
static void
read_files(struct config *config, int argc, char **argv)
{
	int c;
	opterr = 0; /* read_flag() tells */
	optind = 0; /* glibc: from the start */
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1)
		if (c == 'c')
			config_read(config, optarg);
	opterr = 1;
	optind = 0;
}

static void
read_flag(struct config *config, int c, bool *ret_check)
{
	switch (c) {
	case 'l':
		config_add_listen(config, optarg, "--listen");
		break;
	case 'm':
		config_add_module(config, optarg, "--module");
		break;
	case 's':
		config_add_override(config, optarg);
		break;
	case 'M':
		config->mapper = true;
		break;
	case 'R':
		config->enter = true;
		break;
	case NCALRPC_DIR:
		config_set_ncalrpc_dir(config, optarg);
		break;
	case CHECK_CONFIG:
		*ret_check = true;
		break;
	case 'q':
		config->log.level = BECKET_LOG_WARNING;
		config->log.access = false;
		break;
	case 'v':
		config->log.level = BECKET_LOG_DEBUG;
		config->log.access = true;
		break;
	case VERSION:
		printf("becketd %s\n", becket_version());
		exit(EXIT_SUCCESS);
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	case 'c':
		break;
	default:
		fputs("Try becketd --help.\n", stderr);
		exit(DAEMON_USAGE);
	}
}

void
flags_read(struct config *config, int argc, char **argv, bool *ret_check)
{
	int c;
	read_files(config, argc, argv);
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1)
		read_flag(config, c, ret_check);
	if (optind >= argc)
		return;
	fprintf(stderr,
	    "becketd: '%s' is one argument too many\n"
	    "Try becketd --help.\n",
	    argv[optind]);
	exit(DAEMON_USAGE);
}
