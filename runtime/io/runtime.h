/* SPDX-License-Identifier: MIT */
#ifndef IO_RUNTIME_H
#define IO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/memory.h"
#include "becket.h"
#include "engine/door.h"

/*
 * What bindings and servers share, and nothing that only one of them needs.
 * Constant after becket_runtime_new(), so that every thread may read it
 * without a lock; memory.resize() and log() are called from every thread.
 */
struct hub;
struct memory_cache;
struct pool;

struct becket_runtime {
	struct becket_memory memory;
	struct memory_cache
	    *memory_cache; /* NULL: none, or memory is a user's */
	struct becket_limits limits;
	void (*log)(void *user, const struct becket_log *log); /* or NULL */
	void *log_user;
	char *ncalrpc_dir;
	char *name_servers; /* NULL: the system's */
	char *mapper;       /* a string binding; NULL: as by default */
	struct pool *pool;  /* of clients' connections; locks itself */
	struct hub *hub;    /* of asynchronous calls; locks itself */
	const struct becket_door *door; /* to another protocol, or NULL */
	/* A page that the kernel zeroes in a forked child, holding a 1; NULL
	 * where the kernel cannot: then pid is asked.
	 */
	volatile const unsigned char *fork_mark;
	int pid; /* of the process that made it */
};

/* Is this a forked child of the process that made the runtime? Costs a load.
 */
bool runtime_is_stale(const struct becket_runtime *runtime);

/* Say something to the log sink: one line, from any thread. What a peer may
 * have put into it is made harmless: control characters become '?'.
 */
void runtime_log(const struct becket_runtime *runtime,
    enum becket_log_level level, const char *format, ...) BECKET_PRINTF(3, 4);

/* The same for the line of an answered call. */
void runtime_log_access(const struct becket_runtime *runtime,
    const struct becket_access *access, const char *format, ...)
    BECKET_PRINTF(3, 4);

/* Is anybody listening? To spare the making of lines. */
static inline bool
runtime_has_log(const struct becket_runtime *runtime)
{
	return runtime->log != NULL;
}

/* Random bytes, as good as the kernel's. S_SYSTEM. */
BECKET_MUST_USE becket_status runtime_entropy(void *ret_bytes, size_t size);

/* A copy of a string with the runtime's memory; NULL: no memory. To be freed
 * with runtime_free_text(), for which NULL is fine.
 */
char *runtime_copy_text(const struct becket_runtime *runtime, const char *text);
void runtime_free_text(const struct becket_runtime *runtime, char *text);

/* limits with defaults where it has zeros; NULL: others. */
struct becket_limits limits_complete(const struct becket_limits *limits,
    const struct becket_limits *others);

#endif
