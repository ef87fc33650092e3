/* SPDX-License-Identifier: MIT */
#include "io/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

becket_status
address_local(const struct becket_runtime *runtime, const char *endpoint,
    struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int size = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s",
	    runtime->ncalrpc_dir, endpoint);

	if (size < 0 || (size_t)size >= sizeof address.sun_path)
		return BECKET_S_STRING_TOO_LONG;
	*ret_address = address;
	return BECKET_S_OK;
}

void
address_to_text(const struct sockaddr *address, socklen_t size,
    char ret_text[ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE - 12], port[8];
	bool is_v6 = address->sa_family == AF_INET6;

	if (getnameinfo(address, size, host, sizeof host, port, sizeof port,
	        NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(ret_text, ADDRESS_TEXT_SIZE, "unknown");
		return;
	}
	snprintf(ret_text, ADDRESS_TEXT_SIZE, "%s%s%s:%s", is_v6 ? "[" : "",
	    host, is_v6 ? "]" : "", port);
}

void
address_to_host(const struct sockaddr *address, socklen_t size,
    char ret_host[ADDRESS_TEXT_SIZE])
{
	if (getnameinfo(address, size, ret_host, ADDRESS_TEXT_SIZE, NULL, 0,
	        NI_NUMERICHOST) != 0)
		*ret_host = '\0';
}
