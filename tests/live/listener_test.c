/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "becket.h"
#include "io/listener.h"

/* Protocol sequences and endpoints: what a server listens at. */
struct place {
	struct becket_runtime *runtime;
	struct becket_server *server;
	char base[32];
	char dir[40]; /* of sockets; made by the server */
};

static int
open_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	struct becket_runtime_options options = {
		.size = sizeof options,
		.ncalrpc_dir = place->dir,
	};

	strcpy(place->base, "/tmp/becket-test-XXXXXX");
	assert_non_null(mkdtemp(place->base));
	snprintf(place->dir, sizeof place->dir, "%s/rpc", place->base);
	assert_int_equal(becket_runtime_new(&options, &place->runtime),
	    BECKET_S_OK);
	assert_int_equal(becket_server_new(place->runtime, NULL,
	                     &place->server),
	    BECKET_S_OK);
	*state = place;
	return 0;
}

static int
close_place(void **state)
{
	struct place *place = *state;

	becket_server_free(place->server);
	becket_runtime_free(place->runtime);
	rmdir(place->dir);
	/* Nothing has been left there. */
	assert_int_equal(rmdir(place->base), 0);
	free(place);
	return 0;
}

static becket_status
use(struct place *place, const char *string)
{
	return becket_server_use_string_binding(place->server, string);
}

static size_t
count_bindings(struct place *place)
{
	struct becket_binding_vector *vector;
	size_t count;

	if (becket_server_inq_bindings(place->server, &vector) != BECKET_S_OK)
		return 0;
	count = vector->count;
	becket_binding_vector_free(&vector);
	return count;
}

/* The string binding of a listener; to be freed. */
static char *
binding_at(struct place *place, size_t index)
{
	struct becket_binding_vector *vector;
	char *text;

	assert_int_equal(becket_server_inq_bindings(place->server, &vector),
	    BECKET_S_OK);
	assert_true(index < vector->count);
	assert_int_equal(becket_binding_to_string_binding(vector
	                                                      ->bindings[index],
	                     &text),
	    BECKET_S_OK);
	becket_binding_vector_free(&vector);
	return text;
}

static void
what_is_not_there_is_refused(void **state)
{
	static const struct {
		const char *string;
		becket_status status;
	} cases[] = {
		{ "nosuch:", BECKET_S_INVALID_RPC_PROTSEQ },
		{ "NCACN_IP_TCP:", BECKET_S_INVALID_RPC_PROTSEQ },
		{ "ncacn_np:", BECKET_S_PROTSEQ_NOT_SUPPORTED },
		{ "ncacn_ip_tcp:[0]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncacn_ip_tcp:[70000]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncacn_ip_tcp:[abc]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncacn_ip_tcp:192.0.2.1", BECKET_S_INVALID_NET_ADDR },
		{ "ncacn_ip_tcp:a/b", BECKET_S_INVALID_NET_ADDR },
		{ "ncalrpc:host", BECKET_S_INVALID_NET_ADDR },
		{ "ncalrpc:[a/b]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncalrpc:[..]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncalrpc:[.x]", BECKET_S_INVALID_ENDPOINT_FORMAT },
		{ "ncalrpc:[x,security=none]",
		    BECKET_S_INVALID_NETWORK_OPTIONS },
		{ "0f6a4a52-6a0d-4d6c-935d-42119e7b0c33@ncalrpc:[x]",
		    BECKET_S_INVALID_STRING_BINDING },
		{ "ncacn_ip_tcp", BECKET_S_INVALID_STRING_BINDING },
	};
	struct place *place = *state;
	char name[140] = "ncalrpc:[";

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (use(place, cases[i].string) != cases[i].status)
			fail_msg("%s: not as expected", cases[i].string);
	memset(name + strlen(name), 'x', 120);
	strcat(name, "]");
	assert_int_equal(use(place, name), BECKET_S_STRING_TOO_LONG);
	assert_int_equal(count_bindings(place), 0);
	assert_int_equal(becket_server_listen(place->server, 0),
	    BECKET_S_NO_PROTSEQS_REGISTERED);
}

