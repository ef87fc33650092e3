/* SPDX-License-Identifier: MIT */
#include "idl/place.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

const char *
place_program(struct arena *arena, const char *argv0)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path);

	if (size <= 0 || (size_t)size == sizeof path)
		return argv0;
	return text_copy(arena, path, (size_t)size);
}

bool
place_exists(const char *path)
{
	return access(path, R_OK) == 0;
}

const char *
place_options(struct arena *arena, const char *program)
{
	static const char *const places[] = { "include", "../include",
		"../share/becket" };
	const char *slash = strrchr(program, '/');
	const char *home = slash == NULL ? "."
	                                 : text_copy(arena, program,
	                                       (size_t)(slash - program));

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *place = text_print(arena, "%s/%s", home, places[i]);

		if (place_exists(
		        text_print(arena, "%s/becket/options.proto", place)))
			return place;
	}
	return NULL;
}
