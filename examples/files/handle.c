/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

/* What a client's context handle stands for. */
struct files_handle {
	int fd;
	char *path; /* as it was opened, for sentences */
};

static struct files_handle *
handle_new(int fd, char *path)
{
	struct files_handle *file = malloc(sizeof *file);
	if (file != NULL)
		*file = (struct files_handle){ fd, path };
	return file;
}

/* The rundown routine: the client is gone and has left this open. */
void
close_left(struct files_handle *file)
{
	close(file->fd);
	free(file->path);
	free(file);
}

becket_status
open_file(struct becket_call *call, struct files_handle **file,
    const Files__OpenRequest *request, Files__OpenResponse *response)
{
	struct stat stat;
	char *path = path_of(request->path);
	if (path == NULL)
		return no_path(call);
	int fd = root_open_regular(&served, path, &stat);
	if (fd < 0) {
		becket_status status = fail(call, path, fd);
		free(path);
		return status;
	}
	*file = handle_new(fd, path);
	if (*file == NULL) {
		close(fd);
		free(path);
		return no_memory(call);
	}
	response->size = (uint64_t)stat.st_size;
	return BECKET_S_OK;
}

becket_status
read_at(struct becket_call *call, struct files_handle *file,
    const Files__ReadAtRequest *request, Files__ReadResponse *response)
{
	return answer_piece(call, file->fd, file->path, request->offset,
	    request->size, response);
}

/* To make the handle NULL is to close it. */
becket_status
close_file(struct becket_call *call, struct files_handle **file,
    const Files__CloseMessage *request, Files__CloseMessage *response)
{
	(void)call;
	(void)request;
	(void)response;
	if (*file != NULL)
		close_left(*file);
	*file = NULL;
	return BECKET_S_OK;
}
