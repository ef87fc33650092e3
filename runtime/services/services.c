/* SPDX-License-Identifier: MIT */
#include "services/services.h"

#include "base/allocate.h"
#include "base/list.h"
#include "becket_grpc.h"
#include "becket_stub.h"
#include "services/health.h"
#include "services/hold.h"
#include "services/reflection.h"

struct services {
	struct door_equipment equipment;
	const struct becket_memory *memory;
	struct health *health;         /* NULL: without it */
	struct reflection *reflection; /* NULL: without it */
	struct hold_service *hold;     /* NULL: without it */
};

static struct services *
services_of(struct door_equipment *equipment)
{
	return container_of(equipment, struct services, equipment);
}

static void
changed(struct door_equipment *equipment, enum door_change change)
{
	struct services *services = services_of(equipment);

	if (services->health != NULL)
		health_changed(services->health, change);
	if (services->reflection != NULL)
		reflection_changed(services->reflection, change);
	if (services->hold != NULL)
		hold_service_changed(services->hold, change);
}

static void
services_free(struct door_equipment *equipment)
{
	struct services *services = services_of(equipment);

	health_free(services->health);
	reflection_free(services->reflection);
	hold_service_free(services->hold);
	memory_free(services->memory, services, sizeof *services);
}

becket_status
services_new(const struct door_equip_config *config,
    struct door_equipment **ret_equipment)
{
	struct services *services =
	    memory_new(config->memory, sizeof *services);
	becket_status status = BECKET_S_OK;

	if (services == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	services->equipment.changed = changed;
	services->equipment.free = services_free;
	services->memory = config->memory;
	if (!(config->without & BECKET_WITHOUT_HEALTH))
		status = health_new(config, &services->health);
	if (status == BECKET_S_OK &&
	    !(config->without & BECKET_WITHOUT_REFLECTION))
		status = reflection_new(config, &services->reflection);
	if (status == BECKET_S_OK && !(config->without & BECKET_WITHOUT_HOLD))
		status = hold_service_new(config, &services->hold);
	if (status != BECKET_S_OK) {
		services_free(&services->equipment);
		return status;
	}
	*ret_equipment = &services->equipment;
	return BECKET_S_OK;
}

becket_status
becket_grpc_set_health(struct becket_server *server, const char *interface,
    enum becket_health health)
{
	struct door_equipment *equipment = becket_server_equipment(server);

	if (server == NULL || interface == NULL ||
	    (health != BECKET_HEALTH_SERVING &&
	        health != BECKET_HEALTH_NOT_SERVING))
		return BECKET_S_INVALID_ARG;
	if (equipment == NULL || services_of(equipment)->health == NULL)
		return BECKET_S_UNKNOWN_IF;
	return health_set(services_of(equipment)->health, interface, health);
}
