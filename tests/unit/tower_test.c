/* SPDX-License-Identifier: MIT */
#include "wire/tower.h"

#include "unit.h"

/* Windows, MAPI at port 135 of 10.0.0.1. */
static const char mapi[] =
    "0500 | 1300 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 0000 |"
    "1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000 |"
    "0100 0b 0200 0000 | 0100 07 0200 0087 | 0100 09 0400 0a000001";

static const struct syntax_id mapi_interface = {
	.uuid = { 0xa4f1db00, 0xca47, 0x1067,
	    { 0xb3, 0x1f, 0x00, 0xdd, 0x01, 0x06, 0x62, 0xda } },
};

static struct tower
decode(const char *hex, becket_status expected)
{
	static uint8_t bytes[256];
	struct tower tower = { 0 };
	size_t size = from_hex(hex, bytes);

	assert_int_equal(tower_decode((struct becket_bytes){ bytes, size },
	                     &tower),
	    expected);
	return tower;
}

static void
assert_says(const struct tower *tower, const char *protseq, const char *host,
    const char *endpoint)
{
	char text[TOWER_TEXT_SIZE];

	assert_string_equal(tower_protseq(tower), protseq);
	tower_host(tower, text);
	assert_string_equal(text, host);
	tower_endpoint(tower, text);
	assert_string_equal(text, endpoint);
}

static void
the_tower_of_windows_is_read(void **state)
{
	struct tower tower = decode(mapi, BECKET_S_OK);

	(void)state;
	assert_true(syntax_equal(&tower.interface, &mapi_interface));
	assert_true(
	    syntax_equal(&tower.transfer, &transfer_syntaxes[SYNTAX_NDR]));
	assert_int_equal(tower.floor_count, 3);
	assert_says(&tower, "ncacn_ip_tcp", "10.0.0.1", "135");
}

static void
the_tower_of_windows_is_written(void **state)
{
	uint8_t expected[256], bytes[TOWER_SIZE_MAX];
	struct tower tower = { .interface = mapi_interface,
		.transfer = transfer_syntaxes[SYNTAX_NDR] };
	struct tower_room room;
	size_t size;

	(void)state;
	assert_int_equal(from_hex(mapi, expected), 75);
	assert_int_equal(tower_build(&tower, "ncacn_ip_tcp", "10.0.0.1", "135",
	                     &room),
	    0);
	assert_int_equal(tower_encode(&tower, bytes, &size), 0);
	assert_bytes((struct becket_bytes){ bytes, size }, expected, 75);
}

static void
a_tower_cut_anywhere_is_truncated(void **state)
{
	uint8_t bytes[256];
	size_t size = from_hex(mapi, bytes);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = exact_copy(bytes, cut);
		struct tower tower;

		assert_int_equal(tower_decode((struct becket_bytes){ exact,
		                                  cut },
		                     &tower),
		    BECKET_S_TRUNCATED);
		free(exact);
	}
}

static void
names_and_other_addresses_are_any_host(void **state)
{
	static const char *const addresses[] = { "", "localhost", "::1",
		"1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4x" };
	struct tower tower;
	struct tower_room room;

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		assert_int_equal(tower_build(&tower, "ncacn_ip_tcp",
		                     addresses[i], "4747", &room),
		    BECKET_S_OK);
		assert_says(&tower, "ncacn_ip_tcp", "", "4747");
	}
}

static void
a_local_tower_has_four_floors(void **state)
{
	uint8_t bytes[TOWER_SIZE_MAX];
	struct tower tower = { .interface = mapi_interface,
		.transfer = transfer_syntaxes[SYNTAX_BECKET] };
	struct tower_room room;
	size_t size;

	(void)state;
	assert_int_equal(tower_build(&tower, "ncalrpc", "", "epmapper", &room),
	    0);
	assert_int_equal(tower_encode(&tower, bytes, &size), 0);
	assert_int_equal(bytes[0], 4);
	memset(&tower, 0, sizeof tower);
	assert_int_equal(tower_decode((struct becket_bytes){ bytes, size },
	                     &tower),
	    0);
	assert_says(&tower, "ncalrpc", "", "epmapper");
	assert_int_equal(tower.floors[1].address.size, 9);
}

static void
a_protocol_without_its_version_is_taken(void **state)
{
	struct tower tower =
	    decode("0500 | 1300 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 "
	           "0000 |"
	           "1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000 |"
	           "0100 0b 0000 | 0100 07 0200 0087 | 0100 09 0400 00000000",
	        BECKET_S_OK);

	(void)state;
	assert_says(&tower, "ncacn_ip_tcp", "", "135");
}

