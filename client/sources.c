/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "idl/place.h"
#include "idl/process.h"
#include "idl/stream.h"

enum { PROTOC_FD = 3 };

bool
sources_are_files(const struct sources *sources)
{
	return sources->protos.count > 0 || sources->sets.count > 0;
}

static const char *
read_set(struct pool *pool, const char *path)
{
	struct buffer set = buffer_empty(&idl_memory);
	const char *sentence = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !stream_read(fd, &set))
		sentence = text_print(pool->arena, "cannot read %s: %s", path,
		    strerror(errno));
	else
		sentence = pool_add_set(pool, buffer_bytes(&set));
	if (fd >= 0)
		close(fd);
	buffer_fini(&set);
	return sentence;
}

/* Where files are sought: as typed, else here, or beside them where their
 * paths lead elsewhere; and where becket/options.proto is.
 */
static void
add_imports(const struct sources *sources, struct arena *arena,
    struct texts *words)
{
	const char *options = place_options(arena, place_program(arena, ""));

	for (size_t i = 0; i < sources->imports.count; i++)
		texts_add(arena, words,
		    text_print(arena, "--proto_path=%s",
		        sources->imports.texts[i]));
	if (sources->imports.count == 0)
		texts_add(arena, words, "--proto_path=.");
	for (size_t i = 0; i < sources->protos.count; i++) {
		const char *path = sources->protos.texts[i];

		if (sources->imports.count == 0 && *path == '/')
			texts_add(arena, words,
			    text_print(arena, "--proto_path=%.*s",
			        (int)(strrchr(path, '/') - path), path));
	}
	if (options != NULL)
		texts_add(arena, words,
		    text_print(arena, "--proto_path=%s", options));
}

static const char *
run_protoc(const struct sources *sources, struct pool *pool)
{
	struct arena *arena = pool->arena;
	struct buffer set = buffer_empty(&idl_memory);
	struct process protoc = { .output_fd = PROTOC_FD };
	struct texts words = { 0 };
	const char *protoc_name = getenv("PROTOC"), *sentence;
	int status, error;

	texts_add(arena, &words,
	    protoc_name == NULL || *protoc_name == '\0' ? "protoc"
	                                                : protoc_name);
	texts_add(arena, &words, "--include_imports");
	texts_add(arena, &words, "--descriptor_set_out=/dev/fd/3");
	add_imports(sources, arena, &words);
	for (size_t i = 0; i < sources->protos.count; i++)
		texts_add(arena, &words,
		    text_print(arena, "%s%s",
		        sources->protos.texts[i][0] == '-' ? "./" : "",
		        sources->protos.texts[i]));
	texts_add(arena, &words, NULL);
	protoc.arguments = words.texts;
	error = process_run(&protoc, &set, &status);
	if (error != 0)
		sentence = text_print(arena,
		    "cannot run %s: %s (it is in Debian's package "
		    "protobuf-compiler)",
		    words.texts[0], strerror(error));
	else
		sentence =
		    status != 0 ? "" : pool_add_set(pool, buffer_bytes(&set));
	buffer_fini(&set);
	return sentence;
}

const char *
sources_read(const struct sources *sources, struct pool *pool)
{
	const char *sentence = NULL;

	for (size_t i = 0; sentence == NULL && i < sources->sets.count; i++)
		sentence = read_set(pool, sources->sets.texts[i]);
	if (sentence == NULL && sources->protos.count > 0)
		sentence = run_protoc(sources, pool);
	return sentence;
}
