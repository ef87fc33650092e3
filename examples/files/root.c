/* SPDX-License-Identifier: MIT */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_SIZE = 256 };

/* ------------------------------------------------------------- openat2 -- */

static int
open_beneath(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;
	/* EAGAIN: somebody renames things on the way */
	for (unsigned tries = 0; tries < 32; tries++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* ---------------------------------------------------------------- walk -- */

/* Take the next component off *path; its length, 0 at the end. */
static size_t
next_component(const char **path, char ret_name[NAME_SIZE])
{
	size_t size;
	*path += strspn(*path, "/");
	size = strcspn(*path, "/");
	if (size >= NAME_SIZE)
		return NAME_SIZE;
	memcpy(ret_name, *path, size);
	ret_name[size] = '\0';
	*path += size;
	return size;
}

static bool
is_last(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

static int
open_walking(int root, const char *path, int flags)
{
	char name[NAME_SIZE] = ".";
	int fd = root;
	for (;;) {
		size_t size = next_component(&path, name);
		bool last = is_last(path);
		int next = -1, failure = ENAMETOOLONG;
		if (size < NAME_SIZE) {
			next = openat(fd, size == 0 ? "." : name,
			    (last ? flags : O_PATH | O_DIRECTORY) | O_CLOEXEC |
			        O_NOFOLLOW);
			failure = errno;
		}
		if (fd != root)
			close(fd);
		if (next < 0)
			return -failure;
		if (last)
			return next;
		fd = next;
	}
}

/* ----------------------------------------------------------------- any -- */

static bool
has_dotdot(const char *path)
{
	char name[NAME_SIZE];
	size_t size;
	while ((size = next_component(&path, name)) != 0) {
		if (size == NAME_SIZE)
			path += strcspn(path, "/");
		else if (strcmp(name, "..") == 0)
			return true;
	}
	return false;
}

static int
open_in(const struct root *root, const char *path, int flags)
{
	if (has_dotdot(path))
		return -EXDEV;
	path += strspn(path, "/");
	if (*path == '\0')
		path = ".";
	flags |= O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY);
	return root->walk ? open_walking(root->fd, path, flags)
	                  : open_beneath(root->fd, path, flags);
}

int
root_open(struct root *root, const char *path, enum root_resolve how)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*root = (struct root){ .fd = fd, .walk = how == ROOT_WALK };
	if (root->walk)
		return 0;
	int test = open_in(root, "", O_PATH);
	if (test >= 0) {
		close(test);
	} else if (test == -ENOSYS || test == -EPERM) {
		/* an old kernel, or a filter that does not know the call */
		root->walk = true;
	} else {
		root_close(root);
		return test;
	}
	return 0;
}

void
root_close(struct root *root)
{
	close(root->fd);
	root->fd = -1;
}

int
root_look(const struct root *root, const char *path)
{
	return open_in(root, path, O_PATH | O_NOFOLLOW);
}

int
root_open_directory(const struct root *root, const char *path)
{
	return open_in(root, path, O_RDONLY | O_DIRECTORY);
}

static int
check_regular(int fd, struct stat *ret_stat)
{
	if (fstat(fd, ret_stat) != 0)
		return -errno;
	return S_ISREG(ret_stat->st_mode) ? 0 : -EINVAL;
}

int
root_open_regular(const struct root *root, const char *path,
    struct stat *ret_stat)
{
	/* Look before opening: to open a FIFO wakes who waits at its other
	 * end, to open a device may do anything. O_NONBLOCK and the second look
	 * are for what was put in the place of the file meanwhile.
	 */
	int fd = open_in(root, path, O_PATH);
	int wrong = fd < 0 ? fd : check_regular(fd, ret_stat);
	if (fd >= 0)
		close(fd);
	if (wrong != 0)
		return wrong;
	fd = open_in(root, path, O_RDONLY | O_NONBLOCK);
	wrong = fd < 0 ? fd : check_regular(fd, ret_stat);
	if (wrong == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return wrong;
}

int
root_open_parent(const struct root *root, const char *path,
    const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char *parent = strndup(path, (size_t)(name - path));
	if (parent == NULL)
		return -ENOMEM;
	int fd = has_dotdot(path) ? -EXDEV
	         : *name == '\0'  ? -EISDIR
	                          : root_open_directory(root, parent);
	free(parent);
	*ret_name = name;
	return fd;
}

const char *
root_text(int failure)
{
	switch (-failure) {
	case EINVAL:
		return "not a regular file";
	case EXDEV:
		return "leads out of what is served";
	case ELOOP:
		return "a symbolic link that is not followed";
	case E2BIG:
		return "too many entries in one directory";
	case EBADMSG:
		return "what arrived is not what was sent";
	case EPROTO:
		return "the other end does not speak as it should";
	default:
		return strerror(-failure);
	}
}
