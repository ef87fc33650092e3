/* SPDX-License-Identifier: MIT */
#ifndef BECKET_MODULE_H
#define BECKET_MODULE_H

#include "becket.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What becketd loads: a shared object with one function of this name, which
 * returns one constant struct. Its start() registers interfaces.
 *
 *   BECKET_MODULE_EXPORT const struct becket_module *
 *   becket_module(void)
 *   {
 *           static const struct becket_module module = {
 *                   .abi = BECKET_MODULE_ABI,
 *                   .name = "calculator",
 *                   .start = start,
 *           };
 *           return &module;
 *   }
 *
 * A module links against libbecket alone; becketd's side comes to it through
 * struct becket_module_host. becket_module(3) tells the rest.
 */
#define BECKET_MODULE_ABI 1

#define BECKET_MODULE_EXPORT __attribute__((visibility("default")))

struct becket_module_host;

struct becket_module {
	uint32_t abi;     /* BECKET_MODULE_ABI */
	const char *name; /* its section in becketd.conf: [module NAME] */
	/* Register interfaces with server; the daemon takes back what has been
	 * registered here, and only that. Calls may come before start() has
	 * returned if the daemon serves already. A status that is not S_OK
	 * ends the daemon as it starts, after host->log() has said why, or
	 * leaves it as it was;
	 * S_INVALID_ARG says that a setting is wrong (exit status 78, as for
	 * any mistake in the configuration). A setting that no start() asks
	 * for is a mistake, too. `becketd --check-config` calls start() and
	 * stop(), but never listens.
	 */
	becket_status (*start)(struct becket_module_host *host,
	    struct becket_server *server);
	/* After the last call has been answered, or cut off, and only if
	 * start() succeeded; may be NULL. All threads of the module's end here:
	 * afterwards it may be unloaded, while the daemon goes on. start() may
	 * follow again, with other settings.
	 */
	void (*stop)(struct becket_module_host *host);
};

/* What the host offers. One per module; valid from start() to stop(). */
struct becket_module_host {
	/* A setting of the module's own section, or NULL. Lives as long as the
	 * module. In start() only.
	 */
	const char *(
	    *setting)(struct becket_module_host *host, const char *key);
	/* One line of the daemon's log. Any thread. */
	void (*log)(struct becket_module_host *host,
	    enum becket_log_level level, const char *text);
	void *user; /* the module's own */
};

BECKET_MODULE_EXPORT const struct becket_module *becket_module(void);

#ifdef __cplusplus
}
#endif

#endif
