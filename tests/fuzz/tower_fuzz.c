/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "wire/tower.h"

/*
 * Protocol towers: what decodes encodes, and decodes to the same; what it says
 * in text makes floors that say the same.
 */
static void
expect_same(const struct tower *a, const struct tower *b)
{
	EXPECT(syntax_equal(&a->interface, &b->interface));
	EXPECT(syntax_equal(&a->transfer, &b->transfer));
	EXPECT(tower_same_protocols(a, b));
	for (uint8_t i = 0; i < a->floor_count; i++) {
		struct becket_bytes x = a->floors[i].address;
		struct becket_bytes y = b->floors[i].address;

		EXPECT(x.size == y.size);
		EXPECT(x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
	}
}

static void
check_text(const struct tower *tower)
{
	char endpoint[TOWER_TEXT_SIZE], host[TOWER_TEXT_SIZE];
	char again[TOWER_TEXT_SIZE];
	const char *protseq = tower_protseq(tower);
	struct tower built = { 0 };
	struct tower_room room;

	tower_endpoint(tower, endpoint);
	tower_host(tower, host);
	EXPECT(strlen(endpoint) < sizeof endpoint);
	if (protseq == NULL) {
		EXPECT(*endpoint == '\0' && *host == '\0');
		return;
	}
	if (tower_build(&built, protseq, host, endpoint, &room) != BECKET_S_OK)
		return;
	EXPECT(tower_same_protocols(tower, &built));
	tower_endpoint(&built, again);
	EXPECT(strcmp(endpoint, again) == 0);
	tower_host(&built, again);
	EXPECT(strcmp(host, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t encoded[TOWER_SIZE_MAX];
	struct tower tower, again;
	uint8_t *exact = malloc(size + 1);
	size_t length;

	EXPECT(exact != NULL);
	if (size > 0)
		memcpy(exact + 1, data, size);
	if (tower_decode((struct becket_bytes){ exact + 1, size }, &tower) ==
	    BECKET_S_OK) {
		EXPECT(tower_encode(&tower, encoded, &length) == BECKET_S_OK);
		EXPECT(length <= size);
		EXPECT(tower_decode((struct becket_bytes){ encoded, length },
		           &again) == BECKET_S_OK);
		expect_same(&tower, &again);
		check_text(&tower);
	}
	free(exact);
	return 0;
}
