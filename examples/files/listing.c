/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "incoming.h"

enum { BLOCK = 64 * 1024 };

static Files__Type
type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return FILES__TYPE__REGULAR;
	if (S_ISDIR(mode))
		return FILES__TYPE__DIRECTORY;
	return S_ISLNK(mode) ? FILES__TYPE__SYMLINK : FILES__TYPE__OTHER;
}

static void
describe(const struct stat *stat, struct item *item)
{
	item->type = type_of(stat->st_mode);
	item->size = (uint64_t)stat->st_size;
	item->mode = stat->st_mode & 07777;
	item->changed_ns =
	    (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
}

/* The place of one more; NULL: no memory. */
static struct item *
append(struct listing *listing, const char *name, size_t size)
{
	if (listing->count == listing->capacity) {
		size_t capacity = 2 * listing->capacity + 64;
		struct item *grown =
		    realloc(listing->items, capacity * sizeof *grown);
		if (grown == NULL)
			return NULL;
		listing->items = grown;
		listing->capacity = capacity;
	}
	struct item *item = &listing->items[listing->count];
	*item = (struct item){ .name = strndup(name, size) };
	if (item->name == NULL)
		return NULL;
	listing->count++;
	return item;
}

static int
read_entry(struct listing *listing, int directory, const char *name)
{
	struct stat stat;
	if (!is_component(name, strlen(name)))
		return 0;
	if (fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (listing->count == LISTING_MAX)
		return -E2BIG;
	struct item *item = append(listing, name, strlen(name));
	if (item == NULL)
		return -ENOMEM;
	describe(&stat, item);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name,
	    ((const struct item *)b)->name);
}

int
listing_read(struct listing *listing, int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int failure = 0;
	if (stream == NULL) {
		failure = -errno;
		if (fd >= 0)
			close(fd);
		return failure;
	}
	while (failure == 0 && (errno = 0, entry = readdir(stream)) != NULL)
		failure = read_entry(listing, directory, entry->d_name);
	if (failure == 0)
		failure = -errno;
	closedir(stream);
	if (listing->count > 0)
		qsort(listing->items, listing->count, sizeof *listing->items,
		    compare);
	return failure;
}

int
listing_add(struct listing *listing, const Files__SyncEntry *message)
{
	const Files__Entry *entry = message->entry;
	const char *name;
	if (entry == NULL)
		return -EPROTO;
	name = (const char *)entry->name.data;
	if (!is_component(name, entry->name.len))
		return -EPROTO;
	if (listing->count == LISTING_MAX)
		return -E2BIG;
	struct item *item = append(listing, name, entry->name.len);
	if (item == NULL)
		return -ENOMEM;
	if (listing->count > 1 && compare(item - 1, item) >= 0)
		return -EPROTO;
	item->type = entry->type;
	item->size = entry->size;
	item->mode = entry->mode;
	item->changed_ns = entry->changed_ns;
	item->has_digest = message->sha256.len == sizeof item->digest;
	if (item->has_digest)
		memcpy(item->digest, message->sha256.data, sizeof item->digest);
	return 0;
}

void
listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].name);
	free(listing->items);
	*listing = (struct listing){ 0 };
}

struct item *
listing_find(const struct listing *listing, const char *name)
{
	struct item key = { .name = (char *)(uintptr_t)name };
	return listing->count == 0
	           ? NULL
	           : bsearch(&key, listing->items, listing->count,
	                 sizeof *listing->items, compare);
}

void
item_entry(const struct item *item, Files__Entry *ret_entry)
{
	*ret_entry = (Files__Entry)FILES__ENTRY__INIT;
	ret_entry->name.data = (uint8_t *)item->name;
	ret_entry->name.len = strlen(item->name);
	ret_entry->type = item->type;
	ret_entry->size = item->size;
	ret_entry->mode = item->mode;
	ret_entry->changed_ns = item->changed_ns;
}

int
item_open(int directory, const char *name, struct item *ret_item)
{
	struct stat stat;
	int fd = openat(directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int failure = fstat(fd, &stat) != 0   ? -errno
	              : S_ISREG(stat.st_mode) ? 0
	                                      : -EINVAL;
	if (failure < 0) {
		close(fd);
		return failure;
	}
	describe(&stat, ret_item);
	return fd;
}

int
item_sum(int directory, struct item *item)
{
	uint8_t block[BLOCK];
	struct item now;
	SHA2_CTX sha;
	ssize_t n;
	int fd = item_open(directory, item->name, &now);
	if (fd < 0)
		return fd;
	SHA256Init(&sha);
	while ((n = read(fd, block, sizeof block)) > 0)
		SHA256Update(&sha, block, (size_t)n);
	int failure = n < 0 ? -errno : 0;
	close(fd);
	SHA256Final(item->digest, &sha);
	item->has_digest = failure == 0;
	return failure;
}
