/* SPDX-License-Identifier: MIT */
#ifndef BECKET_H
#define BECKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/uuid.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Becket: remote procedure calls with explicit binding handles.
 *
 * An interface is written once in a .proto file; becketc turns it into client
 * stubs and a server dispatch table. A client makes a binding handle from a
 * string binding and gives it to every stub:
 *
 *   becket_runtime_new(NULL, &runtime);
 *   becket_binding_from_string_binding(runtime,
 *       "ncacn_ip_tcp:127.0.0.1[4747]", &binding);
 *   status = calc_calculator_divide(binding, 7, 2, &quotient, &remainder);
 *   if (status != BECKET_S_OK)
 *           fprintf(stderr, "%s\n", becket_error_last()->sentence);
 *
 * A server registers interfaces, uses protocol sequences, and listens:
 *
 *   becket_server_new(runtime, NULL, &server);
 *   calc_calculator_register(server, NULL, &epv, 0);
 *   becket_server_use_protseq_ep(server, "ncacn_ip_tcp", NULL, "4747");
 *   becket_server_listen(server, 0);
 *
 * The names are those of DCE and Microsoft RPC with our prefix: their
 * documentation of rpc_binding_copy or RpcBindingCopy is that of
 * becket_binding_copy.
 *
 * Whoever gets something through a ret_ parameter owns it and frees it with
 * the function named beside it. ret_ parameters are written only on success.
 * Freeing NULL is fine. The library prints nothing, installs no signal
 * handler, starts no thread unasked and never ends the process.
 *
 * Threads: "any thread" means at any time from any thread. "One thread at a
 * time" means for the same object; different objects need no care.
 */

#define BECKET_VERSION "0.1.0"

struct becket_runtime;
struct becket_binding;
struct becket_server;
struct becket_call;
struct becket_interface;
struct becket_routines;

/* The version of the library in use: "0.1.0". Any thread. */
BECKET_API const char *becket_version(void);

/* ------------------------------------------------------------- runtime -- */

enum becket_log_level {
	BECKET_LOG_ERROR = 3, /* as syslog counts */
	BECKET_LOG_WARNING = 4,
	BECKET_LOG_INFO = 6,
	BECKET_LOG_DEBUG = 7,
};

/* One call that a server has answered. Views live during the log call. */
struct becket_access {
	const char *interface; /* "calc.Calculator" */
	const char *operation; /* "Divide"; "#7" where it is unknown */
	const char *peer;      /* "127.0.0.1:50312", "uid=0 gid=0 pid=4711" */
	becket_status status;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t duration_ns;
};

/* One line of log. */
struct becket_log {
	enum becket_log_level level;
	const char *text;                   /* one line, no newline */
	const struct becket_access *access; /* NULL: not a call */
};

/* Zero fields take their default. Start from { .size = sizeof options }. */
struct becket_runtime_options {
	size_t size; /* of this struct, as compiled */
	/* Default: malloc's, with a cache of large blocks that were freed
	 * (limits.memory_cache). $BECKET_MEMORY_CACHE=0 is without, for
	 * tools that watch malloc and free.
	 */
	struct becket_memory memory;
	const struct becket_limits *limits; /* copied */
	/* Called from whatever thread has something to say; must not call back.
	 * Default: silence.
	 */
	void (*log)(void *user, const struct becket_log *log);
	void *log_user;
	/* Where ncalrpc sockets live; copied. Default: $BECKET_NCALRPC_DIR,
	 * else /run/becket.
	 */
	const char *ncalrpc_dir;
	/* Where endpoint mappers are: a string binding, copied. For TCP without
	 * a host it is that of the server that is looked for; ncalrpc is for
	 * servers on this host. Default: $BECKET_MAPPER, else
	 * ncalrpc:[epmapper] for this host and TCP port 135 for others.
	 */
	const char *mapper;
	/* Who is asked for the addresses of a host, "192.0.2.1,192.0.2.2:53";
	 * copied. Default: the system's name servers.
	 */
	const char *name_servers;
};

/* The owner of all that is shared. options may be NULL. Free it last, with
 * becket_runtime_free(). S_OUT_OF_MEMORY, S_INVALID_ARG; mapper is no good:
 * what becket_binding_from_string_binding() says. C706 has no such object; it
 * stands for the library's initialisation and clean-up.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_runtime_new(const struct becket_runtime_options *options,
    struct becket_runtime **ret_runtime);

/* All bindings, context handles and servers of the runtime have been freed
 * before, and all asynchronous calls finished.
 */
BECKET_API void becket_runtime_free(struct becket_runtime *runtime);

/* Can this build use the protocol sequence? S_OK, S_INVALID_RPC_PROTSEQ
 * (unknown), S_PROTSEQ_NOT_SUPPORTED (known, not built). Any thread.
 * RpcNetworkIsProtseqValid.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_network_is_protseq_valid(struct becket_runtime *runtime,
    const char *protseq);

/* The protocol sequences of this build; index from 0, NULL past the end.
 * Any thread. RpcNetworkInqProtseqs.
 */
BECKET_API const char *
becket_network_inq_protseq(struct becket_runtime *runtime, size_t index);

/* -------------------------------------------------------------- errors -- */

/* What a manager's details of one failure may have together, in bytes: about as
 * much as peers of gRPC take beside a sentence.
 */
#define BECKET_DETAILS_SIZE 3000

/* More of a failure, for programs to read: a google.protobuf.Any. */
struct becket_detail {
	const char *type; /* "type.googleapis.com/google.rpc.RetryInfo" */
	struct becket_bytes message; /* in protobuf encoding, unchecked */
};

/* The last failure of a thread: of a call, or of what makes runtimes, binding
 * handles and servers, registers interfaces, uses protocol sequences and
 * listens. Views live until the next failure of this thread.
 */
struct becket_error {
	becket_status status;
	enum becket_outcome outcome;
	const char *sentence; /* what failed and where; never NULL */
	/* The server's own sentence, or "": as it came, so it may have control
	 * characters, which are not for terminals. sentence has none.
	 */
	const char *detail;
	const char *host; /* these four: "" where there is none */
	const char *endpoint;
	const char *interface;
	const char *operation;
	/* Those that the server has added: becket_call_add_detail(). The first
	 * 16 that fit into 8192 bytes together.
	 */
	const struct becket_detail *details;
	size_t detail_count;
};

/* Never NULL; status S_OK when nothing has failed yet. This thread only. */
BECKET_API const struct becket_error *becket_error_last(void);

/* ----------------------------------------------------- string bindings -- */

