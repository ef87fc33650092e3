/* SPDX-License-Identifier: MIT */
#ifndef BECKET_BASE_LIMITS_H
#define BECKET_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Every size and time that a peer controls: its default and one line why.
 * Name, field type, default. Include with LIMIT() defined, or use the struct.
 */
/* clang-format off */
#define BECKET_LIMITS(LIMIT) \
	/* largest request, all fragments: what Windows and Samba take */ \
	LIMIT(request_size, size_t, 4u << 20) \
	/* largest response a client reassembles */ \
	LIMIT(response_size, size_t, 64u << 20) \
	/* memory that decoding one message may take, beyond its bytes */ \
	LIMIT(decode_size, size_t, 64u << 20) \
	/* nesting of messages: what C++ protobuf takes */ \
	LIMIT(decode_depth, uint32_t, 100) \
	/* elements of repeated fields and unknown fields in one message */ \
	LIMIT(decode_elements, uint32_t, 1u << 20) \
	/* all memory of one call's arena: decode and the manager's own */ \
	LIMIT(call_memory, size_t, 128u << 20) \
	/* freed blocks of a runtime, 32 KiB and more, for next messages; 1: none */ \
	LIMIT(memory_cache, size_t, 8u << 20) \
	/* largest call header: what gRPC servers take for metadata */ \
	LIMIT(call_header_size, uint32_t, 8192) \
	/* metadata entries in one call header */ \
	LIMIT(call_header_entries, uint32_t, 64) \
	/* sentence of a fault */ \
	LIMIT(sentence_size, uint32_t, 1024) \
	/* fault data of one fault: sentence and details */ \
	LIMIT(fault_size, uint32_t, 65536) \
	/* largest PDU that is not NDR-sized: a multiple of 8 in 16 bits */ \
	LIMIT(fragment_size, uint16_t, 65528) \
	/* calls at once on one session, queued ones included */ \
	LIMIT(calls_per_session, uint32_t, 4096) \
	/* streams at once on one session of gRPC, as it is told its peer */ \
	LIMIT(streams_per_session, uint32_t, 256) \
	/* bytes of a stream, each way, that an end keeps: then the other waits */ \
	LIMIT(stream_window, size_t, 256u << 10) \
	/* messages on their way in on one session of gRPC, all streams */ \
	LIMIT(stream_memory, size_t, 64u << 20) \
	/* presentation contexts on one session */ \
	LIMIT(contexts_per_session, uint32_t, 64) \
	/* bytes that wait for a slow reader before requests are left unread */ \
	LIMIT(send_queue_size, size_t, 1u << 20) \
	/* connections of one server; more wait in the backlog */ \
	LIMIT(connections, uint32_t, 16384) \
	/* of these, of one peer (address, IPv6 /64, user); more are closed */ \
	LIMIT(connections_per_peer, uint32_t, 4096) \
	/* a client's connections to one server: calls at once that block */ \
	LIMIT(connections_per_association, uint32_t, 64) \
	/* a client's connections that no call uses, to all servers */ \
	LIMIT(idle_connections, uint32_t, 256) \
	/* how long they stay for the next call, ms: what Windows does */ \
	LIMIT(linger_ms, uint32_t, 20000) \
	/* interfaces, and types of each, of one server */ \
	LIMIT(interfaces, uint32_t, 1024) \
	/* objects of one server that have a type */ \
	LIMIT(objects, uint32_t, 65536) \
	/* association groups of one server */ \
	LIMIT(associations, uint32_t, 16384) \
	/* calls that wait for an interface with a maximum of calls */ \
	LIMIT(interface_queue, uint32_t, 1024) \
	/* context handles of one client, that is, one association group */ \
	LIMIT(contexts_per_association, uint32_t, 16384) \
	/* context handles of one server */ \
	LIMIT(contexts, uint32_t, 1u << 20) \
	/* calls of one server that wait for a worker */ \
	LIMIT(worker_queue, uint32_t, 1024) \
	/* entries of a map: of ours (a user but root: a quarter), of another's */ \
	LIMIT(map_entries, uint32_t, 16384) \
	/* lookups of an endpoint map that go on */ \
	LIMIT(map_lookups, uint32_t, 1024) \
	/* deferred calls of one server */ \
	LIMIT(deferred_calls, uint32_t, 65536) \
	/* a peer stalls amid a PDU, frame or message, unbound, as we close, ms */ \
	LIMIT(stall_ms, uint32_t, 10000) \
	/* a silent TCP peer, whose host may be gone, ms */ \
	LIMIT(silence_ms, uint32_t, 30000) \
	/* gRPC: silence in calls before a PING, ms; a client: 5000 up; 0: never */ \
	LIMIT(ping_ms, uint32_t, 0) \
	/* a stream that was cancelled: how long its server may go on, ms */ \
	LIMIT(cancel_ms, uint32_t, 2000) \
	/* repeats of an idempotent call whose connection is lost */ \
	LIMIT(repeats, uint32_t, 3) \
	/* a call without a timeout of its own, ms */ \
	LIMIT(call_ms, uint32_t, 30000) \
	/* draining: how long running calls may take at stop, ms */ \
	LIMIT(drain_ms, uint32_t, 30000)
/* clang-format on */

struct becket_limits {
#define LIMIT(name, type, value) type name;
	BECKET_LIMITS(LIMIT)
#undef LIMIT
};

/* The defaults, to start from. */
#define BECKET_LIMITS_DEFAULT_(name, type, value) .name = (value),
#define BECKET_LIMITS_DEFAULT \
	{ \
		BECKET_LIMITS(BECKET_LIMITS_DEFAULT_) \
	}

#endif
