/* SPDX-License-Identifier: MIT */
/* Watching keys: a stream both ways, of which each end sends when it likes. */
#include <inttypes.h>

#include "etcd.h"

static becket_status
ask(struct becket_stream *stream, const struct range *range)
{
	Etcdserverpb__WatchCreateRequest create =
	    ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
	Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
	create.key = range->key;
	create.range_end = range->end;
	request.request_union_case =
	    ETCDSERVERPB__WATCH_REQUEST__REQUEST_UNION_CREATE_REQUEST;
	request.create_request = &create;
	return etcdserverpb_watch_watch_send(stream, &request);
}

/* Those of one message; no more than *left, which counts down. */
static bool
show_events(const Etcdserverpb__WatchResponse *response, uint64_t *left)
{
	if (response->created) {
		printf("watching from revision %" PRId64 "\n",
		    revision_of(response->header));
		fflush(stdout);
	}
	if (response->canceled)
		return complain(response->cancel_reason);
	for (size_t i = 0; i < response->n_events; i++) {
		const Etcdserverpb__Event *event = response->events[i];
		bool is_put =
		    event->type == ETCDSERVERPB__EVENT__EVENT_TYPE__PUT;
		if (*left == 0)
			break;
		(*left)--;
		if (event->kv != NULL)
			show(is_put ? "put" : "deleted", event->kv);
	}
	return true;
}

bool
command_watch(struct becket_binding *binding, const struct range *range,
    uint64_t count)
{
	uint64_t left = count > 0 ? count : UINT64_MAX;
	struct becket_stream *stream;
	bool good = true;
	if (etcdserverpb_watch_watch_open(binding, &stream) != BECKET_S_OK)
		return failed();
	becket_status status = ask(stream, range);
	while (status == BECKET_S_OK && good && left > 0) {
		Etcdserverpb__WatchResponse *response;
		status = etcdserverpb_watch_watch_receive(stream, &response);
		if (status != BECKET_S_OK)
			break;
		good = show_events(response, &left);
		etcdserverpb_watch_response_free(response);
	}
	/* etcd takes no half-close for an end: it watches until we are gone. */
	if (status == BECKET_S_OK) {
		becket_stream_abort(&stream);
		return good;
	}
	if (status == BECKET_X_PIPE_EMPTY &&
	    etcdserverpb_watch_watch_finish(&stream) == BECKET_S_OK)
		return complain("etcd has ended the watch");
	failed();
	becket_stream_abort(&stream);
	return false;
}
