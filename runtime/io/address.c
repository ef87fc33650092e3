/* SPDX-License-Identifier: MIT */
#include "io/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

becket_status
address_local(const struct becket_runtime *runtime, const char *endpoint,
    struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool is_path = *endpoint == '/';
	int size = snprintf(address.sun_path, sizeof address.sun_path, "%s%s%s",
	    is_path ? "" : runtime->ncalrpc_dir, is_path ? "" : "/", endpoint);

	if (size < 0 || (size_t)size >= sizeof address.sun_path)
		return BECKET_S_STRING_TOO_LONG;
	*ret_address = address;
	return BECKET_S_OK;
}

/* Clients of IPv4 are told as such, whichever kind of socket took them. */
static socklen_t
unmap(const struct sockaddr *address, socklen_t size,
    struct sockaddr_storage *ret_plain)
{
	const struct sockaddr_in6 *six = (const void *)address;
	struct sockaddr_in *four = (void *)ret_plain;
	struct in_addr in;

	if (address->sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(ret_plain, address, size);
		return size;
	}
	memcpy(&in, six->sin6_addr.s6_addr + 12, sizeof in);
	*four = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = six->sin6_port,
		.sin_addr = in };
	return sizeof *four;
}

void
address_to_text(const struct sockaddr *address, socklen_t size,
    char ret_text[ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE - 12], port[8];
	struct sockaddr_storage plain;
	bool is_v6;

	size = unmap(address, size, &plain);
	is_v6 = plain.ss_family == AF_INET6;
	if (getnameinfo((const struct sockaddr *)&plain, size, host,
	        sizeof host, port, sizeof port,
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
	struct sockaddr_storage plain;

	size = unmap(address, size, &plain);
	if (getnameinfo((const struct sockaddr *)&plain, size, ret_host,
	        ADDRESS_TEXT_SIZE, NULL, 0, NI_NUMERICHOST) != 0)
		*ret_host = '\0';
}
