/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_SOURCES_H
#define BECKET_CLIENT_SOURCES_H

#include "becket.h"
#include "descriptor.h"
#include "texts.h"

/*
 * Where descriptors come from: .proto files through protoc, sets of descriptors
 * in files, or else the server itself by its reflection.
 */
struct sources {
	struct texts protos, imports, sets;
	bool without_reflection;
	bool with_reflection; /* also if there are files */
};

/* Are there files to look into? Then the server is not asked. */
bool sources_are_files(const struct sources *sources);

/* Read all of the files into the pool, which is not linked. NULL, or a
 * sentence; "" where protoc has said what is wrong.
 */
const char *sources_read(const struct sources *sources, struct pool *pool);

#endif
