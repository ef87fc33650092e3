/* SPDX-License-Identifier: MIT */
#include "wire/fault.h"

#include "unit.h"

static void
codes_of_the_field_map_to_their_statuses(void **state)
{
	static const struct {
		uint32_t wire;
		becket_status status;
	} rows[] = {
		{ NCA_S_COMM_FAILURE, 1820 },
		{ NCA_S_OP_RNG_ERROR, 1745 },
		{ NCA_S_UNK_IF, 1717 },
		{ NCA_S_PROTO_ERROR, 1728 },
		{ NCA_S_SERVER_TOO_BUSY, 1723 },
		{ NCA_S_UNSUPPORTED_TYPE, 1732 },
		{ NCA_S_FAULT_CANCEL, 1818 },
		{ NCA_S_FAULT_CONTEXT_MISMATCH, 6 },
		{ NCA_S_FAULT_REMOTE_NO_MEMORY, 1130 },
		{ 0x1c000001, 1767 },
		{ 0x1c000009, 1727 },
		{ 0x1c00000c, 1727 },
		{ 0x1c000012, 1726 },
		{ 0x1c010009, 1726 },
		{ 0x1c00001c, 1717 },
		{ 0x1c000014, 1918 },
		{ 0x1c000024, 1710 },
		{ 5, 5 },
		{ 0x6f7, 1783 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(fault_to_status(rows[i].wire), rows[i].status);
}

static void
what_is_in_no_table_goes_through(void **state)
{
	static const uint32_t codes[] = { 1, 4711, 0x80070005, 0x42000006,
		0x1c000021, 0x1c010015, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_int_equal(fault_to_status(codes[i]), codes[i]);
		assert_int_equal(fault_from_status(codes[i]), codes[i]);
	}
}

/* Every status that crosses comes back as itself, but for memory. */
static void
statuses_survive_the_way_there_and_back(void **state)
{
	(void)state;
#define STATUS(name, value, sentence) \
	if ((value) != BECKET_S_OK && (value) != BECKET_S_OUT_OF_MEMORY) \
		assert_int_equal(fault_to_status(fault_from_status(value)), \
		    (becket_status)(value));
#include "base/status.def"
#undef STATUS
}

static void
a_server_without_memory_is_remote_for_its_client(void **state)
{
	(void)state;
	assert_int_equal(fault_from_status(BECKET_S_OUT_OF_MEMORY),
	    NCA_S_FAULT_REMOTE_NO_MEMORY);
	assert_int_equal(fault_to_status(NCA_S_FAULT_REMOTE_NO_MEMORY),
	    BECKET_S_REMOTE_NO_MEMORY);
}

static void
a_fault_is_never_success(void **state)
{
	(void)state;
	assert_int_equal(fault_to_status(0), BECKET_S_CALL_FAILED);
	assert_int_not_equal(fault_from_status(BECKET_S_OK), 0);
	for (uint32_t low = 0; low < 0x40; low++) {
		assert_int_not_equal(fault_to_status(0x1c000000 + low), 0);
		assert_int_not_equal(fault_to_status(0x1c010000 + low), 0);
	}
}

static void
faults_have_names(void **state)
{
	(void)state;
	assert_string_equal(fault_name(NCA_S_OP_RNG_ERROR),
	    "nca_s_op_rng_error");
	assert_string_equal(fault_name(0x1c000021), "nca_s_fault_user_defined");
	assert_string_equal(fault_name(5), "access_denied");
	assert_null(fault_name(4711));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_of_the_field_map_to_their_statuses),
		cmocka_unit_test(what_is_in_no_table_goes_through),
		cmocka_unit_test(statuses_survive_the_way_there_and_back),
		cmocka_unit_test(
		    a_server_without_memory_is_remote_for_its_client),
		cmocka_unit_test(a_fault_is_never_success),
		cmocka_unit_test(faults_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
