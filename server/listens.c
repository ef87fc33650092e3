/* SPDX-License-Identifier: MIT */
#include "listens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

/* ----------------------------------------------------------------- given -- */

enum { FIRST_GIVEN = 3 };

/* How many descriptors are for us; those of our parent are not. */
static int
count_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	char *end;
	if (pid == NULL || count == NULL ||
	    strtol(pid, &end, 10) != (long)getpid() || *end != '\0')
		return 0;
	long value = strtol(count, &end, 10);
	return *end == '\0' && value > 0 && value < 1024 ? (int)value : 0;
}

/* The next of names that stand between colons; "" after the last. */
static char *
next_name(const char **names)
{
	size_t length = strcspn(*names, ":");
	char *name = text_format("%.*s", (int)length, *names);
	*names += length + ((*names)[length] == ':');
	return name;
}

static bool
adopt(struct listens *listens, int fd, const char *name)
{
	becket_status status;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	status = becket_server_use_descriptor(listens->server, NULL, fd);
	if (status == BECKET_S_OK) {
		log_line(BECKET_LOG_INFO, "descriptor %d (%s) was given to us",
		    fd, name);
		return true;
	}
	log_line(BECKET_LOG_ERROR, "cannot listen at descriptor %d (%s): %s",
	    fd, name,
	    status == BECKET_S_INVALID_ARG
	        ? "it is no socket that listens for TCP or as a Unix socket"
	    : status == BECKET_S_INVALID_ENDPOINT_FORMAT
	        ? "its path is not in the directory of ncalrpc"
	        : becket_status_text(status));
	return false;
}

static bool
remember_given(struct listens *listens)
{
	struct becket_binding_vector *vector = NULL;
	becket_status status =
	    becket_server_inq_bindings(listens->server, &vector);
	if (status != BECKET_S_OK)
		return false;
	listens->given = text_alloc(vector->count * sizeof *listens->given);
	for (size_t i = 0; status == BECKET_S_OK && i < vector->count; i++) {
		char *text = NULL;
		status = becket_binding_to_string_binding(vector->bindings[i],
		    &text);
		if (status == BECKET_S_OK)
			listens->given[listens->given_count++] =
			    text_copy(text);
		becket_string_free(listens->runtime, &text);
	}
	becket_binding_vector_free(&vector);
	return status == BECKET_S_OK;
}

