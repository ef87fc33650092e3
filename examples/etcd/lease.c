/* SPDX-License-Identifier: MIT */
/* A lease, kept alive through a stream both ways. */
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "etcd.h"

static bool
grant(struct becket_binding *binding, int64_t seconds, int64_t *ret_lease)
{
	Etcdserverpb__LeaseGrantRequest request =
	    ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;
	Etcdserverpb__LeaseGrantResponse *response;
	request.ttl = seconds;
	if (etcdserverpb_lease_lease_grant(binding, &request, &response) !=
	    BECKET_S_OK)
		return failed();
	*ret_lease = response->id;
	etcdserverpb_lease_grant_response_free(response);
	return true;
}

/* With it go the keys that were put with it. */
static bool
give_up(struct becket_binding *binding, int64_t lease)
{
	Etcdserverpb__LeaseRevokeRequest request =
	    ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;
	Etcdserverpb__LeaseRevokeResponse *response;
	request.id = lease;
	if (etcdserverpb_lease_lease_revoke(binding, &request, &response) !=
	    BECKET_S_OK)
		return failed();
	etcdserverpb_lease_revoke_response_free(response);
	return true;
}

/* Asks for another term, and says how long it is. */
static bool
renew(struct becket_stream *stream, int64_t lease)
{
	Etcdserverpb__LeaseKeepAliveRequest request =
	    ETCDSERVERPB__LEASE_KEEP_ALIVE_REQUEST__INIT;
	Etcdserverpb__LeaseKeepAliveResponse *response;
	request.id = lease;
	becket_status status =
	    etcdserverpb_lease_lease_keep_alive_send(stream, &request);
	if (status == BECKET_S_OK)
		status = etcdserverpb_lease_lease_keep_alive_receive(stream,
		    &response);
	if (status != BECKET_S_OK)
		return failed();
	int64_t seconds = response->ttl;
	etcdserverpb_lease_keep_alive_response_free(response);
	if (seconds <= 0)
		return complain("the lease is over");
	printf("held for %" PRId64 " s more\n", seconds);
	fflush(stdout);
	return true;
}

/* false: the time is over, and it has not ended. */
static bool
input_ends_within(int64_t seconds)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;
	while (poll(&input, 1, (int)(seconds * 1000)) > 0)
		if (read(STDIN_FILENO, &byte, 1) <= 0)
			return true;
	return false;
}

/* A third of a term leaves time for two more tries. */
static bool
keep(struct becket_binding *binding, int64_t lease, int64_t seconds)
{
	struct becket_stream *stream;
	if (etcdserverpb_lease_lease_keep_alive_open(binding, &stream) !=
	    BECKET_S_OK)
		return failed();
	bool good = renew(stream, lease);
	while (good && !input_ends_within((seconds + 2) / 3))
		good = renew(stream, lease);
	if (!good) {
		becket_stream_abort(&stream);
		return false;
	}
	return etcdserverpb_lease_lease_keep_alive_finish(&stream) ==
	           BECKET_S_OK ||
	       failed();
}

bool
command_hold(struct becket_binding *binding, char **arguments)
{
	int64_t seconds, lease = 0;
	if (!number_of(arguments[2], 1, &seconds) || seconds > 86400 ||
	    !grant(binding, seconds, &lease))
		return false;
	bool good = key_create(binding, arguments[0], arguments[1], lease) &&
	            keep(binding, lease, seconds);
	return give_up(binding, lease) && good;
}
