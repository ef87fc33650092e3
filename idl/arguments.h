/* SPDX-License-Identifier: MIT */
#ifndef IDL_ARGUMENTS_H
#define IDL_ARGUMENTS_H

#include "idl/text.h"

/* The command line of becketc. Lists end with NULL. */
struct arguments {
	const char **includes; /* -I; "." if none is given */
	size_t include_count;
	const char **files;
	size_t file_count;
	const char *directory; /* -o */
	bool depends;          /* -MD */
	bool no_file_set;
	const char **emits; /* --emit; none: C */
	size_t emit_count;
	bool emits_c;
	bool help, version;
	const char *complaint; /* what is wrong with it; NULL: nothing */
};

struct arguments arguments_parse(struct arena *arena, int argc, char **argv);

#endif
