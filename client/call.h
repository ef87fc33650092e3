/* SPDX-License-Identifier: MIT */
#ifndef BECKET_CLIENT_CALL_H
#define BECKET_CLIENT_CALL_H

#include "becket_stub.h"
#include "command.h"
#include "descriptor.h"
#include "json_text.h"

/*
 * One call of `becket call`: JSON in, JSON out; what is no message goes to
 * standard error.
 */
struct call {
	const struct command *command;
	const struct pool *pool;
	const struct proto_method *method;
	const struct becket_interface *interface;
	uint16_t opnum;
	struct json_source source; /* of requests */
	struct arena reading;      /* of who reads them, and nobody else */
	struct becket_metadata *metadata; /* NULL: none are of interest */
	uint64_t deadline_ms;             /* by the clock; 0: none */
	size_t request_size;              /* of the one, where there is one */
	bool has_shown_initial;
};

/* The next request in protobuf encoding; false: there is none, and *ret_status
 * is EXIT_OK if that is the end, else what went wrong has been told.
 */
bool call_next_request(struct call *call, struct buffer *ret_request,
    int *ret_status);

/* The same where there may be one or none; the exit status. */
int call_one_request(struct call *call, struct buffer *ret_request);

/* Write a response; the exit status. */
int call_show(struct call *call, const struct becket_bytes *response);

/* Metadata that have come, with --verbose. */
void call_show_initial(struct call *call);
void call_show_trailing(struct call *call);

/* Tell that it failed; the exit status for it. */
int call_fail(struct call *call, becket_status status);

/* The ways of a call with streams; the exit status. */
int call_stream(struct call *call);

#endif
