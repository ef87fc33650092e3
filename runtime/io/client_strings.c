/* SPDX-License-Identifier: MIT */
#include "becket_stub.h"

#include <string.h>

#include "base/allocate.h"
#include "io/error.h"
#include "stub/reply.h"

static char *
copy_text(const struct becket_memory *memory, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_resize(memory, NULL, 0, size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

/* ret_copies is the caller's own until all are made, so it holds them. */
becket_status
becket_stub_strings(const void *response, size_t count,
    const char *const *texts, char **ret_copies)
{
	const struct becket_memory *memory = reply_memory(response);

	for (size_t i = 0; i < count; i++) {
		ret_copies[i] =
		    copy_text(memory, texts[i] == NULL ? "" : texts[i]);
		if (ret_copies[i] != NULL)
			continue;
		while (i-- > 0)
			memory_free(memory, ret_copies[i],
			    strlen(ret_copies[i]) + 1);
		return error_set(BECKET_S_OUT_OF_MEMORY, "%s",
		    becket_status_text(BECKET_S_OUT_OF_MEMORY));
	}
	return BECKET_S_OK;
}
