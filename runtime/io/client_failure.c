/* SPDX-License-Identifier: MIT */
#include "io/client_call.h"

#include <stdio.h>
#include <string.h>

/* A later try cannot undo what an earlier one may have done. */
enum becket_outcome
client_call_worse(enum becket_outcome a, enum becket_outcome b)
{
	return a > b ? a : b;
}

becket_status
client_call_fail(const struct call_failure *failure, becket_status status,
    enum becket_outcome outcome, const char *what)
{
	return error_set_call(status,
	    client_call_worse(failure->outcome, outcome), &failure->place, what,
	    NULL, 0);
}

becket_status
client_call_fail_early(const struct call_failure *failure, becket_status status,
    const char *why)
{
	char what[CONNECT_WHY_SIZE + 64];

	snprintf(what, sizeof what, "%s%s%s", becket_status_text(status),
	    *why != '\0' ? ": " : "", why);
	return client_call_fail(failure, status, BECKET_NOT_SENT, what);
}

becket_status
client_call_fail_ended(const struct call_failure *failure,
    const struct invoke *invoke, int error)
{
	const struct session_end *end = &invoke->end;
	struct becket_bytes detail = invoke_detail(invoke);
	char what[256], reason[128], text[ERROR_STATUS_SIZE];

	snprintf(what, sizeof what, "%s%s%s%s%s",
	    error_status_text(end->status, text),
	    end->sentence != NULL ? ": " : "",
	    end->sentence != NULL ? end->sentence : "", error != 0 ? ": " : "",
	    error != 0 ? strerror_r(error, reason, sizeof reason) : "");
	error_set_call(end->status,
	    client_call_worse(failure->outcome, end->outcome), &failure->place,
	    what, (const char *)detail.data, detail.size);
	error_set_details(invoke_details(invoke));
	return end->status;
}

becket_status
client_call_fail_decode(const struct call_failure *failure,
    becket_status status)
{
	return client_call_fail(failure, status, BECKET_EXECUTED,
	    "the response could not be decoded");
}
