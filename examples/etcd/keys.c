/* SPDX-License-Identifier: MIT */
/* Keys and their values: a call each. */
#include <inttypes.h>

#include "etcd.h"

bool
command_put(struct becket_binding *binding, char **arguments)
{
	Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;
	Etcdserverpb__PutResponse *response;
	request.key = bytes_of(arguments[0]);
	request.value = bytes_of(arguments[1]);
	request.prev_kv = true;
	if (etcdserverpb_kv_put(binding, &request, &response) != BECKET_S_OK)
		return failed();
	printf("put in revision %" PRId64 "\n", revision_of(response->header));
	if (response->prev_kv != NULL)
		show("before:", response->prev_kv);
	etcdserverpb_put_response_free(response);
	return true;
}

bool
command_get(struct becket_binding *binding, const struct range *range)
{
	Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
	Etcdserverpb__RangeResponse *response;
	request.key = range->key;
	request.range_end = range->end;
	if (etcdserverpb_kv_range(binding, &request, &response) != BECKET_S_OK)
		return failed();
	for (size_t i = 0; i < response->n_kvs; i++)
		show("have", response->kvs[i]);
	bool found = response->n_kvs > 0;
	etcdserverpb_range_response_free(response);
	return found || complain("there is no such key");
}

bool
command_del(struct becket_binding *binding, const struct range *range)
{
	Etcdserverpb__DeleteRangeRequest request =
	    ETCDSERVERPB__DELETE_RANGE_REQUEST__INIT;
	Etcdserverpb__DeleteRangeResponse *response;
	request.key = range->key;
	request.range_end = range->end;
	if (etcdserverpb_kv_delete_range(binding, &request, &response) !=
	    BECKET_S_OK)
		return failed();
	printf("deleted %" PRId64 "\n", response->deleted);
	etcdserverpb_delete_range_response_free(response);
	return true;
}

/* If the key has never been created: put it; else: read who has. */
static becket_status
call_create(struct becket_binding *binding, const char *key, const char *value,
    int64_t lease, Etcdserverpb__TxnResponse **ret_response)
{
	Etcdserverpb__Compare absent = ETCDSERVERPB__COMPARE__INIT;
	Etcdserverpb__PutRequest put = ETCDSERVERPB__PUT_REQUEST__INIT;
	Etcdserverpb__RangeRequest range = ETCDSERVERPB__RANGE_REQUEST__INIT;
	Etcdserverpb__RequestOp then = ETCDSERVERPB__REQUEST_OP__INIT;
	Etcdserverpb__RequestOp otherwise = ETCDSERVERPB__REQUEST_OP__INIT;
	Etcdserverpb__TxnRequest request = ETCDSERVERPB__TXN_REQUEST__INIT;
	absent.key = put.key = range.key = bytes_of(key);
	absent.target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__CREATE;
	absent.target_union_case =
	    ETCDSERVERPB__COMPARE__TARGET_UNION_CREATE_REVISION;
	put.value = bytes_of(value);
	put.lease = lease;
	then.request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
	then.request_put = &put;
	otherwise.request_case =
	    ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
	otherwise.request_range = &range;
	request.n_compare = request.n_success = request.n_failure = 1;
	request.compare = &(Etcdserverpb__Compare *){ &absent };
	request.success = &(Etcdserverpb__RequestOp *){ &then };
	request.failure = &(Etcdserverpb__RequestOp *){ &otherwise };
	return etcdserverpb_kv_txn(binding, &request, ret_response);
}

/* What was read instead. */
static void
show_range(const Etcdserverpb__ResponseOp *operation)
{
	if (operation->response_case !=
	    ETCDSERVERPB__RESPONSE_OP__RESPONSE_RESPONSE_RANGE)
		return;
	for (size_t i = 0; i < operation->response_range->n_kvs; i++)
		show("have", operation->response_range->kvs[i]);
}

bool
key_create(struct becket_binding *binding, const char *key, const char *value,
    int64_t lease)
{
	Etcdserverpb__TxnResponse *response;
	if (call_create(binding, key, value, lease, &response) != BECKET_S_OK)
		return failed();
	bool created = response->succeeded;
	if (created)
		printf("created in revision %" PRId64 "\n",
		    revision_of(response->header));
	for (size_t i = 0; !created && i < response->n_responses; i++)
		show_range(response->responses[i]);
	fflush(stdout);
	etcdserverpb_txn_response_free(response);
	return created || complain("the key exists");
}
