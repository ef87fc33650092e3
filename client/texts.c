/* SPDX-License-Identifier: MIT */
#include "texts.h"

#include <string.h>

void
texts_add(struct arena *arena, struct texts *texts, const char *text)
{
	const char **more = texts->texts;

	if ((texts->count & (texts->count + 1)) == 0) { /* 2^n - 1 are full */
		more = text_alloc(arena, 2 * (texts->count + 1) * sizeof *more);
		if (texts->count > 0)
			memcpy(more, texts->texts, texts->count * sizeof *more);
		texts->texts = more;
	}
	more[texts->count++] = text;
}
