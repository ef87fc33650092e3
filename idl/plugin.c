/* SPDX-License-Identifier: MIT */
/*
 * protoc-gen-becket: what protoc runs for --becket_out=DIR. A request on
 * standard input, a response on standard output.
 */
#include <stdio.h>
#include <stdlib.h>

#include "idl/generate.h"
#include "idl/response.h"
#include "idl/stream.h"

int
main(int argc, char **argv)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	struct buffer input = buffer_empty(&idl_memory), output = input;
	const Request *request;
	struct generated generated;

	(void)argv;
	if (argc > 1) {
		puts("protoc-gen-becket " IDL_VERSION ": protoc runs this "
		     "for --becket_out=DIR; see becketc(1)");
		return 0;
	}
	if (!stream_read(0, &input))
		return EXIT_FAILURE;
	request = generate_parse(&arena,
	    (struct becket_bytes){ input.data, input.size });
	generated =
	    request == NULL
	        ? (struct generated){ .error =
		                          "standard input is not a request of "
		                          "protoc's" }
	        : generate(&arena, request);
	response_pack(&arena, &generated, &output);
	buffer_fini(&input);
	arena_fini(&arena);
	if (!stream_write(1, buffer_bytes(&output)))
		return EXIT_FAILURE;
	buffer_fini(&output);
	return EXIT_SUCCESS;
}