/* Join the parts of a string binding, putting escapes in: C706
 * rpc_string_binding_compose. Any part may be NULL or "". options is
 * "name=value,name=value" with its own escapes. Free with
 * becket_string_free(). S_INVALID_STRING_UUID, S_INVALID_ARG (no protseq).
 * Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_string_binding_compose(struct becket_runtime *runtime,
    const char *object, const char *protseq, const char *netaddr,
    const char *endpoint, const char *options, char **ret_string);

/* Split one, taking escapes out (but not those of options, which are several
 * parts). A ret_ that is NULL is skipped; an absent part is "". Free each with
 * becket_string_free(). S_INVALID_STRING_BINDING, S_INVALID_STRING_UUID. Any
 * thread. rpc_string_binding_parse.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_string_binding_parse(struct becket_runtime *runtime, const char *string,
    char **ret_object, char **ret_protseq, char **ret_netaddr,
    char **ret_endpoint, char **ret_options);

/* Frees *string and makes it NULL. Any thread. rpc_string_free. */
BECKET_API void becket_string_free(struct becket_runtime *runtime,
    char **string);

/* ----------------------------------------------------- binding handles -- */

/* A binding handle for the server that string names. No I/O happens before
 * the first call. The handles of a runtime for the same protocol sequence, host
 * and endpoint share an association: a call takes one of its connections for
 * itself, up to limits.connections_per_association of them, and waits for one
 * beyond. A connection stays for the next call, also when its handles are
 * gone, for limits.linger_ms; whenever a call begins or ends, those that have
 * stayed so long are closed.
 *
 * Without an endpoint the handle is partially bound: the first call through an
 * interface takes an endpoint that the IDL gives it, else asks the endpoint map
 * of the host.
 *
 * Free with becket_binding_free(). There are four options: connect_timeout=MS
 * bounds connecting, which counts as part of the call; mapper=ENDPOINT says
 * where that host's endpoint mapper is; of gRPC alone, authority=NAME is the
 * :authority of calls, by which proxies tell servers apart, instead of host and
 * port, and user_agent=NAME stands in front of ours.
 * A host's name is looked up by c-ares, as the system is configured: files and
 * name servers, but none of the other services that nsswitch.conf may name.
 * S_INVALID_STRING_BINDING, S_INVALID_RPC_PROTSEQ, S_PROTSEQ_NOT_SUPPORTED,
 * S_INVALID_ENDPOINT_FORMAT, S_INVALID_NET_ADDR, S_STRING_TOO_LONG,
 * S_INVALID_NETWORK_OPTIONS (an option that does not exist, and every option
 * about security until it does). Any thread.
 * rpc_binding_from_string_binding.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_binding_from_string_binding(struct becket_runtime *runtime,
    const char *string, struct becket_binding **ret_binding);

/* The canonical text: object in lower case and left out when nil, escapes
 * where needed, options in the order given. Free with becket_string_free().
 * Any thread. rpc_binding_to_string_binding.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_binding_to_string_binding(struct becket_binding *binding,
    char **ret_string);

/* A handle of its own to the same server, with the same options. Any thread.
 * rpc_binding_copy.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_binding_copy(struct becket_binding *binding,
    struct becket_binding **ret_binding);

/* Leave the association, so that the next call connects anew; with a partially
 * bound handle also forget the endpoint that was resolved. Calls that run, and
 * other handles, are not disturbed. Any thread. rpc_binding_reset.
 */
BECKET_API BECKET_MUST_USE becket_status becket_binding_reset(
    struct becket_binding *binding);

/* Frees *binding and makes it NULL. No call on it may be running. One thread.
 * rpc_binding_free.
 */
BECKET_API void becket_binding_free(struct becket_binding **binding);

/* The object that calls on this handle are for; NULL or nil: none. Any thread.
 * rpc_binding_set_object, rpc_binding_inq_object.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_binding_set_object(struct becket_binding *binding,
    const struct becket_uuid *object);
BECKET_API void becket_binding_inq_object(struct becket_binding *binding,
    struct becket_uuid *ret_object);

enum becket_option {
	/* 1: asynchronous calls on this handle may reach the server in another
	 * order than they were started in. RPC_C_OPT_BINDING_NONCAUSAL.
	 */
	BECKET_OPTION_NONCAUSAL = 9,
	/* 1: connections of its own, shared with no other handle, not even its
	 * copies. They close with the handle. RPC_C_OPT_UNIQUE_BINDING.
	 */
	BECKET_OPTION_UNIQUE_BINDING = 11,
	/* Milliseconds that a call may take, connecting included; 0: the
	 * operation's own timeout in the IDL, else limits.call_ms. When they
	 * have passed the call ends with S_CALL_CANCELLED, whichever end
	 * notices it first; S_DEADLINE_EXCEEDED is what a server says of
	 * another deadline. RPC_C_OPT_CALL_TIMEOUT.
	 */
	BECKET_OPTION_CALL_TIMEOUT = 12,
	/* 1: the connections to the server close with the last handle for it,
	 * instead of lingering. For all handles that share the association;
	 * before this handle's first call, S_WRONG_KIND_OF_BINDING.
	 * RPC_C_OPT_DONT_LINGER.
	 */
	BECKET_OPTION_DONT_LINGER = 13,
	/* 1: messages of requests are compressed (gzip), where the protocol has
	 * that: gRPC, if the server takes it, else the call fails with
	 * S_NOT_IMPLEMENTED. Ours.
	 */
	BECKET_OPTION_COMPRESS = 0x10001,
};

/* S_INVALID_ARG: no such option. Any thread. RpcBindingSetOption. */
BECKET_API BECKET_MUST_USE becket_status
becket_binding_set_option(struct becket_binding *binding,
    enum becket_option option, uint64_t value);
BECKET_API BECKET_MUST_USE becket_status
becket_binding_inq_option(struct becket_binding *binding,
    enum becket_option option, uint64_t *ret_value);

/* A timeout for the next call that this thread makes through this handle, and
 * for that call alone. This thread.
 */
BECKET_API void becket_binding_set_next_timeout(struct becket_binding *binding,
    uint32_t milliseconds);

/* -------------------------------------------------------- endpoint map -- */

/*
 * The map of a host tells its clients where servers listen: who has a partially
 * bound handle needs to know no endpoint. becketd(8) keeps one.
 */

struct becket_uuid_vector {
	size_t count;
	const struct becket_uuid *uuids;
};
struct becket_binding_vector;

