/* SPDX-License-Identifier: MIT */
#include "wire/string_binding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UUID  "906b0ce0-c70b-1067-b317-00dd010662da"
#define UPPER "906B0CE0-C70B-1067-B317-00DD010662DA"

enum { TEXT_SIZE = 256 };

static struct becket_bytes
bytes(const char *text)
{
	return (struct becket_bytes){ (const uint8_t *)text, strlen(text) };
}

static const char *
unescaped(struct becket_bytes part, char text[TEXT_SIZE])
{
	assert_true(part.size < TEXT_SIZE);
	text[string_binding_unescape(part, text)] = '\0';
	return text;
}

/* "name=value,name=value", out of its escapes. */
static const char *
options_of(struct becket_bytes options, char text[TEXT_SIZE])
{
	struct becket_bytes name, value;
	char part[TEXT_SIZE];

	text[0] = '\0';
	while (string_binding_next_option(&options, &name, &value)) {
		if (text[0] != '\0')
			strcat(text, ",");
		strcat(text, unescaped(name, part));
		strcat(text, "=");
		strcat(text, unescaped(value, part));
	}
	return text;
}

struct vector {
	const char *text;
	const char *object, *protseq, *netaddr, *endpoint, *options;
};

/* clang-format off */
static const struct vector good[] = {
	{ "ncacn_ip_tcp:127.0.0.1[4114]", "", "ncacn_ip_tcp", "127.0.0.1", "4114", "" },
	{ "ncacn_ip_tcp:127.0.0.1", "", "ncacn_ip_tcp", "127.0.0.1", "", "" },
	{ "ncacn_ip_tcp:", "", "ncacn_ip_tcp", "", "", "" },
	{ "ncacn_ip_tcp:[4114]", "", "ncacn_ip_tcp", "", "4114", "" },
	{ "ncalrpc:", "", "ncalrpc", "", "", "" },
	{ "ncalrpc:[x]", "", "ncalrpc", "", "x", "" },
	{ "ncacn_ip_tcp:h[]", "", "ncacn_ip_tcp", "h", "", "" },
	{ "ncacn_ip_tcp:h[4114,a=b,c=d]", "", "ncacn_ip_tcp", "h", "4114", "a=b,c=d" },
	{ "ncacn_ip_tcp:h[a=b,4114,c=d]", "", "ncacn_ip_tcp", "h", "4114", "a=b,c=d" },
	{ "ncacn_ip_tcp:h[endpoint=4114]", "", "ncacn_ip_tcp", "h", "4114", "" },
	{ "ncacn_ip_tcp:h[a=b,endpoint=4114]", "", "ncacn_ip_tcp", "h", "4114", "a=b" },
	{ "ncacn_ip_tcp:h[,a=b]", "", "ncacn_ip_tcp", "h", "", "a=b" },
	{ "ncacn_ip_tcp:h[a=]", "", "ncacn_ip_tcp", "h", "", "a=" },
	{ "ncacn_ip_tcp:h[ENDPOINT=1]", "", "ncacn_ip_tcp", "h", "", "ENDPOINT=1" },
	{ "ncacn_ip_tcp:::1[4114]", "", "ncacn_ip_tcp", "::1", "4114", "" },
	{ "ncacn_ip_tcp:\\:\\:1[4114]", "", "ncacn_ip_tcp", "::1", "4114", "" },
	{ UUID "@ncacn_ip_tcp:h[1]", UUID, "ncacn_ip_tcp", "h", "1", "" },
	{ UPPER "@ncalrpc:[n]", UPPER, "ncalrpc", "", "n", "" },
	{ "ncacn_np:\\\\\\\\srv[\\\\pipe\\\\p]", "", "ncacn_np", "\\\\srv", "\\pipe\\p", "" },
	{ "ncalrpc:[a\\]b]", "", "ncalrpc", "", "a]b", "" },
	{ "ncalrpc:[a,Security=impersonation dynamic true]", "", "ncalrpc", "", "a",
	  "Security=impersonation dynamic true" },
	{ "nosuch:h[1]", "", "nosuch", "h", "1", "" },
	{ "NCACN_IP_TCP:h[1]", "", "NCACN_IP_TCP", "h", "1", "" },
	{ "ncacn_ip_tcp:h[70000]", "", "ncacn_ip_tcp", "h", "70000", "" },
	{ "ncacn_ip_tcp:h[abc]", "", "ncacn_ip_tcp", "h", "abc", "" },
	{ "ncacn_ip_tcp:h[0]", "", "ncacn_ip_tcp", "h", "0", "" },
	{ "ncalrpc:[endpoint=a\\\\\\]b]", "", "ncalrpc", "", "a\\]b", "" },
	{ "ncalrpc:[end\\point=x]", "", "ncalrpc", "", "x", "" },
	{ "ncalrpc:[a,x=1\\,y\\=2]", "", "ncalrpc", "", "a", "x=1,y=2" },
};

