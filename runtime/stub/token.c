/* SPDX-License-Identifier: MIT */
#include "stub/token.h"

#include "stub/call.h"
#include "stub/dispatch.h"

void
tokens_init(struct tokens *tokens, const struct becket_memory *memory,
    uint32_t limit)
{
	pthread_mutex_init(&tokens->lock, NULL);
	tokens->calls = idmap_empty(memory, limit);
}

void
tokens_fini(struct tokens *tokens)
{
	for (uint32_t i = 0; i < tokens->calls.capacity; i++)
		becket_call_free(idmap_at(&tokens->calls, i));
	idmap_fini(&tokens->calls);
	pthread_mutex_destroy(&tokens->lock);
}

becket_status
becket_call_defer(struct becket_call *call, struct becket_token *ret_token)
{
	struct tokens *tokens = call->host->tokens;

	if (!call->is_entered || call->is_deferred)
		return BECKET_S_INVALID_ASYNC_CALL;
	pthread_mutex_lock(&tokens->lock);
	call->token = idmap_add(&tokens->calls, call);
	call->is_deferred = call->token.generation != 0;
	pthread_mutex_unlock(&tokens->lock);
	if (!call->is_deferred)
		return becket_call_fail(call, BECKET_S_OUT_OF_RESOURCES,
		    "too many calls wait for their answer");
	*ret_token = (struct becket_token){
		.server = call->host->server,
		.index = call->token.index,
		.generation = call->token.generation,
	};
	return BECKET_S_ASYNC_CALL_PENDING;
}

bool
token_withdraw(struct becket_call *call)
{
	struct tokens *tokens = call->host->tokens;
	bool is_mine;

	pthread_mutex_lock(&tokens->lock);
	is_mine = idmap_remove(&tokens->calls, call->token) != NULL;
	pthread_mutex_unlock(&tokens->lock);
	return is_mine;
}

static struct idmap_id
id_of(struct becket_token token)
{
	return (struct idmap_id){ token.index, token.generation };
}

/* interface NULL: any will do. */
static struct becket_call *
take(struct tokens *tokens, struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum)
{
	struct becket_call *call;

	pthread_mutex_lock(&tokens->lock);
	call = idmap_get(&tokens->calls, id_of(token));
	if (call != NULL && interface != NULL &&
	    (becket_call_interface(call) != interface ||
	        becket_call_opnum(call) != opnum))
		call = NULL;
	if (call != NULL)
		idmap_remove(&tokens->calls, id_of(token));
	pthread_mutex_unlock(&tokens->lock);
	return call;
}

/* The manager routine may not have returned yet: then the thread it runs in
 * passes the answer on as if it had not been deferred.
 */
static void
pass_on(struct becket_call *call)
{
	struct call_host *host = call->host;
	unsigned before = atomic_fetch_or(&call->turns, CALL_TURN_ANSWERED);
	struct context_chores chores;

	if ((before & CALL_TURN_RETURNED) == 0)
		return;
	contexts_let_out(call, &chores);
	host->post(host, call);
	context_chores_do(host->contexts, &chores);
}

static bool
gives_context(const struct becket_interface *interface, uint16_t opnum)
{
	const struct becket_operation *operation;

	if (opnum >= interface->operation_count)
		return false;
	operation = &interface->operations[opnum];
	for (size_t i = 0; i < operation->context_count; i++)
		if (operation->contexts[i].response != BECKET_CONTEXT_NOWHERE)
			return true;
	return false;
}

static becket_status
outcome_of(const struct becket_interface *interface, uint16_t opnum,
    becket_status status)
{
	return opnum < interface->operation_count
	           ? dispatch_outcome(&interface->operations[opnum], status)
	           : status;
}

static bool
answers_with_stream(const struct becket_interface *interface, uint16_t opnum)
{
	return opnum < interface->operation_count &&
	       (interface->operations[opnum].flags &
	           BECKET_OPERATION_RESPONSE_STREAM) != 0;
}

becket_status
token_answer(struct call_host *host, struct becket_token token,
    const struct becket_interface *interface, uint16_t opnum,
    becket_status status, void *const *contexts, const void *response)
{
	struct becket_call *call;

	if (interface == NULL)
		return BECKET_S_INVALID_ARG;
	status = outcome_of(interface, opnum, status);
	if (status == BECKET_S_OK && response == NULL &&
	    !answers_with_stream(interface, opnum))
		return BECKET_S_INVALID_ARG;
	if (status == BECKET_S_OK && contexts == NULL &&
	    gives_context(interface, opnum))
		return BECKET_S_INVALID_ARG;
	call = take(host->tokens, token, interface, opnum);
	if (call == NULL)
		return BECKET_S_INVALID_ASYNC_CALL;
	dispatch_answer(call, status, contexts, response);
	pass_on(call);
	return BECKET_S_OK;
}

becket_status
token_fail(struct call_host *host, struct becket_token token,
    becket_status status, const char *format, va_list arguments)
{
	struct becket_call *call = take(host->tokens, token, NULL, 0);

	if (call == NULL)
		return BECKET_S_INVALID_ASYNC_CALL;
	status = becket_call_vfail(call, status, format, arguments);
	dispatch_answer(call, status, NULL, NULL);
	pass_on(call);
	return BECKET_S_OK;
}

bool
token_is_cancelled(struct call_host *host, struct becket_token token)
{
	struct tokens *tokens = host->tokens;
	const struct becket_call *call;
	bool is_cancelled;

	pthread_mutex_lock(&tokens->lock);
	call = idmap_get(&tokens->calls, id_of(token));
	is_cancelled = call == NULL || becket_call_is_cancelled(call);
	pthread_mutex_unlock(&tokens->lock);
	return is_cancelled;
}