/* Enter an interface of the server's into this host's map, over the local
 * socket: at the endpoints of vector (NULL: all those that the server listens
 * at), for each of the objects (NULL or none: for any), in each transfer
 * syntax; annotation, at most 63 bytes, tells people what it is (NULL: its
 * name in the IDL). interface NULL: every one that is registered now.
 *
 * What the same user has entered before with this interface, object and
 * protocol sequence is replaced; with the second function it stays, for several
 * servers side by side.
 *
 * The entries stay until they are unregistered, the server stops or is freed,
 * or its process ends; when the mapper is restarted while the server serves,
 * they are entered again. Before or while the server listens; not from a
 * manager routine of the mapper's own process. Any thread.
 *
 * S_SERVER_UNAVAILABLE: there is no mapper now, and S_CALL_CANCELLED: it does
 * not answer within limits.call_ms; the entries are kept and go into its map
 * as soon as it does and the server serves. S_UNKNOWN_IF: the interface is not
 * registered with the server. S_NO_BINDINGS, S_INVALID_ENTRY,
 * S_STRING_TOO_LONG (the annotation), S_CANT_CREATE, S_ACCESS_DENIED.
 * rpc_ep_register, rpc_ep_register_no_replace.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_ep_register(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation);
BECKET_API BECKET_MUST_USE becket_status
becket_ep_register_no_replace(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation);

/* As becket_ep_register(), but wait for nothing: the server's loop enters them
 * as soon as it serves and there is a mapper, and logs a refusal. For servers
 * that may start before the mapper, or are the mapper. With interface and
 * vector NULL, entries of this server's for what it offers no more go.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_ep_register_later(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects, const char *annotation);

/* Take entries of this server's back. NULLs are any: interface, endpoints,
 * objects. S_NOT_REGISTERED: there are none such. Any thread.
 * rpc_ep_unregister.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_ep_unregister(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_binding_vector *vector,
    const struct becket_uuid_vector *objects);

/* Find the endpoint of a partially bound handle now, as its first call through
 * interface would; a handle that has one is left alone. What is found stays
 * until becket_binding_reset(), and copies take it along. S_NOT_REGISTERED: the
 * map has no such interface with a version that serves (the same major, at
 * least our minor), in our transfer syntax, for the handle's object.
 * S_SERVER_UNAVAILABLE: the mapper cannot be reached. Any thread.
 * rpc_ep_resolve_binding.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_ep_resolve_binding(struct becket_binding *binding,
    const struct becket_interface *interface);

/* -------------------------------------------------- asynchronous calls -- */

/*
 * A call that nobody waits for. For each operation there are, besides the stub
 * that waits, one that starts the call and one that finishes it:
 *
 *   struct becket_async async;
 *
 *   status = calc_calculator_add_start(binding, &request, &async);
 *   ... something else, other calls, thousands of them ...
 *   becket_async_wait(&async, BECKET_FOREVER);
 *   status = calc_calculator_add_finish(&async, &response);
 *
 *   started ------------------> over ----> finished
 *      |                         ^
 *      +---> cancelled ----------+
 *
 * Start encodes the request, sends what can be sent at once, and waits for
 * nothing (but for the endpoint map, with a partially bound handle that has not
 * been used yet). The request and its buffers are the caller's again when it
 * returns, and the handle may be freed. What goes wrong later is told by
 * finish, which must be called exactly once for each call that was started,
 * unless becket_async_abort() is; with S_ASYNC_CALL_PENDING it has not been.
 *
 * The calls to a server share one connection where the server takes several
 * calls at once; else they follow each other. Those of a handle reach the
 * server in the order they were started in: see BECKET_OPTION_NONCAUSAL. Their
 * timeouts and retries are those of calls that wait. To the server there is no
 * difference.
 *
 * Context handles go into start, as they are there, and come out of finish, of
 * which only one that says S_OK writes them:
 *
 *   status = files_close_start(NULL, file, &request, &async);
 *   status = files_close_finish(&async, &file, &response);
 *
 * Several calls may be under way with one handle; the server lets them in as it
 * does others. A handle that was closed when another of them was finished, or
 * destroyed meanwhile, comes out as NULL. What a call has opened and nobody
 * takes out of finish, because it was aborted, lives as long as the
 * association. Over gRPC the first call with context handles also opens a
 * session, without making start wait; calls without them may reach the server
 * before it.
 *
 * There is no thread of ours. Calls make progress while somebody waits for
 * any of them or polls, or in a loop of one's own:
 *
 *   do {
 *           struct pollfd p = { becket_runtime_fd(runtime),
 *                   becket_runtime_events(runtime), 0 };
 *           poll(&p, 1, becket_runtime_timeout(runtime));
 *   } while (becket_runtime_process(runtime));
 *
 * Any thread, for different calls; one thread at a time for the same.
 */
struct becket_async_call;

/* A call that was started; zeroed: none. It may be copied; finish or abort one
 * of the copies.
 */
struct becket_async {
	struct becket_async_call *call;
};

#define BECKET_FOREVER UINT32_MAX

/* S_ASYNC_CALL_PENDING, or the status that the call has ended with: finish says
 * it again, and why. S_INVALID_ASYNC_HANDLE. RpcAsyncGetCallStatus.
 */
BECKET_API BECKET_MUST_USE becket_status becket_async_poll(
    struct becket_async *async);

/* The same, after waiting for the end of the call. */
BECKET_API BECKET_MUST_USE becket_status
becket_async_wait(struct becket_async *async, uint32_t milliseconds);

/* Wait until one of them is over; those that are none are skipped. S_OK, and
 * which: it is to be finished. S_ASYNC_CALL_PENDING: none is.
 * S_INVALID_ASYNC_HANDLE: there are none.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_async_wait_any(struct becket_async *asyncs, size_t count,
    uint32_t milliseconds, size_t *ret_index);

/* Ask the server to end the call; it is over when the server answers, or its
 * time. Abortive: it is over at once, with S_CALL_CANCELLED, and the server is
 * told that nobody waits. Finish it in any case. Nothing happens when it is
 * over. S_INVALID_ASYNC_HANDLE. RpcAsyncCancelCall.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_async_cancel(struct becket_async *async, bool is_abortive);

/* Cancel and finish it, and forget whatever comes of it. None: fine. */
BECKET_API void becket_async_abort(struct becket_async *async);

/* done is called when the call is over, once, by becket_runtime_process() and
 * in its thread, also if the call is over already. It may do what it likes:
 * finish this call, start others. NULL: not any more. S_INVALID_ASYNC_HANDLE.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_async_set_callback(struct becket_async *async,
    void (*done)(void *user, struct becket_async *async), void *user);

/* What poll() is to be given; -1: out of descriptors. The descriptor stays the
 * same. Any thread.
 */
BECKET_API int becket_runtime_fd(struct becket_runtime *runtime);
BECKET_API short becket_runtime_events(struct becket_runtime *runtime);
/* Milliseconds until process is wanted anyway, for poll(); -1: not at all. */
BECKET_API int becket_runtime_timeout(struct becket_runtime *runtime);
/* Do what there is to do, without waiting, callbacks included; false: no call
 * is under way any more. One thread at a time.
 */
BECKET_API bool becket_runtime_process(struct becket_runtime *runtime);

/* -------------------------------------------------------------- streams -- */

