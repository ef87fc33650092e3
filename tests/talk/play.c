/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
play_fail(struct play *play, const char *format, ...)
{
	va_list args;

	if (play->mode == TALK_NO_MEMORY || !play->fine)
		return;
	play->fine = false;
	printf("# %s:%u: ", play->file, play->line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s\n", play->mode == TALK_DRIBBLE ? " (byte by byte)" : "");
}

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size > 0)
		return realloc(old, new_size);
	free(old);
	return NULL;
}

const struct becket_memory *
play_heap(void)
{
	static const struct becket_memory heap = { resize, NULL };

	return &heap;
}

void
play_add(struct buffer *buffer, const void *bytes, size_t size)
{
	if (buffer->memory == NULL)
		*buffer = buffer_empty(play_heap());
	if (!buffer_append(buffer, bytes, size))
		abort();
}

/* As a kernel would: fill the vectors in their order. */
static size_t
fill(const struct session_vec *vecs, size_t count, const uint8_t *bytes,
    size_t size)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < size; i++) {
		size_t part = vecs[i].size;

		if (part > size - done)
			part = size - done;
		memcpy(vecs[i].data, bytes + done, part);
		done += part;
	}
	return done;
}

static bool
feed(struct play *play, struct connection *c)
{
	struct session_vec vecs[2];
	size_t left = c->in.size - c->at;
	size_t count, size;

	c->full = false;
	if (left == 0)
		return false;
	count = c->session->ops->recv_vec(c->session, vecs, 2);
	c->full = count == 0;
	if (play->mode == TALK_DRIBBLE && left > 1)
		left = 1;
	size = fill(vecs, count, c->in.data + c->at, left);
	c->at += size;
	if (size > 0)
		c->session->ops->received(c->session, size, play->now);
	return size > 0;
}

/* How much of a vector the peer takes. */
static size_t
taken(const struct play *play, const struct connection *c, size_t size)
{
	if (play->mode == TALK_DRIBBLE)
		size = 1;
	return c->hold && size > c->allowed ? c->allowed : size;
}

static bool
drain(struct play *play, struct connection *c)
{
	struct session_vec vecs[5];
	size_t most = c->hold || play->mode == TALK_DRIBBLE ? 1 : 5;
	size_t count = 0, sent = 0;

	if (!c->hold || c->allowed > 0)
		count = c->session->ops->send_vec(c->session, vecs, most);

	for (size_t i = 0; i < count; i++) {
		size_t size = taken(play, c, vecs[i].size);

		if (vecs[i].size == 0)
			abort();
		play_add(&c->out, vecs[i].data, size);
		if (c->hold)
			c->allowed -= size;
		sent += size;
	}
	if (sent > 0)
		c->session->ops->sent(c->session, sent);
	return sent > 0;
}

/* Right after it has begun, or its bytes would not be told as they come. */
static void
begin_stream(struct play *play, struct connection *c,
    const struct session_event *event)
{
	if (event->kind == SESSION_CALL &&
	    play->streams & UINT64_C(1) << event->begun.opnum % 64)
		c->session->ops->stream(c->session, event->call);
}

static bool
pull(struct play *play, struct connection *c)
{
	struct session_event event;
	bool any = false;

	while (c->session->ops->next(c->session, &event)) {
		if (c->event_count == MOST_EVENTS)
			abort();
		c->events[c->event_count++] = event;
		begin_stream(play, c, &event);
		any = true;
	}
	return any;
}

void
play_pump(struct play *play)
{
	struct connection *c = play->at;
	bool moved = c != NULL;

	while (moved) {
		moved = feed(play, c);
		moved |= pull(play, c);
		moved |= drain(play, c);
	}
}

void
play_free_event(struct session_event *event)
{
	if (event->kind == SESSION_MESSAGE)
		buffer_fini(&event->message);
	if (event->kind == SESSION_END && event->end.fault_data.memory != NULL)
		buffer_fini(&event->end.fault_data);
}

