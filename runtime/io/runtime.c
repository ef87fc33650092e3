/* SPDX-License-Identifier: MIT */
#include "io/runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/allocate.h"
#include "becket_stub.h"
#include "io/error.h"
#include "io/hub.h"
#include "io/mapper_address.h"
#include "io/memory_cache.h"
#include "io/pool.h"

#define DEFAULT_NCALRPC_DIR "/run/becket"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || \
    __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#else
#define IS_WATCHED 0
#endif

enum { LOG_LINE_SIZE = 2048 };

const char *
becket_version(void)
{
	return BECKET_VERSION;
}

static void *
resize_with_malloc(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size == 0) {
		free(old);
		return NULL;
	}
	return realloc(old, new_size);
}

/* Where stale bytes are to be found out, freed is freed. */
static bool
may_cache(void)
{
	const char *wanted = secure_getenv("BECKET_MEMORY_CACHE");

	return !IS_WATCHED && (wanted == NULL || strcmp(wanted, "0") != 0);
}

static struct memory_cache *
choose_memory(struct becket_memory *memory, size_t cache_size)
{
	struct memory_cache *cache = NULL;

	if (memory->resize != NULL)
		return NULL;
	if (may_cache())
		cache = memory_cache_new(cache_size);
	*memory = cache != NULL
	              ? memory_cache_memory(cache)
	              : (struct becket_memory){ resize_with_malloc, NULL };
	return cache;
}

struct becket_limits
limits_complete(const struct becket_limits *limits,
    const struct becket_limits *others)
{
	struct becket_limits complete = *others;

	if (limits == NULL)
		return complete;
#define LIMIT(name, type, value) \
	if (limits->name != 0) \
		complete.name = limits->name;
	BECKET_LIMITS(LIMIT)
#undef LIMIT
	return complete;
}

/* A child must not speak on its parent's connections, and asking getpid()
 * would be one system call more for each call.
 */
static volatile const unsigned char *
make_fork_mark(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, size, MADV_WIPEONFORK) != 0) {
		munmap(page, size);
		return NULL;
	}
	*page = 1;
	return page;
}

static void
free_fork_mark(volatile const unsigned char *mark)
{
	if (mark != NULL)
		munmap((void *)(uintptr_t)mark, (size_t)sysconf(_SC_PAGESIZE));
}

bool
runtime_is_stale(const struct becket_runtime *runtime)
{
	if (runtime->fork_mark != NULL)
		return *runtime->fork_mark == 0;
	return runtime->pid != getpid();
}

static const char *
choose_ncalrpc_dir(const struct becket_runtime_options *options)
{
	const char *dir = options->ncalrpc_dir;

	if (dir == NULL)
		dir = secure_getenv("BECKET_NCALRPC_DIR");
	return dir != NULL && *dir != '\0' ? dir : DEFAULT_NCALRPC_DIR;
}

/* A caller that was compiled with an older, smaller struct is served. */
static becket_status
take_options(const struct becket_runtime_options *given,
    struct becket_runtime_options *ret_options)
{
	struct becket_runtime_options options = { 0 };

	if (given != NULL) {
		if (given->size < sizeof given->size)
			return BECKET_S_INVALID_ARG;
		memcpy(&options, given,
		    given->size < sizeof options ? given->size
		                                 : sizeof options);
	}
	*ret_options = options;
	return BECKET_S_OK;
}

static becket_status
take_name_servers(struct becket_runtime *runtime, const char *name_servers)
{
	if (name_servers == NULL)
		return BECKET_S_OK;
	runtime->name_servers = runtime_copy_text(runtime, name_servers);
	return runtime->name_servers == NULL ? BECKET_S_OUT_OF_MEMORY
	                                     : BECKET_S_OK;
}

static becket_status
take_mapper(struct becket_runtime *runtime, const char *mapper)
{
	becket_status status;

	if (mapper == NULL)
		mapper = secure_getenv("BECKET_MAPPER");
	if (mapper == NULL || *mapper == '\0')
		return BECKET_S_OK;
	status = mapper_check(runtime, mapper);
	if (status != BECKET_S_OK)
		return status;
	runtime->mapper = runtime_copy_text(runtime, mapper);
	return runtime->mapper == NULL ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK;
}