/*
 * A call whose request, or response, or both, are streams of messages. Both
 * ends have a struct becket_stream, and the same things can be done with it:
 *
 *                        client                  manager routine
 *   begin                x_open()                is called with it
 *   send a message       x_send()                x_push()
 *   receive the next     x_receive()             x_pull()
 *   no more from us      becket_stream_half_close()   returns, or x_answer()
 *   the end              x_finish()              returns, or x_answer()
 *   give up              becket_stream_abort()   returns a failure
 *
 *   status = files_fetch_open(binding, &request, &stream);
 *   while ((status = files_fetch_receive(stream, &piece)) == BECKET_S_OK) {
 *           ... piece->data ...
 *           files_fetch_response_free(piece);
 *   }
 *   status = files_fetch_finish(&stream);
 *
 * Which of these an operation has follows from its streams: what is no stream
 * is given to open, comes out of finish, or is a parameter of the routine.
 *
 * Behind the last message receiving says X_PIPE_EMPTY, and on a client whose
 * call has failed, why. That is no failure of a routine: it may return it, or
 * answer with it, as it would S_OK. A client's sending says X_PIPE_CLOSED once
 * the call is over, and x_finish() how it ended.
 *
 * Messages arrive in their order, each whole, or the call fails. An end keeps
 * at most limits.stream_window bytes for the other, and one message; then
 * sending waits. A reader that is slow so slows the writer, however far
 * they are apart, and nothing grows. Who sends and does not receive while the
 * other end does the same waits for ever: so waits are for one's own window
 * alone, the library reads meanwhile what the window lets it.
 *
 * Like a socket, a stream waits unless it is made non-blocking: then what would
 * wait returns S_ASYNC_CALL_PENDING instead, and a callback tells when it is
 * worth trying again. A manager routine that runs on a thread that serves
 * connections has a non-blocking one: where the IDL calls the operation
 * blocking, or the interface is registered with BECKET_IF_BLOCKING, a worker
 * runs it, and it may wait; it has that worker to itself as long as the stream
 * lasts. That worker is woken for what it waits for, and wakes the thread that
 * serves the connection: where each message is answered and the client waits
 * for that, a callback costs the server half as much. A routine may also defer
 * the call and go on from any thread: its stream lives until the call is
 * answered.
 *
 * A routine whose request is a stream runs as soon as the call has begun. When
 * the client has cancelled or is gone, the call's time is over, the interface
 * is unregistered, or the server has stopped waiting (limits.drain_ms), sending
 * and receiving end with S_CALL_CANCELLED at once, also for who waits; then it
 * is time to return, or to answer. What was sent before is still sent, also
 * before a failure.
 *
 * A call with streams has no deadline unless one is set, in the IDL or on the
 * handle; becket_binding_set_next_timeout() counts for the next open, too. On a
 * client no thread of ours works for it: open begins to connect, and the rest,
 * also of what was sent, goes on while the program sends, receives, waits, or
 * processes as with asynchronous calls. Over DCE/RPC each stream has a
 * connection of its own, and waits for one if there are
 * limits.connections_per_association, but not longer than limits.call_ms or its
 * deadline; over gRPC they share one. A server of gRPC may ask who is silent
 * whether he is there (limits.ping_ms), and nobody else answers either: a
 * client that does none of this for longer may lose its streams. Context
 * handles stay.
 *
 * Context handles may stand in the one message of a request or a response that
 * is no stream: they are given to open, or come out of finish, and to the
 * manager routine they are parameters. A stream has its handle until it is
 * answered, by itself or with others that share: a call that would close it
 * waits so long, so who watches something ends that first. When the client is
 * gone, its streams end, and only then what it has opened is run down. What a
 * client stream has opened and nobody takes out of finish lives as long as the
 * association.
 *
 * Threads: one may send while another receives; else one at a time. Statuses
 * are those of DCE's pipes. RpcPipe, C706 14.3.10; over gRPC they are its four
 * kinds of calls.
 */
struct becket_stream;

/* Do not wait; or wait again. S_INVALID_ARG: stream is NULL, or it would wait
 * on a thread that must not.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stream_set_nonblocking(struct becket_stream *stream, bool nonblocking);

/* ready is called when something can be done that could not be done before: a
 * message can be sent or received, or the call is over. It may be called once
 * too often; try until S_ASYNC_CALL_PENDING. On a client by
 * becket_runtime_process(), in its thread; it may do what it likes, finish the
 * stream too. On a server by the thread that serves the connection, and it must
 * not wait; it does not begin any more once the call is answered, but may still
 * be running. What can be done already when it is set is told, too. NULL: not
 * any more; on a server, when this returns in another thread, ready is not
 * running either.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stream_set_callback(struct becket_stream *stream,
    void (*ready)(void *user, struct becket_stream *stream), void *user);

enum {
	BECKET_STREAM_READABLE = 0x01, /* receive would not wait */
	BECKET_STREAM_WRITABLE = 0x02, /* send would not wait */
};

/* Wait, also on a non-blocking stream, until one of events is so; *ret_events
 * says which, and at the end of the call it is all of them. 0 milliseconds, or
 * in a thread that must not wait: just look. S_ASYNC_CALL_PENDING: none is.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_stream_wait(struct becket_stream *stream, unsigned events,
    uint32_t milliseconds, unsigned *ret_events);

/* Either end: messages sent from here on are compressed, or not, where the
 * protocol has that and the peer takes it; elsewhere nothing happens. Else a
 * client's are as BECKET_OPTION_COMPRESS says, and a server's as the client's.
 */
BECKET_API void becket_stream_set_compression(struct becket_stream *stream,
    bool compression);

/* Client: messages that are sent from here on may wait for others and go with
 * them, which costs a system call for many instead of one for each; for
 * programs that send many small ones. The first after a pause is sent at once,
 * what follows when there are 16 KiB of it, or with the first message after a
 * millisecond, or when the program flushes, half-closes, waits for anything of
 * the stream, or receives and finds that nothing has come. After a millisecond
 * it is also sent by whoever is in becket_runtime_process(), or waits in
 * another thread for another call. But a program that does none of this keeps
 * the end of what it sent to itself, so gathering is off at first: then each
 * message is sent at once, unless earlier ones still wait for room. Off again:
 * flushes. On a server nothing happens: its messages are gathered while earlier
 * ones go out, and sent without the manager. MSG_MORE; the buffer hint of gRPC.
 */
BECKET_API void becket_stream_set_gathering(struct becket_stream *stream,
    bool gathering);
/* Client: send what has been gathered, as far as there is room; does not wait.
 */
BECKET_API void becket_stream_flush(struct becket_stream *stream);

/* Client: there are no more messages of ours; the peer's still come. Again:
 * nothing happens. X_WRONG_PIPE_ORDER: a server's, which ends by answering.
 */
BECKET_API BECKET_MUST_USE becket_status becket_stream_half_close(
    struct becket_stream *stream);

/* Client: ask the server to end the call; finish, or receive, tells when it is
 * over and how: after limits.cancel_ms at the latest, or at once if the server
 * does not read, and always over gRPC. Any thread. RpcAsyncCancelCall.
 */
BECKET_API BECKET_MUST_USE becket_status becket_stream_cancel(
    struct becket_stream *stream);

/* Client: end the call now, whatever comes of it, and free *stream, which is
 * then NULL. The server is told that nobody waits.
 */
BECKET_API void becket_stream_abort(struct becket_stream **stream);

/* ------------------------------------------------------------- metadata -- */

