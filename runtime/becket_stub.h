/* SPDX-License-Identifier: MIT */
#ifndef BECKET_STUB_H
#define BECKET_STUB_H

#include "becket.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For generated code, and for programs that do without it: tools and bridges
 * that describe an interface at run time and carry raw bytes. Applications
 * include becket.h and their generated header.
 *
 * The structs of this header are what generated code lays down as constants;
 * their layout is fixed by BECKET_ABI, which opens every table.
 */
#define BECKET_ABI 3

/* Joins a codec with a descriptor of its own kind. */
struct becket_codec;
struct becket_type {
	const struct becket_codec *codec;
	const void *descriptor; /* ProtobufCMessageDescriptor; NULL for bytes */
	size_t size;            /* of the C struct of a message */
};

/* Messages are protobuf-c's structs. */
BECKET_API extern const struct becket_codec becket_codec_protobuf_c;
/* Messages are struct becket_bytes, which cross as they are. */
BECKET_API extern const struct becket_codec becket_codec_bytes;

enum {
	BECKET_OPERATION_REQUEST_STREAM = 0x01,
	BECKET_OPERATION_RESPONSE_STREAM = 0x02,
	BECKET_OPERATION_IDEMPOTENT = 0x04,
	BECKET_OPERATION_NO_SIDE_EFFECTS = 0x08,
	BECKET_OPERATION_BLOCKING = 0x10, /* its routine may wait */
	BECKET_OPERATION_MAYBE = 0x20,    /* nobody waits for an answer */
	BECKET_OPERATION_SHARED = 0x40,   /* its context handles, with others */
};

/* Where a context handle stands in the messages of an operation: PROTOCOL.md
 * section 3.2. The offsets are those of ProtobufCBinaryData in the structs of
 * messages. One that stands in both is [in, out].
 */
#define BECKET_CONTEXT_NOWHERE UINT32_MAX
struct becket_context_parameter {
	uint16_t type;              /* of becket_interface.context_types */
	uint32_t request, response; /* offset, or BECKET_CONTEXT_NOWHERE */
};

/* One row per opnum; a hole has no name. */
struct becket_operation {
	const char *name; /* "Divide" */
	struct becket_type request, response;
	uint32_t timeout_ms; /* 0: limits.call_ms */
	uint32_t flags;
	const struct becket_context_parameter *contexts;
	uint16_t context_count;
};

enum {
	BECKET_INTERFACE_NDR = 0x01, /* NDR and nothing else: mgmt */
};

/* An interface, for both roles. */
struct becket_interface {
	uint32_t abi; /* BECKET_ABI */
	uint32_t flags;
	const char *name; /* "calc.Calculator" */
	struct becket_uuid uuid;
	uint16_t major, minor;
	uint16_t operation_count;
	const struct becket_operation *operations;
	const char *const *endpoints;     /* string bindings, NULL at the end */
	const char *const *context_types; /* "files_handle" */
	uint16_t context_type_count;
	/* Its .proto and those that imports, as a FileDescriptorSet, imports
	 * first: for reflection. Empty: not said.
	 */
	struct becket_bytes file_set;
};

/* Calls one member of an EPV with its types: generated, one per opnum. A
 * member that is NULL answers S_NOT_IMPLEMENTED. request is NULL where that is
 * a stream, and so is response: becket_call_stream() has them.
 */
typedef becket_status becket_routine(const void *epv, struct becket_call *call,
    const void *request, void *response);

/* Runs a rundown routine of an EPV; where that is NULL, nothing: generated, one
 * per type of context handle.
 */
typedef void becket_rundown(const void *epv, void *context);

/* The typed ways into an EPV, as many as the interface has operations and
 * types of context handles.
 */
struct becket_routines {
	uint32_t abi; /* BECKET_ABI */
	uint16_t count;
	becket_routine *const *routines; /* NULL for a hole */
	becket_rundown *const *rundowns;
};

