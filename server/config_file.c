/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "text.h"

/* libinih cuts names at 50 bytes without a word. */
enum { NAME_SIZE = 49 };

/* One file being read. libinih tells no line numbers, cuts long lines in two
 * without a word, and takes an indented key for more of the value before; so
 * it reads through read_line(), which counts, refuses and strips.
 */
struct reader {
	struct config *config;
	const char *path;
	FILE *file;
	unsigned line;
	const char *
	    section; /* "becketd", "limits", "mapper" or "module"; NULL: unknown
	              */
	struct config_module *module; /* of a section "module" */
	struct config_setting *seen;  /* "section.key" of what came before */
};

static void reader_mistake(struct reader *reader, const char *format, ...)
    BECKET_PRINTF(2, 3);

static char *
reader_origin(const struct reader *reader)
{
	return text_format("%s:%u", reader->path, reader->line);
}

static void
reader_mistake(struct reader *reader, const char *format, ...)
{
	char *origin = reader_origin(reader);
	va_list arguments;
	va_start(arguments, format);
	char *sentence = text_vformat(format, arguments);
	va_end(arguments);
	config_mistake(reader->config, origin, "%s", sentence);
	free(sentence);
	free(origin);
}

/* -------------------------------------------------------- [becketd] keys -- */

static bool
parse_yes(struct reader *reader, const char *value, bool *ret_yes)
{
	bool yes = strcmp(value, "yes") == 0;
	if (!yes && strcmp(value, "no") != 0) {
		reader_mistake(reader, "this is yes or no, not '%s'", value);
		return false;
	}
	*ret_yes = yes;
	return true;
}

static void
take_listen(struct reader *reader, const char *value)
{
	char *origin = reader_origin(reader);
	config_add_listen(reader->config, value, origin);
	free(origin);
}

static void
take_ncalrpc_dir(struct reader *reader, const char *value)
{
	config_set_ncalrpc_dir(reader->config, value);
}

static void
take_log(struct reader *reader, const char *value)
{
	static const struct {
		const char *name;
		enum becket_log_level level;
	} rows[] = {
		{ "error", BECKET_LOG_ERROR },
		{ "warning", BECKET_LOG_WARNING },
		{ "info", BECKET_LOG_INFO },
		{ "debug", BECKET_LOG_DEBUG },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(value, rows[i].name) != 0)
			continue;
		reader->config->log.level = rows[i].level;
		return;
	}
	reader_mistake(reader, "Log is error, warning, info or debug, not '%s'",
	    value);
}

static void
take_access_log(struct reader *reader, const char *value)
{
	(void)parse_yes(reader, value, &reader->config->log.access);
}

static void
take_allow_stop(struct reader *reader, const char *value)
{
	(void)parse_yes(reader, value, &reader->config->allow_stop);
}

static void
take_register(struct reader *reader, const char *value)
{
	struct config *config = reader->config;
	if (parse_yes(reader, value, &config->enter))
		config->enter_not = !config->enter;
}

/* A number from least to most. */
static bool
parse_number(struct reader *reader, const char *value, long least, long most,
    long *ret_number)
{
	char *end;
	long number;
	errno = 0;
	number = strtol(value, &end, 10);
	if (errno == 0 && *end == '\0' && end != value && number >= least &&
	    number <= most) {
		*ret_number = number;
		return true;
	}
	reader_mistake(reader, "this is a number from %ld to %ld, not '%s'",
	    least, most, value);
	return false;
}

static void
take_loops(struct reader *reader, const char *value)
{
	long number;
	if (parse_number(reader, value, 1, 256, &number))
		reader->config->loops = (unsigned)number;
}

static void
take_workers(struct reader *reader, const char *value)
{
	long number;
	if (parse_number(reader, value, 0, 1024, &number))
		reader->config->workers = number == 0 ? -1 : (int)number;
}

static void
take_service(struct reader *reader, const char *value, unsigned service)
{
	bool yes;
	if (!parse_yes(reader, value, &yes))
		return;
	if (yes)
		reader->config->without &= ~service;
	else
		reader->config->without |= service;
}

