/* SPDX-License-Identifier: MIT */
/* The routine of Store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "incoming.h"
#include "serve.h"

/* What the client says of the file, and what of it has come. */
struct upload {
	struct becket_call *call;
	char *path;
	int directory;
	uint64_t size; /* 0: not said */
	uint32_t mode;
	int64_t changed_ns;
	bool has_digest;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct incoming incoming;
};

static becket_status
out_of_turn(struct upload *upload, const char *what)
{
	return becket_call_fail(upload->call, BECKET_S_PROTOCOL_ERROR,
	    "an upload is an entry, data, and perhaps a SHA-256: %s", what);
}

static becket_status
upload_fail(struct upload *upload, int failure)
{
	return fail(upload->call, upload->path, failure);
}

/* The first message: everything that can be wrong is said before the client
 * has sent much.
 */
static becket_status
take_entry(struct upload *upload, const Files__Entry *entry)
{
	const char *name;
	upload->path = path_of(entry->name);
	if (upload->path == NULL)
		return no_path(upload->call);
	upload->size = entry->size;
	upload->mode = entry->mode;
	upload->changed_ns = entry->changed_ns;
	upload->directory = root_open_parent(&served, upload->path, &name);
	if (upload->directory < 0)
		return upload_fail(upload, upload->directory);
	int failure =
	    incoming_begin(&upload->incoming, upload->directory, name);
	return failure < 0 ? upload_fail(upload, failure) : BECKET_S_OK;
}

static becket_status
take_data(struct upload *upload, ProtobufCBinaryData data)
{
	int failure = incoming_write(&upload->incoming, data.data, data.len);
	if (failure == 0 && upload->size != 0 &&
	    upload->incoming.size > upload->size)
		failure = -EBADMSG;
	return failure < 0 ? upload_fail(upload, failure) : BECKET_S_OK;
}

static becket_status
take_digest(struct upload *upload, ProtobufCBinaryData digest)
{
	if (digest.len != sizeof upload->digest)
		return out_of_turn(upload, "this is no SHA-256");
	memcpy(upload->digest, digest.data, digest.len);
	upload->has_digest = true;
	return BECKET_S_OK;
}

static becket_status
take(struct upload *upload, const Files__StoreRequest *message)
{
	bool begun = upload->path != NULL;
	if (upload->has_digest)
		return out_of_turn(upload, "there is more behind that");
	switch (message->what_case) {
	case FILES__STORE_REQUEST__WHAT_ENTRY:
		return begun ? out_of_turn(upload, "another entry")
		             : take_entry(upload, message->entry);
	case FILES__STORE_REQUEST__WHAT_DATA:
		return begun ? take_data(upload, message->data)
		             : out_of_turn(upload, "there is no entry");
	case FILES__STORE_REQUEST__WHAT_SHA256:
		return begun ? take_digest(upload, message->sha256)
		             : out_of_turn(upload, "there is no entry");
	default:
		return out_of_turn(upload, "this is neither");
	}
}

/* Up to the client's end. An abort, and a client that is gone, is none. */
static becket_status
take_all(struct upload *upload, struct becket_stream *stream)
{
	becket_status status;
	do {
		Files__StoreRequest *message = NULL;
		status = files_store_pull(stream, &message);
		if (status == BECKET_S_OK) {
			status = take(upload, message);
			files_store_request_free(message);
		}
	} while (status == BECKET_S_OK);
	if (status != BECKET_X_PIPE_EMPTY)
		return status;
	return upload->path != NULL ? BECKET_S_OK
	                            : out_of_turn(upload, "there is no entry");
}

static becket_status
finish(struct upload *upload, Files__StoreResponse *response)
{
	struct incoming *incoming = &upload->incoming;
	uint8_t *digest =
	    becket_call_alloc(upload->call, sizeof upload->digest);
	int failure = 0;
	if (digest == NULL)
		return no_memory(upload->call);
	incoming_digest(incoming, digest);
	if ((upload->size != 0 && incoming->size != upload->size) ||
	    (upload->has_digest &&
	        memcmp(digest, upload->digest, sizeof upload->digest) != 0))
		failure = -EBADMSG;
	if (failure == 0)
		failure = incoming_commit(incoming, upload->mode,
		    upload->changed_ns, true);
	if (failure < 0)
		return upload_fail(upload, failure);
	response->size = incoming->size;
	response->sha256 =
	    (ProtobufCBinaryData){ sizeof upload->digest, digest };
	return BECKET_S_OK;
}

becket_status
store(struct becket_call *call, struct becket_stream *stream,
    Files__StoreResponse *response)
{
	struct upload upload = { .call = call,
		.directory = -1,
		.incoming = { .fd = -1 } };
	if (!may_write)
		return read_only(call);
	becket_status status = take_all(&upload, stream);
	if (status == BECKET_S_OK)
		status = finish(&upload, response);
	incoming_drop(&upload.incoming);
	if (upload.directory >= 0)
		close(upload.directory);
	free(upload.path);
	return status;
}