bool
listens_adopt(struct listens *listens)
{
	int count = count_given();
	const char *names = getenv("LISTEN_FDNAMES");
	bool good = true;
	if (names == NULL)
		names = "";
	for (int i = 0; i < count; i++) {
		char *name = next_name(&names);
		good = adopt(listens, FIRST_GIVEN + i, name) && good;
		free(name);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return good && (count == 0 || remember_given(listens));
}

static bool
is_given(const struct listens *listens, const char *string)
{
	struct becket_binding *binding = NULL;
	char *text = NULL;
	bool found = false;
	if (becket_binding_from_string_binding(listens->runtime, string,
	        &binding) == BECKET_S_OK &&
	    becket_binding_to_string_binding(binding, &text) == BECKET_S_OK)
		for (size_t i = 0; !found && i < listens->given_count; i++)
			found = strcmp(listens->given[i], text) == 0;
	becket_string_free(listens->runtime, &text);
	becket_binding_free(&binding);
	return found;
}

void
listens_fini(struct listens *listens)
{
	for (size_t i = 0; i < listens->given_count; i++)
		free(listens->given[i]);
	free(listens->given);
}

/* ------------------------------------------------------------- configured --
 */

void
listens_check(const struct listens *listens, struct config *config)
{
	for (const struct config_listen *listen = config->listens;
	     listen != NULL; listen = listen->next) {
		struct becket_binding *binding = NULL;
		becket_status status =
		    becket_binding_from_string_binding(listens->runtime,
		        listen->binding, &binding);
		if (status != BECKET_S_OK)
			config_mistake(config, listen->origin, "%s",
			    becket_error_last()->sentence);
		becket_binding_free(&binding);
	}
	if (config->listens == NULL && listens->given_count == 0)
		config_mistake(config, "becketd",
		    "there is nowhere to listen: give --listen, or Listen in "
		    "the configuration");
}

static bool
open_one(struct listens *listens, struct config_listen *listen)
{
	becket_status status = BECKET_S_OK;
	if (listen->is_open)
		return true;
	if (!is_given(listens, listen->binding))
		status = becket_server_use_string_binding(listens->server,
		    listen->binding);
	if (status != BECKET_S_OK)
		log_line(BECKET_LOG_ERROR, "%s: %s", listen->origin,
		    becket_error_last()->sentence);
	listen->is_open = status == BECKET_S_OK;
	return listen->is_open;
}

static void
close_one(struct listens *listens, struct config_listen *listen)
{
	becket_status status = BECKET_S_OK;
	if (!listen->is_open)
		return;
	if (!is_given(listens, listen->binding))
		status = becket_server_unuse_string_binding(listens->server,
		    listen->binding);
	if (status != BECKET_S_OK)
		log_line(BECKET_LOG_WARNING, "%s was no place to leave: %s",
		    listen->binding, becket_status_text(status));
	listen->is_open = false;
}

bool
listens_open(struct listens *listens, struct config *config)
{
	for (struct config_listen *listen = config->listens; listen != NULL;
	     listen = listen->next)
		if (!open_one(listens, listen))
			return false;
	return true;
}

/* ---------------------------------------------------------------- change -- */

static struct config_listen *
find(const struct config *config, const struct config_listen *wanted)
{
	struct config_listen *listen = config->listens;
	while (listen != NULL && strcmp(listen->binding, wanted->binding) != 0)
		listen = listen->next;
	return listen;
}

/* Could one be in the other's way: the same port, the same name? */
static bool
overlap(const struct listens *listens, const struct config_listen *one,
    const struct config_listen *other)
{
	struct becket_runtime *runtime = listens->runtime;
	char *protseqs[2] = { NULL }, *endpoints[2] = { NULL };
	const struct config_listen *both[] = { one, other };
	bool found = true;
	for (int i = 0; i < 2; i++)
		found = found && becket_string_binding_parse(runtime,
		                     both[i]->binding, NULL, &protseqs[i], NULL,
		                     &endpoints[i], NULL) == BECKET_S_OK;
	found = found && strcmp(protseqs[0], protseqs[1]) == 0 &&
	        strcmp(endpoints[0], endpoints[1]) == 0 &&
	        *endpoints[0] != '\0';
	for (int i = 0; i < 2; i++) {
		becket_string_free(runtime, &protseqs[i]);
		becket_string_free(runtime, &endpoints[i]);
	}
	return found;
}

/* Those that are to go: all, or for now what is in the way of one to come. */
static void
close_old(struct listens *listens, const struct config *old,
    const struct config *new, bool all)
{
	for (struct config_listen *goes = old->listens; goes != NULL;
	     goes = goes->next) {
		bool in_the_way = all;
		if (find(new, goes) != NULL)
			continue;
		for (const struct config_listen *comes = new->listens;
		     !in_the_way &&comes != NULL; comes = comes->next)
			in_the_way = find(old, comes) == NULL &&
			             overlap(listens, goes, comes);
		if (in_the_way)
			close_one(listens, goes);
	}
}

/* What could not be taken back when a reload failed is not. */
static bool
is_open(const struct config *config, const struct config_listen *wanted)
{
	const struct config_listen *listen = find(config, wanted);
	return listen != NULL && listen->is_open;
}

bool
listens_change(struct listens *listens, struct config *old, struct config *new)
{
	struct config_listen *listen;
	for (listen = new->listens; listen != NULL; listen = listen->next)
		listen->is_open = is_open(old, listen);
	close_old(listens, old, new, false);
	if (listens_open(listens, new)) {
		close_old(listens, old, new, true);
		return true;
	}
	for (listen = new->listens; listen != NULL; listen = listen->next)
		if (!is_open(old, listen))
			close_one(listens, listen);
	(void)!listens_open(listens, old);
	return false;
}