static void
take_health(struct reader *reader, const char *value)
{
	take_service(reader, value, BECKET_WITHOUT_HEALTH);
}

static void
take_reflection(struct reader *reader, const char *value)
{
	take_service(reader, value, BECKET_WITHOUT_REFLECTION);
}

static void
take_hold(struct reader *reader, const char *value)
{
	take_service(reader, value, BECKET_WITHOUT_HOLD);
}

static const struct key {
	const char *name;
	void (*take)(struct reader *reader, const char *value);
	bool repeatable;
} keys[] = {
	{ "Listen", take_listen, true },
	{ "NcalrpcDir", take_ncalrpc_dir, false },
	{ "Loops", take_loops, false },
	{ "Workers", take_workers, false },
	{ "Log", take_log, false },
	{ "AccessLog", take_access_log, false },
	{ "AllowStop", take_allow_stop, false },
	{ "Register", take_register, false },
	{ "Health", take_health, false },
	{ "Reflection", take_reflection, false },
	{ "Hold", take_hold, false },
};

/* -------------------------------------------------------------- sections -- */

/* Is this the second time? Then it is a mistake. */
static bool
is_repeated(struct reader *reader, const char *section, const char *name)
{
	char *full = text_format("%s.%s", section, name);
	bool repeated = config_setting_find(reader->seen, full) != NULL;
	if (repeated)
		reader_mistake(reader, "%s is given twice", name);
	else
		config_setting_add(&reader->seen, full, "", "");
	free(full);
	return repeated;
}

static void
take_becketd(struct reader *reader, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if (keys[i].repeatable || !is_repeated(reader, "becketd", name))
			keys[i].take(reader, value);
		return;
	}
	reader_mistake(reader, "[becketd] has no key %s", name);
}

static void
take_mapper(struct reader *reader, const char *name, const char *value)
{
	char *origin = reader_origin(reader);
	if (strcmp(name, "Listen") == 0)
		config_add_mapper_listen(reader->config, value, origin);
	else
		reader_mistake(reader, "[mapper] has no key %s", name);
	free(origin);
}

static void
take_limit(struct reader *reader, const char *name, const char *value)
{
	const char *sentence;
	if (is_repeated(reader, "limits", name))
		return;
	sentence = limit_set(&reader->config->limits, name, value);
	if (sentence != NULL)
		reader_mistake(reader, "%s=%s: %s", name, value, sentence);
}

static void
take_setting(struct reader *reader, const char *name, const char *value)
{
	struct config_module *module = reader->module;
	char *origin = reader_origin(reader);
	if (strcmp(name, "Path") == 0 && module->path != NULL)
		reader_mistake(reader, "Path is given twice");
	else if (strcmp(name, "Path") == 0)
		module->path = text_copy(value);
	else if (config_setting_find(module->settings, name) != NULL)
		reader_mistake(reader, "%s is given twice", name);
	else
		config_setting_add(&module->settings, name, value, origin);
	free(origin);
}

/* libinih's handler. */
static int
take(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;
	if (section[0] == '\0')
		reader_mistake(reader, "%s stands before the first section",
		    name);
	else if (strlen(name) >= NAME_SIZE)
		reader_mistake(reader, "the key is too long");
	else if (reader->section == NULL)
		; /* the section itself was the mistake */
	else if (value[0] == '\0')
		reader_mistake(reader, "%s has no value", name);
	else if (strcmp(reader->section, "becketd") == 0)
		take_becketd(reader, name, value);
	else if (strcmp(reader->section, "limits") == 0)
		take_limit(reader, name, value);
	else if (strcmp(reader->section, "mapper") == 0)
		take_mapper(reader, name, value);
	else
		take_setting(reader, name, value);
	return 1;
}

static struct config_module *
module_find(const struct config *config, const char *name)
{
	struct config_module *module = config->modules;
	while (module != NULL &&
	       (module->name == NULL || strcmp(module->name, name) != 0))
		module = module->next;
	return module;
}