/*
 * What travels beside the messages of a call: names and values, as the header
 * fields of HTTP do; for request ids, credentials of an application, tracing.
 * The request has some, and the response has some before its first message
 * (initial) and some at its end (trailing), also when the call has failed.
 *
 * A name is of 0-9 a-z _ - . alone, does not begin with "grpc-" or "becket-"
 * (but "becket-session" may be said of a request by who holds a session without
 * stubs that do), and is none that HTTP itself says something with
 * ("content-type", "host", "te" ...). A value is printable ASCII without a
 * space at its ends, or if the name ends in "-bin", any bytes. Names may come
 * several times. The request's together, and those of the response, are bounded
 * by limits.call_header_size and call_header_entries. Over NDR there are none.
 *
 *   becket_metadata_new(runtime, &metadata);
 *   becket_metadata_add(metadata, "x-request-id", "4711", 4);
 *   becket_binding_set_next_metadata(binding, metadata);
 *   status = calc_calculator_add(binding, 1, 2, &sum);
 *   becket_metadata_find(metadata, BECKET_METADATA_TRAILING, "x-cost", &cost);
 */
struct becket_metadata; /* of one call, on its client */

enum becket_metadata_list {
	BECKET_METADATA_REQUEST,
	BECKET_METADATA_INITIAL,
	BECKET_METADATA_TRAILING,
};

struct becket_metadata_entry {
	const char *name;
	struct becket_bytes
	    value; /* with a NUL behind it that is not counted */
};

/* Free with becket_metadata_free(), before its runtime. One thread at a time.
 * S_OUT_OF_MEMORY.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_metadata_new(struct becket_runtime *runtime,
    struct becket_metadata **ret_metadata);
/* Frees *metadata and makes it NULL. No call uses it any more. */
BECKET_API void becket_metadata_free(struct becket_metadata **metadata);

/* Something that goes along with the request; a copy. S_INVALID_ARG: such a
 * name or value there is not. S_LIMIT_EXCEEDED, S_OUT_OF_MEMORY.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_metadata_add(struct becket_metadata *metadata, const char *name,
    const void *value, size_t size);

/* The entry with this index, from 0; false: there are no more. Views live until
 * the metadata are added to, used for another call, or freed.
 */
BECKET_API bool becket_metadata_at(const struct becket_metadata *metadata,
    enum becket_metadata_list list, size_t index,
    struct becket_metadata_entry *ret_entry);
/* The first with this name; false: there is none. */
BECKET_API bool becket_metadata_find(const struct becket_metadata *metadata,
    enum becket_metadata_list list, const char *name,
    struct becket_bytes *ret_value);

/* For the next call that this thread makes, starts or opens through this
 * handle, and for that call alone: its request's metadata go along, and what
 * comes back replaces the other two lists: those of a call that waits when it
 * returns, else when it is finished; a stream's initial ones when the first
 * message is received. The metadata must live until then, and are not to be
 * added to. NULL: none. This thread.
 */
BECKET_API void becket_binding_set_next_metadata(struct becket_binding *binding,
    struct becket_metadata *metadata);

/* ------------------------------------------------------------- servers -- */

/* Zero fields take their default. Start from { .size = sizeof options }. */
struct becket_server_options {
	size_t size;
	const struct becket_limits *limits; /* copied; default: the runtime's */
	/* Threads for manager routines that may wait, those of operations that
	 * the IDL calls blocking; started as they are needed, ended when the
	 * server stops listening, which waits for the routines that run.
	 * Default: 4. Negative: none, and a routine that waits keeps others
	 * waiting. Beyond limits.worker_queue waiting calls the answer is
	 * S_SERVER_TOO_BUSY, and nothing has been executed.
	 */
	int workers;
	/* Threads with a loop each, over which connections are spread as they
	 * come; those of the library's end when the server stops listening.
	 * Default: 1. More are served by becket_server_listen() alone. Manager
	 * routines are then called by several threads at once.
	 */
	unsigned loops;
	/* What every server of a runtime with gRPC offers, and this one is not
	 * to: BECKET_WITHOUT_...
	 */
	unsigned without;
};

enum { /* see becket_grpc.h */
	BECKET_WITHOUT_HEALTH = 0x01,
	BECKET_WITHOUT_REFLECTION = 0x02,
	BECKET_WITHOUT_HOLD = 0x04,
};

/* A server that uses no protocol sequence and has no interface but mgmt.
 * options may be NULL. Free with becket_server_free(). S_INVALID_ARG: more than
 * 1024 workers or 256 loops, or a flag that does not exist. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_new(struct becket_runtime *runtime,
    const struct becket_server_options *options,
    struct becket_server **ret_server);

/* Closes everything at once: stop and wait before, for a clean end. Nobody
 * uses the server any more, nor a token of its calls.
 */
BECKET_API void becket_server_free(struct becket_server *server);

/* Listen at an endpoint the system chooses: a port, or a socket name. Again
 * for the same address: nothing happens. address: where; NULL: everywhere
 * (IPv4 and IPv6). Who may connect to an ncalrpc socket is decided by its
 * directory and the umask. Before or while the server listens; one thread at a
 * time.
 * S_INVALID_RPC_PROTSEQ, S_PROTSEQ_NOT_SUPPORTED, S_CANT_CREATE_ENDPOINT,
 * S_INVALID_NET_ADDR (or none of this host). becket_error_last() has the
 * system's reason. rpc_server_use_protseq.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_use_protseq(struct becket_server *server, const char *protseq,
    const char *address);

/* Listen at a given endpoint. NULL: as becket_server_use_protseq().
 * Also S_DUPLICATE_ENDPOINT, S_INVALID_ENDPOINT_FORMAT.
 * rpc_server_use_protseq_ep.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_use_protseq_ep(struct becket_server *server, const char *protseq,
    const char *address, const char *endpoint);

/* Listen where a string binding says: "ncacn_ip_tcp:127.0.0.1[4747]". */
BECKET_API BECKET_MUST_USE becket_status
becket_server_use_string_binding(struct becket_server *server,
    const char *string);

/* Listen at a socket that was bound elsewhere and listens already, as a
 * service manager hands over. protseq NULL: as its family says. It becomes the
 * server's, non-blocking and closed on exec; on failure it stays the caller's.
 * A Unix socket has to be in the directory of ncalrpc, where clients look for
 * it; its file is left alone. S_INVALID_ARG: no such socket;
 * S_INVALID_ENDPOINT_FORMAT: not in the directory. Threads as above.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_use_descriptor(struct becket_server *server, const char *protseq,
    int fd);

/* Listen there no more: where a string binding that was used says, or one that
 * becket_server_inq_bindings() shows; without endpoint: at the endpoint that
 * the system chose. The socket is closed on return; connections that came
 * through it stay. With the last one gone the server goes on, and can use
 * others. S_NO_BINDINGS: it does not listen there. Threads as above.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_unuse_string_binding(struct becket_server *server,
    const char *string);

/* One binding handle per listener, with the endpoints as they are. Free with
 * becket_binding_vector_free(). S_NO_BINDINGS. One thread at a time.
 * rpc_server_inq_bindings.
 */
