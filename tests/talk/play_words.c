/* SPDX-License-Identifier: MIT */
/* The words of talks: one function each. */
#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/pdu.h"

static const char *const kinds[] = {
	[SESSION_CALL] = "call",
	[SESSION_MESSAGE] = "message",
	[SESSION_END] = "end",
	[SESSION_WRITABLE] = "writable",
	[SESSION_CANCEL] = "cancel",
	[SESSION_CLOSED] = "closed",
};

static struct name *
find_name(struct play *play, const char *text)
{
	for (size_t i = play->name_count; i-- > 0;)
		if (strcmp(play->names[i].text, text) == 0)
			return &play->names[i];
	return NULL;
}

static void
set_name(struct play *play, const char *text, struct idmap_id id)
{
	struct name *name = &play->names[play->name_count++];

	if (play->name_count == MOST_NAMES)
		abort();
	snprintf(name->text, sizeof name->text, "%s", text);
	name->id = id;
}

/* A name that is not known yet: only when memory has failed. */
static bool
get_id(struct play *play, const struct words *w, struct idmap_id *ret_id)
{
	struct name *name = w->count > 1 ? find_name(play, w->at[1]) : NULL;

	if (name == NULL)
		play_fail(play, "no call has this name");
	else
		*ret_id = name->id;
	return name != NULL;
}

/* 250ms, 11s */
static uint64_t
parse_time(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	return value * (strcmp(end, "ms") == 0 ? 1000000 : 1000000000);
}

static struct buffer
stub_of(struct play *play, const struct words *w, const char *key)
{
	const char *text = words_value(w, key);
	struct buffer plain = buffer_empty(play_heap());
	struct buffer stub = buffer_empty(play->memory);

	if (text != NULL)
		parse_bytes(text, &plain);
	/* Without memory the call goes on with nothing. */
	(void)!buffer_append(&stub, plain.data, plain.size);
	buffer_fini(&plain);
	return stub;
}

static bool
is_stub(const struct words *w, const char *key, const struct buffer *is)
{
	const char *text = words_value(w, key);
	struct buffer wanted = buffer_empty(play_heap());
	bool same;

	if (text == NULL)
		return true;
	parse_bytes(text, &wanted);
	same = wanted.size == is->size &&
	       (is->size == 0 || memcmp(wanted.data, is->data, is->size) == 0);
	buffer_fini(&wanted);
	return same;
}

/* ------------------------------------------------- before the session -- */

