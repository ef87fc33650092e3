/* SPDX-License-Identifier: MIT */
#ifndef FILES_INCOMING_H
#define FILES_INCOMING_H

#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file on its way into a directory. Nobody sees it before it is complete, and
 * then it takes its place in one step; what is dropped leaves nothing behind.
 *
 *   begin ── write ... ──┬── commit ──► the file under its name
 *                        └── drop ────► nothing
 *
 * Where the file system has them it is a file without any name up to the
 * commit (O_TMPFILE), which even a crash leaves nothing of; elsewhere one whose
 * name begins with ".incoming-".
 *
 * Functions return 0 or a negative errno value; after a failure it is still to
 * be dropped. -EINVAL: something that is no regular file has the name.
 */
enum { INCOMING_NAME_SIZE = 256 };

struct incoming {
	int directory; /* its owner's */
	int fd;
	char name[INCOMING_NAME_SIZE];
	char temporary[40]; /* "": it has no name */
	uint64_t size;      /* of what has come */
	bool is_unsummed;   /* set after begin: the SHA-256 is not wanted */
	SHA2_CTX sha;
};

/* directory must stay open. name is one component; -EISDIR if it is none. */
int incoming_begin(struct incoming *incoming, int directory, const char *name);
int incoming_write(struct incoming *incoming, const uint8_t *data, size_t size);
/* The SHA-256 of all that has come; once, before commit. */
void incoming_digest(struct incoming *incoming,
    uint8_t ret_digest[SHA256_DIGEST_LENGTH]);
/* mode: nine bits. changed_ns 0: now. Closes the file. is_durable: it is on
 * disk before it takes its place, and its name is when this returns.
 */
int incoming_commit(struct incoming *incoming, uint32_t mode,
    int64_t changed_ns, bool is_durable);
/* Nothing happens after a commit that succeeded. */
void incoming_drop(struct incoming *incoming);

/* Can it stand in a directory? Not "", ".", "..", none with a slash. */
bool is_component(const char *name, size_t size);

#endif
