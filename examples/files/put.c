/* SPDX-License-Identifier: MIT */
/* put: a file of ours, to the server. */
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

enum { PIECE = 128 * 1024 };

static becket_status
send_entry(struct becket_stream *stream, const char *path,
    const struct stat *stat)
{
	Files__StoreRequest message = FILES__STORE_REQUEST__INIT;
	Files__Entry entry = FILES__ENTRY__INIT;
	entry.name =
	    (ProtobufCBinaryData){ strlen(path), (uint8_t *)(uintptr_t)path };
	entry.size = (uint64_t)stat->st_size;
	entry.mode = stat->st_mode & 0777;
	entry.changed_ns =
	    (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
	message.what_case = FILES__STORE_REQUEST__WHAT_ENTRY;
	message.entry = &entry;
	return files_store_send(stream, &message);
}

/* send waits as long as the server is slower than we are. */
static becket_status
send_bytes(struct client *client, struct becket_stream *stream, int fd,
    SHA2_CTX *sha, int *ret_failure)
{
	static uint8_t piece[PIECE];
	Files__StoreRequest message = FILES__STORE_REQUEST__INIT;
	becket_status status = BECKET_S_OK;
	ssize_t n = 0;
	message.what_case = FILES__STORE_REQUEST__WHAT_DATA;
	while (status == BECKET_S_OK && (n = read(fd, piece, PIECE)) > 0) {
		SHA256Update(sha, piece, (size_t)n);
		message.data = (ProtobufCBinaryData){ (size_t)n, piece };
		status = files_store_send(stream, &message);
		client->bytes += (uint64_t)n;
		progress_move(&client->progress, (uint64_t)n);
	}
	*ret_failure = n < 0 ? -errno : 0;
	return status;
}

static becket_status
send_digest(struct becket_stream *stream, SHA2_CTX *sha,
    uint8_t digest[DIGEST_SIZE])
{
	Files__StoreRequest message = FILES__STORE_REQUEST__INIT;
	SHA256Final(digest, sha);
	message.what_case = FILES__STORE_REQUEST__WHAT_SHA256;
	message.sha256 = (ProtobufCBinaryData){ DIGEST_SIZE, digest };
	return files_store_send(stream, &message);
}

/* What finish says is how the call ended, whatever made it end. */
static bool
finish(struct becket_stream **stream, const char *path,
    const uint8_t digest[DIGEST_SIZE])
{
	Files__StoreResponse *response = NULL;
	becket_status status = files_store_finish(stream, &response);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	bool same = response->sha256.len == DIGEST_SIZE &&
	            memcmp(response->sha256.data, digest, DIGEST_SIZE) == 0;
	files_store_response_free(response);
	return same ||
	       text_complain(path, "the server has stored something else");
}

static bool
put_open(struct client *client, int fd, const struct stat *stat,
    const char *from, const char *path)
{
	struct becket_stream *stream = NULL;
	uint8_t digest[DIGEST_SIZE] = { 0 };
	SHA2_CTX sha;
	int failure = 0;
	becket_status status = files_store_open(client->binding, &stream);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	client->calls++;
	SHA256Init(&sha);
	status = send_entry(stream, path, stat);
	if (status == BECKET_S_OK)
		status = send_bytes(client, stream, fd, &sha, &failure);
	if (failure < 0) {
		/* The server is not to take the part for the whole. */
		becket_stream_abort(&stream);
		return text_complain(from, strerror(-failure));
	}
	if (status == BECKET_S_OK)
		send_digest(stream, &sha, digest);
	return finish(&stream, path, digest);
}

bool
put(struct client *client, const char *from, const char *path)
{
	struct stat stat;
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) != 0) {
		text_complain(from, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool good =
	    S_ISREG(stat.st_mode) || text_complain(from, "not a regular file");
	progress_begin(&client->progress, (uint64_t)stat.st_size);
	good = good && put_open(client, fd, &stat, from, path);
	close(fd);
	client->files += good;
	return good;
}
