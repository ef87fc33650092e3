/* SPDX-License-Identifier: MIT */
/* The routine of Sync: SyncMessage in files.proto says how it goes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "incoming.h"
#include "line.h"
#include "listing.h"
#include "serve.h"

/* One call: what the client is about now, and what both have there. */
struct merge {
	struct becket_call *call;
	struct line line;
	char *base;
	int directory;
	struct listing mine, theirs;
	size_t wanted;
};

static becket_status
out_of_turn(struct merge *merge)
{
	return becket_call_fail(merge->call, BECKET_S_PROTOCOL_ERROR,
	    "a message of Sync that is not expected here");
}

static becket_status
note(struct merge *merge, const char *name, int failure)
{
	return line_note(&merge->line, name, root_text(failure));
}

/* ------------------------------------------------------------- compare -- */

static becket_status
want(struct merge *merge, struct item *theirs)
{
	theirs->wanted = true;
	merge->wanted++;
	return line_say(&merge->line, FILES__SYNC_MESSAGE__WHAT_WANT,
	    theirs->name);
}

static becket_status
give(struct merge *merge, const struct item *mine)
{
	int failure = 0;
	becket_status status =
	    line_give(&merge->line, merge->directory, mine->name, &failure);
	return status == BECKET_S_OK && failure < 0
	           ? note(merge, mine->name, failure)
	           : status;
}

static bool
is_same(struct merge *merge, struct item *mine, const struct item *theirs)
{
	if (mine->size != theirs->size)
		return false;
	if (mine->changed_ns == theirs->changed_ns)
		return true;
	return theirs->has_digest && item_sum(merge->directory, mine) == 0 &&
	       memcmp(mine->digest, theirs->digest, sizeof mine->digest) == 0;
}

static becket_status
compare_files(struct merge *merge, struct item *mine, struct item *theirs)
{
	if (is_same(merge, mine, theirs))
		return BECKET_S_OK;
	if (theirs->changed_ns > mine->changed_ns)
		return want(merge, theirs);
	if (theirs->changed_ns < mine->changed_ns)
		return give(merge, mine);
	return line_note(&merge->line, mine->name,
	    "both ends changed it at the same time");
}

static bool
is_for_us(const struct item *item)
{
	return item->type == FILES__TYPE__REGULAR ||
	       item->type == FILES__TYPE__DIRECTORY;
}

static becket_status
compare_both(struct merge *merge, struct item *mine, struct item *theirs)
{
	if (!is_for_us(mine) && !is_for_us(theirs))
		return BECKET_S_OK;
	if (mine->type != theirs->type)
		return line_note(&merge->line, mine->name,
		    "it is one thing here and another there");
	return mine->type == FILES__TYPE__REGULAR
	           ? compare_files(merge, mine, theirs)
	           : BECKET_S_OK;
}

static becket_status
only_theirs(struct merge *merge, struct item *theirs)
{
	if (theirs->type == FILES__TYPE__REGULAR)
		return want(merge, theirs);
	if (theirs->type == FILES__TYPE__DIRECTORY &&
	    mkdirat(merge->directory, theirs->name, 0777) != 0)
		return note(merge, theirs->name, -errno);
	return BECKET_S_OK;
}

static becket_status
only_mine(struct merge *merge, struct item *mine)
{
	Files__SyncMessage message = FILES__SYNC_MESSAGE__INIT;
	Files__SyncEntry sync = FILES__SYNC_ENTRY__INIT;
	Files__Entry entry;
	if (mine->type == FILES__TYPE__REGULAR)
		return give(merge, mine);
	if (mine->type != FILES__TYPE__DIRECTORY)
		return BECKET_S_OK;
	item_entry(mine, &entry);
	sync.entry = &entry;
	message.what_case = FILES__SYNC_MESSAGE__WHAT_ENTRY;
	message.entry = &sync;
	return merge->line.send(merge->line.stream, &message);
}

/* Side by side, for both are in the order of their names. */
static becket_status
compare_all(struct merge *merge)
{
	struct item *mine = merge->mine.items, *theirs = merge->theirs.items;
	size_t m = merge->mine.count, t = merge->theirs.count;
	becket_status status = BECKET_S_OK;
	while (status == BECKET_S_OK && (m > 0 || t > 0)) {
		int order = m == 0   ? 1
		            : t == 0 ? -1
		                     : strcmp(mine->name, theirs->name);
		if (order < 0)
			status = only_mine(merge, mine);
		else if (order > 0)
			status = only_theirs(merge, theirs);
		else
			status = compare_both(merge, mine, theirs);
		if (order <= 0)
			mine++, m--;
		if (order >= 0)
			theirs++, t--;
	}
	return status;
}

/* ------------------------------------------------- what was asked for -- */

static becket_status
take_file(struct merge *merge, const Files__Entry *entry)
{
	char *name = path_of(entry->name);
	struct item *item =
	    name == NULL ? NULL : listing_find(&merge->theirs, name);
	free(name);
	if (item == NULL || !item->wanted)
		return out_of_turn(merge);
	item->wanted = false;
	return line_take(&merge->line, entry, merge->directory, item->name,
	    &item->failure);
}

static becket_status
take_files(struct merge *merge)
{
	becket_status status = BECKET_S_OK;
	bool turn = false;
	while (status == BECKET_S_OK && !turn) {
		Files__SyncMessage *message = NULL;
		status = line_receive(&merge->line, &message);
		if (status != BECKET_S_OK)
			break;
		turn = message->what_case == FILES__SYNC_MESSAGE__WHAT_TURN;
		if (message->what_case == FILES__SYNC_MESSAGE__WHAT_FILE)
			status = take_file(merge, message->file);
		else if (!turn)
			status = out_of_turn(merge);
		files_sync_message_free(message);
	}
	return status;
}

