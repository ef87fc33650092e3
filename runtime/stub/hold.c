/* SPDX-License-Identifier: MIT */
#include "stub/hold.h"

#include <string.h>

#include "base/allocate.h"
#include "base/trap.h"
#include "stub/call.h"
#include "stub/metadata.h"

/* No transport has it, so nobody else joins: engine/association.h. */
#define HOLD_TRANSPORT UINT64_MAX

void
holds_init(struct holds *holds, struct call_host *host,
    struct associations *associations, uint32_t limit)
{
	holds->host = host;
	holds->associations = associations;
	holds->table = idmap_empty(host->memory, limit);
	pthread_mutex_init(&holds->lock, NULL);
}

void
holds_fini(struct holds *holds)
{
	TRAP_UNLESS(holds->table.used == 0);
	idmap_fini(&holds->table);
	pthread_mutex_destroy(&holds->lock);
}

/* ------------------------------------------------------------------ ids -- */

static const char digits[] = "0123456789abcdef";

static void
write_id(const uint8_t id[HOLD_ID_SIZE], char text[HOLD_TEXT_SIZE + 1])
{
	for (size_t i = 0; i < HOLD_ID_SIZE; i++) {
		text[2 * i] = digits[id[i] >> 4];
		text[2 * i + 1] = digits[id[i] & 0xf];
	}
	text[HOLD_TEXT_SIZE] = '\0';
}

/* The first eight digits say where in the table it stands, once the next eight
 * are taken off them; the rest is what nobody can guess.
 */
static uint32_t
index_of(const uint8_t *text)
{
	uint32_t index = 0, random = 0;

	for (size_t i = 0; i < 8; i++) {
		const char *first = memchr(digits, text[i], 16);
		const char *second = memchr(digits, text[8 + i], 16);

		if (first == NULL || second == NULL)
			return UINT32_MAX;
		index = index << 4 | (uint32_t)(first - digits);
		random = random << 4 | (uint32_t)(second - digits);
	}
	return index ^ random;
}

static void
put_index(uint32_t index, uint8_t id[HOLD_ID_SIZE])
{
	for (size_t i = 0; i < 4; i++)
		id[i] = id[4 + i] ^ (uint8_t)(index >> (24 - 8 * i));
}

/* In the same time wherever they differ. */
static bool
is_text_of(const struct hold *hold, struct becket_bytes text)
{
	unsigned differ = 0;

	for (size_t i = 0; i < HOLD_TEXT_SIZE; i++)
		differ |= (unsigned char)hold->text[i] ^ text.data[i];
	return differ == 0;
}

/* ----------------------------------------------------------------- hold -- */

static becket_status
add(struct holds *holds, struct hold *hold)
{
	uint8_t id[HOLD_ID_SIZE];
	becket_status status = holds->host->entropy(id, sizeof id);

	if (status != BECKET_S_OK)
		return status;
	hold->association =
	    association_join(holds->associations, 0, HOLD_TRANSPORT);
	if (hold->association == NULL)
		return BECKET_S_OUT_OF_RESOURCES;
	pthread_mutex_lock(&holds->lock);
	hold->place = idmap_add(&holds->table, hold);
	if (hold->place.generation != 0) {
		put_index(hold->place.index, id);
		write_id(id, hold->text);
	}
	pthread_mutex_unlock(&holds->lock);
	if (hold->place.generation != 0)
		return BECKET_S_OK;
	association_leave(holds->associations, hold->association);
	return BECKET_S_OUT_OF_RESOURCES;
}

becket_status
becket_call_hold(struct becket_call *call, const char **ret_id)
{
	const struct becket_memory *memory = call->host->memory;
	struct hold *hold;
	becket_status status;

	if (call->hold != NULL || ret_id == NULL)
		return BECKET_S_INVALID_ARG;
	hold = memory_new(memory, sizeof *hold);
	if (hold == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	status = add(call->host->holds, hold);
	if (status != BECKET_S_OK) {
		memory_free(memory, hold, sizeof *hold);
		return status;
	}
	call->hold = hold;
	*ret_id = hold->text;
	return BECKET_S_OK;
}

/* First nobody joins any more, then the contexts end, and only then may another
 * have the number.
 */
void
hold_end(struct becket_call *call)
{
	struct holds *holds = call->host->holds;
	struct hold *hold = call->hold;

	if (hold == NULL)
		return;
	call->hold = NULL;
	pthread_mutex_lock(&holds->lock);
	idmap_remove(&holds->table, hold->place);
	pthread_mutex_unlock(&holds->lock);
	contexts_end(call->host->contexts,
	    association_wire_id(hold->association));
	association_leave(holds->associations, hold->association);
	memory_free(call->host->memory, hold, sizeof *hold);
}

/* ----------------------------------------------------------------- join -- */

/* With the lock held. */
static struct hold *
find(const struct holds *holds, struct becket_bytes text)
{
	struct hold *hold;

	if (text.size != HOLD_TEXT_SIZE)
		return NULL;
	hold = idmap_at(&holds->table, index_of(text.data));
	return hold != NULL && is_text_of(hold, text) ? hold : NULL;
}

static becket_status
join(struct becket_call *call, struct becket_bytes text)
{
	struct holds *holds = call->host->holds;
	struct hold *hold;
	becket_status status = BECKET_S_FAILED_PRECONDITION;

	pthread_mutex_lock(&holds->lock);
	hold = find(holds, text);
	if (hold != NULL) {
		call->begun.association =
		    association_wire_id(hold->association);
		status = contexts_hold(call);
	}
	pthread_mutex_unlock(&holds->lock);
	if (status == BECKET_S_FAILED_PRECONDITION)
		return becket_call_fail(call, status,
		    "there is no such session, or it has ended");
	return status;
}

becket_status
hold_join(struct becket_call *call)
{
	struct becket_bytes text;

	if (call->host->holds != NULL &&
	    metadata_find(buffer_bytes(&call->begun.metadata), HOLD_METADATA,
	        &text))
		return join(call, text);
	return becket_call_fail(call, BECKET_S_FAILED_PRECONDITION,
	    "context handles need a session here: see becket.v1.Session");
}
