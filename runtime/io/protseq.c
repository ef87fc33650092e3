/* SPDX-License-Identifier: MIT */
#include "io/protseq.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "becket.h"
#include "io/runtime.h"

enum {
	PORT_DIGITS = 5,
	LARGEST_PORT = 65535,
	LARGEST_HOST = 1024, /* NI_MAXHOST, for a zone may follow an address */
};

static becket_status
check_tcp_endpoint(const char *endpoint)
{
	size_t size = strspn(endpoint, "0123456789");
	unsigned long port;

	if (size == 0 || size > PORT_DIGITS || endpoint[size] != '\0')
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	port = strtoul(endpoint, NULL, 10);
	return port >= 1 && port <= LARGEST_PORT
	           ? BECKET_S_OK
	           : BECKET_S_INVALID_ENDPOINT_FORMAT;
}

/* As others write an endpoint. No address and no name has one colon. */
static bool
is_host_and_port(const char *address)
{
	const char *colon = strchr(address, ':');

	return colon != NULL && strchr(colon + 1, ':') == NULL;
}

/* What getaddrinfo() could never take; the rest it has to judge. */
static becket_status
check_tcp_address(const char *address)
{
	if (strlen(address) >= LARGEST_HOST)
		return BECKET_S_STRING_TOO_LONG;
	if (is_host_and_port(address))
		return BECKET_S_INVALID_NET_ADDR;
	for (const char *c = address; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '/' ||
		    *c == '[' || *c == ']' || *c == '@' || *c == '\\')
			return BECKET_S_INVALID_NET_ADDR;
	return BECKET_S_OK;
}

/* The endpoint becomes a file name: the directory is ours, so the name must
 * stay in it, and must not be a hidden one.
 */
static becket_status
check_local_endpoint(const char *endpoint)
{
	if (*endpoint == '\0' || *endpoint == '.')
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	for (const char *c = endpoint; *c != '\0'; c++)
		if (*c == '/' || *c == '\\' || (unsigned char)*c < ' ' ||
		    *c == 0x7f)
			return BECKET_S_INVALID_ENDPOINT_FORMAT;
	if (strlen(endpoint) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return BECKET_S_STRING_TOO_LONG;
	return BECKET_S_OK;
}

/* A file anywhere: other servers of gRPC have their sockets where they like. */
static becket_status
check_path(const char *endpoint)
{
	const char *c = endpoint;

	if (*endpoint != '/')
		return check_local_endpoint(endpoint);
	while ((unsigned char)*c >= ' ' && *c != 0x7f)
		c++;
	if (*c != '\0' || c[-1] == '/')
		return BECKET_S_INVALID_ENDPOINT_FORMAT;
	if (strlen(endpoint) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return BECKET_S_STRING_TOO_LONG;
	return BECKET_S_OK;
}

/* ncalrpc reaches this host and no other. */
static becket_status
check_local_address(const char *address)
{
	return *address == '\0' ? BECKET_S_OK : BECKET_S_INVALID_NET_ADDR;
}

/* clang-format off */
static const struct protseq protseqs[] = {
	{ "ncacn_ip_tcp", 1, false, true, false,
	    check_tcp_endpoint, check_tcp_address },
	{ "ncalrpc", 2, true, true, false,
	    check_local_endpoint, check_local_address },
	{ "grpc_ip_tcp", 1, false, true, true,
	    check_tcp_endpoint, check_tcp_address },
	{ "grpc_unix", 2, true, true, true,
	    check_path, check_local_address },
	{ .name = "ncacn_at_dsp" },
	{ .name = "ncacn_dnet_nsp" },
	{ .name = "ncacn_hvsocket" },
	{ .name = "ncacn_http" },
	{ .name = "ncacn_nb_ipx" },
	{ .name = "ncacn_nb_nb" },
	{ .name = "ncacn_nb_tcp" },
	{ .name = "ncacn_np" },
	{ .name = "ncacn_spx" },
	{ .name = "ncacn_unix_stream" },
	{ .name = "ncacn_vns_spp" },
	{ .name = "ncadg_ip_udp" },
	{ .name = "ncadg_ipx" },
	{ .name = "ncadg_mq" },
};
/* clang-format on */

enum { COUNT = sizeof protseqs / sizeof protseqs[0] };

static bool
is_supported(const struct becket_runtime *runtime,
    const struct protseq *protseq)
{
	return protseq->is_supported &&
	       (!protseq->is_grpc || runtime->door != NULL);
}

becket_status
protseq_find(const struct becket_runtime *runtime, const char *name,
    const struct protseq **ret_protseq)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(protseqs[i].name, name) != 0)
			continue;
		if (!is_supported(runtime, &protseqs[i]))
			return BECKET_S_PROTSEQ_NOT_SUPPORTED;
		*ret_protseq = &protseqs[i];
		return BECKET_S_OK;
	}
	return BECKET_S_INVALID_RPC_PROTSEQ;
}

becket_status
becket_network_is_protseq_valid(struct becket_runtime *runtime,
    const char *protseq)
{
	const struct protseq *found;

	if (runtime == NULL || protseq == NULL)
		return BECKET_S_INVALID_ARG;
	return protseq_find(runtime, protseq, &found);
}

const char *
becket_network_inq_protseq(struct becket_runtime *runtime, size_t index)
{
	for (size_t i = 0; i < COUNT; i++)
		if (is_supported(runtime, &protseqs[i]) && index-- == 0)
			return protseqs[i].name;
	return NULL;
}
