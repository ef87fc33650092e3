/* SPDX-License-Identifier: MIT */
#ifndef FILES_ROOT_H
#define FILES_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * A directory that nobody leads out of. Paths come from clients: whatever they
 * say, what is opened lies below the root at the moment it is opened.
 *
 * Where the kernel has it, openat2(2) resolves a path with RESOLVE_BENEATH, so
 * that symbolic links work as long as they stay inside. Elsewhere the path is
 * walked, one component at a time, and no symbolic link is followed.
 *
 * Functions return a descriptor, or a negative errno value: EXDEV for a path
 * that leads outside. Nothing here waits for a FIFO or wakes a device.
 *
 * The client has its own directories behind the same door, so that what a
 * server says leads nowhere else, either.
 *
 * Any thread, once open.
 */
struct root {
	int fd;
	bool walk;
};

enum root_resolve { ROOT_AUTO, ROOT_WALK };

int root_open(struct root *root, const char *path, enum root_resolve how);
void root_close(struct root *root);

/* A descriptor that is good for fstat() and nothing else; a symbolic link is
 * not followed.
 */
int root_look(const struct root *root, const char *path);
/* Open a directory for reading. */
int root_open_directory(const struct root *root, const char *path);
/* Open a regular file for reading; -EINVAL for anything else. */
int root_open_regular(const struct root *root, const char *path,
    struct stat *ret_stat);
/* Open the directory that a path's last component is in, or would be, and point
 * to that. -EISDIR: it ends in a slash, or is empty.
 */
int root_open_parent(const struct root *root, const char *path,
    const char **ret_name);

/* A sentence for a negative errno value. */
const char *root_text(int failure);

#endif