struct becket_binding_vector {
	size_t count;
	struct becket_binding **bindings;
};
BECKET_API BECKET_MUST_USE becket_status
becket_server_inq_bindings(struct becket_server *server,
    struct becket_binding_vector **ret_vector);
/* Frees *vector with its handles and makes it NULL. */
BECKET_API void becket_binding_vector_free(
    struct becket_binding_vector **vector);

/* Offer an interface, for a type of object (NULL or nil: for calls without
 * object and objects without type). epv is the struct that generated code
 * declares, one manager routine per operation; it stays where it is until it
 * is unregistered. Use the generated x_register(), which is typed. flags:
 * BECKET_IF_... S_TYPE_ALREADY_REGISTERED, S_INVALID_ABI, S_INVALID_ARG (a
 * flag that does not exist). Any thread. rpc_server_register_if.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_register_if(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_routines *routines, const struct becket_uuid *type,
    const void *epv, unsigned flags);

/* Numbered as RPC_IF_... Whoever the last two keep out is answered
 * S_ACCESS_DENIED, and nothing has been executed.
 */
enum {
	/* The server listens, in a thread of the library's as with
	 * BECKET_LISTEN_DONT_WAIT, from the moment when the first of these
	 * interfaces is registered, and stops when the last one is
	 * unregistered; then its endpoints are closed. Use protocol sequences
	 * before: S_NO_PROTSEQS_REGISTERED, and nothing is registered. A server
	 * that listens already stays as it is; one that began by itself and is
	 * then told to listen does not end by itself any more.
	 */
	BECKET_IF_AUTOLISTEN = 0x01,
	/* Callers whose identity is known: those of ncalrpc, so far. */
	BECKET_IF_ALLOW_SECURE_ONLY = 0x08,
	/* Callers on this machine, through ncalrpc. */
	BECKET_IF_ALLOW_LOCAL_ONLY = 0x20,
	/* Its routines may wait, all of them, as if the IDL called their
	 * operations blocking. Ours.
	 */
	BECKET_IF_BLOCKING = 0x10000,
};

/* May this call be made? Asked when the request is complete, or if it is a
 * stream when that begins, and before any message is decoded:
 * becket_call_peer() says who calls, becket_call_opnum() what,
 * becket_call_object() for which object, and its metadata are there. What is
 * not S_OK is the answer; with becket_call_fail() it has a sentence. Asked by
 * threads that serve connections, several at once: it must not wait.
 */
typedef becket_status becket_authorize_fn(void *user, struct becket_call *call);

/* Zero fields take their default. Start from { .size = sizeof options }. */
struct becket_register_options {
	size_t size;
	unsigned flags; /* BECKET_IF_... */
	/* NULL: whoever is let in by flags may call all operations. It may be
	 * called until the interface is unregistered and its calls are done.
	 */
	becket_authorize_fn *authorize;
	void *authorize_user;
	/* Calls that may run at once, deferred ones included; 0: any number.
	 * Others wait until one of them is answered, but no more than
	 * limits.interface_queue; then S_SERVER_TOO_BUSY, and nothing has been
	 * executed.
	 */
	uint32_t max_calls;
};

/* The same with more to say; options may be NULL. Use the generated
 * x_register_ex(). With AUTOLISTEN also what becket_server_listen() says, and
 * S_SHUTTING_DOWN: it is just stopping. RpcServerRegisterIfEx.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_register_if_ex(struct becket_server *server,
    const struct becket_interface *interface,
    const struct becket_routines *routines, const struct becket_uuid *type,
    const void *epv, const struct becket_register_options *options);

/* Take it back: new calls are answered "interface is not registered".
 * interface NULL: all of them but AUTOLISTEN's. type NULL: of every type. wait:
 * return when the calls that run are done; not from a manager routine, nor from
 * the thread that runs the server. Calls with streams, which might go on for
 * ever, are cancelled. S_UNKNOWN_IF, S_UNKNOWN_MGR_TYPE. Any
 * thread. rpc_server_unregister_if.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_unregister_if(struct becket_server *server,
    const struct becket_interface *interface, const struct becket_uuid *type,
    bool wait);

/* The same for who must not wait: done is called once, when the calls that run
 * are done, from the thread that ends the last of them, or from here if there
 * is none; at the latest becket_server_free() ends them. From then on the
 * tables, the epv and the code may go. done may not call the library.
 * S_OUT_OF_MEMORY, and as above: nothing has happened. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_unregister_if_then(struct becket_server *server,
    const struct becket_interface *interface, const struct becket_uuid *type,
    void (*done)(void *user), void *user);

/* What is registered: each interface with each type (nil: none). Free with
 * becket_registration_vector_free(). S_NO_INTERFACES. Any thread.
 */
struct becket_registration {
	const struct becket_interface *interface;
	struct becket_uuid type;
};
struct becket_registration_vector {
	size_t count;
	struct becket_registration *registrations;
	struct becket_runtime *runtime; /* which frees it */
};
BECKET_API BECKET_MUST_USE becket_status
becket_server_inq_registrations(struct becket_server *server,
    struct becket_registration_vector **ret_vector);
/* Frees *vector and makes it NULL. */
BECKET_API void becket_registration_vector_free(
    struct becket_registration_vector **vector);

/*
 * Objects and their types. An interface may be registered several times, with
 * one EPV per type of object. Which EPV serves a call follows from the object
 * that the client has set on its binding handle:
 *
 *   object   has a type?   EPV for the type?   served by
 *   nil      -             for nil             the EPV for nil
 *   nil      -             none for nil        S_UNSUPPORTED_TYPE
 *   given    no            for nil             the EPV for nil
 *   given    no            none for nil        S_UNSUPPORTED_TYPE
 *   given    yes           yes                 the EPV for the type
 *   given    yes           no                  S_UNSUPPORTED_TYPE
 */

/* Say which type an object has; type NULL or nil: none any more.
 * S_INVALID_OBJECT: object is NULL or nil. S_ALREADY_REGISTERED: it has one.
 * S_OUT_OF_RESOURCES (limits.objects), S_OUT_OF_MEMORY. Any thread.
 * rpc_object_set_type.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_object_set_type(struct becket_server *server,
    const struct becket_uuid *object, const struct becket_uuid *type);

/* The type of an object. S_OBJECT_NOT_FOUND: none; S_INVALID_OBJECT. Any
 * thread. rpc_object_inq_type.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_object_inq_type(struct becket_server *server,
    const struct becket_uuid *object, struct becket_uuid *ret_type);

/* Ask inq() instead of the table, once for each call for an object, when the
 * call begins to arrive. What is not S_OK, or a nil type, says that the object
 * has none. It is called by threads that serve connections, several at once,
 * and must not wait. NULL: the table again. Calls that are just arriving may
 * still ask the old one. Any thread. rpc_object_set_inq_fn.
 */
