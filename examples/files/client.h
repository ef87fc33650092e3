/* SPDX-License-Identifier: MIT */
#ifndef FILES_CLIENT_H
#define FILES_CLIENT_H

#include <becket.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "files.becket.h"
#include "progress.h"

/*
 * What the parts of the program `files` share. Functions that can fail say
 * why on stderr and return false.
 *
 * A server is not trusted: names it gives are checked before they name
 * anything here, and cleaned before they reach a terminal.
 */
struct client {
	struct becket_binding *binding;
	bool recurse;
	bool compare;     /* contents, where times differ and sizes do not */
	bool is_unsummed; /* fetch() compares no SHA-256s */
	uint64_t calls;
	uint64_t files, bytes; /* fetched or summed */
	uint64_t skipped; /* neither files nor directories, or left as it is */
	struct progress progress;
};

enum { DIGEST_SIZE = 32, DIGEST_TEXT_SIZE = 65, DEPTH_MAX = 64 };

/* ---------------------------------------------------------------- calls -- */

/* Free with files_stat_response_free(). */
bool call_stat(struct client *client, const char *path,
    Files__StatResponse **ret_response);

/* Every entry of a directory, in order. False, also when visit said so. */
typedef bool call_visit(struct client *client, const char *name,
    const Files__Entry *entry, void *user);
bool call_list(struct client *client, const char *path, call_visit *visit,
    void *user);

/* A file from end to end. */
typedef bool call_sink(const uint8_t *data, size_t size, void *user);
bool call_read(struct client *client, const char *path, call_sink *sink,
    void *user);

/* How a call failed. */
bool call_failed(const char *path, becket_status status);

bool call_checksum(struct client *client, const char *path,
    uint8_t ret_digest[DIGEST_SIZE]);

/* ---------------------------------------------------------------- fetch -- */

/* Copy a file, or with client->recurse a directory and all below it, to the
 * name to, and hold what arrived against the server's SHA-256 of it. A file
 * takes its place when it is complete.
 */
bool fetch(struct client *client, const char *path, const char *to);

/* ------------------------------------------------------------ put, sync -- */

/* Copy a file of ours to the server, which has it whole or not at all. */
bool put(struct client *client, const char *from, const char *path);

/* Give each end what the other has, and has newer. */
bool sync_directories(struct client *client, const char *here, const char *path,
    uint64_t *ret_sent, uint64_t *ret_received);

/* ----------------------------------------------------------------- text -- */

/* "directory/name", from malloc. */
char *text_join(const char *directory, const char *name);
/* The bytes as a string, from malloc; cut at a NUL. */
char *text_copy(ProtobufCBinaryData bytes);
/* Write text with '?' for control characters. */
void text_print(FILE *file, const char *text);
void text_digest(const uint8_t digest[DIGEST_SIZE],
    char ret_text[DIGEST_TEXT_SIZE]);
/* "files: PATH: SENTENCE" on stderr; false. */
bool text_complain(const char *path, const char *sentence);

#endif
