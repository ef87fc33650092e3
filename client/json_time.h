/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_JSON_TIME_H
#define BECKET_CLIENT_JSON_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * google.protobuf.Timestamp and Duration as JSON writes them:
 * "2026-11-20T14:00:00.5Z" (RFC 3339; any offset is read) and "-1.5s". false:
 * it is none, or out of the range that they may have.
 */
struct moment {
	int64_t seconds;
	int32_t nanos;
};

enum { MOMENT_TEXT = 48 };

bool timestamp_read(const char *text, size_t size, struct moment *ret_moment);
bool timestamp_print(struct moment moment, char ret_text[MOMENT_TEXT]);
bool duration_read(const char *text, size_t size, struct moment *ret_moment);
bool duration_print(struct moment moment, char ret_text[MOMENT_TEXT]);

#endif
