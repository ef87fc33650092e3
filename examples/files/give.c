/* SPDX-License-Identifier: MIT */
/* The routine of Fetch. */
#include <errno.h>
#include <sha2.h>
#include <stdlib.h>
#include <unistd.h>

#include "serve.h"

enum { PIECE = 128 * 1024 };

static becket_status
push_entry(struct becket_stream *stream, const struct stat *stat)
{
	Files__FetchResponse message = FILES__FETCH_RESPONSE__INIT;
	Files__Entry entry = FILES__ENTRY__INIT;
	entry.type = FILES__TYPE__REGULAR;
	entry.size = (uint64_t)stat->st_size;
	entry.mode = stat->st_mode & 07777;
	entry.changed_ns =
	    (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
	message.what_case = FILES__FETCH_RESPONSE__WHAT_ENTRY;
	message.entry = &entry;
	return files_fetch_push(stream, &message);
}

static becket_status
push_digest(struct becket_stream *stream, SHA2_CTX *sha)
{
	Files__FetchResponse message = FILES__FETCH_RESPONSE__INIT;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256Final(digest, sha);
	message.what_case = FILES__FETCH_RESPONSE__WHAT_SHA256;
	message.sha256 = (ProtobufCBinaryData){ sizeof digest, digest };
	return files_fetch_push(stream, &message);
}

/* A slow client makes push wait; one that is gone makes it fail. */
static becket_status
push_file(struct becket_call *call, struct becket_stream *stream, int fd,
    const char *path, SHA2_CTX *sha)
{
	Files__FetchResponse message = FILES__FETCH_RESPONSE__INIT;
	becket_status status = BECKET_S_OK;
	uint8_t *piece = becket_call_alloc(call, PIECE);
	ssize_t n = 0;
	if (piece == NULL)
		return no_memory(call);
	message.what_case = FILES__FETCH_RESPONSE__WHAT_DATA;
	while (status == BECKET_S_OK && (n = read(fd, piece, PIECE)) > 0) {
		if (sha != NULL)
			SHA256Update(sha, piece, (size_t)n);
		message.data = (ProtobufCBinaryData){ (size_t)n, piece };
		status = files_fetch_push(stream, &message);
	}
	return n < 0 ? fail(call, path, -errno) : status;
}

static becket_status
fetch_path(struct becket_call *call, const char *path, bool digest,
    struct becket_stream *stream)
{
	struct stat stat;
	SHA2_CTX sha;
	int fd = root_open_regular(&served, path, &stat);
	if (fd < 0)
		return fail(call, path, fd);
	SHA256Init(&sha);
	becket_status status = push_entry(stream, &stat);
	if (status == BECKET_S_OK)
		status =
		    push_file(call, stream, fd, path, digest ? &sha : NULL);
	close(fd);
	if (status == BECKET_S_OK && digest)
		status = push_digest(stream, &sha);
	return status;
}

becket_status
fetch(struct becket_call *call, const Files__FetchRequest *request,
    struct becket_stream *stream)
{
	char *path = path_of(request->path);
	if (path == NULL)
		return no_path(call);
	becket_status status = fetch_path(call, path, request->digest, stream);
	free(path);
	return status;
}