becket_status
becket_runtime_new(const struct becket_runtime_options *given,
    struct becket_runtime **ret_runtime)
{
	static const struct becket_limits defaults = BECKET_LIMITS_DEFAULT;
	struct becket_runtime_options options;
	struct becket_limits limits;
	struct memory_cache *cache;
	struct becket_runtime *runtime;
	becket_status status = take_options(given, &options);

	if (status != BECKET_S_OK || ret_runtime == NULL)
		return error_say(BECKET_S_INVALID_ARG);
	limits = limits_complete(options.limits, &defaults);
	cache = choose_memory(&options.memory, limits.memory_cache);
	runtime = memory_new(&options.memory, sizeof *runtime);
	if (runtime == NULL) {
		memory_cache_free(cache);
		return error_say(BECKET_S_OUT_OF_MEMORY);
	}
	*runtime = (struct becket_runtime){
		.memory = options.memory,
		.memory_cache = cache,
		.limits = limits,
		.log = options.log,
		.log_user = options.log_user,
		.fork_mark = make_fork_mark(),
		.pid = getpid(),
	};
	runtime->ncalrpc_dir =
	    runtime_copy_text(runtime, choose_ncalrpc_dir(&options));
	status = pool_new(runtime, &runtime->pool);
	if (status == BECKET_S_OK)
		status = hub_new(runtime, &runtime->hub);
	if (runtime->ncalrpc_dir == NULL || status != BECKET_S_OK)
		status = BECKET_S_OUT_OF_MEMORY;
	else
		status = take_mapper(runtime, options.mapper);
	if (status == BECKET_S_OK)
		status = take_name_servers(runtime, options.name_servers);
	if (status != BECKET_S_OK) {
		becket_runtime_free(runtime);
		return status == BECKET_S_OUT_OF_MEMORY ? error_say(status)
		                                        : status;
	}
	*ret_runtime = runtime;
	return BECKET_S_OK;
}

void
becket_runtime_free(struct becket_runtime *runtime)
{
	struct becket_memory memory;
	struct memory_cache *cache;

	if (runtime == NULL)
		return;
	memory = runtime->memory;
	cache = runtime->memory_cache;
	hub_free(runtime->hub);
	pool_free(runtime->pool);
	free_fork_mark(runtime->fork_mark);
	runtime_free_text(runtime, runtime->ncalrpc_dir);
	runtime_free_text(runtime, runtime->mapper);
	runtime_free_text(runtime, runtime->name_servers);
	memory_free(&memory, runtime, sizeof *runtime);
	memory_cache_free(cache);
}

becket_status
becket_runtime_use_door(struct becket_runtime *runtime,
    const struct becket_door *door)
{
	if (runtime == NULL || door == NULL)
		return BECKET_S_INVALID_ARG;
	if (door->abi != DOOR_ABI)
		return BECKET_S_INVALID_ABI;
	runtime->door = door;
	return BECKET_S_OK;
}

static BECKET_PRINTF(4, 0) void say(const struct becket_runtime *runtime,
    enum becket_log_level level, const struct becket_access *access,
    const char *format, va_list arguments)
{
	char line[LOG_LINE_SIZE];

	vsnprintf(line, sizeof line, format, arguments);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	runtime->log(runtime->log_user, &(struct becket_log){ .level = level,
	                                    .text = line,
	                                    .access = access });
}

void
runtime_log(const struct becket_runtime *runtime, enum becket_log_level level,
    const char *format, ...)
{
	va_list arguments;

	if (!runtime_has_log(runtime))
		return;
	va_start(arguments, format);
	say(runtime, level, NULL, format, arguments);
	va_end(arguments);
}

void
runtime_log_access(const struct becket_runtime *runtime,
    const struct becket_access *access, const char *format, ...)
{
	va_list arguments;

	if (!runtime_has_log(runtime))
		return;
	va_start(arguments, format);
	say(runtime, BECKET_LOG_INFO, access, format, arguments);
	va_end(arguments);
}

becket_status
runtime_entropy(void *ret_bytes, size_t size)
{
	unsigned char *at = ret_bytes;

	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return BECKET_S_SYSTEM;
		at += got;
		size -= (size_t)got;
	}
	return BECKET_S_OK;
}

char *
runtime_copy_text(const struct becket_runtime *runtime, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_resize(&runtime->memory, NULL, 0, size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

void
runtime_free_text(const struct becket_runtime *runtime, char *text)
{
	if (text != NULL)
		memory_free(&runtime->memory, text, strlen(text) + 1);
}
