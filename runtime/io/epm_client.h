/* SPDX-License-Identifier: MIT */
#ifndef IO_EPM_CLIENT_H
#define IO_EPM_CLIENT_H

#include "io/binding.h"
#include "wire/epm.h"

/*
 * Asking an endpoint mapper. On failure the thread's error record says what
 * went wrong. A status in an answer is for the caller: epm_status_local().
 */
struct epm_answer {
	struct becket_bytes *bytes; /* views live as long; becket_stub_free() */
	struct cursor cursor;
};

/* The request is put, of so many bytes. */
BECKET_MUST_USE becket_status epm_ask(struct becket_binding *mapper,
    enum epm_operation opnum, const void *stub, size_t size,
    struct epm_answer *ret_answer);

/* The lookup that handle stands for goes on no more. A mapper that is gone
 * knows by itself. Keeps the error record.
 */
void epm_free_handle(struct becket_binding *mapper, struct epm_handle handle);

/* The first endpoint at which an interface is found that serves the client's,
 * in syntax, for object or for any, over protseq. The text is to be freed with
 * runtime_free_text(). S_NOT_REGISTERED, without an error record, and what
 * epm_ask() says.
 */
struct epm_wish {
	struct syntax_id interface;
	enum transfer_syntax syntax;
	struct becket_uuid object;
	const struct protseq *protseq;
};
BECKET_MUST_USE becket_status epm_find_endpoint(struct becket_binding *mapper,
    const struct epm_wish *wish, char **ret_endpoint);

#endif
