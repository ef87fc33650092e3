/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One directory being fetched. Names are opened below their directory's
 * descriptor and symbolic links not followed, so that nothing lands elsewhere.
 */
struct place {
	const char *path; /* on the server */
	int fd;           /* here */
	unsigned depth;
};

struct copy {
	struct client *client;
	int fd;
	SHA2_CTX sha;
};

static bool
take_piece(const uint8_t *data, size_t size, void *user)
{
	struct copy *copy = user;
	double begin = clock_now();
	SHA256Update(&copy->sha, data, size);
	copy->client->checking += clock_now() - begin;
	while (size > 0) {
		ssize_t n = write(copy->fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return text_complain("write", strerror(errno));
		data += n;
		size -= (size_t)n;
	}
	return true;
}

static bool
verify(struct client *client, const char *path, SHA2_CTX *sha)
{
	uint8_t here[DIGEST_SIZE], there[DIGEST_SIZE];
	double begin = clock_now();
	SHA256Final(here, sha);
	bool good = call_checksum(client, path, there);
	client->checking += clock_now() - begin;
	if (!good)
		return false;
	return memcmp(here, there, DIGEST_SIZE) == 0 ||
	       text_complain(path, "what arrived is not what the server has");
}

static bool
fetch_file(struct client *client, const char *path, int directory,
    const char *name)
{
	struct copy copy = { .client = client };
	copy.fd = openat(directory, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (copy.fd < 0)
		return text_complain(name, strerror(errno));
	SHA256Init(&copy.sha);
	bool good = call_read(client, path, take_piece, &copy);
	if (close(copy.fd) != 0 && good)
		good = text_complain(name, strerror(errno));
	client->files += good;
	return good && verify(client, path, &copy.sha);
}

static call_visit fetch_entry;

static bool
fetch_directory(struct client *client, const char *path, int directory,
    const char *name, unsigned depth)
{
	struct place place = { .path = path, .depth = depth };
	if (depth > DEPTH_MAX)
		return text_complain(path, "the directories are too deep");
	if (mkdirat(directory, name, 0777) != 0 && errno != EEXIST)
		return text_complain(name, strerror(errno));
	place.fd = openat(directory, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place.fd < 0)
		return text_complain(name, strerror(errno));
	bool good = call_list(client, path, fetch_entry, &place);
	close(place.fd);
	return good;
}

static bool
fetch_entry(struct client *client, const char *name, const Files__Entry *entry,
    void *user)
{
	const struct place *place = user;
	char *path = text_join(place->path, name);
	bool good = true;
	if (entry->type == FILES__TYPE__REGULAR)
		good = fetch_file(client, path, place->fd, name);
	else if (entry->type == FILES__TYPE__DIRECTORY)
		good = fetch_directory(client, path, place->fd, name,
		    place->depth + 1);
	else
		client->skipped++;
	free(path);
	return good;
}

bool
fetch(struct client *client, const char *path, const char *to)
{
	Files__StatResponse *response = NULL;
	if (!call_stat(client, path, &response))
		return false;
	Files__Type type = response->entry->type;
	files_stat_response_free(response);
	if (type != FILES__TYPE__DIRECTORY)
		return fetch_file(client, path, AT_FDCWD, to);
	if (!client->recurse)
		return text_complain(path, "this is a directory: get -r");
	return fetch_directory(client, path, AT_FDCWD, to, 0);
}