static void
check_nothing_left(struct play *play, struct connection *c)
{
	if (c->first_event < c->event_count)
		play_fail(play, "%zu events are left, the first of kind %d",
		    c->event_count - c->first_event,
		    c->events[c->first_event].kind);
	if (c->out_at < c->out.size)
		play_fail(play, "%zu bytes of output are left",
		    c->out.size - c->out_at);
}

const char *talk_corpus;

/* Two bytes of options, then what was sent: tests/fuzz/session_*_fuzz.c */
static void
save(const struct play *play, size_t n)
{
	const struct buffer *in = &play->connections[n].in;
	const char *base = strrchr(play->file, '/');
	size_t size = strcspn(base ? base + 1 : play->file, ".");
	char name[300];
	FILE *file;

	snprintf(name, sizeof name, "%s/session_%s/%.*s_%zu", talk_corpus,
	    play->is_client ? "client" : "server", (int)size,
	    base ? base + 1 : play->file, n + 1);
	file = in->size > 0 && in->size < 12000 ? fopen(name, "w") : NULL;
	if (file == NULL)
		return;
	putc(0, file);
	putc((int)n + 1, file);
	fwrite(in->data, 1, in->size, file);
	fclose(file);
}

static void
end_connection(struct connection *c)
{
	c->session->ops->free(c->session);
	while (c->first_event < c->event_count)
		play_free_event(&c->events[c->first_event++]);
	if (c->in.memory != NULL)
		buffer_fini(&c->in);
	if (c->out.memory != NULL)
		buffer_fini(&c->out);
}

static void
end_play(struct play *play)
{
	for (size_t i = 0; i < play->connection_count; i++) {
		check_nothing_left(play, &play->connections[i]);
		if (talk_corpus != NULL && play->mode == TALK_WHOLE)
			save(play, i);
		end_connection(&play->connections[i]);
	}
	if (play->associations.groups.used != 0)
		abort();
	associations_fini(&play->associations);
	registry_fini(&play->registry);
}

/* Cut a line in place. */
static void
split(char *line, struct words *words)
{
	char *at = line;

	words->count = 0;
	while (*at != '\0' && *at != '#') {
		char until = ' ';

		if (*at == ' ' || *at == '\t') {
			*at++ = '\0';
			continue;
		}
		if (words->count == MOST_WORDS)
			abort();
		words->at[words->count++] = at;
		for (; *at != '\0' && (until != ' ' || *at != ' '); at++)
			if (*at == until)
				until = ' ';
			else if (until == ' ' && (*at == '"' || *at == '['))
				until = *at == '"' ? '"' : ']';
	}
	*at = '\0';
}

static void
play_lines(struct play *play, char *text)
{
	while (*text != '\0' && play->fine) {
		size_t size = strcspn(text, "\n");
		struct words words = { .file = play->file };
		char *next = text + size + (text[size] == '\n');

		text[size] = '\0';
		words.line = ++play->line;
		split(text, &words);
		if (words.count > 0)
			play_line(play, &words);
		play_pump(play);
		text = next;
	}
}

bool
talk_play(const char *file, const char *text, enum talk_mode mode,
    struct becket_memory *memory)
{
	struct play *play = calloc(1, sizeof *play);
	char *copy = strdup(text);
	bool fine;

	if (play == NULL || copy == NULL)
		abort();
	play->file = file;
	play->mode = mode;
	play->fine = true;
	play->memory = memory;
	play->now = 1000000000;
	play->limits = (struct becket_limits)BECKET_LIMITS_DEFAULT;
	play->registry = registry_empty(memory, 8);
	play->associations = associations_empty(memory, 8);
	play_lines(play, copy);
	end_play(play);
	fine = play->fine || mode == TALK_NO_MEMORY;
	free(copy);
	free(play);
	return fine;
}
