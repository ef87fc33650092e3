/* SPDX-License-Identifier: MIT */
/* The manager of files.Files, as a module for becketd. */
#include <becket_module.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

enum {
	READ_SIZE = 4 << 20, /* most bytes of one Read */
	PAGE_SIZE = 1000,    /* most entries of one List */
};

struct root served;
bool may_write;

/* --------------------------------------------------------------- failures --
 */

char *
path_of(ProtobufCBinaryData bytes)
{
	if (bytes.len > 0 && memchr(bytes.data, '\0', bytes.len) != NULL)
		return NULL;
	return strndup(bytes.len > 0 ? (const char *)bytes.data : "",
	    bytes.len);
}

becket_status
failure_status(int failure)
{
	switch (-failure) {
	case ENOENT:
		return FILES__FAILURE__NOT_FOUND;
	case ENOTDIR:
		return FILES__FAILURE__NOT_DIRECTORY;
	case EINVAL:
	case EISDIR:
		return FILES__FAILURE__NOT_REGULAR;
	case EXDEV:
	case ELOOP:
	case EACCES:
	case EPERM:
		return BECKET_S_ACCESS_DENIED;
	case ENOMEM:
		return BECKET_S_OUT_OF_MEMORY;
	case EMFILE:
	case ENFILE:
		return BECKET_S_OUT_OF_RESOURCES;
	case ECANCELED:
		return BECKET_S_CALL_CANCELLED;
	case EBADMSG:
		return FILES__FAILURE__DAMAGED;
	case EPROTO:
		return BECKET_S_PROTOCOL_ERROR;
	case E2BIG:
		return BECKET_S_LIMIT_EXCEEDED;
	default:
		return BECKET_S_SYSTEM;
	}
}

becket_status
fail(struct becket_call *call, const char *path, int failure)
{
	return becket_call_fail(call, failure_status(failure), "%s: %s",
	    *path == '\0' ? "the root" : path, root_text(failure));
}

becket_status
read_only(struct becket_call *call)
{
	return becket_call_fail(call, BECKET_S_ACCESS_DENIED,
	    "this server does not let anybody write");
}

becket_status
no_path(struct becket_call *call)
{
	return becket_call_fail(call, BECKET_S_INVALID_ARG,
	    "this is no path: it has a NUL in it");
}

becket_status
no_memory(struct becket_call *call)
{
	return becket_call_fail(call, BECKET_S_OUT_OF_MEMORY,
	    "no memory for the answer");
}

/* ------------------------------------------------------------------- Stat --
 */

static Files__Type
type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FILES__TYPE__REGULAR;
	case S_IFDIR:
		return FILES__TYPE__DIRECTORY;
	case S_IFLNK:
		return FILES__TYPE__SYMLINK;
	default:
		return FILES__TYPE__OTHER;
	}
}

