/* SPDX-License-Identifier: MIT */
#include "io/peer_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

static struct peer_key
key_of(const char *text)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return peer_key_of_address((struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return peer_key_of_address((struct sockaddr *)&six);
}

static bool
are_one(const char *a, const char *b)
{
	struct peer_key of_a = key_of(a), of_b = key_of(b);

	return memcmp(&of_a, &of_b, sizeof of_a) == 0;
}

static void
an_address_is_a_peer_and_so_is_a_64(void **state)
{
	(void)state;
	assert_true(are_one("192.0.2.7", "192.0.2.7"));
	assert_false(are_one("192.0.2.7", "192.0.2.8"));
	assert_true(are_one("192.0.2.7", "::ffff:192.0.2.7"));
	assert_true(are_one("2001:db8:1:2::1", "2001:db8:1:2:ffff::2"));
	assert_false(are_one("2001:db8:1:2::1", "2001:db8:1:3::1"));
	assert_false(are_one("fe80::1", "fe80::2"));
}

static void
expect_text(struct peer_key key, const char *expected)
{
	char text[PEER_KEY_TEXT_SIZE];

	peer_key_to_text(&key, text);
	assert_string_equal(text, expected);
}

static void
peers_have_names(void **state)
{
	(void)state;
	expect_text(key_of("192.0.2.7"), "192.0.2.7");
	expect_text(key_of("::ffff:192.0.2.7"), "192.0.2.7");
	expect_text(key_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
	expect_text(key_of("fe80::2"), "fe80::2");
	expect_text(peer_key_of_user(1000), "uid 1000");
}

static void
each_peer_has_its_share(void **state)
{
	struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
	struct peer_key root = peer_key_of_user(0), other = key_of("0.0.0.0");
	struct peer_limit limit;

	(void)state;
	peer_limit_init(&limit, test_memory_of(&memory), 2);
	assert_true(peer_limit_enter(&limit, &root));
	assert_true(peer_limit_enter(&limit, &root));
	assert_false(peer_limit_enter(&limit, &root));
	assert_true(peer_limit_enter(&limit, &other));
	peer_limit_leave(&limit, &root);
	assert_true(peer_limit_enter(&limit, &root));
	assert_false(peer_limit_enter(&limit, &root));
	peer_limit_fini(&limit);
	test_memory_end(&memory);
}

static void
who_is_not_known_is_not_counted(void **state)
{
	struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
	struct sockaddr local = { .sa_family = AF_UNIX };
	struct peer_key nobody = peer_key_of_address(&local);
	struct peer_limit limit;

	(void)state;
	peer_limit_init(&limit, test_memory_of(&memory), 1);
	for (int i = 0; i < 3; i++)
		assert_true(peer_limit_enter(&limit, &nobody));
	peer_limit_leave(&limit, &nobody);
	assert_int_equal(memory.allocations, 0);
	peer_limit_fini(&limit);
	test_memory_end(&memory);
}

/* In an order that is none: 7919 is prime. */
static void
many_peers_come_and_go(void **state)
{
	enum { PEERS = 1000, STRIDE = 7919 };
	struct test_memory memory = test_memory(TEST_MEMORY_NEVER);
	struct peer_limit limit;

	(void)state;
	peer_limit_init(&limit, test_memory_of(&memory), 1);
	for (uint32_t i = 0; i < PEERS; i++) {
		struct peer_key key = peer_key_of_user(i * STRIDE % PEERS);

		assert_true(peer_limit_enter(&limit, &key));
		assert_false(peer_limit_enter(&limit, &key));
	}
	assert_int_equal(limit.count, PEERS);
	for (uint32_t i = 0; i < PEERS; i++) {
		struct peer_key key = peer_key_of_user(i);

		peer_limit_leave(&limit, &key);
	}
	assert_int_equal(limit.count, 0);
	assert_int_equal(memory.blocks, 0);
	peer_limit_fini(&limit);
	test_memory_end(&memory);
}

static void
without_memory_a_peer_is_let_in_uncounted(void **state)
{
	struct test_memory memory = test_memory(0);
	struct peer_key key = peer_key_of_user(1), again = key;
	struct peer_limit limit;

	(void)state;
	peer_limit_init(&limit, test_memory_of(&memory), 1);
	assert_true(peer_limit_enter(&limit, &key));
	assert_true(memory.failed);
	assert_true(peer_limit_enter(&limit, &again));
	peer_limit_leave(&limit, &key);
	assert_int_equal(limit.count, 1);
	peer_limit_fini(&limit);
	test_memory_end(&memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_a_peer_and_so_is_a_64),
		cmocka_unit_test(peers_have_names),
		cmocka_unit_test(each_peer_has_its_share),
		cmocka_unit_test(who_is_not_known_is_not_counted),
		cmocka_unit_test(many_peers_come_and_go),
		cmocka_unit_test(without_memory_a_peer_is_let_in_uncounted),
	};

	return cmocka_run_group_tests_name("peer_limit", tests, NULL, NULL);
}
