/* SPDX-License-Identifier: MIT */
#ifndef IDL_PROCESS_H
#define IDL_PROCESS_H

#include "idl/text.h"

/*
 * Another program, run to its end. No shell is involved.
 */
struct process {
	const char *const *arguments; /* NULL at the end; [0] sought in PATH */
	bool has_input;
	struct becket_bytes input; /* to its standard input */
	int output_fd;             /* where it writes what we want */
};

/* 0: it ran and ended with *ret_status (128 + signal, if by one), and wrote
 * *ret_output. Else an errno: it could not be run.
 */
int process_run(const struct process *process, struct buffer *ret_output,
    int *ret_status);

#endif
