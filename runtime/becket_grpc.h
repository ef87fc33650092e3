/* SPDX-License-Identifier: MIT */
#ifndef BECKET_GRPC_H
#define BECKET_GRPC_H

#include "becket.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * gRPC, in a library of its own (libbecket-grpc), so that programs without it
 * stay small. Once a runtime has it,
 *
 *   - its binding handles may say grpc_ip_tcp:host[port] and grpc_unix:[name]
 *     or grpc_unix:[/path], to call any gRPC server: becketc knows what its
 *     .proto says;
 *   - its servers speak gRPC at every endpoint they listen at, beside DCE/RPC:
 *     the first bytes of a connection decide. The same managers serve both.
 *
 *   - its servers offer grpc.health.v1, grpc.reflection.v1 and v1alpha, and
 *     becket.v1.Session, over either door, unless becket_server_options.without
 *     says that they do not.
 *
 * PROTOCOL.md section 10.
 */

/* Right after becket_runtime_new(), before anything is made with the runtime.
 * S_INVALID_ARG: runtime is NULL. S_INVALID_ABI: the two libraries are not of
 * one release.
 */
BECKET_API BECKET_MUST_USE becket_status becket_grpc_enable(
    struct becket_runtime *runtime);

/* The code of gRPC that a status is told as, and the status that a code is
 * taken for; PROTOCOL.md 10.3 has the table. Any thread.
 */
BECKET_API unsigned becket_grpc_code_from_status(becket_status status);
BECKET_API becket_status becket_grpc_code_to_status(unsigned code);

/* What grpc.health.v1 tells: of an interface by its name in the IDL, or of ""
 * for the whole server. An interface that is registered is serving unless
 * something else is set, and from becket_server_stop() on nothing is. Who
 * watches is told. S_INVALID_ARG, S_OUT_OF_MEMORY, S_UNKNOWN_IF: the server is
 * without it. Any thread.
 */
enum becket_health {
	BECKET_HEALTH_SERVING = 1,
	BECKET_HEALTH_NOT_SERVING = 2,
};
BECKET_API BECKET_MUST_USE becket_status
becket_grpc_set_health(struct becket_server *server, const char *interface,
    enum becket_health health);

#ifdef __cplusplus
}
#endif

#endif
