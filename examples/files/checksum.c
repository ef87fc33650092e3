/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sha2.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "serve.h"

enum { BLOCK = 64 * 1024 };

/* Sum up a file; 0, or a negative errno value. Stops early for a client that
 * waits no more.
 */
static int
sum_up(int fd, const struct becket_call *call, SHA2_CTX *sha,
    uint64_t *ret_size)
{
	uint8_t block[BLOCK];
	uint64_t size = 0;
	ssize_t n;
	while ((n = read(fd, block, sizeof block)) > 0) {
		SHA256Update(sha, block, (size_t)n);
		size += (uint64_t)n;
		if (becket_call_is_cancelled(call))
			return -ECANCELED;
	}
	if (n < 0)
		return -errno;
	*ret_size = size;
	return 0;
}

static becket_status
answer(struct becket_call *call, int fd, const char *path,
    Files__ChecksumResponse *response)
{
	SHA2_CTX sha;
	SHA256Init(&sha);
	int failure = sum_up(fd, call, &sha, &response->size);
	if (failure < 0)
		return fail(call, path, failure);
	response->sha256.data = becket_call_alloc(call, SHA256_DIGEST_LENGTH);
	if (response->sha256.data == NULL)
		return no_memory(call);
	response->sha256.len = SHA256_DIGEST_LENGTH;
	SHA256Final(response->sha256.data, &sha);
	return BECKET_S_OK;
}

becket_status
checksum(struct becket_call *call, const Files__ChecksumRequest *request,
    Files__ChecksumResponse *response)
{
	struct stat stat;
	becket_status status;
	char *path = path_of(request->path);
	if (path == NULL)
		return no_path(call);
	int fd = root_open_regular(&served, path, &stat);
	if (fd < 0) {
		status = fail(call, path, fd);
	} else {
		status = answer(call, fd, path, response);
		close(fd);
	}
	free(path);
	return status;
}
