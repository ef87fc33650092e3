/* SPDX-License-Identifier: MIT */
#ifndef STUB_INVOKE_H
#define STUB_INVOKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "becket_stub.h"
#include "engine/session.h"

/*
 * A client's unary call, between the caller's message and a session: encode,
 * begin, take events until it is over, decode. It moves no bytes and waits for
 * nothing; who owns the connection does.
 *
 *   invoke_check, then as often as it is safe to try:
 *   invoke_begin, invoke_event ..., invoke_retry
 *   and at last invoke_decode if it went well, invoke_fini
 *
 * The fields up to the line are the caller's to fill in.
 */
struct invoke {
	const struct becket_interface *interface;
	uint16_t opnum;
	const struct becket_memory *memory; /* outlives the reply too */
	const struct becket_limits *limits;
	struct becket_uuid object; /* nil: none */
	uint64_t deadline;         /* 0: never; streams alone say so */
	struct becket_bytes request_metadata; /* encoded; outlives the call */
	struct becket_metadata *metadata; /* for what comes back; likewise, or
	                                   * NULL */
	bool packs, is_unattended;        /* see struct call_start; likewise: */
	const char *authority, *user_agent;
	/* ------------------------------------------------------------- */
	struct idmap_id call;
	bool is_begun, is_over;
	enum transfer_syntax syntax; /* as the session has it */
	struct buffer response;
	uint32_t messages;      /* how many came; the first is kept */
	bool big_endian;        /* of the response, if it is NDR */
	struct buffer head;     /* of a plain session: initial metadata */
	struct session_end end; /* when it is over */
};

/* metadata, or NULL: they go along, and nothing has come back yet. */
void invoke_set_metadata(struct invoke *invoke,
    struct becket_metadata *metadata);

/* Is the table sound, is there such an operation, is it no stream?
 * S_INVALID_ARG, S_INVALID_ABI, S_PROCNUM_OUT_OF_RANGE,
 * S_STREAMS_NOT_SUPPORTED.
 */
BECKET_MUST_USE becket_status invoke_check(const struct invoke *invoke);

/* The same for a call with streams. S_INVALID_ARG: it has none, or its
 * interface is NDR.
 */
BECKET_MUST_USE becket_status invoke_check_stream(const struct invoke *invoke);

/* What the IDL says of the operation: may it be executed again? After
 * invoke_check().
 */
bool invoke_is_idempotent(const struct invoke *invoke);

/* Has its deadline passed? */
bool invoke_is_late(const struct invoke *invoke, uint64_t now);

/* For error records; after invoke_check(). */
const char *invoke_operation_name(const struct invoke *invoke);

/* Encode request and hand it to the session. On failure the session is as
 * before, and nothing will be sent. S_LIMIT_EXCEEDED, S_OUT_OF_MEMORY, and what
 * session begin says.
 */
BECKET_MUST_USE becket_status invoke_begin(struct invoke *invoke,
    struct session *session, const void *request, uint64_t now);

/* The same in two steps, for a session that is still to come, of which it is
 * known whether it is plain: encode once, and begin as often as needed.
 * ordered: see struct call_start.
 */
BECKET_MUST_USE becket_status invoke_encode(struct invoke *invoke,
    bool is_plain, const void *request, uint64_t now, struct buffer *ret_stub);
BECKET_MUST_USE becket_status invoke_begin_encoded(struct invoke *invoke,
    struct session *session, const struct buffer *stub, bool ordered,
    uint64_t now);

/* Of a call with streams: what goes out first, with its one message where the
 * request is no stream (else NULL); and begin it: then it may be put.
 */
BECKET_MUST_USE becket_status invoke_encode_head(struct invoke *invoke,
    bool is_plain, const void *request, uint64_t now, struct buffer *ret_head);
BECKET_MUST_USE becket_status invoke_begin_stream(struct invoke *invoke,
    struct session *session, bool ordered, uint64_t now);

/* Is it an event of this call's, begun and not over? */
bool invoke_owns(const struct invoke *invoke,
    const struct session_event *event);

/* Take an event of the session, with its buffer. The call is over when
 * invoke->is_over.
 */
void invoke_event(struct invoke *invoke, struct session_event *event);

/* The session is gone and has not said how the call ended. */
void invoke_lost(struct invoke *invoke, const char *sentence);

/* Forget how it ended and be ready to begin again. */
void invoke_retry(struct invoke *invoke);

/* The server's own sentence, or nothing. A view into the fault data. */
struct becket_bytes invoke_detail(const struct invoke *invoke);

/* The details behind that sentence: wire/status_message.h. Likewise. */
struct becket_bytes invoke_details(const struct invoke *invoke);

/* It is over: what the server said beside its response is in
 * invoke->metadata, if there is such. Before invoke_decode().
 */
void invoke_show_metadata(const struct invoke *invoke);
/* The same for streams, which have had the initial metadata and the trailer by
 * themselves over DCE/RPC, if there were any.
 */
void invoke_show_stream_metadata(const struct invoke *invoke,
    struct becket_bytes initial, struct becket_bytes trailer);

/* What came back, in one block for becket_stub_free(). Takes the response.
 * X_BAD_STUB_DATA and the like, S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status invoke_decode(struct invoke *invoke,
    void **ret_message);

void invoke_fini(struct invoke *invoke);

#endif