/* Who has no log learns it all the same. */
static void
what_is_refused_is_told_why(void **state)
{
	static const struct {
		const char *string, *sentence;
	} cases[] = {
		{ "nosuch:",
		    "nosuch: protocol sequence is unknown; one stands first, "
		    "as in ncacn_ip_tcp:host[4747]" },
		{ "ncacn_ip_tcp:localhost[0]",
		    "cannot listen at ncacn_ip_tcp:localhost[0]: endpoint is "
		    "malformed; without one the system chooses it" },
		{ "ncacn_ip_tcp:192.0.2.1[4747]",
		    "cannot listen at ncacn_ip_tcp:192.0.2.1[4747]: Cannot "
		    "assign requested address" },
		{ "ncacn_ip_tcp:127.0.0.1:4747",
		    "cannot listen at ncacn_ip_tcp:127.0.0.1:4747[]: network "
		    "address is malformed; an endpoint stands in brackets "
		    "behind it" },
		{ "ncacn_ip_tcp",
		    "string binding \"ncacn_ip_tcp\": string binding is "
		    "malformed" },
		{ "ncalrpc:[x,security=none]",
		    "string binding \"ncalrpc:[x,security=none]\": option of "
		    "the string binding is not supported" },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		becket_status status = use(place, cases[i].string);

		assert_int_equal(becket_error_last()->status, status);
		assert_string_equal(becket_error_last()->sentence,
		    cases[i].sentence);
	}
}

static void
where_a_local_socket_cannot_be_is_told(void **state)
{
	struct place *place = *state;
	char sentence[128];
	char file[64];

	snprintf(file, sizeof file, "%s/x", place->dir);
	snprintf(sentence, sizeof sentence,
	    "cannot listen at ncalrpc:[x] in %s: File exists", place->dir);
	assert_int_equal(mkdir(place->dir, 0700), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(use(place, "ncalrpc:[x]"),
	    BECKET_S_CANT_CREATE_ENDPOINT);
	assert_string_equal(becket_error_last()->sentence, sentence);
	assert_int_equal(rmdir(file), 0);
}

static void
who_cannot_serve_is_told_why(void **state)
{
	struct place *place = *state;

	assert_int_equal(becket_server_listen(place->server, 0),
	    BECKET_S_NO_PROTSEQS_REGISTERED);
	assert_string_equal(becket_error_last()->sentence,
	    "server uses no protocol sequence yet");
	assert_int_equal(becket_server_register_if(place->server, NULL, NULL,
	                     NULL, NULL, 0),
	    BECKET_S_INVALID_ARG);
	assert_string_equal(becket_error_last()->sentence,
	    "interface cannot be registered: invalid argument");
	assert_int_equal(becket_server_use_descriptor(NULL, NULL, -1),
	    BECKET_S_INVALID_ARG);
	assert_string_equal(becket_error_last()->sentence, "invalid argument");
	assert_int_equal(becket_server_use_descriptor(place->server, "nosuch",
	                     -1),
	    BECKET_S_INVALID_RPC_PROTSEQ);
	assert_string_equal(becket_error_last()->sentence,
	    "nosuch: protocol sequence is unknown; one stands first, as in "
	    "ncacn_ip_tcp:host[4747]");
}

static void
a_dynamic_endpoint_is_used_again(void **state)
{
	struct place *place = *state;
	const char *tcp = "ncacn_ip_tcp";
	unsigned port = 0;
	char *text;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(becket_server_use_protseq(place->server, tcp,
		                     "127.0.0.1"),
		    BECKET_S_OK);
		assert_int_equal(becket_server_use_protseq_ep(place->server,
		                     "ncalrpc", NULL, NULL),
		    BECKET_S_OK);
	}
	assert_int_equal(count_bindings(place), 2);
	text = binding_at(place, 0);
	assert_int_equal(sscanf(text, "ncacn_ip_tcp:127.0.0.1[%u]", &port), 1);
	assert_true(port > 0);
	becket_string_free(place->runtime, &text);
}

static void
an_endpoint_is_used_once(void **state)
{
	struct place *place = *state;
	char *text;

	assert_int_equal(becket_server_use_protseq(place->server,
	                     "ncacn_ip_tcp", "127.0.0.1"),
	    BECKET_S_OK);
	text = binding_at(place, 0);
	assert_int_equal(use(place, text), BECKET_S_DUPLICATE_ENDPOINT);
	becket_string_free(place->runtime, &text);
	assert_int_equal(use(place, "ncalrpc:[one]"), BECKET_S_OK);
	assert_int_equal(use(place, "ncalrpc:[one]"),
	    BECKET_S_DUPLICATE_ENDPOINT);
	assert_int_equal(count_bindings(place), 2);
}

static int
connect_local(struct place *place, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", place->dir,
	    name);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* As after a crash: the socket is there, and nobody listens. */
static void
a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct place *place = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(mkdir(place->dir, 0755), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/stale",
	    place->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	close(fd);
	assert_int_equal(use(place, "ncalrpc:[stale]"), BECKET_S_OK);
	fd = connect_local(place, "stale");
	assert_true(fd >= 0);
	close(fd);
}