typedef becket_status becket_object_inq_fn(void *user,
    const struct becket_uuid *object, struct becket_uuid *ret_type);
BECKET_API void becket_object_set_inq_fn(struct becket_server *server,
    becket_object_inq_fn *inq, void *user);

enum {
	BECKET_LISTEN_DONT_WAIT = 1, /* a thread of the library's serves */
};

/* Serve, in this thread, until becket_server_stop() and the drain after it;
 * with DONT_WAIT in a thread that becket_server_wait() joins. When it has
 * stopped its endpoints are closed: use protocol sequences before it is to
 * listen again. S_ALREADY_LISTENING, S_NO_PROTSEQS_REGISTERED.
 * rpc_server_listen.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_server_listen(struct becket_server *server, unsigned flags);

/* Take no new connections and calls, finish what runs (for limits.drain_ms,
 * then cut it off), close cleanly. Returns at once. Again: nothing happens;
 * now: what runs is cut off at once. S_NOT_LISTENING. Any thread, any number
 * of times, also from a signal handler.
 * rpc_mgmt_stop_server_listening.
 */
BECKET_API BECKET_MUST_USE becket_status becket_server_stop(
    struct becket_server *server);
BECKET_API void becket_server_stop_now(struct becket_server *server);

/* The calls that ran when a stop cut them off, because drain_ms had passed or
 * by becket_server_stop_now(): their clients have no answer and cannot know
 * what was done. Counted from the moment the server listens until it listens
 * again; 0: the stop was clean. Any thread; complete once it has stopped.
 */
BECKET_API unsigned becket_server_inq_cut_calls(struct becket_server *server);

/* Wait until a server that listens has stopped. S_NOT_LISTENING. One thread.
 * rpc_mgmt_wait_server_listen.
 */
BECKET_API BECKET_MUST_USE becket_status becket_server_wait(
    struct becket_server *server);

/*
 * A loop of your own, instead of becket_server_listen(): begin, then poll the
 * descriptor for the events until the deadline, and process; again and again
 * while it is true. examples/ has one with poll(). One thread at a time.
 *
 *   becket_server_start(server);
 *   do {
 *           struct pollfd p = { becket_server_fd(server),
 *                   becket_server_events(server), 0 };
 *           poll(&p, 1, becket_server_timeout(server));
 *   } while (becket_server_process(server));
 */
BECKET_API BECKET_MUST_USE becket_status becket_server_start(
    struct becket_server *server);
BECKET_API int becket_server_fd(struct becket_server *server);
BECKET_API short becket_server_events(struct becket_server *server);
/* Milliseconds until process is wanted anyway, for poll(); -1: not at all. */
BECKET_API int becket_server_timeout(struct becket_server *server);
/* Do what there is to do, without waiting; false: stopped and drained. */
BECKET_API bool becket_server_process(struct becket_server *server);

/* What management shows: calls and PDUs in and out, since the server began.
 * Any thread. RpcMgmtInqStats.
 */
struct becket_stats {
	uint64_t calls_in, calls_out;
	uint64_t packets_in, packets_out;
};
BECKET_API void becket_server_inq_stats(struct becket_server *server,
    struct becket_stats *ret_stats);

/* The context handles that clients have open now: of one type, by its name in
 * the IDL, of one interface; NULL: of all types, of all interfaces. Any thread.
 */
BECKET_API unsigned becket_server_inq_contexts(struct becket_server *server,
    const struct becket_interface *interface, const char *type);

enum becket_mgmt_operation { /* as the authorisation functions of DCE count */
	BECKET_MGMT_INQ_IF_IDS = 0,
	BECKET_MGMT_INQ_PRINC_NAME = 1,
	BECKET_MGMT_INQ_STATS = 2,
	BECKET_MGMT_IS_SERVER_LISTENING = 3,
	BECKET_MGMT_STOP_SERVER_LISTENING = 4,
};

/* Who may do what through the mgmt interface. Without a function everything
 * is allowed but to stop. Set it before the server listens.
 * rpc_mgmt_set_authorization_fn.
 */
BECKET_API void becket_server_set_authorization_fn(struct becket_server *server,
    bool (*allow)(void *user, struct becket_call *call,
        enum becket_mgmt_operation operation),
    void *user);

/* --------------------------------------- management of another's server -- */

/* Is it listening? S_OK: yes. Any thread, as all of these.
 * rpc_mgmt_is_server_listening.
 */
BECKET_API BECKET_MUST_USE becket_status becket_mgmt_is_server_listening(
    struct becket_binding *binding);

/* rpc_mgmt_stop_server_listening: S_ACCESS_DENIED is the usual answer. */
BECKET_API BECKET_MUST_USE becket_status becket_mgmt_stop_server_listening(
    struct becket_binding *binding);

BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_inq_stats(struct becket_binding *binding,
    struct becket_stats *ret_stats);

/* The interfaces a server has registered. Free with
 * becket_if_id_vector_free(). S_NO_INTERFACES. rpc_mgmt_inq_if_ids.
 */
struct becket_if_id {
	struct becket_uuid uuid;
	uint16_t major, minor;
};
struct becket_if_id_vector {
	size_t count;
	struct becket_if_id *ids;
	struct becket_runtime *runtime; /* which frees it */
};
BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_inq_if_ids(struct becket_binding *binding,
    struct becket_if_id_vector **ret_vector);
BECKET_API void becket_if_id_vector_free(struct becket_if_id_vector **vector);

/* The server's principal name for an authentication service. Free with
 * becket_string_free(). S_UNKNOWN_AUTHN_SERVICE.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_inq_server_princ_name(struct becket_binding *binding,
    uint32_t authn_service, char **ret_name);

/* ----------------------------------------- management of endpoint maps -- */

enum becket_ep_inquiry_type { /* rpc_c_ep_* */
	BECKET_EP_ALL_ELTS = 0,
	BECKET_EP_MATCH_BY_IF = 1,
	BECKET_EP_MATCH_BY_OBJ = 2,
	BECKET_EP_MATCH_BY_BOTH = 3,
};

enum becket_vers_option { /* rpc_c_vers_*: which versions of the interface */
	BECKET_VERS_ALL = 1,
	BECKET_VERS_COMPATIBLE = 2, /* this major, at least this minor */
	BECKET_VERS_EXACT = 3,
	BECKET_VERS_MAJOR_ONLY = 4,
	BECKET_VERS_UPTO = 5,
};

/* One entry of a map. Views live until the next call with the inquiry. */
struct becket_ep_element {
	struct becket_if_id interface;
	struct becket_if_id transfer_syntax;
	struct becket_uuid object; /* nil: any */
	/* Where: a string binding with the object; "" if its protocol sequence
	 * is unknown.
	 */
	const char *binding;
	const char *annotation;
};

/* Look through a map: mapper is a handle for it, which is copied, or NULL for
 * this host's. interface, versions and object count as the type of inquiry
 * says. No I/O happens yet. Give the inquiry back with
 * becket_mgmt_ep_elt_inq_done(). S_INVALID_ARG, S_INVALID_VERS_OPTION. Any
 * thread. rpc_mgmt_ep_elt_inq_begin.
 */