/* The call behind every client stub. *ret_response is one block, to be freed
 * with becket_stub_free(); of an operation that is MAYBE it is an empty
 * message, and comes when the request is sent. One that is IDEMPOTENT or has
 * NO_SIDE_EFFECTS is repeated when a connection is lost. Any thread.
 * S_INVALID_ARG: binding is NULL.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_call(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, void **ret_response);

/* The same for an operation with context handles: contexts has one per row of
 * the operation's, which is read where the handle goes in, and on success
 * written where it comes out. binding may be NULL where a handle goes in that
 * is not: it says which server. X_SS_IN_NULL_CONTEXT, before anything is sent:
 * a handle that only goes in is NULL. X_SS_CONTEXT_MISMATCH: a handle of
 * another type or interface; or the server does not know it, or not any more.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_call_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    const void *request, void **ret_response);

/* Forget a client's context handle, and the server's side of it only when the
 * association ends: nothing is sent. NULL is fine. Any thread.
 */
BECKET_API void becket_context_destroy(void *context);

/* The same in two halves: see struct becket_async. Start: what
 * becket_stub_call() says before anything is sent. Finish:
 * S_ASYNC_CALL_PENDING, S_INVALID_ASYNC_HANDLE, S_INVALID_ASYNC_CALL (it is of
 * another operation), and what becket_stub_call() says; *async is none then.
 * RpcAsyncCompleteCall.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_start(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, struct becket_async *ret_async);
BECKET_API BECKET_MUST_USE becket_status
becket_stub_finish(struct becket_async *async,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_response);

/* The same for an operation with context handles. Start: contexts has one per
 * row of the operation's, which is read where the handle goes in; what
 * becket_stub_call_contexts() says before anything is sent. Finish: contexts is
 * written where a handle comes out, as it is there, and may be NULL where none
 * does. A handle that has been closed meanwhile, by a call that was finished
 * before or becket_context_destroy(), comes out as NULL.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_start_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    void *const *contexts, const void *request, struct becket_async *ret_async);
BECKET_API BECKET_MUST_USE becket_status
becket_stub_finish_contexts(struct becket_async *async,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    void **ret_response);

/*
 * Calls with streams: see struct becket_stream. What x_open(), x_send(),
 * x_receive(), x_push(), x_pull() and x_finish() are made of; one set for both
 * ends, which know which of the operation's two types they send and which they
 * receive.
 */

/* Begin a call with streams. request: the one message of an operation whose
 * request is no stream; else NULL. *ret_stream is to be finished or aborted.
 * What becket_stub_start() says. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_open(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    const void *request, struct becket_stream **ret_stream);

/* The same for an operation with context handles: contexts as in
 * becket_stub_start_contexts(). S_INVALID_ARG: one of them stands in a message
 * that is streamed.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_open_contexts(struct becket_binding *binding,
    const struct becket_interface *interface, uint16_t opnum,
    void *const *contexts, const void *request,
    struct becket_stream **ret_stream);

/* The next message of ours. S_ASYNC_CALL_PENDING: there is no room, and the
 * stream is non-blocking; nothing has been taken. X_PIPE_CLOSED: the call is
 * over, receive or finish says how; or we have half-closed. S_CALL_CANCELLED,
 * on a server: the client has cancelled, or is gone. S_LIMIT_EXCEEDED,
 * S_OUT_OF_MEMORY. X_WRONG_PIPE_ORDER: what this end sends is no stream.
 * S_INVALID_ARG: the stream is of another operation.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_send(struct becket_stream *stream,
    const struct becket_interface *interface, uint16_t opnum,
    const void *message);

/* The next message of the peer's, in one block, to be freed with
 * becket_stub_free(). X_PIPE_EMPTY: that was the last one.
 * S_ASYNC_CALL_PENDING: there is none yet, and the stream is non-blocking. On a
 * client also how the call has failed, when all messages before that are
 * received; on a server S_CALL_CANCELLED. X_WRONG_PIPE_ORDER: what this end
 * receives is no stream. S_INVALID_ARG, as above.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_receive(struct becket_stream *stream,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_message);

/* Client: half-close, wait for the end of the call, say how it ended, and free
 * *stream, which is then NULL. Messages that come meanwhile are thrown away,
 * but for the one of a response that is no stream: ret_response is NULL where
 * it is one. S_ASYNC_CALL_PENDING: it is not over, and the stream is
 * non-blocking; *stream is as before.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_finish_stream(struct becket_stream **stream,
    const struct becket_interface *interface, uint16_t opnum,
    void **ret_response);

/* The same where context handles come out: contexts as in
 * becket_stub_finish_contexts().
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_finish_stream_contexts(struct becket_stream **stream,
    const struct becket_interface *interface, uint16_t opnum, void **contexts,
    void **ret_response);

/* NULL is fine. Any thread. */
BECKET_API void becket_stub_free(void *response);