/* Somebody who knows nothing of our lock. */
static void
a_socket_in_use_is_left_alone(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct place *place = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), other;

	assert_int_equal(mkdir(place->dir, 0755), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/used",
	    place->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(use(place, "ncalrpc:[used]"),
	    BECKET_S_DUPLICATE_ENDPOINT);
	other = connect_local(place, "used");
	assert_true(other >= 0);
	close(other);
	close(fd);
	assert_int_equal(unlink(address.sun_path), 0);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	struct place *place = *state;
	char path[64];
	FILE *file;

	assert_int_equal(mkdir(place->dir, 0755), 0);
	snprintf(path, sizeof path, "%s/file", place->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(use(place, "ncalrpc:[file]"),
	    BECKET_S_CANT_CREATE_ENDPOINT);
	assert_int_equal(unlink(path), 0);
}

/* Put there by somebody else while we listened. */
static void
only_our_own_socket_is_removed(void **state)
{
	struct place *place = *state;
	char path[64];
	FILE *file;

	assert_int_equal(use(place, "ncalrpc:[mine]"), BECKET_S_OK);
	snprintf(path, sizeof path, "%s/mine", place->dir);
	assert_int_equal(unlink(path), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	becket_server_free(place->server);
	place->server = NULL;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
}

static void
the_directory_is_made(void **state)
{
	struct place *place = *state;
	struct stat made;

	assert_int_equal(use(place, "ncalrpc:[x]"), BECKET_S_OK);
	assert_int_equal(stat(place->dir, &made), 0);
	assert_true(S_ISDIR(made.st_mode));
	assert_int_equal(made.st_mode & 07022, 0);
}

/* A child that was forked must not remove what is the parent's, nor take its
 * connections from it.
 */
static void
a_forked_child_leaves_the_parents_alone(void **state)
{
	struct place *place = *state;
	int result = -1, fd;
	pid_t child;

	assert_int_equal(use(place, "ncalrpc:[parent]"), BECKET_S_OK);
	assert_int_equal(becket_server_listen(place->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		becket_status status = becket_server_stop(place->server);

		becket_server_free(place->server);
		_exit(status == BECKET_S_STALE_AFTER_FORK ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_int_equal(result, 0);
	fd = connect_local(place, "parent");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(becket_server_stop(place->server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(place->server), BECKET_S_OK);
}

/* ------------------------------------------------------------------- TCP -- */

static int
connect_tcp(int family, unsigned port)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;

	if (fd < 0)
		return -1;
	if (family == AF_INET)
		failed = connect(fd, (struct sockaddr *)&v4, sizeof v4);
	else
		failed = connect(fd, (struct sockaddr *)&v6, sizeof v6);
	if (failed == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
has_ipv6(void)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 &&
	           bind(fd, (struct sockaddr *)&address, sizeof address) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static void
everywhere_is_both_families(void **state)
{
	struct place *place = *state;
	unsigned port;
	char *text;
	int fd;

	assert_int_equal(use(place, "ncacn_ip_tcp:"), BECKET_S_OK);
	assert_int_equal(count_bindings(place), 1);
	text = binding_at(place, 0);
	assert_int_equal(sscanf(text, "ncacn_ip_tcp:[%u]", &port), 1);
	becket_string_free(place->runtime, &text);
	fd = connect_tcp(AF_INET, port);
	assert_true(fd >= 0);
	close(fd);
	if (!has_ipv6())
		skip();
	fd = connect_tcp(AF_INET6, port);
	assert_true(fd >= 0);
	close(fd);
}

static void
an_ipv6_address_is_not_both_families(void **state)
{
	struct place *place = *state;
	unsigned port;
	char *text;
	int fd;

	if (!has_ipv6())
		skip();
	assert_int_equal(use(place, "ncacn_ip_tcp:::1"), BECKET_S_OK);
	text = binding_at(place, 0);
	assert_int_equal(sscanf(text, "ncacn_ip_tcp:\\:\\:1[%u]", &port), 1);
	becket_string_free(place->runtime, &text);
	fd = connect_tcp(AF_INET6, port);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(connect_tcp(AF_INET, port), -1);
}

static void
an_accepted_socket_inherits_its_options(void **state)
{
	struct place *place = *state;
	const struct protseq *protseq;
	struct sockaddr_storage address;
	socklen_t size, one = sizeof(int);
	struct listener *listener;
	int fd, client, value = 0;
	struct list listeners;

	assert_int_equal(protseq_find(place->runtime, "ncacn_ip_tcp", &protseq),
	    BECKET_S_OK);
	list_init(&listeners);
	assert_int_equal(listener_open(place->runtime, protseq, "127.0.0.1",
	                     NULL, &listeners),
	    BECKET_S_OK);
	listener = container_of(listeners.next, struct listener, node);
	assert_int_equal(listener_accept(listener, &fd, &address, &size),
	    ACCEPT_NOTHING);
	client = connect_tcp(AF_INET,
	    (unsigned)strtoul(listener->endpoint, NULL, 10));
	assert_true(client >= 0);
	assert_int_equal(listener_accept(listener, &fd, &address, &size),
	    ACCEPTED);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &one),
	    0);
	assert_int_not_equal(value, 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &one),
	    0);
	assert_int_not_equal(value, 0);
	close(fd);
	close(client);
	listener_free(listener);
}

/* -------------------------------------------------------------- adopted -- */

static int
bound_tcp(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
	                     sizeof address),
	    0);
	return fd;
}

static int
bound_local(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

static void
expect_listening(struct place *place, const char *string, becket_status status)
{
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(place->runtime,
	                     string, &binding),
	    BECKET_S_OK);
	assert_int_equal(becket_mgmt_is_server_listening(binding), status);
	becket_binding_free(&binding);
}

static void
start_serving(struct place *place)
{
	assert_int_equal(becket_server_listen(place->server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
}

static void
stop_serving(struct place *place)
{
	assert_int_equal(becket_server_stop(place->server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(place->server), BECKET_S_OK);
}

static void
a_tcp_socket_is_adopted(void **state)
{
	struct place *place = *state;
	int fd = bound_tcp(), flags;
	char *text;

	/* It does not listen yet. */
	assert_int_equal(becket_server_use_descriptor(place->server, NULL, fd),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(becket_server_use_descriptor(place->server, "ncalrpc",
	                     fd),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_server_use_descriptor(place->server,
	                     "ncacn_ip_tcp", fd),
	    BECKET_S_OK);
	flags = fcntl(fd, F_GETFL);
	assert_int_equal(flags & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	text = binding_at(place, 0);
	start_serving(place);
	expect_listening(place, text, BECKET_S_OK);
	stop_serving(place);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	becket_string_free(place->runtime, &text);
}

static void
a_local_socket_is_adopted_and_its_file_left(void **state)
{
	struct place *place = *state;
	char path[64];
	int fd;

	assert_int_equal(mkdir(place->dir, 0755), 0);
	fd = bound_local(place->dir, "given");
	assert_int_equal(becket_server_use_descriptor(place->server, NULL, fd),
	    BECKET_S_OK);
	start_serving(place);
	expect_listening(place, "ncalrpc:[given]", BECKET_S_OK);
	stop_serving(place);
	snprintf(path, sizeof path, "%s/given", place->dir);
	assert_int_equal(unlink(path), 0);
}

static void
what_clients_could_not_find_is_not_adopted(void **state)
{
	const struct sockaddr_un abstract = { AF_UNIX, "\0becket-no-path" };
	struct place *place = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), pipes[2];
	char path[64];

	assert_int_equal(mkdir(place->dir, 0755), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&abstract,
	                     sizeof abstract),
	    0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(becket_server_use_descriptor(place->server, NULL, fd),
	    BECKET_S_INVALID_ENDPOINT_FORMAT);
	close(fd);
	fd = bound_local(place->base, "elsewhere");
	assert_int_equal(becket_server_use_descriptor(place->server, NULL, fd),
	    BECKET_S_INVALID_ENDPOINT_FORMAT);
	close(fd);
	snprintf(path, sizeof path, "%s/elsewhere", place->base);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(becket_server_use_descriptor(place->server, NULL,
	                     pipes[0]),
	    BECKET_S_INVALID_ARG);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(becket_server_use_descriptor(place->server, NULL, -1),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_server_use_descriptor(place->server, "nosuch",
	                     0),
	    BECKET_S_INVALID_RPC_PROTSEQ);
	assert_int_equal(count_bindings(place), 0);
}

/* ---------------------------------------------------------- used no more -- */

static becket_status
unuse(struct place *place, const char *string)
{
	return becket_server_unuse_string_binding(place->server, string);
}

static void
what_is_not_used_cannot_be_unused(void **state)
{
	struct place *place = *state;

	assert_int_equal(use(place, "ncalrpc:[a]"), BECKET_S_OK);
	assert_int_equal(unuse(place, "ncalrpc:[b]"), BECKET_S_NO_BINDINGS);
	assert_int_equal(unuse(place, "ncalrpc:"), BECKET_S_NO_BINDINGS);
	assert_int_equal(unuse(place, "ncacn_ip_tcp:[a]"),
	    BECKET_S_NO_BINDINGS);
	assert_int_equal(unuse(place, "nosuch:[a]"),
	    BECKET_S_INVALID_RPC_PROTSEQ);
	assert_int_equal(unuse(place, "ncalrpc"),
	    BECKET_S_INVALID_STRING_BINDING);
	assert_int_equal(count_bindings(place), 1);
}

/* Another thread serves. */
static void
one_that_is_unused_disturbs_no_other(void **state)
{
	struct place *place = *state;
	struct becket_binding *early;
	char *tcp;

	assert_int_equal(use(place, "ncacn_ip_tcp:127.0.0.1"), BECKET_S_OK);
	assert_int_equal(use(place, "ncalrpc:[a]"), BECKET_S_OK);
	tcp = binding_at(place, 0);
	start_serving(place);
	assert_int_equal(becket_binding_from_string_binding(place->runtime, tcp,
	                     &early),
	    BECKET_S_OK);
	assert_int_equal(becket_mgmt_is_server_listening(early), BECKET_S_OK);
	assert_int_equal(unuse(place, "ncacn_ip_tcp:127.0.0.1"), BECKET_S_OK);
	/* Connections stay, and new ones go elsewhere only. */
	assert_int_equal(becket_mgmt_is_server_listening(early), BECKET_S_OK);
	assert_int_equal(becket_binding_reset(early), BECKET_S_OK);
	assert_int_equal(becket_mgmt_is_server_listening(early),
	    BECKET_S_SERVER_UNAVAILABLE);
	expect_listening(place, "ncalrpc:[a]", BECKET_S_OK);
	/* The endpoint is free at once, for us as for others. */
	assert_int_equal(use(place, tcp), BECKET_S_OK);
	expect_listening(place, tcp, BECKET_S_OK);
	/* As it is shown, too; and the last one. */
	assert_int_equal(unuse(place, tcp), BECKET_S_OK);
	assert_int_equal(unuse(place, "ncalrpc:[a]"), BECKET_S_OK);
	assert_int_equal(connect_local(place, "a"), -1);
	assert_int_equal(unuse(place, "ncalrpc:[a]"), BECKET_S_NO_BINDINGS);
	assert_int_equal(use(place, "ncalrpc:[a]"), BECKET_S_OK);
	expect_listening(place, "ncalrpc:[a]", BECKET_S_OK);
	stop_serving(place);
	becket_binding_free(&early);
	becket_string_free(place->runtime, &tcp);
}

/* Connections that wait to be accepted, again and again. */
static void
listeners_come_and_go_under_load(void **state)
{
	struct place *place = *state;

	assert_int_equal(use(place, "ncalrpc:[stays]"), BECKET_S_OK);
	start_serving(place);
	for (int i = 0; i < 200; i++) {
		int fd;

		assert_int_equal(use(place, "ncalrpc:[goes]"), BECKET_S_OK);
		fd = connect_local(place, "goes");
		assert_true(fd >= 0);
		assert_int_equal(unuse(place, "ncalrpc:[goes]"), BECKET_S_OK);
		close(fd);
	}
	expect_listening(place, "ncalrpc:[stays]", BECKET_S_OK);
	stop_serving(place);
}

/* clang-format off */
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, open_place, close_place)
/* clang-format on */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(what_is_not_there_is_refused),
		AT_A_PLACE(what_is_refused_is_told_why),
		AT_A_PLACE(where_a_local_socket_cannot_be_is_told),
		AT_A_PLACE(who_cannot_serve_is_told_why),
		AT_A_PLACE(a_dynamic_endpoint_is_used_again),
		AT_A_PLACE(an_endpoint_is_used_once),
		AT_A_PLACE(a_stale_socket_is_replaced),
		AT_A_PLACE(a_socket_in_use_is_left_alone),
		AT_A_PLACE(what_is_no_socket_is_left_alone),
		AT_A_PLACE(only_our_own_socket_is_removed),
		AT_A_PLACE(the_directory_is_made),
		AT_A_PLACE(a_forked_child_leaves_the_parents_alone),
		AT_A_PLACE(everywhere_is_both_families),
		AT_A_PLACE(an_ipv6_address_is_not_both_families),
		AT_A_PLACE(an_accepted_socket_inherits_its_options),
		AT_A_PLACE(a_tcp_socket_is_adopted),
		AT_A_PLACE(a_local_socket_is_adopted_and_its_file_left),
		AT_A_PLACE(what_clients_could_not_find_is_not_adopted),
		AT_A_PLACE(what_is_not_used_cannot_be_unused),
		AT_A_PLACE(one_that_is_unused_disturbs_no_other),
		AT_A_PLACE(listeners_come_and_go_under_load),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
