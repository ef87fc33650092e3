/* SPDX-License-Identifier: MIT */
#ifndef FILES_SERVE_H
#define FILES_SERVE_H

#include <becket.h>
#include <stdbool.h>

#include "files.becket.h"
#include "root.h"

/* The manager of files.Files: what its files share. */

extern struct root served;
extern bool may_write;

/* A path as a string, in memory of malloc; NULL: it is none. */
char *path_of(ProtobufCBinaryData bytes);

/* The status for a negative errno value. */
becket_status failure_status(int failure);

/* Fail with that status and sentence; "" is the root. */
becket_status fail(struct becket_call *call, const char *path, int failure);
becket_status read_only(struct becket_call *call);
becket_status no_path(struct becket_call *call);
becket_status no_memory(struct becket_call *call);

/* Answer with a piece of an open file. path is for the sentence. */
becket_status answer_piece(struct becket_call *call, int fd, const char *path,
    uint64_t offset, size_t size, Files__ReadResponse *response);

/* The routines of Open, ReadAt and Close: a client's open files are
 * descriptors here, and go when the client does.
 */
becket_status open_file(struct becket_call *call, struct files_handle **file,
    const Files__OpenRequest *request, Files__OpenResponse *response);
becket_status read_at(struct becket_call *call, struct files_handle *file,
    const Files__ReadAtRequest *request, Files__ReadResponse *response);
becket_status close_file(struct becket_call *call, struct files_handle **file,
    const Files__CloseMessage *request, Files__CloseMessage *response);
void close_left(struct files_handle *file);

/* The routine of Checksum. It may take long: the IDL calls it blocking, so that
 * it runs on one of the server's workers.
 */
becket_status checksum(struct becket_call *call,
    const Files__ChecksumRequest *request, Files__ChecksumResponse *response);

/* The routines with streams. Disks let them wait, and so do slow peers: all are
 * blocking.
 */
becket_status fetch(struct becket_call *call,
    const Files__FetchRequest *request, struct becket_stream *stream);
becket_status store(struct becket_call *call, struct becket_stream *stream,
    Files__StoreResponse *response);
becket_status sync_(struct becket_call *call, struct becket_stream *stream);

#endif
