/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_TEXTS_H
#define BECKET_CLIENT_TEXTS_H

#include <stddef.h>

#include "idl/text.h"

/* A list of texts that grows in an arena; zeroed it is empty. The texts are not
 * copied.
 */
struct texts {
	const char **texts;
	size_t count;
};

void texts_add(struct arena *arena, struct texts *texts, const char *text);

#endif
