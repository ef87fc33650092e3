/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_LOG_H
#define BECKETD_LOG_H

#include <stdbool.h>

#include "becket.h"

/*
 * The daemon's log: lines on stderr, one write(2) each, so that lines of
 * several threads never mix. Control characters in a line become '?': part of
 * a line may be a peer's text.
 *
 * Access lines wait in a buffer until log_flush(), which the loop calls before
 * it sleeps, or until an event line follows: a batch of calls costs one write.
 *
 * A line begins with the time and the level; where stderr is the journal
 * (JOURNAL_STREAM, see systemd.exec(5)), with "<6>" instead.
 *
 * All functions: any thread.
 */
struct log_options {
	enum becket_log_level level; /* what is more than this is left out */
	bool access;
	bool at_once; /* no buffer: nobody flushes it */
};

/* Before the first line, or at any time; without it: BECKET_LOG_INFO, no access
 * lines.
 */
void log_set(const struct log_options *options);

/* A line without time and level, of whatever level: before the daemon serves,
 * when it speaks to who has started it.
 */
void log_plain(enum becket_log_level level, const char *format, ...)
    BECKET_PRINTF(2, 3);

void log_line(enum becket_log_level level, const char *format, ...)
    BECKET_PRINTF(2, 3);
/* The sink to give to becket_runtime_new(). */
void log_becket(void *user, const struct becket_log *log);
void log_flush(void);

#endif
