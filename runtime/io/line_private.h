/* SPDX-License-Identifier: MIT */
#ifndef IO_LINE_PRIVATE_H
#define IO_LINE_PRIVATE_H

#include "io/line.h"

/* What the files of a line share: line.c, from WAITING to OPEN, line_open.c,
 * from there on, and line_enter.c, of lines that are never either.
 */
enum {
	/* A stale connection, and then a server that knows the group no more.
	 */
	LINE_REBINDS = 2,
};

/* line.c */
void line_watch(struct line *line, int fd, uint32_t events);
/* Before whatever may close the descriptor: once it is closed its number may be
 * another's, which is watched, too, or was made by another thread.
 */
void line_unwatch(struct line *line);
/* The same with events as for poll(). */
void line_poll(struct line *line, int fd, short events);
void line_close_to_calls(struct line *line);
/* The call with this id on its session, or NULL; and from here on it is not. */
struct becket_async_call *line_call_of(const struct line *line,
    struct idmap_id id);
void line_forget(struct line *line, const struct becket_async_call *call);
void line_move_elsewhere(struct line *line, struct becket_async_call *call,
    bool must_be_new);

/* line_open.c */
void line_run_open(struct line *line);
/* Of a line that is for one call. */
struct becket_async_call *line_only_call(const struct line *line);

/* line_enter.c */
void line_run_entering(struct line *line);
void line_watch_entering(struct line *line);

#endif