/* Copies of strings of a response with the runtime's memory, for stubs that
 * give parameters back; each to be freed with becket_string_free(). "" for
 * NULL. All of them or none: S_OUT_OF_MEMORY. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_strings(const void *response, size_t count,
    const char *const *texts, char **ret_copies);

/* Gives a runtime another protocol; what libraries of protocols call, see
 * becket_grpc.h. Right after becket_runtime_new(). S_INVALID_ARG,
 * S_INVALID_ABI: the library is of another release.
 */
struct becket_door;
BECKET_API BECKET_MUST_USE becket_status
becket_runtime_use_door(struct becket_runtime *runtime,
    const struct becket_door *door);

/* What the door's equip_server() has given; NULL: nothing. */
struct door_equipment;
BECKET_API struct door_equipment *becket_server_equipment(
    const struct becket_server *server);

/* A flag of becket_server_register_if() for libraries of protocols: like mgmt
 * this interface is a part of every server. Management does not list it,
 * becket_server_inq_registrations() neither, it does not go into the endpoint
 * map with the others, and is not unregistered.
 */
#define BECKET_IF_SERVICE 0x20000u

/* Shows visit() each interface that is offered and has messages of ours, those
 * that are services too: one for all its types. It must not call the server,
 * and what it sees may be gone when it has returned. Any thread.
 */
typedef void becket_visit_interface(void *user,
    const struct becket_interface *interface);
BECKET_API void becket_server_visit_interfaces(struct becket_server *server,
    becket_visit_interface *visit, void *user);

/* For routines of interfaces in NDR: is the request's stub data big-endian? One
 * thread at a time, as with all that a call tells.
 */
BECKET_API bool becket_call_is_big_endian(const struct becket_call *call);

/* The association group that the call came through: the connections of one
 * client share it, and what the client keeps at the server may be tied to it. A
 * number lives as long as its group, and is then used again.
 */
BECKET_API uint32_t becket_call_association(const struct becket_call *call);

/* Give the call an association group of its own until it is answered: calls
 * that come through a protocol without such groups belong to it if they say
 * this id in their metadata, as "becket-session". What answers
 * becket.v1.Session is made of it. The id lives as long as the call.
 * S_OUT_OF_RESOURCES (limits.associations), S_OUT_OF_MEMORY. S_INVALID_ARG: it
 * has one.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_call_hold(struct becket_call *call, const char **ret_id);

/* For the ways into an EPV: what a manager knows a context handle by, that is
 * the operation's row with this index, or NULL; and what its routine has made
 * of it, which counts if it succeeds.
 */
BECKET_API void *becket_call_context(const struct becket_call *call,
    uint16_t index);
BECKET_API void becket_call_set_context(struct becket_call *call,
    uint16_t index, void *context);

/* Answer a deferred call. response is encoded before this returns; NULL when
 * status is not S_OK, or the response is a stream. S_INVALID_ASYNC_CALL:
 * answered already, or a call of another operation. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_answer(struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum,
    becket_status status, const void *response);

/* The same for an operation whose context handles come out: one per row of the
 * operation's; those that only go in are not looked at.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stub_answer_contexts(struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum,
    becket_status status, void *const *contexts, const void *response);

#ifdef __cplusplus
}
#endif

#endif
