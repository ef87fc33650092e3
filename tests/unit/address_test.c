/* SPDX-License-Identifier: MIT */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit.h"

/* What is told of a client at port 50312 of an IPv6 address. */
static void
expect_of_v6(const char *text, const char *expected, const char *expected_host)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(50312) };
	const struct sockaddr *address = (const void *)&six;
	char told[ADDRESS_TEXT_SIZE], host[ADDRESS_TEXT_SIZE];

	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	address_to_text(address, sizeof six, told);
	assert_string_equal(told, expected);
	address_to_host(address, sizeof six, host);
	assert_string_equal(host, expected_host);
}

static void
addresses_of_ipv6_stand_in_brackets(void **state)
{
	(void)state;
	expect_of_v6("::1", "[::1]:50312", "::1");
	expect_of_v6("2001:db8::7", "[2001:db8::7]:50312", "2001:db8::7");
}

static void
ipv4_is_ipv4_on_a_socket_for_both(void **state)
{
	(void)state;
	expect_of_v6("::ffff:192.0.2.1", "192.0.2.1:50312", "192.0.2.1");
}

static void
addresses_of_ipv4_are_plain(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr *address = (const void *)&four;
	char told[ADDRESS_TEXT_SIZE], host[ADDRESS_TEXT_SIZE];

	(void)state;
	address_to_text(address, sizeof four, told);
	assert_string_equal(told, "127.0.0.1:1");
	address_to_host(address, sizeof four, host);
	assert_string_equal(host, "127.0.0.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_ipv6_stand_in_brackets),
		cmocka_unit_test(ipv4_is_ipv4_on_a_socket_for_both),
		cmocka_unit_test(addresses_of_ipv4_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