static void
what_is_no_tower_is_refused(void **state)
{
	(void)state;
	/* two floors, nine floors, no interface, a longer left side of it */
	decode("0200 | 1300 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 0000 "
	       "|"
	       "1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000",
	    BECKET_X_BAD_STUB_DATA);
	decode("0900", BECKET_X_BAD_STUB_DATA);
	decode("0300 1300 0c 00dbf1a447ca6710b31f00dd010662da 0000 0200 0000",
	    BECKET_X_BAD_STUB_DATA);
	decode("0300 1400 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 0000",
	    BECKET_X_BAD_STUB_DATA);
	/* a floor without protocol */
	decode("0300 | 1300 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 0000 "
	       "|"
	       "1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000 |"
	       "0000 0200 0000",
	    BECKET_X_BAD_STUB_DATA);
}

static void
too_large_a_tower_is_refused(void **state)
{
	static const uint8_t bytes[TOWER_SIZE_MAX + 1];
	struct tower tower;

	(void)state;
	assert_int_equal(tower_decode((struct becket_bytes){ bytes,
	                                  sizeof bytes },
	                     &tower),
	    BECKET_S_LIMIT_EXCEEDED);
}

static void
an_endpoint_that_is_no_port_is_refused(void **state)
{
	static const char *const endpoints[] = { "x", "65536", "1x", "-1" };
	struct tower tower;
	struct tower_room room;

	(void)state;
	for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
		assert_int_equal(tower_build(&tower, "ncacn_ip_tcp", "",
		                     endpoints[i], &room),
		    BECKET_S_INVALID_ENDPOINT_FORMAT);
	assert_int_equal(tower_build(&tower, "ncacn_np", "", "x", &room),
	    BECKET_S_PROTSEQ_NOT_SUPPORTED);
}

static void
what_others_register_is_told_by_name(void **state)
{
	static const struct {
		const char *floors, *protseq, *host, *endpoint;
	} rows[] = {
		{ "0100 0b 0200 0000 | 0100 0f 0600 5c7069706500 |"
		  "0100 11 0500 2f2f736800",
		    "ncacn_np", "//sh", "\\pipe" },
		{ "0100 0a 0200 0000 | 0100 08 0200 0087 |"
		  "0100 09 0400 7f000001",
		    "ncadg_ip_udp", "127.0.0.1", "135" },
		{ "0100 0b 0200 0000 | 0100 1f 0200 0251 |"
		  "0100 09 0400 00000000",
		    "ncacn_http", "", "593" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char hex[512] = "0500 | 1300 0d "
		                "00dbf1a447ca6710b31f00dd010662da 0000 0200 "
		                "0000 | 1300 0d 045d888aeb1cc9119fe808002b10"
		                "4860 0200 0200 0000 |";
		struct tower tower;

		strcat(hex, rows[i].floors);
		tower = decode(hex, BECKET_S_OK);
		assert_says(&tower, rows[i].protseq, rows[i].host,
		    rows[i].endpoint);
	}
}

static void
a_name_with_a_nul_within_is_none(void **state)
{
	struct tower tower =
	    decode("0400 | 1300 0d 00dbf1a447ca6710b31f00dd010662da 0000 0200 "
	           "0000 |"
	           "1300 0d 045d888aeb1cc9119fe808002b104860 0200 0200 0000 |"
	           "0100 0c 0200 0000 | 0100 10 0400 61006200",
	        BECKET_S_OK);

	(void)state;
	assert_says(&tower, "ncalrpc", "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tower_of_windows_is_read),
		cmocka_unit_test(the_tower_of_windows_is_written),
		cmocka_unit_test(a_tower_cut_anywhere_is_truncated),
		cmocka_unit_test(names_and_other_addresses_are_any_host),
		cmocka_unit_test(a_local_tower_has_four_floors),
		cmocka_unit_test(a_protocol_without_its_version_is_taken),
		cmocka_unit_test(what_is_no_tower_is_refused),
		cmocka_unit_test(too_large_a_tower_is_refused),
		cmocka_unit_test(an_endpoint_that_is_no_port_is_refused),
		cmocka_unit_test(what_others_register_is_told_by_name),
		cmocka_unit_test(a_name_with_a_nul_within_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