static becket_status
tell_failures(struct merge *merge)
{
	becket_status status = BECKET_S_OK;
	for (size_t i = 0; i < merge->theirs.count; i++) {
		const struct item *item = &merge->theirs.items[i];
		if (item->failure < 0 && status == BECKET_S_OK)
			status = note(merge, item->name, item->failure);
	}
	return status == BECKET_S_OK ? line_turn(&merge->line) : status;
}

/* ------------------------------------------------------- one directory -- */

static becket_status
take_entries(struct merge *merge)
{
	bool turn = false;
	int failure = 0;
	while (failure == 0 && !turn) {
		Files__SyncMessage *message = NULL;
		becket_status status = line_receive(&merge->line, &message);
		if (status != BECKET_S_OK)
			return status;
		turn = message->what_case == FILES__SYNC_MESSAGE__WHAT_TURN;
		if (message->what_case == FILES__SYNC_MESSAGE__WHAT_ENTRY)
			failure = listing_add(&merge->theirs, message->entry);
		else if (!turn)
			failure = -EPROTO;
		files_sync_message_free(message);
	}
	if (failure == -EPROTO)
		return out_of_turn(merge);
	return failure == 0
	           ? BECKET_S_OK
	           : becket_call_fail(merge->call, failure_status(failure),
	                 "%s", root_text(failure));
}

/* The directory below the base, or a negative errno value. */
static int
open_below(struct merge *merge, const char *path)
{
	size_t size = strlen(merge->base) + strlen(path) + 2;
	char *whole = malloc(size);
	if (whole == NULL)
		return -ENOMEM;
	stpcpy(stpcpy(stpcpy(whole, merge->base), "/"), path);
	int fd = root_open_directory(&served, whole);
	free(whole);
	return fd;
}

static becket_status
answer(struct merge *merge, const char *path)
{
	merge->directory = open_below(merge, path);
	int failure = merge->directory < 0
	                  ? merge->directory
	                  : listing_read(&merge->mine, merge->directory);
	becket_status status =
	    failure < 0 ? note(merge, "", failure) : compare_all(merge);
	if (status == BECKET_S_OK)
		status = line_turn(&merge->line);
	if (status == BECKET_S_OK && merge->wanted > 0)
		status = take_files(merge);
	if (status == BECKET_S_OK && merge->wanted > 0)
		status = tell_failures(merge);
	return status;
}

static becket_status
do_directory(struct merge *merge, ProtobufCBinaryData bytes)
{
	char *path = path_of(bytes);
	if (path == NULL)
		return no_path(merge->call);
	merge->wanted = 0;
	becket_status status = take_entries(merge);
	if (status == BECKET_S_OK)
		status = answer(merge, path);
	listing_free(&merge->mine);
	listing_free(&merge->theirs);
	if (merge->directory >= 0)
		close(merge->directory);
	merge->directory = -1;
	free(path);
	return status;
}

/* ------------------------------------------------------------ the call -- */

/* The last component of the base may have to be made. */
static int
make_base(char *base)
{
	const char *name;
	size_t size = strlen(base);
	while (size > 0 && base[size - 1] == '/')
		base[--size] = '\0';
	if (size == 0)
		return 0;
	int parent = root_open_parent(&served, base, &name);
	if (parent < 0)
		return parent;
	int failure =
	    mkdirat(parent, name, 0777) == 0 || errno == EEXIST ? 0 : -errno;
	close(parent);
	return failure;
}

static becket_status
take_begin(struct merge *merge)
{
	Files__SyncMessage *message = NULL;
	becket_status status = line_receive(&merge->line, &message);
	if (status != BECKET_S_OK)
		return status;
	if (message->what_case != FILES__SYNC_MESSAGE__WHAT_BEGIN)
		status = out_of_turn(merge);
	else if ((merge->base = path_of(message->begin)) == NULL)
		status = no_path(merge->call);
	files_sync_message_free(message);
	if (status != BECKET_S_OK)
		return status;
	int failure = make_base(merge->base);
	return failure < 0 ? fail(merge->call, merge->base, failure)
	                   : BECKET_S_OK;
}

/* All that came is on disk when the call ends well. */
static becket_status
flush(struct merge *merge)
{
	int fd = open_below(merge, "");
	if (fd < 0)
		return fail(merge->call, merge->base, fd);
	int failure = syncfs(fd) == 0 ? 0 : -errno;
	close(fd);
	return failure < 0 ? fail(merge->call, merge->base, failure)
	                   : BECKET_S_OK;
}

static becket_status
do_directories(struct merge *merge)
{
	becket_status status = BECKET_S_OK;
	while (status == BECKET_S_OK) {
		Files__SyncMessage *message = NULL;
		status = merge->line.receive(merge->line.stream, &message);
		if (status != BECKET_S_OK)
			break;
		status =
		    message->what_case == FILES__SYNC_MESSAGE__WHAT_DIRECTORY
		        ? do_directory(merge, message->directory)
		        : out_of_turn(merge);
		files_sync_message_free(message);
	}
	return status == BECKET_X_PIPE_EMPTY ? flush(merge) : status;
}

becket_status
sync_(struct becket_call *call, struct becket_stream *stream)
{
	struct merge merge = { .call = call,
		.directory = -1,
		.line = { .stream = stream,
		    .send = files_sync_push,
		    .receive = files_sync_pull } };
	if (!may_write)
		return read_only(call);
	merge.line.piece = becket_call_alloc(call, LINE_PIECE);
	if (merge.line.piece == NULL)
		return no_memory(call);
	becket_status status = take_begin(&merge);
	if (status == BECKET_S_OK)
		status = do_directories(&merge);
	free(merge.base);
	return status;
}
