/* SPDX-License-Identifier: MIT */
#ifndef IDL_GENERATE_H
#define IDL_GENERATE_H

#include "idl/model.h"

/*
 * The generator: a request of protoc's in, files or problems out. It touches
 * nothing outside its arena, so it is the same in the plugin, in becketc and
 * under the fuzzer, and the same request gives the same bytes.
 */
struct generated {
	const char *error; /* lines "file:line:col: sentence"; NULL: none */
	struct generated_file {
		const char *name; /* "dir/calc.becket.h" */
		const char *content;
	} * files; /* none, if there is an error */
	size_t file_count;
};

/* NULL: the bytes are no request. */
Request *generate_parse(struct arena *arena, struct becket_bytes bytes);

/* The request must come of generate_parse() and outlive the result. Its
 * parameter may have words, with commas between: "no-file-set" leaves out what
 * reflection needs; "emit=" and a word of GENERATE_KINDS asks for that, instead
 * of "c".
 */
#define GENERATE_KINDS "c, wireshark and idl"
bool generate_knows(const char *kind);
struct generated generate(struct arena *arena, const Request *request);

#endif
