/* SPDX-License-Identifier: MIT */
/* sync: a directory here and one of the server's, made equal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "incoming.h"
#include "line.h"
#include "listing.h"
#include "root.h"

/* What is to be done: the directories that the server has not been told of yet.
 * Whatever the server says, nothing but single names below them is touched, and
 * no symbolic link followed.
 */
struct work {
	struct line line; /* first: moved() finds us by it */
	struct client *client;
	struct root here;
	char **paths;
	size_t count, capacity;
	/* This directory: */
	const char *path;
	int directory;
	struct listing mine;
	size_t wanted;
	bool is_refused;
};

static void
moved(struct line *line)
{
	struct work *work = (struct work *)(void *)line;
	uint64_t all = line->bytes_in + line->bytes_out;
	progress_move(&work->client->progress,
	    all - work->client->progress.done);
}

static void
push(struct work *work, char *path)
{
	if (work->count == work->capacity) {
		work->capacity = 2 * work->capacity + 16;
		work->paths =
		    realloc(work->paths, work->capacity * sizeof *work->paths);
		if (work->paths == NULL) {
			fputs("files: out of memory\n", stderr);
			exit(1);
		}
	}
	work->paths[work->count++] = path;
}

static void
leave(struct work *work, const char *name, const char *sentence)
{
	char *path = text_join(work->path, name);
	text_complain(path, sentence);
	free(path);
	work->client->skipped++;
}

/* ------------------------------------------------------- what we have -- */

static becket_status
say_entry(struct work *work, struct item *item)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	Files__SyncEntry sync = FILES__SYNC_ENTRY__INIT;
	Files__Entry entry;
	if (work->client->compare && item->type == FILES__TYPE__REGULAR &&
	    item_sum(work->directory, item) == 0)
		sync.sha256 =
		    (ProtobufCBinaryData){ sizeof item->digest, item->digest };
	item_entry(item, &entry);
	sync.entry = &entry;
	message.what_case = FILES__SYNC_MESSAGE__WHAT_ENTRY;
	message.entry = &sync;
	return work->line.send(work->line.stream, &message);
}

static becket_status
say_directory(struct work *work)
{
	becket_status status = line_say(&work->line,
	    FILES__SYNC_MESSAGE__WHAT_DIRECTORY, work->path);
	for (size_t i = 0; i < work->mine.count && status == BECKET_S_OK; i++)
		status = say_entry(work, &work->mine.items[i]);
	return status == BECKET_S_OK ? line_turn(&work->line) : status;
}

/* ------------------------------------------------ what the server says -- */

static becket_status
make_directory(struct work *work, const Files__SyncEntry *sync)
{
	const Files__Entry *entry = sync->entry;
	if (entry == NULL || entry->type != FILES__TYPE__DIRECTORY ||
	    !is_component((const char *)entry->name.data, entry->name.len))
		return BECKET_S_PROTOCOL_ERROR;
	char *name = text_copy(entry->name);
	if (mkdirat(work->directory, name, 0777) == 0)
		push(work, text_join(work->path, name));
	else
		leave(work, name, strerror(errno));
	free(name);
	return BECKET_S_OK;
}

/* The server is to send nothing that is not newer than ours. */
static bool
may_take(const struct work *work, const Files__Entry *entry, const char *name)
{
	const struct item *mine = listing_find(&work->mine, name);
	return is_component(name, entry->name.len) &&
	       (mine == NULL || (mine->type == FILES__TYPE__REGULAR &&
	                            mine->changed_ns < entry->changed_ns));
}

static becket_status
take_file(struct work *work, const Files__Entry *entry)
{
	becket_status status = BECKET_S_PROTOCOL_ERROR;
	char *name = text_copy(entry->name);
	int failure = 0;
	if (may_take(work, entry, name))
		status = line_take(&work->line, entry, work->directory, name,
		    &failure);
	if (status == BECKET_S_OK && failure < 0)
		leave(work, name, root_text(failure));
	free(name);
	return status;
}

static becket_status
take_want(struct work *work, ProtobufCBinaryData bytes)
{
	char *name = text_copy(bytes);
	struct item *item = listing_find(&work->mine, name);
	free(name);
	if (item == NULL || item->type != FILES__TYPE__REGULAR || item->wanted)
		return BECKET_S_PROTOCOL_ERROR;
	item->wanted = true;
	work->wanted++;
	return BECKET_S_OK;
}

static becket_status
take_note(struct work *work, const Files__SyncNote *note)
{
	char *name = text_copy(note->name);
	work->is_refused |= *name == '\0';
	leave(work, name, note->sentence);
	free(name);
	return BECKET_S_OK;
}