static Files__Entry *
entry_new(struct becket_call *call, const char *name, const struct stat *stat)
{
	Files__Entry *entry = becket_call_alloc(call, sizeof *entry);
	char *copy = becket_call_strdup(call, name);
	if (entry == NULL || copy == NULL)
		return NULL;
	files__entry__init(entry);
	entry->name.data = (uint8_t *)copy;
	entry->name.len = strlen(copy);
	entry->type = type_of(stat->st_mode);
	entry->size = (uint64_t)stat->st_size;
	entry->mode = stat->st_mode & 07777;
	entry->changed_ns =
	    (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
	return entry;
}

static becket_status
stat_path(struct becket_call *call, const char *path,
    Files__StatResponse *response)
{
	struct stat stat;
	int fd = root_look(&served, path);
	int failure = fd < 0 ? fd : fstat(fd, &stat) != 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (failure < 0)
		return fail(call, path, failure);
	response->entry = entry_new(call, "", &stat);
	return response->entry != NULL ? BECKET_S_OK : no_memory(call);
}

static becket_status
stat_(struct becket_call *call, const Files__StatRequest *request,
    Files__StatResponse *response)
{
	char *path = path_of(request->path);
	if (path == NULL)
		return no_path(call);
	becket_status status = stat_path(call, path, response);
	free(path);
	return status;
}

/* ------------------------------------------------------------------- List --
 */

/* The least names of a directory that come after one. It takes up to twice
 * PAGE_SIZE and then drops the greater half, so that a directory may have any
 * number of names.
 */
struct page {
	const char *after;
	size_t count;
	bool more;
	char *names[2 * PAGE_SIZE];
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
page_cut(struct page *page)
{
	qsort(page->names, page->count, sizeof *page->names, compare);
	while (page->count > PAGE_SIZE) {
		free(page->names[--page->count]);
		page->more = true;
	}
}

static bool
page_add(struct page *page, const char *name)
{
	if (strcmp(name, page->after) <= 0 || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return true;
	char *copy = strdup(name);
	if (copy == NULL)
		return false;
	page->names[page->count++] = copy;
	if (page->count == 2 * PAGE_SIZE)
		page_cut(page);
	return true;
}

static void
page_free(struct page *page)
{
	if (page == NULL)
		return;
	for (size_t i = 0; i < page->count; i++)
		free(page->names[i]);
	free(page);
}

static int
page_fill(struct page *page, DIR *directory)
{
	const struct dirent *entry;
	while (errno = 0, (entry = readdir(directory)) != NULL)
		if (!page_add(page, entry->d_name))
			return -ENOMEM;
	int failure = -errno;
	page_cut(page);
	return failure;
}

static becket_status
answer_page(struct becket_call *call, const struct page *page, int directory,
    Files__ListResponse *response)
{
	response->entries = becket_call_alloc(call,
	    (page->count + 1) * sizeof *response->entries);
	if (response->entries == NULL)
		return no_memory(call);
	for (size_t i = 0; i < page->count; i++) {
		struct stat stat;
		if (fstatat(directory, page->names[i], &stat,
		        AT_SYMLINK_NOFOLLOW) != 0)
			continue; /* gone since */
		Files__Entry *entry = entry_new(call, page->names[i], &stat);
		if (entry == NULL)
			return no_memory(call);
		response->entries[response->n_entries++] = entry;
	}
	if (!page->more)
		return BECKET_S_OK;
	const char *last = page->names[page->count - 1];
	response->next.data = (uint8_t *)becket_call_strdup(call, last);
	response->next.len = strlen(last);
	return response->next.data != NULL ? BECKET_S_OK : no_memory(call);
}

static becket_status
list_path(struct becket_call *call, const char *path, const char *after,
    Files__ListResponse *response)
{
	becket_status status;
	int fd = root_open_directory(&served, path);
	if (fd < 0)
		return fail(call, path, fd);
	DIR *directory = fdopendir(fd);
	struct page *page = calloc(1, sizeof *page);
	if (directory == NULL || page == NULL) {
		close(fd);
		free(page);
		return no_memory(call);
	}
	page->after = after;
	int failure = page_fill(page, directory);
	status = failure < 0 ? fail(call, path, failure)
	                     : answer_page(call, page, fd, response);
	page_free(page);
	closedir(directory);
	return status;
}

static becket_status
list(struct becket_call *call, const Files__ListRequest *request,
    Files__ListResponse *response)
{
	char *path = path_of(request->path);
	char *after = path_of(request->after);
	becket_status status = path == NULL || after == NULL
	                           ? no_path(call)
	                           : list_path(call, path, after, response);
	free(path);
	free(after);
	return status;
}

/* ------------------------------------------------------------------- Read --
 */

/* The whole piece, or up to the end of the file. */
static int
read_piece(int fd, uint8_t *data, size_t size, off_t offset, size_t *ret_size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t n =
		    pread(fd, data + done, size - done, offset + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_size = done;
	return 0;
}

becket_status
answer_piece(struct becket_call *call, int fd, const char *path,
    uint64_t offset, size_t size, Files__ReadResponse *response)
{
	struct stat stat;
	if (fstat(fd, &stat) != 0)
		return fail(call, path, -errno);
	uint64_t left = offset < (uint64_t)stat.st_size
	                    ? (uint64_t)stat.st_size - offset
	                    : 0;
	if (size > READ_SIZE)
		size = READ_SIZE;
	if (size > left)
		size = (size_t)left;
	response->data.data = becket_call_alloc(call, size + 1);
	if (response->data.data == NULL)
		return no_memory(call);
	int failure = read_piece(fd, response->data.data, size, (off_t)offset,
	    &response->data.len);
	return failure < 0 ? fail(call, path, failure) : BECKET_S_OK;
}

static becket_status
read_path(struct becket_call *call, const char *path, uint64_t offset,
    size_t size, Files__ReadResponse *response)
{
	struct stat stat;
	int fd = root_open_regular(&served, path, &stat);
	if (fd < 0)
		return fail(call, path, fd);
	becket_status status =
	    answer_piece(call, fd, path, offset, size, response);
	close(fd);
	return status;
}

static becket_status
read_(struct becket_call *call, const Files__ReadRequest *request,
    Files__ReadResponse *response)
{
	char *path = path_of(request->path);
	if (path == NULL)
		return no_path(call);
	becket_status status =
	    read_path(call, path, request->offset, request->size, response);
	free(path);
	return status;
}

/* ----------------------------------------------------------------- module --
 */

static becket_status wrong(struct becket_module_host *host, const char *format,
    ...) BECKET_PRINTF(2, 3);

static becket_status
wrong(struct becket_module_host *host, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	host->log(host, BECKET_LOG_ERROR, text);
	return BECKET_S_INVALID_ARG;
}

static becket_status
open_root(struct becket_module_host *host)
{
	const char *path = host->setting(host, "Root");
	const char *how = host->setting(host, "Resolve");
	bool walk = how != NULL && strcmp(how, "walk") == 0;
	if (path == NULL)
		return wrong(host, "Root is not set: what is to be served?");
	const char *writable = host->setting(host, "Writable");
	may_write = writable != NULL && strcmp(writable, "yes") == 0;
	if (writable != NULL && !may_write && strcmp(writable, "no") != 0)
		return wrong(host, "Writable is yes or no, not %s", writable);
	if (how != NULL && !walk && strcmp(how, "auto") != 0)
		return wrong(host, "Resolve is auto or walk, not %s", how);
	int failure = root_open(&served, path, walk ? ROOT_WALK : ROOT_AUTO);
	if (failure < 0)
		return wrong(host, "Root=%s: %s", path, root_text(failure));
	host->log(host, BECKET_LOG_INFO,
	    served.walk ? "symbolic links are not followed"
	                : "symbolic links are followed within the root");
	return BECKET_S_OK;
}

static void
stop(struct becket_module_host *host)
{
	(void)host;
	root_close(&served);
}

static becket_status
start(struct becket_module_host *host, struct becket_server *server)
{
	static const struct files_epv epv = {
		.stat = stat_,
		.list = list,
		.read = read_,
		.checksum = checksum,
		.open = open_file,
		.read_at = read_at,
		.close = close_file,
		.fetch = fetch,
		.store = store,
		.sync = sync_,
		.files_handle_rundown = close_left,
	};
	becket_status status = open_root(host);
	if (status != BECKET_S_OK)
		return status;
	status = files_register(server, NULL, &epv, 0);
	if (status != BECKET_S_OK)
		stop(host);
	return status;
}

const struct becket_module *
becket_module(void)
{
	static const struct becket_module module = {
		.abi = BECKET_MODULE_ABI,
		.name = "files",
		.start = start,
		.stop = stop,
	};
	return &module;
}
