/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

static struct module *
module_of(struct becket_module_host *host)
{
	return (struct module *)host;
}

static const char *
host_setting(struct becket_module_host *host, const char *key)
{
	struct config_setting *setting =
	    config_setting_find(module_of(host)->settings, key);
	if (setting == NULL)
		return NULL;
	setting->used = true;
	return setting->value;
}

static void
host_log(struct becket_module_host *host, enum becket_log_level level,
    const char *text)
{
	log_line(level, "%s: %s", module_of(host)->name, text);
}

/* ------------------------------------------------------------------ load -- */

/* The struct that the module's one function returns, if it is of use. */
static const struct becket_module *
ask(struct config *config, const struct module *module)
{
	/* POSIX: what dlsym() returns may be made a function */
	union {
		void *symbol;
		const struct becket_module *(*function)(void);
	} ask = { .symbol = dlsym(module->object, "becket_module") };
	const struct becket_module *entry;
	if (ask.symbol == NULL) {
		config_mistake(config, module->origin,
		    "%s has no function becket_module() and so is no module",
		    module->path);
		return NULL;
	}
	entry = ask.function();
	if (entry != NULL && entry->abi == BECKET_MODULE_ABI &&
	    entry->name != NULL && entry->start != NULL)
		return entry;
	if (entry != NULL && entry->abi != BECKET_MODULE_ABI)
		config_mistake(config, module->origin,
		    "%s was made for ABI %u of modules; this becketd has "
		    "ABI %u",
		    module->path, (unsigned)entry->abi, BECKET_MODULE_ABI);
	else
		config_mistake(config, module->origin,
		    "%s gives no name or no start()", module->path);
	return NULL;
}

bool
module_reload(struct module *module, struct config *config)
{
	/* A name without a slash is a file here, too, and not one of the
	 * system's libraries.
	 */
	char *path = strchr(module->path, '/') != NULL
	                 ? text_copy(module->path)
	                 : text_format("./%s", module->path);
	if (stat(path, &module->file) != 0)
		module->file = (struct stat){ 0 }; /* dlopen() tells */
	module->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (module->object == NULL)
		config_mistake(config, module->origin,
		    "the module cannot be loaded: %s", dlerror());
	free(path);
	if (module->object == NULL)
		return false;
	module->entry = ask(config, module);
	if (module->entry != NULL)
		return true;
	module_unload(module);
	return false;
}

void
module_unload(struct module *module)
{
	if (module->object != NULL)
		dlclose(module->object);
	/* which was where the interfaces are */
	free(module->registrations);
	module->registrations = NULL;
	module->registration_count = 0;
	module->object = NULL;
	module->entry = NULL;
}

struct module *
module_load(struct config *config, const struct config_module *section)
{
	struct module *module = text_alloc(sizeof *module);
	*module = (struct module){
		.host = { .setting = host_setting, .log = host_log },
		.path = text_copy(section->path),
		.origin = text_copy(section->origin),
	};
	if (!module_reload(module, config)) {
		module_free(module);
		return NULL;
	}
	module->name = text_copy(module->entry->name);
	if (section->name != NULL && strcmp(section->name, module->name) != 0) {
		config_mistake(config, section->origin,
		    "the module is called %s: its section is [module %s]",
		    module->name, module->name);
		module_free(module);
		return NULL;
	}
	module->settings = config_settings_of(config, module->name, section);
	return module;
}

bool
module_equal(const struct module *one, const struct module *other)
{
	const struct stat *a = &one->file, *b = &other->file;
	return strcmp(one->path, other->path) == 0 && a->st_dev == b->st_dev &&
	       a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       config_settings_equal(one->settings, other->settings);
}

void
module_free(struct module *module)
{
	if (module == NULL)
		return;
	module_unload(module);
	module_free(module->successor);
	config_settings_free(module->settings);
	free(module->name);
	free(module->path);
	free(module->origin);
	free(module);
}

/* ----------------------------------------------------------------- start -- */

