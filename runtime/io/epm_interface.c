/* SPDX-License-Identifier: MIT */
#include "io/epm_interface.h"

#include "wire/epm.h"

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define OPERATION(text) { .name = text, .request = BYTES, .response = BYTES }

static const struct becket_operation operations[EPM_OPERATIONS] = {
	[EPM_INSERT]             = OPERATION("ept_insert"),
	[EPM_DELETE]             = OPERATION("ept_delete"),
	[EPM_LOOKUP]             = OPERATION("ept_lookup"),
	[EPM_MAP]                = OPERATION("ept_map"),
	[EPM_LOOKUP_HANDLE_FREE] = OPERATION("ept_lookup_handle_free"),
	[EPM_INQ_OBJECT]         = OPERATION("ept_inq_object"),
	[EPM_MGMT_DELETE]        = OPERATION("ept_mgmt_delete"),
};
/* clang-format on */

const struct becket_interface epm_client_interface = {
	.abi = BECKET_ABI,
	.flags = BECKET_INTERFACE_NDR,
	.name = "epmapper",
	.uuid = { 0xe1af8308, 0x5d1f, 0x11c9,
	    { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	.major = 3,
	.operation_count = EPM_OPERATIONS,
	.operations = operations,
};
