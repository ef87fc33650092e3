/* SPDX-License-Identifier: MIT */
#ifndef FILES_LINE_H
#define FILES_LINE_H

#include <becket.h>
#include <stdbool.h>
#include <stdint.h>

#include "files.becket.h"

/*
 * What both ends of Sync do with its stream. The functions are the generated
 * ones of the end in question. Since the ends take turns, one sends and the
 * other receives at any time, and both may wait.
 *
 * Functions return how the stream is; what is wrong with a file is no matter
 * for that and comes back as a negative errno value.
 */
struct line {
	struct becket_stream *stream;
	becket_status (*send)(struct becket_stream *stream,
	    const Files__SyncMessage *message);
	becket_status (*receive)(struct becket_stream *stream,
	    Files__SyncMessage **ret_message);
	uint64_t files_out, files_in;
	uint64_t bytes_out, bytes_in;
	void (*moved)(struct line *line); /* bytes have; may be NULL */
	uint8_t *piece;                   /* of LINE_PIECE bytes */
};

enum { LINE_PIECE = 128 * 1024 };

/* One message of those that are a name, a kind and no more. */
becket_status line_say(struct line *line, Files__SyncMessage__WhatCase what,
    const char *name);
becket_status line_turn(struct line *line);
/* name "": of the directory. */
becket_status line_note(struct line *line, const char *name,
    const char *sentence);

/* The next; BECKET_S_PROTOCOL_ERROR where the stream has ended. Free it with
 * files_sync_message_free().
 */
becket_status line_receive(struct line *line, Files__SyncMessage **ret_message);

/* file, data ... end. Nothing is sent if it cannot be opened. */
becket_status line_give(struct line *line, int directory, const char *name,
    int *ret_failure);
/* What comes behind file, up to end: a file with this name from then on. Not
 * yet safe on disk.
 */
becket_status line_take(struct line *line, const Files__Entry *entry,
    int directory, const char *name, int *ret_failure);

#endif
