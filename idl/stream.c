/* SPDX-License-Identifier: MIT */
#include "idl/stream.h"

#include <errno.h>
#include <unistd.h>

bool
stream_read(int fd, struct buffer *ret_bytes)
{
	char block[65536];
	ssize_t got;

	do {
		got = read(fd, block, sizeof block);
		if (got > 0)
			text_put_bytes(ret_bytes, block, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0;
}

bool
stream_write(int fd, struct becket_bytes bytes)
{
	while (bytes.size > 0) {
		ssize_t put = write(fd, bytes.data, bytes.size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes.data += put;
		bytes.size -= (size_t)put;
	}
	return true;
}
