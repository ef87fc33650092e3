/* SPDX-License-Identifier: MIT */
#ifndef FILES_CLIENT_H
#define FILES_CLIENT_H

#include <becket.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "files.becket.h"

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
	uint64_t calls;
	uint64_t files, bytes; /* fetched or summed */
	uint64_t skipped;      /* neither files nor directories */
	double checking;       /* seconds of fetch() for checksums */
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

bool call_checksum(struct client *client, const char *path,
    uint8_t ret_digest[DIGEST_SIZE]);

/* ---------------------------------------------------------------- fetch -- */

/* Copy a file, or with client->recurse a directory and all below it, to the
 * name to, and hold what arrived against the server's checksums.
 */
bool fetch(struct client *client, const char *path, const char *to);

/* ----------------------------------------------------------- text, time -- */

/* Seconds, of a clock that only goes forward. */
double clock_now(void);

/* "directory/name", from malloc. */
char *text_join(const char *directory, const char *name);
/* Write text with '?' for control characters. */
void text_print(FILE *file, const char *text);
void text_digest(const uint8_t digest[DIGEST_SIZE],
    char ret_text[DIGEST_TEXT_SIZE]);
/* "files: PATH: SENTENCE" on stderr; false. */
bool text_complain(const char *path, const char *sentence);

#endif
