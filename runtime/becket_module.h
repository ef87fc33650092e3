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
 */
#define BECKET_MODULE_ABI 1

#define BECKET_MODULE_EXPORT __attribute__((visibility("default")))

struct becket_module_host;

struct becket_module {
	uint32_t abi;     /* BECKET_MODULE_ABI */
	const char *name; /* its section in becketd.conf: [module NAME] */
	/* Register interfaces with server. A status that is not S_OK ends the
	 * daemon, after host->log() has said why.
	 */
	becket_status (*start)(struct becket_module_host *host,
	    struct becket_server *server);
	/* After the last call has been answered; may be NULL. */
	void (*stop)(struct becket_module_host *host);
};

/* What the host offers, through functions of the struct it gives: a module
 * links against libbecket alone.
 */
struct becket_module_host {
	/* A setting of the module's own section, or NULL. Lives as long as the
	 * module.
	 */
	const char *(
	    *setting)(struct becket_module_host *host, const char *key);
	/* One line of the daemon's log. */
	void (*log)(struct becket_module_host *host,
	    enum becket_log_level level, const char *text);
	void *user; /* the module's own */
};

BECKET_MODULE_EXPORT const struct becket_module *becket_module(void);

#ifdef __cplusplus
}
#endif

#endif
