/* SPDX-License-Identifier: MIT */
#ifndef IO_EPM_INTERFACE_H
#define IO_EPM_INTERFACE_H

#include "becket_stub.h"

/* The interface epmapper, as its clients see it: NDR over the bytes codec. */
extern const struct becket_interface epm_client_interface;

/* Where a mapper is, unless somebody says otherwise. */
#define EPM_LOCAL_ENDPOINT "epmapper"
#define EPM_TCP_ENDPOINT   "135"

#endif
