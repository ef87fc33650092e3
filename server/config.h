/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_CONFIG_H
#define BECKETD_CONFIG_H

#include <stdbool.h>

#include "becket.h"
#include "log.h"

/*
 * What becketd was told: by the file (becketd.conf(5)), and by flags, which
 * come after it. Everything knows its origin, "FILE:LINE" or a flag, so that
 * whoever finds it wrong later can say where it stands.
 *
 * Mistakes are printed as they are found, "origin: sentence", and counted;
 * reading goes on, so that one run shows all of them. When the daemon serves
 * already, they are lines of its log.
 */
struct config_setting {
	struct config_setting *next;
	char *key, *value, *origin;
	bool used; /* a module has asked for it; of an override: has it */
};

struct config_listen {
	struct config_listen *next;
	char *binding, *origin;
	bool is_open;
};

struct config_module {
	struct config_module *next;
	char *name; /* of the section; NULL: given by --module */
	char *path; /* NULL until Path= was read */
	char *origin;
	struct config_setting *settings;
};

struct config {
	struct config_listen *listens;
	struct config_module *modules;
	struct config_setting *overrides; /* --set; key is "module.key" */
	struct becket_limits limits;
	char *ncalrpc_dir; /* NULL: the runtime's default */
	unsigned loops;    /* of the server */
	int workers;       /* as in struct becket_server_options */
	unsigned without;  /* the same */
	struct log_options log;
	bool allow_stop;
	bool mapper; /* be the host's endpoint mapper */
	/* Enter our interfaces into its endpoint map? The mapper itself does,
	 * unless it is told not to.
	 */
	bool enter, enter_not;
	struct config_listen *mapper_listens; /* see mapper_places() */
	bool is_reload;                       /* read while the daemon serves */
	unsigned mistakes;
	int argc; /* the command line, to read it again */
	char **argv;
};

/* The defaults. */
void config_init(struct config *config);
void config_fini(struct config *config);

/* Read a file; its mistakes are counted in config->mistakes. */
void config_read(struct config *config, const char *path);

/* What flags add. argument is as typed. */
void config_add_listen(struct config *config, const char *binding,
    const char *origin);
void config_add_mapper_listen(struct config *config, const char *binding,
    const char *origin);
void config_add_module(struct config *config, const char *path,
    const char *origin);
void config_add_override(struct config *config, const char *argument);
void config_set_ncalrpc_dir(struct config *config, const char *path);

struct config_module *config_module_new(struct config *config,
    const char *origin);

/* Lists of settings; NULL: not there. */
struct config_setting *config_setting_find(struct config_setting *list,
    const char *key);
void config_setting_add(struct config_setting **list, const char *key,
    const char *value, const char *origin);
void config_settings_free(struct config_setting *list);

/* Print "origin: sentence" and count it. */
void config_mistake(struct config *config, const char *origin,
    const char *format, ...) BECKET_PRINTF(3, 4);

/* A copy of a module's settings, those of --set before those of its section;
 * the former are marked as used.
 */
struct config_setting *config_settings_of(struct config *config,
    const char *module, const struct config_module *section);

/* Do both lists say the same, wherever it stands? */
bool config_settings_equal(struct config_setting *one,
    struct config_setting *other);

/* A mistake for each setting that is not used: of a module that has started,
 * of --set once all are loaded.
 */
void config_unused_settings(struct config *config, const char *module,
    const struct config_setting *settings);
void config_unused_overrides(struct config *config);

#endif
