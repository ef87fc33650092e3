/* SPDX-License-Identifier: MIT */
#include "stub/metadata.h"

#include "base/allocate.h"
#include "io/error.h"
#include "io/runtime.h"

becket_status
becket_metadata_new(struct becket_runtime *runtime,
    struct becket_metadata **ret_metadata)
{
	struct becket_metadata *metadata;

	if (runtime == NULL || ret_metadata == NULL)
		return error_say(BECKET_S_INVALID_ARG);
	metadata = memory_new(&runtime->memory, sizeof *metadata);
	if (metadata == NULL)
		return error_say(BECKET_S_OUT_OF_MEMORY);
	metadata->memory = &runtime->memory;
	metadata->limits = &runtime->limits;
	metadata->request = buffer_empty(&runtime->memory);
	*ret_metadata = metadata;
	return BECKET_S_OK;
}
