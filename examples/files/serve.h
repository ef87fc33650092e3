/* SPDX-License-Identifier: MIT */
#ifndef FILES_SERVE_H
#define FILES_SERVE_H

#include <becket.h>
#include <stdbool.h>

#include "files.becket.h"
#include "root.h"

/* The manager of files.Files: what its files share. */

extern struct root served;

/* A path as a string, in memory of malloc; NULL: it is none. */
char *path_of(ProtobufCBinaryData bytes);

/* The status and the sentence for a negative errno value. */
becket_status failure_status(int failure);
const char *failure_text(int failure);

/* The routine of Checksum. It may take long, so that it does not run where
 * other calls wait: it is deferred, and a thread answers.
 */
becket_status checksum(struct becket_call *call,
    const Files__ChecksumRequest *request, Files__ChecksumResponse *response);

/* Start and stop that thread. */
bool checksum_start(void);
void checksum_stop(void);

#endif
