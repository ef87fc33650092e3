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
 *   - its binding handles may say grpc_ip_tcp:host[port] and grpc_unix:[name],
 *     to call any gRPC server: becketc knows what its .proto says;
 *   - its servers speak gRPC at every endpoint they listen at, beside DCE/RPC:
 *     the first bytes of a connection decide. The same managers serve both.
 *
 * Unary calls only so far. PROTOCOL.md section 10.
 */

/* Right after becket_runtime_new(), before anything is made with the runtime.
 * S_INVALID_ARG: runtime is NULL. S_INVALID_ABI: the two libraries are not of
 * one release.
 */
BECKET_API BECKET_MUST_USE becket_status becket_grpc_enable(
    struct becket_runtime *runtime);

#ifdef __cplusplus
}
#endif

#endif