static void
enter_module(struct reader *reader, const char *name)
{
	char *origin = reader_origin(reader);
	if (module_find(reader->config, name) != NULL) {
		reader_mistake(reader, "there is a section [module %s] already",
		    name);
	} else {
		reader->module = config_module_new(reader->config, origin);
		reader->module->name = text_copy(name);
		reader->section = "module";
	}
	free(origin);
}

/* That it is there says all that must be said. */
static void
enter_mapper(struct reader *reader)
{
	reader->section = "mapper";
	reader->config->mapper = true;
}

/* A line "[section]": which? What is malformed libinih will refuse. */
static void
enter_section(struct reader *reader, const char *line)
{
	size_t length = strcspn(line + 1, "]");
	char *name = text_format("%.*s", (int)length, line + 1);
	reader->section = NULL;
	if (length >= NAME_SIZE)
		reader_mistake(reader, "the name of the section is too long");
	else if (strcmp(name, "becketd") == 0)
		reader->section = "becketd";
	else if (strcmp(name, "limits") == 0)
		reader->section = "limits";
	else if (strcmp(name, "mapper") == 0)
		enter_mapper(reader);
	else if (strncmp(name, "module ", 7) == 0 && name[7] != '\0' &&
	         strpbrk(name + 7, " .=") == NULL)
		enter_module(reader, name + 7);
	else
		reader_mistake(reader,
		    "there is no section [%s]: it is [becketd], [limits], "
		    "[mapper] or [module NAME]",
		    name);
	free(name);
}

/* ----------------------------------------------------------------- lines -- */

/* The next line into text, without what is too much of it; its whole length,
 * or -1 at the end.
 */
static ssize_t
get_line(struct reader *reader, char *text, size_t size)
{
	ssize_t length = 0;
	int c;
	while ((c = getc(reader->file)) != EOF && c != '\n') {
		if (c == '\0')
			c = 1; /* refused below, as what is no text */
		if ((size_t)length < size - 1)
			text[length] = (char)c;
		length++;
	}
	if (c == EOF && length == 0)
		return -1;
	text[(size_t)length < size - 1 ? (size_t)length : size - 1] = '\0';
	return length;
}

/* libinih's reader, like fgets(). */
static char *
read_line(char *text, int size, void *stream)
{
	struct reader *reader = stream;
	ssize_t length = get_line(reader, text, (size_t)size);
	if (length < 0)
		return NULL;
	if (++reader->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		memmove(text, text + 3, strlen(text + 3) + 1);
	size_t blank = strspn(text, " \t\r");
	memmove(text, text + blank, strlen(text + blank) + 1);
	if (length >= size - 1) {
		reader_mistake(reader, "the line is longer than %d bytes",
		    size - 2);
		text[0] = '\0';
	} else if (strchr(text, 1) != NULL) {
		reader_mistake(reader, "the line has a byte that is no text");
		text[0] = '\0';
	} else if (text[0] == '[') {
		enter_section(reader, text);
	}
	return text;
}

static void
check_paths(const struct reader *reader)
{
	for (const struct config_module *module = reader->config->modules;
	     module != NULL; module = module->next)
		if (module->path == NULL)
			config_mistake(reader->config, module->origin,
			    "[module %s] has no Path", module->name);
}

void
config_read(struct config *config, const char *path)
{
	struct reader reader = { .config = config, .path = path };
	reader.file = fopen(path, "re");
	int wrong = 0;
	if (reader.file != NULL)
		wrong = ini_parse_stream(read_line, &reader, take, &reader);
	if (reader.file == NULL || ferror(reader.file))
		config_mistake(config, path, "cannot be read: %s",
		    strerror(errno));
	if (wrong > 0) {
		reader.line = (unsigned)wrong;
		reader_mistake(&reader,
		    "this is neither [section] nor key=value");
	}
	check_paths(&reader);
	if (reader.file != NULL)
		fclose(reader.file);
	config_settings_free(reader.seen);
}
