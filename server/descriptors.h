/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_DESCRIPTORS_H
#define BECKETD_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

/* Open those of stdin, stdout and stderr that are closed: whoever starts us
 * without them must not have us write there into a peer's connection.
 */
bool descriptors_standard(void);

/* Allow as many as the limit on connections needs, if we may: the soft limit is
 * 1024 by custom, for the sake of select(), which we do not use.
 */
void descriptors_raise(uint32_t connections);

#endif
