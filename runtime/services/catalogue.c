/* SPDX-License-Identifier: MIT */
#include "services/catalogue.h"

#include <string.h>

#include "becket_stub.h"

struct catalogue
catalogue_empty(const struct becket_memory *memory)
{
	return (struct catalogue){
		.memory = memory,
		.descriptors = descriptors_empty(memory),
		.text = buffer_empty(memory),
	};
}

void
catalogue_fini(struct catalogue *catalogue)
{
	descriptors_fini(&catalogue->descriptors);
	buffer_fini(&catalogue->text);
	*catalogue = catalogue_empty(catalogue->memory);
}

static bool
has_name(const struct catalogue *catalogue, const char *name)
{
	const char *at = (const char *)catalogue->text.data;

	for (size_t i = 0; i < catalogue->count; i++, at += strlen(at) + 1)
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

static void
add(void *user, const struct becket_interface *interface)
{
	struct catalogue *catalogue = user;

	if (catalogue->status != BECKET_S_OK)
		return;
	catalogue->status =
	    descriptors_add(&catalogue->descriptors, interface->file_set);
	/* What generated code says may be wrong; the others are right. */
	if (catalogue->status != BECKET_S_OUT_OF_MEMORY)
		catalogue->status = BECKET_S_OK;
	if (has_name(catalogue, interface->name)) /* of another version */
		return;
	if (buffer_append(&catalogue->text, interface->name,
	        strlen(interface->name) + 1))
		catalogue->count++;
	else
		catalogue->status = BECKET_S_OUT_OF_MEMORY;
}

becket_status
catalogue_make(struct catalogue *catalogue, struct becket_server *server)
{
	becket_status status;

	catalogue_fini(catalogue);
	becket_server_visit_interfaces(server, add, catalogue);
	status = catalogue->status;
	if (status != BECKET_S_OK)
		catalogue_fini(catalogue);
	return status;
}

/* Those before it are in order. */
static void
insert(const char **names, size_t count, const char *name)
{
	while (count > 0 && strcmp(names[count - 1], name) > 0) {
		names[count] = names[count - 1];
		count--;
	}
	names[count] = name;
}

void
catalogue_names(const struct catalogue *catalogue, const char **ret_names)
{
	const char *at = (const char *)catalogue->text.data;

	for (size_t i = 0; i < catalogue->count; i++, at += strlen(at) + 1)
		insert(ret_names, i, at);
}
