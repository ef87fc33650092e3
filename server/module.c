/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "text.h"

struct module {
	struct becket_module_host host; /* first: host_of() */
	struct module *next;            /* in the order of loading */
	struct config *config;
	const struct config_module *section;
	const struct becket_module *module;
	void *object; /* of dlopen() */
	bool runs;
};

static struct module *
module_of(struct becket_module_host *host)
{
	return (struct module *)host;
}

static const char *
host_setting(struct becket_module_host *host, const char *key)
{
	struct module *module = module_of(host);
	return config_setting(module->config, module->module->name,
	    module->section, key);
}

static void
host_log(struct becket_module_host *host, enum becket_log_level level,
    const char *text)
{
	log_line(level, "%s: %s", module_of(host)->module->name, text);
}

/* ------------------------------------------------------------------ load -- */

/* The shared object; a name without a slash is a file here, too, and not one
 * of the system's libraries.
 */
static void *
open_object(struct config *config, const struct config_module *section)
{
	char *path = strchr(section->path, '/') != NULL
	                 ? text_copy(section->path)
	                 : text_format("./%s", section->path);
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL)
		config_mistake(config, section->origin,
		    "the module cannot be loaded: %s", dlerror());
	free(path);
	return object;
}

/* The struct that the module's one function returns, if it is of use. */
static const struct becket_module *
ask(struct config *config, const struct config_module *section, void *object)
{
	/* POSIX: what dlsym() returns may be made a function */
	union {
		void *symbol;
		const struct becket_module *(*function)(void);
	} entry = { .symbol = dlsym(object, "becket_module") };
	const struct becket_module *module;
	if (entry.symbol == NULL) {
		config_mistake(config, section->origin,
		    "%s has no function becket_module() and so is no module",
		    section->path);
		return NULL;
	}
	module = entry.function();
	if (module != NULL && module->abi == BECKET_MODULE_ABI &&
	    module->name != NULL && module->start != NULL)
		return module;
	if (module != NULL && module->abi != BECKET_MODULE_ABI)
		config_mistake(config, section->origin,
		    "%s was made for ABI %u of modules; this becketd has "
		    "ABI %u",
		    section->path, (unsigned)module->abi, BECKET_MODULE_ABI);
	else
		config_mistake(config, section->origin,
		    "%s gives no name or no start()", section->path);
	return NULL;
}

static bool
name_fits(struct config *config, const struct module *modules,
    const struct config_module *section, const char *name)
{
	if (section->name != NULL && strcmp(section->name, name) != 0) {
		config_mistake(config, section->origin,
		    "the module is called %s: its section is [module %s]", name,
		    name);
		return false;
	}
	for (; modules != NULL; modules = modules->next) {
		if (strcmp(modules->module->name, name) != 0)
			continue;
		config_mistake(config, section->origin,
		    "module %s is loaded already (%s)", name,
		    modules->section->origin);
		return false;
	}
	return true;
}

static struct module *
load(struct config *config, const struct config_module *section,
    const struct module *modules)
{
	struct module *module;
	const struct becket_module *entry;
	void *object = open_object(config, section);
	if (object == NULL)
		return NULL;
	entry = ask(config, section, object);
	if (entry == NULL ||
	    !name_fits(config, modules, section, entry->name)) {
		dlclose(object);
		return NULL;
	}
	module = text_alloc(sizeof *module);
	*module = (struct module){
		.host = { .setting = host_setting, .log = host_log },
		.config = config,
		.section = section,
		.module = entry,
		.object = object,
	};
	return module;
}

struct module *
modules_load(struct config *config)
{
	struct module *modules = NULL, **end = &modules;
	for (const struct config_module *section = config->modules;
	     section != NULL; section = section->next) {
		if (section->path == NULL)
			continue; /* told by config_read() */
		*end = load(config, section, modules);
		if (*end != NULL)
			end = &(*end)->next;
	}
	return modules;
}

/* --------------------------------------------------------- start and stop --
 */

static becket_status
start(struct module *module, struct becket_server *server)
{
	const char *name = module->module->name;
	becket_status status = module->module->start(&module->host, server);
	if (status == BECKET_S_INVALID_ARG) {
		config_mistake(module->config, module->section->origin,
		    "module %s refuses its settings", name);
		return BECKET_S_OK;
	}
	if (status != BECKET_S_OK) {
		log_line(BECKET_LOG_ERROR, "module %s did not start: %s", name,
		    becket_status_text(status));
		return status;
	}
	module->runs = true;
	config_unused_setting(module->config, name, module->section);
	log_line(BECKET_LOG_INFO, "module %s started", name);
	return BECKET_S_OK;
}

becket_status
modules_start(struct module *modules, struct becket_server *server)
{
	struct module *module;
	becket_status status = BECKET_S_OK;
	for (module = modules; module != NULL && status == BECKET_S_OK;
	     module = module->next)
		status = start(module, server);
	return status;
}

void
modules_stop(struct module *modules)
{
	if (modules == NULL)
		return;
	modules_stop(modules->next);
	if (modules->runs && modules->module->stop != NULL)
		modules->module->stop(&modules->host);
	modules->runs = false;
}

void
modules_unload(struct module *modules)
{
	while (modules != NULL) {
		struct module *next = modules->next;
		dlclose(modules->object);
		free(modules);
		modules = next;
	}
}
