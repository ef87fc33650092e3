/* SPDX-License-Identifier: MIT */
#include "client.h"
#include "incoming.h"
#include "root.h"

#include <errno.h>
#include <fcntl.h>
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
	struct incoming incoming;
	uint32_t mode;
	int64_t changed_ns;
	bool has_entry, is_whole;
	int failure;
};

static int
take_entry(struct copy *copy, const Files__Entry *entry)
{
	if (entry == NULL || copy->has_entry)
		return -EPROTO;
	copy->mode = entry->mode;
	copy->changed_ns = entry->changed_ns;
	copy->has_entry = true;
	if (!copy->client->recurse)
		copy->client->progress.total = entry->size;
	return 0;
}

static int
take_data(struct copy *copy, ProtobufCBinaryData data)
{
	copy->client->bytes += data.len;
	progress_move(&copy->client->progress, data.len);
	return incoming_write(&copy->incoming, data.data, data.len);
}

static int
take_digest(struct copy *copy, ProtobufCBinaryData digest)
{
	uint8_t here[DIGEST_SIZE];
	incoming_digest(&copy->incoming, here);
	copy->is_whole = true;
	return digest.len == sizeof here &&
	               memcmp(digest.data, here, sizeof here) == 0
	           ? 0
	           : -EBADMSG;
}

static int
take(struct copy *copy, const Files__FetchResponse *message)
{
	if (message->what_case == FILES__FETCH_RESPONSE__WHAT_ENTRY)
		return take_entry(copy, message->entry);
	if (!copy->has_entry || copy->is_whole)
		return -EPROTO;
	if (message->what_case == FILES__FETCH_RESPONSE__WHAT_DATA)
		return take_data(copy, message->data);
	return message->what_case == FILES__FETCH_RESPONSE__WHAT_SHA256
	           ? take_digest(copy, message->sha256)
	           : -EPROTO;
}

/* All messages, up to the end or a failure of ours. */
static becket_status
take_all(struct copy *copy, struct becket_stream *stream)
{
	becket_status status;
	do {
		Files__FetchResponse *message = NULL;
		status = files_fetch_receive(stream, &message);
		if (status == BECKET_S_OK) {
			copy->failure = take(copy, message);
			files_fetch_response_free(message);
		}
	} while (status == BECKET_S_OK && copy->failure == 0);
	return status;
}

static bool
receive_file(struct copy *copy, const char *path)
{
	Files__FetchRequest request = FILES__FETCH_REQUEST__INIT;
	struct becket_stream *stream = NULL;
	request.path.data = (uint8_t *)(uintptr_t)path;
	request.path.len = strlen(path);
	request.digest = !copy->client->is_unsummed;
	becket_status status =
	    files_fetch_open(copy->client->binding, &request, &stream);
	copy->client->calls++;
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	status = take_all(copy, stream);
	if (copy->failure < 0) {
		becket_stream_abort(&stream);
		return text_complain(path, root_text(copy->failure));
	}
	status = files_fetch_finish(&stream);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	return copy->is_whole ||
	       (copy->client->is_unsummed && copy->has_entry) ||
	       text_complain(path, root_text(-EPROTO));
}

static bool
fetch_file(struct client *client, const char *path, int directory,
    const char *name)
{
	struct copy copy = { .client = client };
	int failure = incoming_begin(&copy.incoming, directory, name);
	if (failure < 0)
		return text_complain(name, root_text(failure));
	copy.incoming.is_unsummed = client->is_unsummed;
	bool good = receive_file(&copy, path);
	if (good) {
		failure = incoming_commit(&copy.incoming, copy.mode,
		    copy.changed_ns, false);
		good = failure == 0 || text_complain(name, root_text(failure));
	}
	incoming_drop(&copy.incoming);
	client->files += good;
	return good;
}

/* A name as a user gives it. */
static bool
fetch_to(struct client *client, const char *path, const char *to)
{
	const char *slash = strrchr(to, '/');
	char *parent =
	    slash == NULL ? strdup(".") : strndup(to, (size_t)(slash - to) + 1);
	int directory = parent == NULL
	                    ? -1
	                    : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		free(parent);
		return text_complain(to, strerror(errno));
	}
	bool good =
	    fetch_file(client, path, directory, slash == NULL ? to : slash + 1);
	close(directory);
	free(parent);
	return good;
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
	progress_begin(&client->progress, 0);
	if (type != FILES__TYPE__DIRECTORY)
		return fetch_to(client, path, to);
	if (!client->recurse)
		return text_complain(path, "this is a directory: get -r");
	return fetch_directory(client, path, AT_FDCWD, to, 0);
}
