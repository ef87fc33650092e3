/* SPDX-License-Identifier: MIT */
#ifndef TALK_PLAY_H
#define TALK_PLAY_H

#include "talk.h"

/* A talk being played: shared by play.c and the commands of play_words.c. */
enum { MOST_EVENTS = 500, MOST_NAMES = 64, MOST_SESSIONS = 8 };

struct connection {
	struct session *session;
	struct buffer in; /* what the peer has sent, from at on unread */
	size_t at;
	struct buffer out; /* what the session has sent, from out_at on */
	size_t out_at;
	struct session_event events[MOST_EVENTS];
	size_t first_event, event_count;
	bool hold;      /* the peer reads nothing ... */
	size_t allowed; /* ... beyond this many bytes */
	bool full;      /* the session wanted no more bytes */
};

struct name {
	char text[16];
	struct idmap_id id;
};

struct play {
	const char *file;
	unsigned line;
	enum talk_mode mode;
	bool fine;
	bool is_client;
	uint64_t streams; /* opnums whose calls are streams on the server */
	const struct becket_memory *memory;
	struct becket_limits limits;
	struct registry registry;
	struct registered calc, echo;
	struct associations associations;
	uint64_t now;
	struct connection connections[MOST_SESSIONS];
	size_t connection_count;
	struct connection *at; /* what the script is about now */
	struct name names[MOST_NAMES];
	size_t name_count;
};

/* Complain, unless memory fails by design. */
void play_fail(struct play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Move bytes and events until nothing moves. */
void play_pump(struct play *play);
void play_free_event(struct session_event *event);
/* The memory of the tests themselves, which never fails. */
const struct becket_memory *play_heap(void);
void play_add(struct buffer *buffer, const void *bytes, size_t size);

/* Do what a line says. */
void play_line(struct play *play, const struct words *words);

#endif