static bool
is_in(const struct becket_registration_vector *vector,
    const struct becket_registration *one)
{
	for (size_t i = 0; vector != NULL && i < vector->count; i++)
		if (vector->registrations[i].interface == one->interface &&
		    becket_uuid_equal(&vector->registrations[i].type,
		        &one->type))
			return true;
	return false;
}

/* What is registered now, and was not before. */
static void
take_down(struct module *module, const struct becket_registration_vector *now,
    const struct becket_registration_vector *before)
{
	size_t count = 0;
	free(module->registrations);
	module->registrations = NULL;
	if (now != NULL)
		module->registrations =
		    text_alloc(now->count * sizeof *now->registrations);
	for (size_t i = 0; now != NULL && i < now->count; i++)
		if (!is_in(before, &now->registrations[i]))
			module->registrations[count++] = now->registrations[i];
	module->registration_count = count;
}

/* NULL: none. */
static becket_status
registered(struct becket_server *server,
    struct becket_registration_vector **ret_vector)
{
	becket_status status =
	    becket_server_inq_registrations(server, ret_vector);
	return status == BECKET_S_NO_INTERFACES ? BECKET_S_OK : status;
}

static becket_status
start(struct module *module, struct becket_server *server)
{
	struct becket_registration_vector *before = NULL, *now = NULL;
	becket_status status = registered(server, &before);
	if (status == BECKET_S_OK) {
		status = module->entry->start(&module->host, server);
		module->runs = status == BECKET_S_OK;
		/* one that fails may have registered something all the same */
		if (registered(server, &now) != BECKET_S_OK)
			status = BECKET_S_OUT_OF_MEMORY;
		take_down(module, now, before);
	}
	becket_registration_vector_free(&before);
	becket_registration_vector_free(&now);
	return status;
}

becket_status
module_start(struct module *module, struct config *config,
    struct becket_server *server)
{
	becket_status status = start(module, server);
	if (status == BECKET_S_INVALID_ARG)
		config_mistake(config, module->origin,
		    "module %s refuses its settings", module->name);
	else if (status != BECKET_S_OK)
		log_line(BECKET_LOG_ERROR, "module %s did not start: %s",
		    module->name, becket_status_text(status));
	if (status != BECKET_S_OK)
		return status;
	config_unused_settings(config, module->name, module->settings);
	log_line(BECKET_LOG_INFO, "module %s started", module->name);
	return BECKET_S_OK;
}

/* ------------------------------------------------------------ leave, stop --
 */

/* Any thread. */
static void
let_go(void *user)
{
	struct module *module = user;
	int eventfd = module->eventfd;
	const uint64_t one = 1;
	if (atomic_fetch_sub(&module->holders, 1) > 1)
		return;
	/* The loop may look by itself and free the module before this. */
	(void)!write(eventfd, &one, sizeof one);
}

void
module_retire(struct module *module, struct becket_server *server, int eventfd)
{
	module->leaves = true;
	module->eventfd = eventfd;
	atomic_store(&module->holders, 1);
	for (size_t i = 0; i < module->registration_count; i++) {
		struct becket_registration *one = &module->registrations[i];
		becket_status status;
		atomic_fetch_add(&module->holders, 1);
		status = becket_server_unregister_if_then(server,
		    one->interface, &one->type, let_go, module);
		if (status == BECKET_S_UNKNOWN_IF ||
		    status == BECKET_S_UNKNOWN_MGR_TYPE)
			let_go(module); /* it has done so itself */
		else if (status != BECKET_S_OK)
			log_line(BECKET_LOG_ERROR, "module %s has to stay: %s",
			    module->name, becket_status_text(status));
	}
	log_line(BECKET_LOG_INFO, "module %s takes no more calls",
	    module->name);
	let_go(module);
}

bool
module_has_left(const struct module *module)
{
	return module->leaves && atomic_load(&module->holders) == 0;
}

void
module_stop(struct module *module)
{
	if (!module->runs)
		return;
	if (module->entry->stop != NULL)
		module->entry->stop(&module->host);
	module->runs = false;
	log_line(BECKET_LOG_INFO, "module %s stopped", module->name);
}
