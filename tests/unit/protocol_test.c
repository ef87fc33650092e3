/* SPDX-License-Identifier: MIT */
/*
 * The worked exchanges of PROTOCOL.md section 9 are what they say they are.
 * Lines "client NAME" and "server NAME" each begin a PDU; the hexadecimal
 * lines below it, which are indented, are its bytes up to a "#".
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "wire/pdu.h"

struct example {
	char name[32];
	size_t line;
	size_t size;
	uint8_t bytes[1024];
};

static struct example examples[64];
static size_t count;

static void
take_bytes(struct example *example, const char *line)
{
	char *end;

	for (;;) {
		unsigned long byte = strtoul(line, &end, 16);

		if (end == line)
			return;
		assert_true(byte <= UINT8_MAX);
		assert_true(example->size < sizeof example->bytes);
		example->bytes[example->size++] = (uint8_t)byte;
		line = end;
	}
}

static void
take_line(char *line, size_t number)
{
	struct example *example = count > 0 ? &examples[count - 1] : NULL;
	char *comment = strchr(line, '#');

	if (comment != NULL)
		*comment = '\0';
	if (strncmp(line, "client ", 7) == 0 ||
	    strncmp(line, "server ", 7) == 0) {
		assert_true(count < sizeof examples / sizeof examples[0]);
		example = &examples[count++];
		example->line = number;
		assert_int_equal(sscanf(line + 7, "%31s", example->name), 1);
	} else if (*line == ' ' && example != NULL) {
		take_bytes(example, line);
	}
}

static int
read_examples(void **state)
{
	FILE *file = fopen("PROTOCOL.md", "r");
	char line[512];
	size_t number = 0;
	bool in_section = false;
	bool in_block = false;

	(void)state;
	if (file == NULL)
		return -1;
	while (fgets(line, sizeof line, file) != NULL) {
		number++;
		if (strncmp(line, "## ", 3) == 0)
			in_section = strncmp(line, "## 9.", 5) == 0;
		if (strncmp(line, "```", 3) == 0)
			in_block = !in_block;
		else if (in_section && in_block)
			take_line(line, number);
	}
	fclose(file);
	return 0;
}

static void
there_are_worked_exchanges(void **state)
{
	(void)state;
	assert_true(count >= 16);
}

static struct pdu
decode(const struct example *example)
{
	struct pdu_header header;
	struct pdu pdu = { 0 };

	if (example->size < PDU_HEADER_SIZE)
		fail_msg("line %zu: no PDU", example->line);
	header = pdu_decode_header(example->bytes);
	if (!pdu_header_is_sane(&header) || header.size != example->size)
		fail_msg("line %zu: %zu bytes, its header says %u",
		    example->line, example->size, header.size);
	if (pdu_decode(example->bytes, example->size, &pdu) != BECKET_S_OK)
		fail_msg("line %zu: does not decode", example->line);
	return pdu;
}

static void
every_example_decodes_as_what_it_is_called(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct pdu pdu = decode(&examples[i]);

		assert_string_equal(pdu_name(pdu.header.type),
		    examples[i].name);
	}
}

static void
every_little_endian_example_encodes_to_its_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct pdu pdu = decode(&examples[i]);
		uint8_t bytes[sizeof examples[i].bytes];
		size_t size;

		if (pdu.big_endian)
			continue;
		assert_int_equal(pdu_encode(&pdu, bytes, sizeof bytes, &size),
		    BECKET_S_OK);
		assert_int_equal(size, examples[i].size);
		assert_memory_equal(bytes, examples[i].bytes, size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_worked_exchanges),
		cmocka_unit_test(every_example_decodes_as_what_it_is_called),
		cmocka_unit_test(
		    every_little_endian_example_encodes_to_its_bytes),
	};

	return cmocka_run_group_tests(tests, read_examples, NULL);
}
