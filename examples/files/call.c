/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_SIZE = 1 << 20 };

bool
call_failed(const char *path, becket_status status)
{
	const struct becket_error *error = becket_error_last();
	return text_complain(path, error->status == status
	                               ? error->sentence
	                               : becket_status_text(status));
}

static ProtobufCBinaryData
bytes_of(const char *text)
{
	return (
	    ProtobufCBinaryData){ strlen(text), (uint8_t *)(uintptr_t)text };
}

bool
call_stat(struct client *client, const char *path,
    Files__StatResponse **ret_response)
{
	Files__StatRequest request = FILES__STAT_REQUEST__INIT;
	Files__StatResponse *response = NULL;
	request.path = bytes_of(path);
	client->calls++;
	becket_status status = files_stat(client->binding, &request, &response);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	if (response->entry == NULL) {
		files_stat_response_free(response);
		return text_complain(path, "the server answered nothing");
	}
	*ret_response = response;
	return true;
}

/* ------------------------------------------------------------------- List --
 */

/* A name that can stand in a directory, and comes after the one before. */
static bool
is_good_name(const char *name, size_t size, const char *before)
{
	return size > 0 && memchr(name, '\0', size) == NULL &&
	       memchr(name, '/', size) == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && strcmp(name, before) > 0;
}

/* Visit a page; *last, from malloc, is the last name. */
static bool
visit_page(struct client *client, const char *path,
    const Files__ListResponse *page, call_visit *visit, void *user, char **last)
{
	for (size_t i = 0; i < page->n_entries; i++) {
		const Files__Entry *entry = page->entries[i];
		char *name =
		    strndup((const char *)entry->name.data, entry->name.len);
		if (name == NULL ||
		    !is_good_name(name, entry->name.len, *last)) {
			free(name);
			return text_complain(path,
			    "the server listed a name that cannot be");
		}
		free(*last);
		*last = name;
		if (!visit(client, name, entry, user))
			return false;
	}
	return true;
}

/* The name to go on after; NULL: the end, or *ret_good is false. */
static char *
next_after(const char *path, const Files__ListResponse *page, const char *after,
    bool *ret_good)
{
	*ret_good = true;
	if (page->next.len == 0)
		return NULL;
	char *next = strndup((const char *)page->next.data, page->next.len);
	if (next != NULL && strcmp(next, after) > 0)
		return next;
	free(next);
	*ret_good = text_complain(path, "the server lists in a circle");
	return NULL;
}

bool
call_list(struct client *client, const char *path, call_visit *visit,
    void *user)
{
	Files__ListRequest request = FILES__LIST_REQUEST__INIT;
	char *after = strdup(""), *last = strdup("");
	bool good = after != NULL && last != NULL;
	request.path = bytes_of(path);
	while (good && after != NULL) {
		Files__ListResponse *page = NULL;
		request.after = bytes_of(after);
		client->calls++;
		becket_status status =
		    files_list(client->binding, &request, &page);
		if (status != BECKET_S_OK) {
			good = call_failed(path, status);
			break;
		}
		good = visit_page(client, path, page, visit, user, &last);
		char *next = good ? next_after(path, page, after, &good) : NULL;
		files_list_response_free(page);
		free(after);
		after = next;
	}
	free(after);
	free(last);
	return good;
}

/* ---------------------------------------- Open, ReadAt, Close, Checksum -- */

static bool
read_all(struct client *client, struct files_handle *file, const char *path,
    call_sink *sink, void *user)
{
	Files__ReadAtRequest request = FILES__READ_AT_REQUEST__INIT;
	bool good = true, more = true;
	request.size = PIECE_SIZE;
	while (good && more) {
		Files__ReadResponse *response = NULL;
		client->calls++;
		becket_status status =
		    files_read_at(client->binding, file, &request, &response);
		if (status != BECKET_S_OK)
			return call_failed(path, status);
		size_t size = response->data.len;
		more = size > 0;
		good = !more || sink(response->data.data, size, user);
		request.offset += size;
		client->bytes += size;
		files_read_response_free(response);
	}
	return good;
}

/* Whatever it says, the handle is not kept. */
static bool
close_file(struct client *client, struct files_handle **file, const char *path)
{
	Files__CloseMessage request = FILES__CLOSE_MESSAGE__INIT;
	Files__CloseMessage *response = NULL;
	client->calls++;
	becket_status status =
	    files_close(client->binding, file, &request, &response);
	if (status == BECKET_S_OK)
		files_close_message_free(response);
	files_handle_context_destroy(file);
	return status == BECKET_S_OK || call_failed(path, status);
}

bool
call_read(struct client *client, const char *path, call_sink *sink, void *user)
{
	Files__OpenRequest request = FILES__OPEN_REQUEST__INIT;
	Files__OpenResponse *response = NULL;
	struct files_handle *file = NULL;
	request.path = bytes_of(path);
	client->calls++;
	becket_status status =
	    files_open(client->binding, &file, &request, &response);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	files_open_response_free(response);
	if (file == NULL)
		return text_complain(path, "the server opened nothing");
	bool good = read_all(client, file, path, sink, user);
	return close_file(client, &file, path) && good;
}

bool
call_checksum(struct client *client, const char *path,
    uint8_t ret_digest[DIGEST_SIZE])
{
	Files__ChecksumRequest request = FILES__CHECKSUM_REQUEST__INIT;
	Files__ChecksumResponse *response = NULL;
	request.path = bytes_of(path);
	client->calls++;
	becket_status status =
	    files_checksum(client->binding, &request, &response);
	if (status != BECKET_S_OK)
		return call_failed(path, status);
	bool good = response->sha256.len == DIGEST_SIZE;
	if (good)
		memcpy(ret_digest, response->sha256.data, DIGEST_SIZE);
	files_checksum_response_free(response);
	return good || text_complain(path, "this is no SHA-256");
}
