/* SPDX-License-Identifier: MIT */
#include "modules.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

bool
modules_init(struct modules *modules, struct becket_server *server)
{
	*modules = (struct modules){
		.server = server,
		.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (modules->eventfd < 0)
		log_line(BECKET_LOG_ERROR, "no eventfd: %s", strerror(errno));
	return modules->eventfd >= 0;
}

static void
append(struct module **list, struct module *module)
{
	while (*list != NULL)
		list = &(*list)->next;
	module->next = NULL;
	*list = module;
}

static struct module *
take_first(struct module **list)
{
	struct module *first = *list;
	*list = first->next;
	first->next = NULL;
	return first;
}

/* Where a module of this name stands in a list; at its end: there is none.
 * What leaves is no obstacle to another of its name.
 */
static struct module **
find(struct module **list, const char *name)
{
	while (*list != NULL &&
	       ((*list)->leaves || strcmp((*list)->name, name) != 0))
		list = &(*list)->next;
	return list;
}

static void
free_all(struct module **list)
{
	while (*list != NULL)
		module_free(take_first(list));
}

/* --------------------------------------------------------------- prepare -- */

static void
load(struct modules *modules, struct config *config,
    const struct config_module *section)
{
	struct module *module, *same;
	if (section->path == NULL)
		return; /* told by config_read() */
	module = module_load(config, section);
	if (module == NULL)
		return;
	same = *find(&modules->coming, module->name);
	if (same == NULL) {
		append(&modules->coming, module);
		return;
	}
	config_mistake(config, section->origin,
	    "module %s is loaded already (%s)", module->name, same->origin);
	module_free(module);
}

/* Compare with what runs. One that is to replace another of the same file must
 * not keep that in memory.
 */
static void
compare(struct modules *modules)
{
	struct module *all = modules->coming;
	modules->coming = NULL;
	while (all != NULL) {
		struct module *module = take_first(&all);
		struct module *runs = *find(&modules->list, module->name);
		if (runs != NULL && module_equal(runs, module)) {
			runs->is_wanted = true;
			module_free(module);
			continue;
		}
		if (runs != NULL)
			module_unload(module);
		append(&modules->coming, module);
	}
}

bool
modules_prepare(struct modules *modules, struct config *config)
{
	modules->added = NULL;
	for (const struct config_module *section = config->modules;
	     section != NULL; section = section->next)
		load(modules, config, section);
	compare(modules);
	return config->mistakes == 0;
}

/* ---------------------------------------------------- add, commit, revert --
 */

/* Mistakes of one are no reason not to look for those of the next. */
bool
modules_add(struct modules *modules, struct config *config)
{
	becket_status status = BECKET_S_OK;
	struct module *all = modules->coming;
	modules->coming = NULL;
	while (all != NULL) {
		struct module *module = take_first(&all);
		if (status != BECKET_S_OK ||
		    *find(&modules->list, module->name) != NULL) {
			append(&modules->coming, module);
			continue;
		}
		append(&modules->list, module);
		if (modules->added == NULL)
			modules->added = module;
		status = module_start(module, config, modules->server);
		if (status == BECKET_S_INVALID_ARG)
			status = BECKET_S_OK;
	}
	return status == BECKET_S_OK && config->mistakes == 0;
}

void
modules_commit(struct modules *modules)
{
	for (struct module *module = modules->list;
	     module != NULL && module != modules->added;
	     module = module->next) {
		struct module **next = find(&modules->coming, module->name);
		if (module->is_wanted) {
			module->is_wanted = false;
			continue;
		}
		if (*next != NULL)
			module->successor = take_first(next);
		module_retire(module, modules->server, modules->eventfd);
	}
	modules->added = NULL;
}

void
modules_revert(struct modules *modules)
{
	for (struct module *module = modules->list; module != NULL;
	     module = module->next)
		module->is_wanted = false;
	for (struct module *module = modules->added; module != NULL;
	     module = module->next)
		module_retire(module, modules->server, modules->eventfd);
	modules->added = NULL;
	free_all(&modules->coming);
}

/* ----------------------------------------------------------------- leave -- */

void
modules_wake(struct modules *modules)
{
	const uint64_t one = 1;
	(void)!write(modules->eventfd, &one, sizeof one);
}

bool
modules_leave(const struct modules *modules)
{
	const struct module *module = modules->list;
	while (module != NULL && !module->leaves)
		module = module->next;
	return module != NULL;
}

/* One that ran before may run again, whatever it says. */
static bool
succeed(struct modules *modules, struct module *module, struct config *config)
{
	unsigned mistakes = config->mistakes;
	if (!module_reload(module, config) ||
	    module_start(module, config, modules->server) != BECKET_S_OK ||
	    (config->mistakes > mistakes && !module->is_fallback))
		return false;
	if (module->is_fallback)
		log_line(BECKET_LOG_WARNING,
		    "module %s goes on with the settings it had", module->name);
	module->is_fallback = false;
	return true;
}

/* *at has left: put its successor in its place. */
static void
replace(struct modules *modules, struct module **at, struct config *config)
{
	struct module *module = *at, *successor = module->successor;
	module->successor = NULL;
	module->leaves = false;
	successor->next = module->next;
	*at = successor;
	if (succeed(modules, successor, config)) {
		module_free(module);
		return;
	}
	if (successor->is_fallback) {
		log_line(BECKET_LOG_ERROR, "module %s does not run any more",
		    module->name);
		module_free(module);
	} else {
		module->is_fallback = true;
		module->next = NULL;
		successor->successor = module;
	}
	module_retire(successor, modules->server, modules->eventfd);
}

void
modules_reap(struct modules *modules, struct config *config)
{
	struct module **at = &modules->list;
	uint64_t count;
	(void)!read(modules->eventfd, &count, sizeof count);
	while (*at != NULL) {
		struct module *module = *at;
		if (!module_has_left(module)) {
			at = &module->next;
			continue;
		}
		module_stop(module);
		module_unload(module);
		if (module->successor != NULL)
			replace(modules, at, config);
		else
			module_free(take_first(at));
	}
}

/* ------------------------------------------------------------------- end -- */

static void
stop_backwards(struct module *module)
{
	if (module == NULL)
		return;
	stop_backwards(module->next);
	module_stop(module);
}

void
modules_stop(struct modules *modules)
{
	stop_backwards(modules->list);
}

void
modules_fini(struct modules *modules)
{
	free_all(&modules->list);
	free_all(&modules->coming);
	if (modules->eventfd > 0)
		close(modules->eventfd);
}
