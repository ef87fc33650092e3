/* SPDX-License-Identifier: MIT */
/* becketd: serves interface modules. See becketd(8). */
#include <stdbool.h>

#include "config.h"
#include "daemon.h"
#include "flags.h"

int
main(int argc, char **argv)
{
	struct config config;
	bool check = false;
	config_init(&config);
	flags_read(&config, argc, argv, &check);
	config.argc = argc;
	config.argv = argv;
	int status = daemon_run(&config, check);
	config_fini(&config);
	return status;
}
