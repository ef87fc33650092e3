/* SPDX-License-Identifier: MIT */
/*
 * What a connection costs that has made a call and is idle: resident bytes of
 * the server, and of the client, over DCE/RPC and gRPC. A connection of DCE/RPC
 * to a server that speaks gRPC too is no larger than to one that does not.
 *
 *   idle [CONNECTIONS]
 */
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "becket_grpc.h"
#include "echo.becket.h"
#include "measure.h"

enum { MOST = 20000 };

static struct becket_binding *bindings[MOST];

static becket_status
manage_small(struct becket_call *call, const Bench__Record *request,
    Bench__Record *response)
{
	(void)call;
	response->id = request->id;
	return BECKET_S_OK;
}

static const struct bench_echo_epv epv = { .small = manage_small };

static void
serve_with(bool has_grpc, int tell)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct becket_runtime_options options = { .size = sizeof options,
		.limits = &limits };
	struct becket_runtime *runtime;
	struct becket_server *server;

	limits.connections = limits.connections_per_peer = MOST;
	MUST(becket_runtime_new(&options, &runtime) == BECKET_S_OK);
	if (has_grpc)
		MUST(becket_grpc_enable(runtime) == BECKET_S_OK);
	MUST(becket_server_new(runtime, NULL, &server) == BECKET_S_OK);
	MUST(bench_echo_register(server, NULL, &epv, 0) == BECKET_S_OK);
	listen_and_tell(server, tell);
}

static void
serve_both(int tell)
{
	serve_with(true, tell);
}

static void
serve_dce(int tell)
{
	serve_with(false, tell);
}

/* Resident pages that belong to nobody else. */
static long
resident(pid_t process)
{
	char path[64];
	long size, all, shared;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/statm", (long)process);
	file = fopen(path, "r");
	MUST(file != NULL);
	MUST(fscanf(file, "%ld %ld %ld", &size, &all, &shared) == 3);
	fclose(file);
	return (all - shared) * sysconf(_SC_PAGESIZE);
}

/* Connections that nothing else shares. */
static void
call_through(struct becket_runtime *runtime, const char *string,
    struct becket_binding **ret_binding)
{
	Bench__Record request = BENCH__RECORD__INIT, *response;

	request.id = 7;
	MUST(becket_binding_from_string_binding(runtime, string, ret_binding) ==
	     BECKET_S_OK);
	MUST(becket_binding_set_option(*ret_binding,
	         BECKET_OPTION_UNIQUE_BINDING, 1) == BECKET_S_OK);
	MUST(
	    bench_echo_small(*ret_binding, &request, &response) == BECKET_S_OK);
	bench_record_free(response);
}

/* All of them stay, and for as long as we look. */
static void
make_client(struct becket_runtime **ret_runtime)
{
	struct becket_limits limits = BECKET_LIMITS_DEFAULT;
	const struct becket_runtime_options options = { .size = sizeof options,
		.limits = &limits };

	limits.idle_connections = MOST;
	limits.linger_ms = 3600000;
	MUST(becket_runtime_new(&options, ret_runtime) == BECKET_S_OK);
	MUST(becket_grpc_enable(*ret_runtime) == BECKET_S_OK);
}

/* The first hundred warm up. */
static void
measure(void (*serve)(int tell), const char *door, const char *protseq,
    int count)
{
	enum { WARM = 100 };
	char string[256], full[300];
	struct becket_runtime *runtime;
	pid_t server = serve_in_child(serve, string);
	long ours = 0, theirs = 0;

	snprintf(full, sizeof full, "%s%s", protseq, strchr(string, ':'));
	make_client(&runtime);
	for (int i = 0; i < count + WARM; i++) {
		if (i == WARM) {
			theirs = resident(server);
			ours = resident(getpid());
		}
		call_through(runtime, full, &bindings[i]);
	}
	sleep(2); /* what is idle gives its buffers back */
	printf("idle %-22s server %6ld bytes   client %6ld bytes   each of "
	       "%d\n",
	    door, (resident(server) - theirs) / count,
	    (resident(getpid()) - ours) / count, count);
	for (int i = 0; i < count + WARM; i++)
		becket_binding_free(&bindings[i]);
	becket_runtime_free(runtime);
	end_children();
}

/* Memory that the measurement before has left would hide some. */
static void
in_child(void (*serve)(int tell), const char *door, const char *protseq,
    int count)
{
	pid_t child = fork();
	int status;

	MUST(child >= 0);
	if (child == 0) {
		measure(serve, door, protseq, count);
		exit(0);
	}
	MUST(waitpid(child, &status, 0) == child && status == 0);
}

int
main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 2000;
	struct rlimit files;

	MUST(count > 0 && count <= MOST - 100);
	MUST(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &files) == 0);
	in_child(serve_dce, "DCE", "ncacn_ip_tcp", count);
	in_child(serve_both, "DCE, gRPC beside it", "ncacn_ip_tcp", count);
	in_child(serve_both, "gRPC", "grpc_ip_tcp", count);
	return 0;
}