static void
do_limit(struct play *play, const struct words *w)
{
#define LIMIT(name, type, value) \
	if (words_value(w, #name) != NULL) \
		play->limits.name = (type)words_number(w, #name, 0);
	BECKET_LIMITS(LIMIT)
#undef LIMIT
}

static void
do_connect(struct play *play, const struct words *w)
{
	struct connection *c = &play->connections[play->connection_count];
	const char *address = words_value(w, "address");
	struct dce_server_config server = { play->memory, &play->limits,
		&play->registry, &play->associations,
		address ? address : "4747",
		(uint32_t)words_number(w, "transport", 1), play->now };
	struct dce_client_config client = { play->memory, &play->limits,
		(uint32_t)words_number(w, "assoc", 0), play->now };
	becket_status status =
	    play->is_client ? dce_client_session_new(&client, &c->session)
	                    : dce_server_session_new(&server, &c->session);

	if (play->connection_count == MOST_SESSIONS - 1)
		abort();
	if (status != BECKET_S_OK) {
		play_fail(play, "there is no session: %u", status);
		play->fine = false;
		return;
	}
	play->connection_count++;
	play->at = c;
}

static void
do_register(struct play *play, const struct words *w)
{
	const char *name = w->count > 1 ? w->at[1] : "calc";
	bool is_calc = strncmp(name, "calc", 4) == 0;
	struct registered *r = is_calc ? &play->calc : &play->echo;

	r->interface = parse_interface(name);
	r->syntaxes =
	    is_calc ? 1u << SYNTAX_BECKET | 1u << SYNTAX_NDR : 1u << SYNTAX_NDR;
	if (registry_add(&play->registry, r) != BECKET_S_OK)
		play_fail(play, "%s is not registered", name);
}

static void
do_unregister(struct play *play, const struct words *w)
{
	(void)w;
	registry_remove(&play->registry, &play->calc);
}

static void
do_server(struct play *play, const struct words *w)
{
	char echo[] = "echo";

	do_register(play, &(struct words){ .count = 0 });
	do_register(play, &(struct words){ .at = { echo, echo }, .count = 2 });
	do_connect(play, w);
}

static void
do_client(struct play *play, const struct words *w)
{
	play->is_client = true;
	do_connect(play, w);
}

static void
do_use(struct play *play, const struct words *w)
{
	size_t n = (size_t)atoi(w->at[1]);

	if (n > 0 && n <= play->connection_count)
		play->at = &play->connections[n - 1];
}

/* ----------------------------------------------------------- the peer -- */

static void
do_peer_sends(struct play *play, const struct words *w)
{
	uint8_t bytes[MOST_PDU];

	play_add(&play->at->in, bytes, pdu_build(w, bytes));
}

static void
check_nothing_sent(struct play *play)
{
	struct connection *c = play->at;

	if (c->out_at < c->out.size)
		play_fail(play, "a %s was sent",
		    pdu_name(c->out.data[c->out_at + 2]));
}

static void
do_session_sends(struct play *play, const struct words *w)
{
	struct connection *c = play->at;
	size_t left = c->out.size - c->out_at;
	char why[200] = "";
	uint8_t *pdu = c->out.data + c->out_at;
	size_t size;

	if (strcmp(w->at[1], "nothing") == 0) {
		check_nothing_sent(play);
		return;
	}
	if (left < PDU_HEADER_SIZE) {
		play_fail(play, "nothing was sent");
		return;
	}
	size = (size_t)(pdu[8] | pdu[9] << 8);
	if (size < PDU_HEADER_SIZE || size > left)
		abort();
	if (!pdu_compare(w, pdu, size, why))
		play_fail(play, "%s", why);
	c->out_at += size;
}

static void
do_eof(struct play *play, const struct words *w)
{
	(void)w;
	play->at->session->ops->eof(play->at->session);
}

static void
do_lost(struct play *play, const struct words *w)
{
	(void)w;
	play->at->session->ops->lost(play->at->session);
}

static void
do_hold(struct play *play, const struct words *w)
{
	play->at->hold = strcmp(w->at[0], "hold") == 0;
	play->at->allowed = w->count > 1 ? (size_t)parse_number(w->at[1]) : 0;
}

/* full: the session reads no more; reading: it has read all. */
static void
do_full(struct play *play, const struct words *w)
{
	if (play->at->full != (strcmp(w->at[0], "full") == 0))
		play_fail(play, "it is not so");
}

/* ---------------------------------------------------------- the owner -- */

static void
compare_call(struct play *play, const struct words *w,
    const struct session_call *begun)
{
	static const char *const syntaxes[] = { "becket", "ndr" };
	const char *syntax = words_value(w, "syntax");
	const char *object = words_value(w, "object");
	char text[BECKET_UUID_TEXT_SIZE];

	becket_uuid_to_string(&begun->object, text);
	if (words_number(w, "opnum", begun->opnum) != begun->opnum)
		play_fail(play, "opnum is %u", begun->opnum);
	else if (syntax != NULL && strcmp(syntax, syntaxes[begun->syntax]) != 0)
		play_fail(play, "syntax is %s", syntaxes[begun->syntax]);
	else if (words_have(w, "maybe") != begun->maybe)
		play_fail(play, "maybe is another");
	else if (words_have(w, "big") != begun->big_endian)
		play_fail(play, "the byte order is another");
	else if (object != NULL && strcmp(object, text) != 0)
		play_fail(play, "object is %s", text);
}

static void
compare_end(struct play *play, const struct words *w,
    const struct session_end *end)
{
	static const char *const outcomes[] = { "not_sent", "maybe",
		"executed" };
	const char *outcome = words_value(w, "outcome");

	if (!play->is_client)
		return;
	if (words_number(w, "status", BECKET_S_OK) != end->status)
		play_fail(play, "status is %u", end->status);
	else if (words_number(w, "wire", end->wire_status) != end->wire_status)
		play_fail(play, "wire status is %#x", end->wire_status);
	else if (outcome != NULL &&
	         strcmp(outcome, outcomes[end->outcome]) != 0)
		play_fail(play, "outcome is %s", outcomes[end->outcome]);
	else if (!is_stub(w, "data", &end->fault_data))
		play_fail(play, "fault data is another");
}

static void
compare_name(struct play *play, const struct words *w,
    const struct session_event *event)
{
	struct name *name;

	if (event->kind == SESSION_CLOSED || w->count < 3)
		return;
	if (event->kind == SESSION_CALL) {
		set_name(play, w->at[2], event->call);
		return;
	}
	name = find_name(play, w->at[2]);
	if (name == NULL ||
	    memcmp(&name->id, &event->call, sizeof event->call) != 0)
		play_fail(play, "the call is another");
}

static void
compare_event(struct play *play, const struct words *w,
    const struct session_event *event)
{
	if (strcmp(w->at[1], kinds[event->kind]) != 0) {
		play_fail(play, "the event is %s%s%s", kinds[event->kind],
		    event->kind == SESSION_CLOSED ? ": " : "",
		    event->kind == SESSION_CLOSED ? event->closed.sentence
		                                  : "");
		return;
	}
	compare_name(play, w, event);
	if (event->kind == SESSION_CALL)
		compare_call(play, w, &event->begun);
	else if (event->kind == SESSION_END)
		compare_end(play, w, &event->end);
	else if (event->kind == SESSION_MESSAGE &&
	         !is_stub(w, "stub", &event->message))
		play_fail(play, "the message is %zu other bytes",
		    event->message.size);
	else if (event->kind == SESSION_MESSAGE && play->is_client &&
	         words_have(w, "big") != event->big_endian)
		play_fail(play, "the byte order is another");
	else if (event->kind == SESSION_CLOSED &&
	         words_number(w, "status", BECKET_S_OK) != event->closed.status)
		play_fail(play, "closed with %u: %s", event->closed.status,
		    event->closed.sentence);
}

/* As many messages as have these bytes, of which the first may already have
 * some.
 */
static void
take_bytes(struct play *play, const struct words *w)
{
	struct connection *c = play->at;
	struct buffer all = buffer_empty(play_heap());
	struct buffer wanted = stub_of(play, w, "stub");

	while (c->first_event < c->event_count && all.size < wanted.size) {
		struct session_event *event = &c->events[c->first_event];

		if (event->kind != SESSION_MESSAGE)
			break;
		compare_name(play, w, event);
		play_add(&all, event->message.data, event->message.size);
		play_free_event(event);
		c->first_event++;
	}
	if (!is_stub(w, "stub", &all))
		play_fail(play, "the bytes are %zu others", all.size);
	buffer_fini(&all);
	buffer_fini(&wanted);
}

static void
do_event(struct play *play, const struct words *w)
{
	struct connection *c = play->at;
	struct session_event *event = &c->events[c->first_event];

	if (strcmp(w->at[1], "nothing") == 0) {
		if (c->first_event < c->event_count)
			play_fail(play, "an event: %s", kinds[event->kind]);
		return;
	}
	if (strcmp(w->at[1], "bytes") == 0) {
		take_bytes(play, w);
		return;
	}
	if (c->first_event == c->event_count) {
		play_fail(play, "there is no event");
		return;
	}
	compare_event(play, w, event);
	play_free_event(event);
	c->first_event++;
}

static void
do_stream(struct play *play, const struct words *w)
{
	play->streams |= UINT64_C(1) << words_number(w, "opnum", 0) % 64;
}

static void
do_consumed(struct play *play, const struct words *w)
{
	struct session *session = play->at->session;
	struct idmap_id id;

	if (get_id(play, w, &id))
		session->ops->consumed(session, id, words_number(w, "size", 0));
}

static void
check_status(struct play *play, const struct words *w, becket_status status)
{
	uint64_t wanted = words_number(w, "returns", BECKET_S_OK);

	if (status != wanted)
		play_fail(play, "the status is %u", status);
}

static void
do_put(struct play *play, const struct words *w)
{
	struct session *session = play->at->session;
	struct buffer stub = stub_of(play, w, "stub");
	struct idmap_id id;

	if (get_id(play, w, &id))
		check_status(play, w, session->ops->put(session, id, &stub));
	buffer_fini(&stub);
}

static void
do_end(struct play *play, const struct words *w)
{
	struct session *session = play->at->session;
	struct idmap_id id;
	struct call_end end = {
		.status = (becket_status)words_number(w, "status", 0),
		.did_not_execute = words_have(w, "dne"),
		.fault_data = stub_of(play, w, "data"),
	};

	if (get_id(play, w, &id))
		check_status(play, w, session->ops->end(session, id, &end));
	else
		buffer_fini(&end.fault_data);
}

static void
do_answer(struct play *play, const struct words *w)
{
	do_put(play, w);
	do_end(play, w);
}

static void
do_begin(struct play *play, const struct words *w)
{
	struct session *session = play->at->session;
	const char *interface = words_value(w, "if");
	const char *deadline = words_value(w, "deadline");
	const char *syntax = words_value(w, "syntax");
	const char *object = words_value(w, "object");
	struct becket_uuid uuid = { 0 };
	struct idmap_id id = { 0 };
	struct call_start start = {
		.interface = parse_interface(interface ? interface : "calc"),
		.syntax = syntax != NULL && strcmp(syntax, "becket") == 0
		              ? SYNTAX_BECKET
		              : SYNTAX_NDR,
		.opnum = (uint16_t)words_number(w, "opnum", 0),
		.maybe = words_have(w, "maybe"),
		.is_stream = words_have(w, "stream"),
		.deadline = deadline ? play->now + parse_time(deadline) : 0,
		.object = &uuid,
	};
	becket_status status;

	if (object != NULL && becket_uuid_from_string(object, strlen(object),
	                          &uuid) != BECKET_S_OK)
		exit(2);
	status = session->ops->begin(session, &start, &id);
	check_status(play, w, status);
	if (status == BECKET_S_OK)
		set_name(play, w->at[1], id);
}

static void
do_call(struct play *play, const struct words *w)
{
	do_begin(play, w);
	if (find_name(play, w->at[1]) != NULL &&
	    words_value(w, "returns") == NULL)
		do_answer(play, w);
}

static void
do_cancel(struct play *play, const struct words *w)
{
	struct idmap_id id;

	if (get_id(play, w, &id))
		play->at->session->ops->cancel(play->at->session, id);
}

static void
do_abandon(struct play *play, const struct words *w)
{
	struct idmap_id id;

	if (get_id(play, w, &id))
		play->at->session->ops->abandon(play->at->session, id);
}

static void
do_drain(struct play *play, const struct words *w)
{
	(void)w;
	play->at->session->ops->drain(play->at->session);
}

static void
do_tick(struct play *play, const struct words *w)
{
	play->now += parse_time(w->at[1]);
	play->at->session->ops->tick(play->at->session, play->now);
}

static void
do_deadline(struct play *play, const struct words *w)
{
	uint64_t by = play->at->session->ops->deadline(play->at->session);
	uint64_t wanted = strcmp(w->at[1], "never") == 0
	                      ? 0
	                      : play->now + parse_time(w->at[1]);

	if (by != wanted)
		play_fail(play, "it is in %" PRIu64 " ms",
		    by == 0 ? 0 : (by - play->now) / 1000000);
}

static const struct {
	const char *word;
	void (*run)(struct play *, const struct words *);
	bool before; /* a session is there */
} commands[] = {
	{ "limit", do_limit, true },
	{ "server", do_server, true },
	{ "client", do_client, true },
	{ "connect", do_connect, false },
	{ "use", do_use, false },
	{ "register", do_register, true },
	{ "unregister", do_unregister, false },
	{ ">", do_peer_sends, false },
	{ "<", do_session_sends, false },
	{ "event", do_event, false },
	{ "stream", do_stream, false },
	{ "consumed", do_consumed, false },
	{ "put", do_put, false },
	{ "end", do_end, false },
	{ "answer", do_answer, false },
	{ "begin", do_begin, false },
	{ "call", do_call, false },
	{ "cancel", do_cancel, false },
	{ "abandon", do_abandon, false },
	{ "eof", do_eof, false },
	{ "lost", do_lost, false },
	{ "drain", do_drain, false },
	{ "hold", do_hold, false },
	{ "release", do_hold, false },
	{ "full", do_full, false },
	{ "reading", do_full, false },
	{ "tick", do_tick, false },
	{ "deadline", do_deadline, false },
};

void
play_line(struct play *play, const struct words *words)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(words->at[0], commands[i].word) != 0)
			continue;
		if (commands[i].before || play->at != NULL)
			commands[i].run(play, words);
		return;
	}
	fprintf(stderr, "%s:%u: what is %s?\n", words->file, words->line,
	    words->at[0]);
	exit(2);
}
