/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "describe.h"
#include "message_bytes.h"
#include "output.h"

enum { DEEPEST = 1000, EVERYBODY = 0777 };

static int
write_file(const struct command *command, const char *path,
    const struct buffer *content)
{
	FILE *file = fopen(path, "we");
	bool done = file != NULL;
	if (done && content->size > 0)
		done = fwrite(content->data, 1, content->size, file) ==
		       content->size;
	if (file != NULL)
		done = fclose(file) == 0 && done;
	if (done)
		return EXIT_OK;
	print_failure(text_print(command->arena, "cannot write %s: %s", path,
	    strerror(errno)));
	return EXIT_REFUSED;
}

/* ------------------------------------------------------------------- set -- */

/* A file behind those that it imports, unless somebody has made a chain of them
 * that is beyond reason.
 */
static void
put_file(const struct pool *pool, const struct proto_file *file,
    struct symbols *put, unsigned depth, struct buffer *out)
{
	if (file == NULL ||
	    !symbols_put(put, (struct symbol){ file->name, 0, NULL }))
		return;
	for (size_t i = 0; depth < DEEPEST && i < file->import_count; i++)
		put_file(pool, pool_file(pool, file->imports[i]), put,
		    depth + 1, out);
	message_put_sized(out, 1, file->bytes);
}

static int
write_set(const struct command *command, const struct pool *pool)
{
	struct symbols put = { .arena = command->arena };
	struct buffer set = buffer_empty(&idl_memory);
	int result;
	for (const struct proto_file *one = pool->files; one != NULL;
	     one = one->next)
		if (!one->is_ours)
			put_file(pool, one, &put, 0, &set);
	result = write_file(command, command->set_out, &set);
	buffer_fini(&set);
	return result;
}

/* ------------------------------------------------------------- directory -- */

/* A server says what its files are called: none may lead out. */
static bool
stays_within(const char *name)
{
	size_t size;
	for (;; name += size + 1) {
		size = strcspn(name, "/");
		if (size == 0 || (size == 1 && *name == '.') ||
		    (size == 2 && memcmp(name, "..", 2) == 0))
			return false;
		if (name[size] == '\0')
			return true;
	}
}

/* What stands in front of each slash of a path. */
static void
make_directories(struct arena *arena, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/'))
		(void)mkdir(text_copy(arena, path, (size_t)(slash - path)),
		    EVERYBODY);
}

static int
write_proto(const struct command *command, const struct pool *pool,
    const struct proto_file *file)
{
	struct buffer text = buffer_empty(&idl_memory);
	const char *path;
	int result;
	if (!stays_within(file->name)) {
		print_failure(text_print(command->arena,
		    "a file is called %s, which is not written", file->name));
		return EXIT_REFUSED;
	}
	path =
	    text_print(command->arena, "%s/%s", command->proto_out, file->name);
	make_directories(command->arena, path);
	describe_file(pool, file, &text);
	result = write_file(command, path, &text);
	buffer_fini(&text);
	return result;
}

bool
export_is_wanted(const struct command *command)
{
	return command->set_out != NULL || command->proto_out != NULL;
}

int
export_files(const struct command *command, const struct pool *pool)
{
	int result = EXIT_OK;
	if (command->set_out != NULL)
		result = write_set(command, pool);
	if (command->proto_out == NULL)
		return result;
	for (const struct proto_file *file = pool->files;
	     result == EXIT_OK && file != NULL; file = file->next)
		if (!file->is_ours)
			result = write_proto(command, pool, file);
	return result;
}
