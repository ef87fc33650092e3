/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_MODULE_H
#define BECKETD_MODULE_H

#include "becket.h"
#include "becket_module.h"
#include "config.h"

/*
 * The modules that config names, loaded and started in its order, stopped and
 * unloaded in the reverse one.
 *
 *   load ─► start ─► ... ─► stop ─► unload
 *
 * What is wrong with one is a mistake of the configuration, told as such.
 */
struct module;

/* Load all; those that cannot be are mistakes. */
struct module *modules_load(struct config *config);

/* Start all. S_OK: they run, or config has more mistakes than before. */
BECKET_MUST_USE becket_status modules_start(struct module *modules,
    struct becket_server *server);

/* Stop those that run. */
void modules_stop(struct module *modules);
void modules_unload(struct module *modules);

#endif
