/* SPDX-License-Identifier: MIT */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "engine/dce.h"

/*
 * A talk is a script of what one peer of a session sends, what the session
 * answers, and what its owner sees and does, in virtual time:
 *
 *   server
 *   > bind [0 calc ndr]            the peer sends this
 *   < bind_ack [accept ndr]        the session sends this; what is not named
 *                                  may be anything
 *   > request opnum=3 stub="two"
 *   event call a opnum=3           the call is "a" from here on
 *   event message a stub="two"
 *   event end a
 *   answer a stub="four"
 *   < response stub="four"
 *
 * It is played with all bytes at once, byte by byte, and once for each
 * allocation, which then fails. README beside this has all words.
 */
enum { MOST_WORDS = 80, MOST_PDU = 70000 };

/* A line, cut at spaces; "..." and [...] are kept together. */
struct words {
	char *at[MOST_WORDS];
	size_t count;
	const char *file;
	unsigned line;
};

/* The value of key=value, or NULL. */
const char *words_value(const struct words *words, const char *key);
bool words_have(const struct words *words, const char *word);
uint64_t words_number(const struct words *words, const char *key,
    uint64_t otherwise);
/* A number, or a name of status.def, or of a fault. */
uint64_t parse_number(const char *text);
/* "text" or N*c, appended. */
void parse_bytes(const char *text, struct buffer *ret_bytes);
/* calc, calc/1.3, echo, none */
struct syntax_id parse_interface(const char *text);
/* becket, ndr, features:N, unknown */
struct syntax_id parse_syntax(const char *text);

/* Build what words from 1 on say. Returns its size. */
size_t pdu_build(const struct words *words, uint8_t ret_bytes[MOST_PDU]);
/* Is it what words from 1 on say? false: ret_why says in what it is not. */
bool pdu_compare(const struct words *words, const uint8_t *bytes, size_t size,
    char ret_why[200]);

enum talk_mode { TALK_WHOLE, TALK_DRIBBLE, TALK_NO_MEMORY };

/* Where to write what peers send, for the fuzzers to start from; or NULL. */
extern const char *talk_corpus;

/* true: as scripted. With TALK_NO_MEMORY only that nothing is left. */
bool talk_play(const char *file, const char *text, enum talk_mode mode,
    struct becket_memory *memory);

#endif