static becket_status
take(struct work *work, const Files__SyncMessage *message)
{
	switch (message->what_case) {
	case FILES__SYNC_MESSAGE__WHAT_ENTRY:
		return make_directory(work, message->entry);
	case FILES__SYNC_MESSAGE__WHAT_WANT:
		return take_want(work, message->want);
	case FILES__SYNC_MESSAGE__WHAT_FILE:
		return take_file(work, message->file);
	case FILES__SYNC_MESSAGE__WHAT_NOTE:
		return take_note(work, message->note);
	default:
		return BECKET_S_PROTOCOL_ERROR;
	}
}

/* Up to its turn's end. */
static becket_status
take_turn(struct work *work)
{
	becket_status status = BECKET_S_OK;
	bool turn = false;
	while (status == BECKET_S_OK && !turn) {
		Files__SyncMessage *message = NULL;
		status = line_receive(&work->line, &message);
		if (status != BECKET_S_OK)
			break;
		turn = message->what_case == FILES__SYNC_MESSAGE__WHAT_TURN;
		if (!turn)
			status = take(work, message);
		files_sync_message_free(message);
	}
	return status;
}

/* ------------------------------------------------------- one directory -- */

static becket_status
give_wanted(struct work *work)
{
	becket_status status = BECKET_S_OK;
	for (size_t i = 0; i < work->mine.count && status == BECKET_S_OK; i++) {
		const struct item *item = &work->mine.items[i];
		int failure = 0;
		if (!item->wanted)
			continue;
		status = line_give(&work->line, work->directory, item->name,
		    &failure);
		if (failure < 0)
			leave(work, item->name, root_text(failure));
	}
	if (status == BECKET_S_OK)
		status = line_turn(&work->line);
	return status == BECKET_S_OK ? take_turn(work) : status;
}

static void
push_below(struct work *work)
{
	for (size_t i = work->mine.count; i-- > 0;)
		if (work->mine.items[i].type == FILES__TYPE__DIRECTORY)
			push(work,
			    text_join(work->path, work->mine.items[i].name));
}

static becket_status
exchange(struct work *work)
{
	becket_status status = say_directory(work);
	if (status == BECKET_S_OK)
		status = take_turn(work);
	if (status == BECKET_S_OK && work->wanted > 0)
		status = give_wanted(work);
	if (status == BECKET_S_OK && !work->is_refused)
		push_below(work);
	return status;
}

static becket_status
do_directory(struct work *work, const char *path)
{
	becket_status status = BECKET_S_OK;
	work->path = path;
	work->wanted = 0;
	work->is_refused = false;
	work->directory = root_open_directory(&work->here, path);
	int failure = work->directory < 0
	                  ? work->directory
	                  : listing_read(&work->mine, work->directory);
	if (failure < 0)
		leave(work, "", root_text(failure));
	else
		status = exchange(work);
	listing_free(&work->mine);
	if (work->directory >= 0)
		close(work->directory);
	return status;
}

/* ------------------------------------------------------------ the call -- */

static becket_status
do_all(struct work *work, const char *path)
{
	becket_status status =
	    line_say(&work->line, FILES__SYNC_MESSAGE__WHAT_BEGIN, path);
	push(work, text_join("", ""));
	while (work->count > 0 && status == BECKET_S_OK) {
		char *next = work->paths[--work->count];
		status = do_directory(work, next);
		free(next);
	}
	while (work->count > 0)
		free(work->paths[--work->count]);
	free(work->paths);
	return status;
}

/* A call that has ended says why itself; one that we do not want to go on with
 * is told.
 */
static bool
end(struct work *work, const char *path, becket_status status)
{
	if (status == BECKET_S_PROTOCOL_ERROR) {
		becket_stream_abort(&work->line.stream);
		return text_complain(path, root_text(-EPROTO));
	}
	status = files_sync_finish(&work->line.stream);
	return status == BECKET_S_OK || call_failed(path, status);
}

static bool
begin(struct work *work, const char *path)
{
	static uint8_t piece[LINE_PIECE];
	work->line = (struct line){ .send = files_sync_send,
		.receive = files_sync_receive,
		.moved = moved,
		.piece = piece };
	becket_status status =
	    files_sync_open(work->client->binding, &work->line.stream);
	work->client->calls++;
	return status == BECKET_S_OK || call_failed(path, status);
}

bool
sync_directories(struct client *client, const char *here, const char *path,
    uint64_t *ret_sent, uint64_t *ret_received)
{
	struct work work = { .client = client, .directory = -1 };
	int failure = mkdir(here, 0777) == 0 || errno == EEXIST ? 0 : -errno;
	if (failure == 0)
		failure = root_open(&work.here, here, ROOT_WALK);
	if (failure < 0)
		return text_complain(here, root_text(failure));
	bool good = begin(&work, path);
	progress_begin(&client->progress, 0);
	if (good)
		good = end(&work, path, do_all(&work, path));
	root_close(&work.here);
	client->bytes = work.line.bytes_in + work.line.bytes_out;
	*ret_sent = work.line.files_out;
	*ret_received = work.line.files_in;
	return good;
}