struct becket_ep_inquiry;
BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_ep_elt_inq_begin(struct becket_runtime *runtime,
    struct becket_binding *mapper, enum becket_ep_inquiry_type type,
    const struct becket_if_id *interface, enum becket_vers_option versions,
    const struct becket_uuid *object, struct becket_ep_inquiry **ret_inquiry);

/* S_NO_MORE_ELEMENTS: that was all. S_LIMIT_EXCEEDED: the mapper had as many as
 * limits.map_entries and more. One thread at a time.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_ep_elt_inq_next(struct becket_ep_inquiry *inquiry,
    struct becket_ep_element *ret_element);

/* Frees *inquiry and makes it NULL. */
BECKET_API void becket_mgmt_ep_elt_inq_done(struct becket_ep_inquiry **inquiry);

/* Delete others' entries: those of an interface at the protocol sequence of
 * binding, and at its endpoint if it has one, for object (NULL: for any). Only
 * for root and the owner, through a mapper that is asked over ncalrpc; mapper
 * NULL: this host's. S_NOT_REGISTERED, S_ACCESS_DENIED. Any thread.
 * rpc_mgmt_ep_unregister.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_mgmt_ep_unregister(struct becket_binding *mapper,
    const struct becket_if_id *interface, struct becket_binding *binding,
    const struct becket_uuid *object);

/* --------------------------------------------- calls, as a manager sees -- */

/*
 * A manager routine gets the call as its first argument. It is valid until the
 * routine returns, or if it deferred the call, until it is answered. One
 * thread at a time.
 */

/* Who calls. Views live as long as the call. */
struct becket_peer {
	const char *text;     /* for logs: "127.0.0.1:50312" */
	const char *protseq;  /* "ncacn_ip_tcp" */
	bool has_credentials; /* ncalrpc: the three below are the kernel's */
	uint32_t uid, gid;
	int32_t pid;
	/* Counts the connections of this server: no two have the same. Calls
	 * of one client may come through several.
	 */
	uint64_t connection;
	const char *address; /* numeric, without port; "" where it is local */
	bool is_local;       /* it came through ncalrpc */
};
BECKET_API const struct becket_peer *becket_call_peer(
    const struct becket_call *call);

/* Be told when the connection is gone that the call came through, however it
 * ended, and once for every time that this was asked: for what a manager keeps
 * on behalf of its client. gone() is called by a thread that serves
 * connections: it must not wait, and may come before the call is answered.
 * becket_server_free() is the latest. S_COMM_FAILURE: it is gone already, and
 * gone() will not be called. S_OUT_OF_MEMORY.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_call_on_disconnect(struct becket_call *call,
    void (*gone)(void *user, uint64_t connection), void *user);

/* The object the call is for; nil: none. */
BECKET_API const struct becket_uuid *becket_call_object(
    const struct becket_call *call);
BECKET_API uint16_t becket_call_opnum(const struct becket_call *call);
BECKET_API const struct becket_interface *becket_call_interface(
    const struct becket_call *call);

/* This end of the streams of a call; NULL: it has none. It lives until the call
 * is answered.
 */
BECKET_API struct becket_stream *becket_call_stream(struct becket_call *call);

/* The metadata of the request: the entry with this index, from 0, false: there
 * are no more; and the first with a name. Views live as long as the call.
 */
BECKET_API bool becket_call_metadata_at(const struct becket_call *call,
    size_t index, struct becket_metadata_entry *ret_entry);
BECKET_API bool becket_call_find_metadata(const struct becket_call *call,
    const char *name, struct becket_bytes *ret_value);

/* Metadata of the response, initial or trailing; a copy. Initial ones that come
 * after the first message are too late: X_WRONG_PIPE_ORDER. And what
 * becket_metadata_add() says.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_call_add_metadata(struct becket_call *call,
    enum becket_metadata_list list, const char *name, const void *value,
    size_t size);

/* Has the message that came last been compressed on its way? */
BECKET_API bool becket_call_was_compressed(const struct becket_call *call);
/* Compress the response, or do not: see becket_stream_set_compression(). */
BECKET_API void becket_call_set_compression(struct becket_call *call,
    bool compression);

/* Milliseconds that the client still waits, as it said; -1: it did not. */
BECKET_API int64_t becket_call_remaining(const struct becket_call *call);

/* Has the client cancelled, or gone? Any thread. */
BECKET_API bool becket_call_is_cancelled(const struct becket_call *call);
/* The same as DCE says it: S_OK if so, else S_CALL_IN_PROGRESS. Any thread.
 * RpcServerTestCancel.
 */
BECKET_API BECKET_MUST_USE becket_status becket_call_test_cancel(
    const struct becket_call *call);

/* Memory that lives until the call is answered, zeroed; for the response's
 * strings, arrays and messages. NULL: none left (limits.call_memory).
 */
BECKET_API void *becket_call_alloc(struct becket_call *call, size_t size);
/* A copy of a string in such memory; NULL for NULL, or if none is left. */
BECKET_API char *becket_call_strdup(struct becket_call *call, const char *text);

/* Fail with a sentence that the client will read:
 *     return becket_call_fail(call, MY_STATUS, "no file %s", name);
 * Returns status. An S_OK is made S_CALL_FAILED.
 */
BECKET_API becket_status becket_call_fail(struct becket_call *call,
    becket_status status, const char *format, ...) BECKET_PRINTF(3, 4);

/* Say more of a failure, for programs to read: a message in protobuf encoding
 * of the type that type names, as google.protobuf.Any does
 * ("type.googleapis.com/google.rpc.RetryInfo"); a copy. It goes along if the
 * call fails, in the details of a google.rpc.Status; not over NDR.
 * S_INVALID_ARG, S_LIMIT_EXCEEDED (BECKET_DETAILS_SIZE), S_OUT_OF_MEMORY.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_call_add_detail(struct becket_call *call, const char *type,
    const void *message, size_t size);

/* The name of a call that is answered later. */
struct becket_token {
	struct becket_server *server;
	uint32_t index;
	uint32_t generation;
};

/* Answer later, with the generated x_answer(), from any thread:
 *     return becket_call_defer(call, &token);
 * The request lives until then. Returns S_ASYNC_CALL_PENDING, or why not.
 */
BECKET_API becket_status becket_call_defer(struct becket_call *call,
    struct becket_token *ret_token);

/* Answer a deferred call with a fault and a sentence. S_INVALID_ASYNC_CALL:
 * answered already. Any thread.
 */
BECKET_API BECKET_MUST_USE becket_status
becket_token_fail(struct becket_token token, becket_status status,
    const char *format, ...) BECKET_PRINTF(3, 4);

/* Has the client of a deferred call cancelled, or gone? Any thread. */
BECKET_API bool becket_token_is_cancelled(struct becket_token token);

#ifdef __cplusplus
}
#endif

#endif
