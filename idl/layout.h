/* SPDX-License-Identifier: MIT */
#ifndef IDL_LAYOUT_H
#define IDL_LAYOUT_H

#include "idl/text.h"

/*
 * Lines of C no longer than 80 columns, broken where clang-format breaks them
 * with this project's .clang-format, so that it leaves what we generate as it
 * is. It knows the few kinds of lines that templates have: declarations of
 * functions, members that point at functions, calls, and initialisations.
 */

/* One line without its newline; tabs only in front. false: clang-format would
 * do something else, as some name is too long for anything sensible.
 */
bool layout_line(struct buffer *text, const char *line, size_t size);

/* The text of a comment, made harmless, as a comment of C. */
void layout_comment(struct buffer *text, const char *indent,
    const char *comment);

#endif
