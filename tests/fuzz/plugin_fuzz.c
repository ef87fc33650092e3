/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "idl/depends.h"
#include "idl/generate.h"
#include "idl/response.h"
#include "idl/strip.h"

/*
 * Whatever the request: an error and no files, or files and no error; the same
 * bytes every time; and nothing of the request comes into the C that is not a
 * name, inside a string, or inside a comment.
 *
 * Requests come from protoc, so protobuf-c's own recursion is no concern here;
 * but it must not kill the fuzzer.
 */
enum { LARGEST = 4096 };

static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789_ \t\n{}()[];,.*&=<>!?:|#-";

/* The end of a comment or of a string, whose beginning at stands behind. */
static const char *
skip_comment(const char *at)
{
	const char *end = strstr(at, "*/");

	EXPECT(end != NULL);
	for (; at < end; at++)
		EXPECT(at[0] != '/' || at[1] != '*');
	return end + 2;
}

static const char *
skip_string(const char *at)
{
	for (; *at != '"'; at++) {
		EXPECT(*at != '\0' && *at != '\n');
		if (*at == '\\')
			at++;
	}
	return at + 1;
}

static void
expect_plain_c(const char *text)
{
	int depth = 0;

	while (*text != '\0') {
		char c = *text++;

		if (c == '"') {
			text = skip_string(text);
		} else if (c == '/') {
			EXPECT(*text++ == '*');
			text = skip_comment(text);
		} else {
			EXPECT(strchr(plain, c) != NULL);
		}
		depth += (c == '{') - (c == '}');
		EXPECT(depth >= 0);
	}
	EXPECT(depth == 0);
}

static void
expect_lines(const char *lines)
{
	EXPECT(*lines != '\0');
	for (; *lines != '\0'; lines += strcspn(lines, "\n") + 1) {
		EXPECT(strchr(lines, ':') != NULL);
		if (lines[strcspn(lines, "\n")] == '\0')
			break;
	}
}

static void
expect_sound(const struct generated *generated)
{
	if (generated->error != NULL) {
		EXPECT(generated->file_count == 0);
		return;
	}
	for (size_t i = 0; i < generated->file_count; i++) {
		EXPECT(*generated->files[i].name != '\0');
		expect_plain_c(generated->files[i].content);
	}
}

/* MIDL's language looks like C; of Lua only what it is made of can be wrong. */
static void
expect_others(struct arena *arena, struct becket_bytes bytes)
{
	static char parameter[] = "emit=idl,emit=wireshark";
	Request *request = generate_parse(arena, bytes);
	struct generated generated;

	request->parameter = parameter;
	generated = generate(arena, request);
	for (size_t i = 0; i < generated.file_count; i++) {
		if (text_ends(generated.files[i].name, ".idl"))
			expect_plain_c(generated.files[i].content);
	}
}

/* What protoc-gen-c would be given is a request, and one without services. */
static void
expect_stripped(struct arena *arena, struct becket_bytes bytes)
{
	struct buffer stripped = buffer_empty(&idl_memory);
	Request *request = generate_parse(arena, bytes);

	strip_request(arena, request, &stripped);
	request = generate_parse(arena, buffer_bytes(&stripped));
	/* protobuf-c takes an unknown field 0 when its tag is written in two
	 * bytes, and refuses what it then makes of it
	 */
	for (size_t i = 0; request != NULL && i < request->n_proto_file; i++) {
		EXPECT(request->proto_file[i]->n_service == 0);
		EXPECT(request->proto_file[i]->n_extension == 0);
	}
	buffer_fini(&stripped);
}

static void
walk_depends(struct arena *arena, const Request *request,
    const struct generated *generated)
{
	static const char *const nowhere[] = { NULL };

	for (size_t i = 0; i < request->n_file_to_generate; i++)
		EXPECT(depends_rule(arena, request,
		           request->file_to_generate[i], "out", nowhere,
		           generated->files, generated->file_count) != NULL);
}

/* The response, from a memory of its own. */
static struct buffer
answer(struct becket_bytes bytes, bool *ret_is_request)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer response = buffer_empty(&idl_memory);
	const Request *request = generate_parse(&arena, bytes);
	struct generated generated;

	*ret_is_request = request != NULL;
	if (request != NULL) {
		generated = generate(&arena, request);
		expect_sound(&generated);
		response_pack(&arena, &generated, &response);
		walk_depends(&arena, request, &generated);
		expect_stripped(&arena, bytes);
		expect_others(&arena, bytes);
	}
	if (request != NULL && generated.error != NULL &&
	    request->parameter == NULL)
		expect_lines(generated.error);
	arena_fini(&arena);
	return response;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct becket_bytes bytes = { data, size };
	struct buffer first, second;
	bool is_request;

	if (size > LARGEST)
		return 0;
	first = answer(bytes, &is_request);
	if (!is_request)
		return 0;
	second = answer(bytes, &is_request);
	EXPECT(first.size == second.size);
	EXPECT(memcmp(first.data, second.data, first.size) == 0);
	buffer_fini(&first);
	buffer_fini(&second);
	return 0;
}
