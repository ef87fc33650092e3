/* SPDX-License-Identifier: MIT */
#include "mapper_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"

struct watched {
	struct list node;
	uint64_t connection;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	if (new_size > 0)
		return realloc(old, new_size);
	free(old);
	return NULL;
}

bool
mapper_random_uuid(struct becket_uuid *ret_uuid)
{
	struct becket_uuid uuid;

	if (getrandom(&uuid, sizeof uuid, 0) != (ssize_t)sizeof uuid)
		return false;
	/* RFC 4122 version 4 */
	uuid.time_high = (uint16_t)((uuid.time_high & 0x0fff) | 0x4000);
	uuid.clock_node[0] = (uint8_t)((uuid.clock_node[0] & 0x3f) | 0x80);
	*ret_uuid = uuid;
	return true;
}

/* ------------------------------------------------- clients that go away -- */

static void
gone(void *user, uint64_t connection)
{
	struct mapper *mapper = user;
	uint32_t count;

	pthread_mutex_lock(&mapper->lock);
	list_for_each (node, &mapper->watched) {
		struct watched *watched =
		    container_of(node, struct watched, node);
		if (watched->connection != connection)
			continue;
		list_remove(node);
		free(watched);
	}
	lookups_disconnect(&mapper->lookups, connection);
	count = map_disconnect(&mapper->map, connection);
	pthread_mutex_unlock(&mapper->lock);
	if (count > 0)
		log_line(BECKET_LOG_INFO,
		    "a registrant is gone, and %" PRIu32 " entries of the "
		    "endpoint map with it",
		    count);
}

static bool
is_watched(const struct mapper *mapper, uint64_t connection)
{
	for (struct list *node = mapper->watched.next; node != &mapper->watched;
	     node = node->next)
		if (container_of(node, struct watched, node)->connection ==
		    connection)
			return true;
	return false;
}

bool
mapper_watch(struct mapper *mapper, struct becket_call *call)
{
	uint64_t connection = becket_call_peer(call)->connection;
	struct watched *watched;

	if (is_watched(mapper, connection))
		return true;
	watched = malloc(sizeof *watched);
	if (watched == NULL)
		return false;
	if (becket_call_on_disconnect(call, gone, mapper) != BECKET_S_OK) {
		free(watched);
		return false;
	}
	watched->connection = connection;
	list_append(&mapper->watched, &watched->node);
	return true;
}

/* ---------------------------------------------------------- stub data -- */

struct cursor
mapper_get(const struct becket_call *call, const void *request)
{
	const struct becket_bytes *bytes = request;

	return cursor_get(bytes->data, bytes->size,
	    becket_call_is_big_endian(call));
}

struct cursor
mapper_begin(struct becket_call *call, size_t size)
{
	void *data = becket_call_alloc(call, size);
	static uint8_t nothing;

	return cursor_put(data == NULL ? &nothing : data,
	    data == NULL ? 0 : size);
}

becket_status
mapper_put(const struct cursor *c, void *response)
{
	if (c->status != BECKET_S_OK)
		return BECKET_S_REMOTE_NO_MEMORY;
	*(struct becket_bytes *)response =
	    (struct becket_bytes){ c->put, c->at };
	return BECKET_S_OK;
}

static becket_status
inq_object(const void *epv, struct becket_call *call, const void *request,
    void *response)
{
	struct becket_uuid object = mapper_of(epv)->object;
	struct cursor c = mapper_begin(call, EPM_SMALL_SIZE);
	uint32_t status = EPM_OK;

	(void)request;
	epm_inq_object_out(&c, &object, &status);
	return mapper_put(&c, response);
}

/* -------------------------------------------------------------- tables -- */

/* clang-format off */
#define BYTES { &becket_codec_bytes, NULL, sizeof(struct becket_bytes) }
#define OPERATION(text) { .name = text, .request = BYTES, .response = BYTES }

static const struct becket_operation operations[EPM_OPERATIONS] = {
	[EPM_INSERT]             = OPERATION("ept_insert"),
	[EPM_DELETE]             = OPERATION("ept_delete"),
	[EPM_LOOKUP]             = OPERATION("ept_lookup"),
	[EPM_MAP]                = OPERATION("ept_map"),
	[EPM_LOOKUP_HANDLE_FREE] = OPERATION("ept_lookup_handle_free"),
	[EPM_INQ_OBJECT]         = OPERATION("ept_inq_object"),
	[EPM_MGMT_DELETE]        = OPERATION("ept_mgmt_delete"),
};

