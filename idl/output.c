/* SPDX-License-Identifier: MIT */
#include "idl/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "idl/stream.h"

static const char *
complain(struct arena *arena, const char *path)
{
	return text_print(arena, "cannot write %s: %s", path, strerror(errno));
}

/* Every directory in front of path's last component. */
static void
make_directories(struct arena *arena, const char *path)
{
	char *copy = text_print(arena, "%s", path);

	for (char *at = copy + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(copy, 0777); /* what fails, fails at open() again */
		*at = '/';
	}
}

static const char *
path_of(struct arena *arena, const char *directory, const char *name)
{
	return text_print(arena, "%s/%s", directory, name);
}

static const char *
temporary(struct arena *arena, const char *path)
{
	return text_print(arena, "%s.%ld.tmp", path, (long)getpid());
}

static bool
write_file(const char *path, const char *content)
{
	const struct becket_bytes bytes = { (const uint8_t *)content,
		strlen(content) };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool done;

	if (fd < 0)
		return false;
	done = stream_write(fd, bytes);
	return close(fd) == 0 && done;
}

static const char *
write_all(struct arena *arena, const char *directory,
    const struct generated_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = path_of(arena, directory, files[i].name);

		make_directories(arena, path);
		if (!write_file(temporary(arena, path), files[i].content))
			return complain(arena, path);
	}
	for (size_t i = 0; i < count; i++) {
		const char *path = path_of(arena, directory, files[i].name);

		if (rename(temporary(arena, path), path) != 0)
			return complain(arena, path);
	}
	return NULL;
}

const char *
output_write(struct arena *arena, const char *directory,
    const struct generated_file *files, size_t count)
{
	const char *sentence = write_all(arena, directory, files, count);

	for (size_t i = 0; sentence != NULL && i < count; i++)
		unlink(
		    temporary(arena, path_of(arena, directory, files[i].name)));
	return sentence;
}
