/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void
config_init(struct config *config)
{
	*config = (struct config){
		.limits = BECKET_LIMITS_DEFAULT,
		.loops = 1,
		.log = { .level = BECKET_LOG_INFO, .access = true },
	};
}

void
config_settings_free(struct config_setting *setting)
{
	while (setting != NULL) {
		struct config_setting *next = setting->next;
		free(setting->key);
		free(setting->value);
		free(setting->origin);
		free(setting);
		setting = next;
	}
}

static void
listens_free(struct config_listen *listen)
{
	while (listen != NULL) {
		struct config_listen *next = listen->next;
		free(listen->binding);
		free(listen->origin);
		free(listen);
		listen = next;
	}
}

static void
modules_free(struct config_module *module)
{
	while (module != NULL) {
		struct config_module *next = module->next;
		config_settings_free(module->settings);
		free(module->name);
		free(module->path);
		free(module->origin);
		free(module);
		module = next;
	}
}

void
config_fini(struct config *config)
{
	listens_free(config->listens);
	listens_free(config->mapper_listens);
	modules_free(config->modules);
	config_settings_free(config->overrides);
	free(config->ncalrpc_dir);
	*config = (struct config){ 0 };
}

void
config_mistake(struct config *config, const char *origin, const char *format,
    ...)
{
	va_list arguments;
	config->mistakes++;
	va_start(arguments, format);
	char *sentence = text_vformat(format, arguments);
	va_end(arguments);
	if (config->is_reload)
		log_line(BECKET_LOG_ERROR, "%s: %s", origin, sentence);
	else
		log_plain(BECKET_LOG_ERROR, "%s: %s", origin, sentence);
	free(sentence);
}

static void
add_listen(struct config_listen **end, const char *binding, const char *origin)
{
	while (*end != NULL)
		end = &(*end)->next;
	*end = text_alloc(sizeof **end);
	**end = (struct config_listen){
		.binding = text_copy(binding),
		.origin = text_copy(origin),
	};
}

void
config_add_listen(struct config *config, const char *binding,
    const char *origin)
{
	add_listen(&config->listens, binding, origin);
}

void
config_add_mapper_listen(struct config *config, const char *binding,
    const char *origin)
{
	config->mapper = true;
	add_listen(&config->mapper_listens, binding, origin);
}

struct config_module *
config_module_new(struct config *config, const char *origin)
{
	struct config_module **end = &config->modules;
	while (*end != NULL)
		end = &(*end)->next;
	*end = text_alloc(sizeof **end);
	**end = (struct config_module){ .origin = text_copy(origin) };
	return *end;
}

void
config_add_module(struct config *config, const char *path, const char *origin)
{
	config_module_new(config, origin)->path = text_copy(path);
}

struct config_setting *
config_setting_find(struct config_setting *setting, const char *key)
{
	while (setting != NULL && strcmp(setting->key, key) != 0)
		setting = setting->next;
	return setting;
}

void
config_setting_add(struct config_setting **settings, const char *key,
    const char *value, const char *origin)
{
	while (*settings != NULL)
		settings = &(*settings)->next;
	*settings = text_alloc(sizeof **settings);
	**settings = (struct config_setting){
		.key = text_copy(key),
		.value = text_copy(value),
		.origin = text_copy(origin),
	};
}

void
config_add_override(struct config *config, const char *argument)
{
	const char *equals = strchr(argument, '=');
	const char *dot = strchr(argument, '.');
	if (equals == NULL || dot == NULL || dot > equals || dot == argument ||
	    dot + 1 == equals) {
		config_mistake(config, "--set", "'%s' is not MODULE.KEY=VALUE",
		    argument);
		return;
	}
	char *key = text_format("%.*s", (int)(equals - argument), argument);
	if (config_setting_find(config->overrides, key) != NULL)
		config_mistake(config, "--set", "%s is set twice", key);
	else
		config_setting_add(&config->overrides, key, equals + 1,
		    "--set");
	free(key);
}

void
config_set_ncalrpc_dir(struct config *config, const char *path)
{
	free(config->ncalrpc_dir);
	config->ncalrpc_dir = text_copy(path);
}

struct config_setting *
config_settings_of(struct config *config, const char *module,
    const struct config_module *section)
{
	struct config_setting *settings = NULL, *setting;
	size_t length = strlen(module);
	for (setting = config->overrides; setting != NULL;
	     setting = setting->next) {
		if (strncmp(setting->key, module, length) != 0 ||
		    setting->key[length] != '.')
			continue;
		setting->used = true;
		config_setting_add(&settings, setting->key + length + 1,
		    setting->value, setting->origin);
	}
	for (setting = section->settings; setting != NULL;
	     setting = setting->next)
		if (config_setting_find(settings, setting->key) == NULL)
			config_setting_add(&settings, setting->key,
			    setting->value, setting->origin);
	return settings;
}

/* Is all of one in the other? Keys stand once in each. */
static bool
is_within(const struct config_setting *one, struct config_setting *other)
{
	for (; one != NULL; one = one->next) {
		const struct config_setting *same =
		    config_setting_find(other, one->key);
		if (same == NULL || strcmp(same->value, one->value) != 0)
			return false;
	}
	return true;
}

bool
config_settings_equal(struct config_setting *one, struct config_setting *other)
{
	return is_within(one, other) && is_within(other, one);
}

static void
unused_override(struct config *config, const char *origin, const char *key)
{
	config_mistake(config, origin, "no module asked for %s", key);
}

void
config_unused_settings(struct config *config, const char *module,
    const struct config_setting *setting)
{
	for (; setting != NULL; setting = setting->next) {
		char *full = text_format("%s.%s", module, setting->key);
		if (setting->used)
			;
		else if (config_setting_find(config->overrides, full) != NULL)
			unused_override(config, setting->origin, full);
		else
			config_mistake(config, setting->origin,
			    "module %s has no setting %s", module,
			    setting->key);
		free(full);
	}
}

void
config_unused_overrides(struct config *config)
{
	for (const struct config_setting *setting = config->overrides;
	     setting != NULL; setting = setting->next)
		if (!setting->used)
			unused_override(config, setting->origin, setting->key);
}
