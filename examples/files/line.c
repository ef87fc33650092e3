/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "incoming.h"
#include "listing.h"

static ProtobufCBinaryData
bytes_of(const char *text)
{
	return (
	    ProtobufCBinaryData){ strlen(text), (uint8_t *)(uintptr_t)text };
}

becket_status
line_say(struct line *line, Files__SyncMessage__WhatCase what, const char *name)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	message.what_case = what;
	if (what == FILES__SYNC_MESSAGE__WHAT_BEGIN)
		message.begin = bytes_of(name);
	else if (what == FILES__SYNC_MESSAGE__WHAT_DIRECTORY)
		message.directory = bytes_of(name);
	else
		message.want = bytes_of(name);
	return line->send(line->stream, &message);
}

becket_status
line_turn(struct line *line)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	message.what_case = FILES__SYNC_MESSAGE__WHAT_TURN;
	message.turn = 1;
	return line->send(line->stream, &message);
}

becket_status
line_note(struct line *line, const char *name, const char *sentence)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	Files__SyncNote note = FILES__SYNC_NOTE__INIT;
	note.name = bytes_of(name);
	note.sentence = (char *)(uintptr_t)sentence;
	message.what_case = FILES__SYNC_MESSAGE__WHAT_NOTE;
	message.note = &note;
	return line->send(line->stream, &message);
}

becket_status
line_receive(struct line *line, Files__SyncMessage **ret_message)
{
	becket_status status = line->receive(line->stream, ret_message);
	return status == BECKET_X_PIPE_EMPTY ? BECKET_S_PROTOCOL_ERROR : status;
}

/* ---------------------------------------------------------------- give -- */

static void
count_out(struct line *line, size_t size)
{
	line->bytes_out += size;
	if (line->moved != NULL)
		line->moved(line);
}

static becket_status
send_file(struct line *line, const struct item *item)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	Files__Entry entry;
	item_entry(item, &entry);
	message.what_case = FILES__SYNC_MESSAGE__WHAT_FILE;
	message.file = &entry;
	return line->send(line->stream, &message);
}

static becket_status
send_data(struct line *line, int fd, SHA2_CTX *sha, int *ret_failure)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	becket_status status = BECKET_S_OK;
	ssize_t n = 0;
	message.what_case = FILES__SYNC_MESSAGE__WHAT_DATA;
	while (status == BECKET_S_OK &&
	       (n = read(fd, line->piece, LINE_PIECE)) > 0) {
		SHA256Update(sha, line->piece, (size_t)n);
		message.data = (ProtobufCBinaryData){ (size_t)n, line->piece };
		status = line->send(line->stream, &message);
		count_out(line, (size_t)n);
	}
	*ret_failure = n < 0 ? -errno : 0;
	return status;
}

static becket_status
send_end(struct line *line, SHA2_CTX *sha, bool is_whole)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256Final(digest, sha);
	message.what_case = FILES__SYNC_MESSAGE__WHAT_END;
	if (is_whole)
		message.end = (ProtobufCBinaryData){ sizeof digest, digest };
	return line->send(line->stream, &message);
}

becket_status
line_give(struct line *line, int directory, const char *name, int *ret_failure)
{
	struct item item = { 0 };
	SHA2_CTX sha;
	int fd = item_open(directory, name, &item);
	if (fd < 0) {
		*ret_failure = fd;
		return BECKET_S_OK;
	}
	item.name = (char *)(uintptr_t)name;
	SHA256Init(&sha);
	becket_status status = send_file(line, &item);
	if (status == BECKET_S_OK)
		status = send_data(line, fd, &sha, ret_failure);
	close(fd);
	if (status == BECKET_S_OK)
		status = send_end(line, &sha, *ret_failure == 0);
	line->files_out += status == BECKET_S_OK && *ret_failure == 0;
	return status;
}

/* ---------------------------------------------------------------- take -- */

static int
finish(struct incoming *incoming, const Files__Entry *entry,
    ProtobufCBinaryData end)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	if (end.len == 0)
		return -EIO;
	incoming_digest(incoming, digest);
	if (end.len != sizeof digest ||
	    memcmp(end.data, digest, sizeof digest) != 0)
		return -EBADMSG;
	return incoming_commit(incoming, entry->mode, entry->changed_ns, false);
}

/* One message of a file that comes; true: it was the last. What cannot be kept
 * is received all the same.
 */
static bool
take_piece(struct line *line, struct incoming *incoming,
    const Files__Entry *entry, const Files__SyncMessage *message,
    int *ret_failure)
{
	if (message->what_case == FILES__SYNC_MESSAGE__WHAT_DATA) {
		line->bytes_in += message->data.len;
		if (line->moved != NULL)
			line->moved(line);
		if (*ret_failure == 0)
			*ret_failure = incoming_write(incoming,
			    message->data.data, message->data.len);
		return false;
	}
	if (message->what_case != FILES__SYNC_MESSAGE__WHAT_END)
		*ret_failure = -EPROTO;
	else if (*ret_failure == 0)
		*ret_failure = finish(incoming, entry, message->end);
	return true;
}

becket_status
line_take(struct line *line, const Files__Entry *entry, int directory,
    const char *name, int *ret_failure)
{
	struct incoming incoming;
	becket_status status;
	bool last = false;
	*ret_failure = incoming_begin(&incoming, directory, name);
	do {
		Files__SyncMessage *message = NULL;
		status = line_receive(line, &message);
		if (status != BECKET_S_OK)
			break;
		last = take_piece(line, &incoming, entry, message, ret_failure);
		files_sync_message_free(message);
	} while (!last);
	incoming_drop(&incoming);
	line->files_in += status == BECKET_S_OK && *ret_failure == 0;
	return *ret_failure == -EPROTO ? BECKET_S_PROTOCOL_ERROR : status;
}
