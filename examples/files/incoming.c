/* SPDX-License-Identifier: MIT */
#include "incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool
is_component(const char *name, size_t size)
{
	return size > 0 && size < INCOMING_NAME_SIZE &&
	       memchr(name, '\0', size) == NULL &&
	       memchr(name, '/', size) == NULL &&
	       !(size <= 2 && memcmp(name, "..", size) == 0);
}

/* What is there already may be replaced only if it is a file. */
static int
check_place(int directory, const char *name)
{
	struct stat stat;
	if (fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(stat.st_mode) ? 0 : -EINVAL;
}

static int
make_name(struct incoming *incoming)
{
	uint64_t random = 0;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return -EIO;
	snprintf(incoming->temporary, sizeof incoming->temporary,
	    ".incoming-%016llx", (unsigned long long)random);
	return 0;
}

static int
open_named(struct incoming *incoming)
{
	int failure = make_name(incoming);
	if (failure < 0)
		return failure;
	incoming->fd = openat(incoming->directory, incoming->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (incoming->fd >= 0)
		return 0;
	failure = -errno;
	*incoming->temporary = '\0';
	return failure;
}

int
incoming_begin(struct incoming *incoming, int directory, const char *name)
{
	size_t size = strlen(name);
	*incoming = (struct incoming){ .directory = directory, .fd = -1 };
	if (!is_component(name, size))
		return size < INCOMING_NAME_SIZE ? -EISDIR : -ENAMETOOLONG;
	memcpy(incoming->name, name, size + 1);
	SHA256Init(&incoming->sha);
	int failure = check_place(directory, name);
	if (failure < 0)
		return failure;
	incoming->fd =
	    openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (incoming->fd >= 0)
		return 0;
	/* EISDIR: a kernel that does not know the flag */
	return errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT
	           ? open_named(incoming)
	           : -errno;
}

int
incoming_write(struct incoming *incoming, const uint8_t *data, size_t size)
{
	if (!incoming->is_unsummed)
		SHA256Update(&incoming->sha, data, size);
	incoming->size += size;
	while (size > 0) {
		ssize_t n = write(incoming->fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

void
incoming_digest(struct incoming *incoming,
    uint8_t ret_digest[SHA256_DIGEST_LENGTH])
{
	SHA256Final(ret_digest, &incoming->sha);
}

/* A file without a name gets one, for rename() alone can replace another. */
static int
give_name(struct incoming *incoming)
{
	char self[40];
	if (*incoming->temporary != '\0')
		return 0;
	int failure = make_name(incoming);
	if (failure < 0)
		return failure;
	snprintf(self, sizeof self, "/proc/self/fd/%d", incoming->fd);
	if (linkat(AT_FDCWD, self, incoming->directory, incoming->temporary,
	        AT_SYMLINK_FOLLOW) == 0)
		return 0;
	failure = -errno;
	*incoming->temporary = '\0';
	return failure;
}

static int
set_attributes(const struct incoming *incoming, uint32_t mode,
    int64_t changed_ns)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW } };
	times[1].tv_sec = changed_ns / 1000000000;
	times[1].tv_nsec = changed_ns % 1000000000;
	if (times[1].tv_nsec < 0) {
		times[1].tv_sec--;
		times[1].tv_nsec += 1000000000;
	}
	if (fchmod(incoming->fd, mode & 0777) != 0 ||
	    (changed_ns != 0 && futimens(incoming->fd, times) != 0))
		return -errno;
	return 0;
}

int
incoming_commit(struct incoming *incoming, uint32_t mode, int64_t changed_ns,
    bool is_durable)
{
	int failure = set_attributes(incoming, mode, changed_ns);
	if (failure == 0 && is_durable && fsync(incoming->fd) != 0)
		failure = -errno;
	if (failure == 0)
		failure = check_place(incoming->directory, incoming->name);
	if (failure == 0)
		failure = give_name(incoming);
	if (failure == 0 && renameat(incoming->directory, incoming->temporary,
	                        incoming->directory, incoming->name) != 0)
		failure = -errno;
	if (failure < 0)
		return failure;
	*incoming->temporary = '\0';
	close(incoming->fd);
	incoming->fd = -1;
	return !is_durable || fsync(incoming->directory) == 0 ? 0 : -errno;
}

void
incoming_drop(struct incoming *incoming)
{
	if (*incoming->temporary != '\0')
		unlinkat(incoming->directory, incoming->temporary, 0);
	if (incoming->fd >= 0)
		close(incoming->fd);
	*incoming->temporary = '\0';
	incoming->fd = -1;
}
