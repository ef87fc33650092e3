/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MODULE_H
#define BECKETD_MODULE_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "becket.h"
#include "becket_module.h"
#include "config.h"

/*
 * One module: a shared object with its settings.
 *
 *   loaded ──start──► runs ──retire──► leaves ──last call──► stop ──► unloaded
 *                       └───────────── the daemon ends ───────┘
 *
 * It owns copies of all that the configuration says of it, so that it may
 * outlive that. What start() registers is taken down, and taken back when the
 * module is retired: its calls go on, and when the last one is done, eventfd
 * tells the loop.
 */
struct module {
	struct becket_module_host host; /* first: module_of() */
	struct module *next;
	char *name, *path, *origin;
	struct config_setting *settings;
	void *object; /* of dlopen(); NULL: unloaded */
	const struct becket_module *entry;
	struct stat file; /* as it was loaded */
	bool runs;        /* started, and not stopped */
	bool is_wanted;   /* the configuration that comes has it as it is */

	bool leaves;
	atomic_uint holders; /* registrations that calls still hold */
	int eventfd;
	struct becket_registration *registrations;
	size_t registration_count;
	struct module *successor; /* starts when this one has left */
	bool is_fallback;         /* it did run; another was tried */
};

/* Load what a section says. What is wrong is a mistake of config; NULL. */
struct module *module_load(struct config *config,
    const struct config_module *section);

/* Load again one that was unloaded, or unload. */
BECKET_MUST_USE bool module_reload(struct module *module,
    struct config *config);
void module_unload(struct module *module);

/* Same file, same settings: nothing to be gained by the other one. */
bool module_equal(const struct module *one, const struct module *other);

/* Start it. S_OK: it runs, though config may have a mistake more: a setting
 * that the module does not know. S_INVALID_ARG: it refuses its settings, which
 * is a mistake of config. All else is logged. One that did not start may have
 * registered something, and has to be retired too.
 */
BECKET_MUST_USE becket_status module_start(struct module *module,
    struct config *config, struct becket_server *server);

/* Take back what it has registered, and write to eventfd when no call needs it
 * any more; then module_has_left().
 */
void module_retire(struct module *module, struct becket_server *server,
    int eventfd);
bool module_has_left(const struct module *module);

/* Nothing that it has registered is called any more; if it runs. */
void module_stop(struct module *module);
/* Unload and free it, and its successor. NULL is fine. */
void module_free(struct module *module);

#endif