static becket_routine *const routines[EPM_OPERATIONS] = {
	[EPM_INSERT]             = mapper_insert,
	[EPM_DELETE]             = mapper_delete,
	[EPM_LOOKUP]             = mapper_lookup,
	[EPM_MAP]                = mapper_map,
	[EPM_LOOKUP_HANDLE_FREE] = mapper_lookup_handle_free,
	[EPM_INQ_OBJECT]         = inq_object,
	[EPM_MGMT_DELETE]        = mapper_mgmt_delete,
};
/* clang-format on */

static const struct becket_interface interface = {
	.abi = BECKET_ABI,
	.flags = BECKET_INTERFACE_NDR,
	.name = "epmapper",
	.uuid = { 0xe1af8308, 0x5d1f, 0x11c9,
	    { 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa } },
	.major = 3,
	.operation_count = EPM_OPERATIONS,
	.operations = operations,
};

static const struct becket_routines table = {
	.abi = BECKET_ABI,
	.count = EPM_OPERATIONS,
	.routines = routines,
};

becket_status
mapper_new(struct becket_server *server, const struct becket_limits *limits,
    struct mapper **ret_mapper)
{
	struct mapper *mapper = calloc(1, sizeof *mapper);
	becket_status status;

	if (mapper == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	mapper->memory = (struct becket_memory){ .resize = resize };
	pthread_mutex_init(&mapper->lock, NULL);
	map_init(&mapper->map, &mapper->memory, limits->map_entries);
	lookups_init(&mapper->lookups, &mapper->memory, limits->map_lookups);
	list_init(&mapper->watched);
	status =
	    mapper_random_uuid(&mapper->object) ? BECKET_S_OK : BECKET_S_SYSTEM;
	if (status == BECKET_S_OK)
		status = becket_server_register_if(server, &interface, &table,
		    NULL, mapper, 0);
	if (status != BECKET_S_OK) {
		mapper_free(mapper);
		return status;
	}
	*ret_mapper = mapper;
	return BECKET_S_OK;
}

void
mapper_free(struct mapper *mapper)
{
	if (mapper == NULL)
		return;
	list_for_each (node, &mapper->watched) {
		list_remove(node);
		free(container_of(node, struct watched, node));
	}
	map_fini(&mapper->map);
	lookups_fini(&mapper->lookups);
	pthread_mutex_destroy(&mapper->lock);
	free(mapper);
}

/* ---------------------------------------------------------------- listen -- */

/* Complete a string binding with the mapper's own defaults, and say that it is
 * to be listened at. What cannot be split is told by listens_check().
 */
static void
add_place(struct config *config, struct becket_runtime *runtime,
    const char *binding, const char *origin)
{
	char *protseq = NULL, *address = NULL, *endpoint = NULL, *whole = NULL;
	becket_status status = becket_string_binding_parse(runtime, binding,
	    NULL, &protseq, &address, &endpoint, NULL);
	bool is_tcp =
	    status == BECKET_S_OK && strcmp(protseq, "ncacn_ip_tcp") == 0;
	if (status == BECKET_S_OK)
		status = becket_string_binding_compose(runtime, NULL, protseq,
		    is_tcp && *address == '\0' ? "127.0.0.1" : address,
		    *endpoint != '\0' ? endpoint
		    : is_tcp          ? "135"
		                      : "epmapper",
		    NULL, &whole);
	config_add_listen(config, status == BECKET_S_OK ? whole : binding,
	    origin);
	becket_string_free(runtime, &protseq);
	becket_string_free(runtime, &address);
	becket_string_free(runtime, &endpoint);
	becket_string_free(runtime, &whole);
}

void
mapper_places(struct becket_runtime *runtime, struct config *config)
{
	if (!config->mapper)
		return;
	add_place(config, runtime, "ncalrpc:", "mapper");
	for (const struct config_listen *listen = config->mapper_listens;
	     listen != NULL; listen = listen->next)
		add_place(config, runtime, listen->binding, listen->origin);
}
