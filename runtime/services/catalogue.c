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
		.entries = buffer_empty(memory),
	};
}

void
catalogue_fini(struct catalogue *catalogue)
{
	descriptors_fini(&catalogue->descriptors);
	buffer_fini(&catalogue->text);
	buffer_fini(&catalogue->entries);
	*catalogue = catalogue_empty(catalogue->memory);
}

static struct catalogue_entry *
entries_of(const struct catalogue *catalogue)
{
	return (void *)catalogue->entries.data;
}

static const char *
name_of(const struct catalogue *catalogue, size_t i)
{
	return (const char *)catalogue->text.data + entries_of(catalogue)[i].at;
}

static struct catalogue_entry *
find_entry(const struct catalogue *catalogue, const char *name)
{
	for (size_t i = 0; i < catalogue_count(catalogue); i++)
		if (strcmp(name_of(catalogue, i), name) == 0)
			return &entries_of(catalogue)[i];
	return NULL;
}

static bool
enter(struct catalogue *catalogue, const char *name,
    const struct catalogue_entry *entry)
{
	return buffer_reserve(&catalogue->entries, sizeof *entry) &&
	       buffer_append(&catalogue->text, name, strlen(name) + 1) &&
	       buffer_append(&catalogue->entries, entry, sizeof *entry);
}

/* Of several versions the highest goes first, as it does with gRPC's calls. */
becket_status
catalogue_add(struct catalogue *catalogue,
    const struct becket_interface *interface)
{
	struct catalogue_entry *there = find_entry(catalogue, interface->name);
	const struct catalogue_entry entry = {
		.at = there != NULL ? there->at : catalogue->text.size,
		.major = interface->major,
		.set = catalogue->descriptors.set_count,
	};
	bool is_newer = there != NULL && interface->major > there->major;
	becket_status status = descriptors_add(&catalogue->descriptors,
	    interface->file_set, is_newer);

	/* What generated code says may be wrong; the others are right. */
	if (status == BECKET_S_OUT_OF_MEMORY)
		return status;
	if (is_newer)
		*there = entry;
	if (there != NULL || enter(catalogue, interface->name, &entry))
		return BECKET_S_OK;
	return BECKET_S_OUT_OF_MEMORY;
}

static void
add(void *user, const struct becket_interface *interface)
{
	struct catalogue *catalogue = user;

	if (catalogue->status == BECKET_S_OK)
		catalogue->status = catalogue_add(catalogue, interface);
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

/* Is it the interface, or in it? */
static bool
is_within(const char *symbol, const char *interface)
{
	size_t size = strlen(interface);

	return strncmp(symbol, interface, size) == 0 &&
	       (symbol[size] == '\0' || symbol[size] == '.');
}

const struct descriptor_file *
catalogue_find_symbol(const struct catalogue *catalogue, const char *symbol)
{
	const struct becket_bytes text = {
		(const uint8_t *)symbol,
		strlen(symbol),
	};
	const struct descriptor_file *file = NULL;

	for (size_t i = 0; file == NULL && i < catalogue_count(catalogue); i++)
		if (is_within(symbol, name_of(catalogue, i)))
			file = descriptors_find_symbol(&catalogue->descriptors,
			    entries_of(catalogue)[i].set, text);
	return file != NULL ? file
	                    : descriptors_find_symbol(&catalogue->descriptors,
	                          DESCRIPTORS_ANY_SET, text);
}

size_t
catalogue_count(const struct catalogue *catalogue)
{
	return catalogue->entries.size / sizeof(struct catalogue_entry);
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
	for (size_t i = 0; i < catalogue_count(catalogue); i++)
		insert(ret_names, i, name_of(catalogue, i));
}
