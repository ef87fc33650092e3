/* SPDX-License-Identifier: MIT */
#include "grpc/door.h"

#include "becket_grpc.h"
#include "becket_stub.h"
#include "services/services.h"

static const struct becket_door door = {
	.abi = DOOR_ABI,
	.server_session_new = grpc_server_session_new,
	.client_session_new = grpc_client_session_new,
	.equip_server = services_new,
};

becket_status
becket_grpc_enable(struct becket_runtime *runtime)
{
	return becket_runtime_use_door(runtime, &door);
}