static const struct {
	const char *text;
	becket_status status;
} bad[] = {
	{ "ncacn_ip_tcp", BECKET_S_INVALID_STRING_BINDING },
	{ "", BECKET_S_INVALID_STRING_BINDING },
	{ ":", BECKET_S_INVALID_STRING_BINDING },
	{ ":h[1]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1]x", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1]]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1][2]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[a[b]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncalrpc:[a\\]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h\\", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[4114,endpoint=4115]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[endpoint=1,endpoint=2]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[endpoint=]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[=x]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1,]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1,,a=b]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[,]", BECKET_S_INVALID_STRING_BINDING },
	{ " ncacn_ip_tcp:h[1]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp: h[1]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h [1]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1, a=b]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1]\n", BECKET_S_INVALID_STRING_BINDING },
	{ "nca[n:h", BECKET_S_INVALID_STRING_BINDING },
	{ "{" UUID "}@ncalrpc:[n]", BECKET_S_INVALID_STRING_UUID },
	{ "@ncalrpc:[n]", BECKET_S_INVALID_STRING_UUID },
	{ UUID "0@ncalrpc:[n]", BECKET_S_INVALID_STRING_UUID },
	{ "ncalrpc:[a@b]", BECKET_S_INVALID_STRING_UUID },
	{ UUID "@ncalrpc:[a@b]", BECKET_S_INVALID_STRING_BINDING },
	{ UUID "@" UUID "@ncalrpc:[n]", BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:host[20,sign,Security=Foobar]", BECKET_S_INVALID_NETWORK_OPTIONS },
};
/* clang-format on */

static void
good_strings_are_cut_into_their_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const struct vector *v = &good[i];
		struct string_binding b;
		char text[TEXT_SIZE];

		if (string_binding_parse(bytes(v->text), &b) != BECKET_S_OK)
			fail_msg("refused: %s", v->text);
		assert_string_equal(unescaped(b.object, text), v->object);
		assert_string_equal(unescaped(b.protseq, text), v->protseq);
		assert_string_equal(unescaped(b.netaddr, text), v->netaddr);
		assert_string_equal(unescaped(b.endpoint, text), v->endpoint);
		assert_string_equal(options_of(b.options, text), v->options);
		assert_int_equal(b.has_object, v->object[0] != '\0');
		assert_int_equal(b.has_endpoint, v->endpoint[0] != '\0');
	}
}

static void
bad_strings_are_refused_with_their_status(void **state)
{
	static const struct string_binding untouched;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct string_binding b = { 0 };
		becket_status status =
		    string_binding_parse(bytes(bad[i].text), &b);

		if (status != bad[i].status)
			fail_msg("%s: status %u", bad[i].text, status);
		assert_memory_equal(&b, &untouched, sizeof b);
	}
}

static void
a_nul_is_refused_anywhere(void **state)
{
	static const char text[] = UUID "@ncacn_ip_tcp:h[1,a=b]";
	char with[sizeof text];
	struct string_binding b;

	(void)state;
	for (size_t at = 0; at < sizeof text - 1; at++) {
		memcpy(with, text, sizeof text);
		with[at] = '\0';
		assert_int_equal(string_binding_parse(
		                     (struct becket_bytes){
		                         (const uint8_t *)with,
		                         sizeof text - 1 },
		                     &b),
		    BECKET_S_INVALID_STRING_BINDING);
	}
}

static void
no_text_at_all_is_refused(void **state)
{
	struct string_binding b;

	(void)state;
	assert_int_equal(string_binding_parse((struct becket_bytes){ 0 }, &b),
	    BECKET_S_INVALID_STRING_BINDING);
}

static size_t
append_escaped(char *text, size_t size, const char *part)
{
	size_t counted = string_binding_escape(bytes(part), NULL);
	size_t written = string_binding_escape(bytes(part), text + size);

	assert_int_equal(counted, written);
	return size + written;
}

/* Any parts, put together with escapes, come apart again as they were. */
static void
what_is_escaped_and_joined_is_cut_back(void **state)
{
	static const char alphabet[] = "a1@:[],=\\.\x7e\xc3\xa9";
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char parts[4][12] = { "" };
		char text[TEXT_SIZE], again[TEXT_SIZE];
		struct string_binding b;
		struct becket_bytes name, value;
		size_t size = 0;

		for (int p = 0; p < 4; p++) {
			size_t length =
			    1 +
			    (seed = seed * 1103515245 + 12345, seed >> 16) % 8;

			for (size_t i = 0; i < length; i++) {
				seed = seed * 1103515245 + 12345;
				parts[p][i] = alphabet[(seed >> 16) %
				                       (sizeof alphabet - 1)];
			}
		}
		size = append_escaped(text, size, "ncalrpc");
		text[size++] = ':';
		size = append_escaped(text, size, parts[0]);
		text[size++] = '[';
		size = append_escaped(text, size, parts[1]);
		text[size++] = ',';
		text[size++] = 'x'; /* so that it is not "endpoint" */
		size = append_escaped(text, size, parts[2]);
		text[size++] = '=';
		size = append_escaped(text, size, parts[3]);
		text[size++] = ']';
		text[size] = '\0';

		if (string_binding_parse(bytes(text), &b) != BECKET_S_OK)
			fail_msg("refused: %s", text);
		assert_string_equal(unescaped(b.netaddr, again), parts[0]);
		assert_string_equal(unescaped(b.endpoint, again), parts[1]);
		assert_true(
		    string_binding_next_option(&b.options, &name, &value));
		assert_string_equal(unescaped(name, again) + 1, parts[2]);
		assert_string_equal(unescaped(value, again), parts[3]);
		assert_false(
		    string_binding_next_option(&b.options, &name, &value));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_strings_are_cut_into_their_parts),
		cmocka_unit_test(bad_strings_are_refused_with_their_status),
		cmocka_unit_test(a_nul_is_refused_anywhere),
		cmocka_unit_test(no_text_at_all_is_refused),
		cmocka_unit_test(what_is_escaped_and_joined_is_cut_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
