/* SPDX-License-Identifier: MIT */
/*
 * becketc: .proto files in, C files out. It lets protoc parse them, our own
 * generator make stubs and tables, and protoc-gen-c make the messages, and
 * writes files only if all of that went well.
 *
 * protoc gives what it has parsed to plugins alone. So protoc is told that
 * this very program is a plugin, which passes the request on to us: relay().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "idl/arguments.h"
#include "idl/depends.h"
#include "idl/generate.h"
#include "idl/output.h"
#include "idl/place.h"
#include "idl/process.h"
#include "idl/stream.h"
#include "idl/strip.h"

#define RELAY_VARIABLE "BECKETC_RELAY"

enum { RELAY_FD = 3, EXIT_USAGE = 2 };

typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;

struct compiler {
	struct arena *arena;
	struct arguments arguments;
	const char *program;   /* the file of this very program */
	struct buffer request; /* as protoc gave it */
	struct generated_file *outputs;
	size_t output_count;
};

static const char help[] =
    "usage: becketc [-I DIRECTORY]... [-MD] [--emit WHAT]... [--no-file-set]\n"
    "               -o DIRECTORY FILE.proto...\n"
    "\n"
    "Makes of each FILE.proto, in the output directory:\n"
    "  FILE.becket.h         what clients and servers include\n"
    "  FILE.becket.c         the tables of its interfaces, for both\n"
    "  FILE.becket-client.c  the stubs\n"
    "  FILE.becket-server.c  the ways into the manager routines\n"
    "  FILE.pb-c.h, .pb-c.c  the messages, by protobuf-c\n"
    "The first four come of files with services only. Imported files are not\n"
    "generated: name them too, as in google/protobuf/timestamp.proto.\n"
    "\n"
    "  -I DIRECTORY   where imports are sought, and what FILE is relative to;\n"
    "                 repeatable; the default is the current directory\n"
    "  -o DIRECTORY   where files go\n"
    "  -MD            also make FILE.becket.d, a rule for make of what FILE\n"
    "                 imports\n"
    "  --emit WHAT    make other files than these; repeatable. WHAT is c "
    "(these),\n"
    "                 wireshark (FILE.becket.lua, which shows calls in "
    "Wireshark)\n"
    "                 or idl (FILE.becket.idl, for clients made by MIDL)\n"
    "  --no-file-set  leave out what servers tell of their types (reflection)\n"
    "  --version, --help\n"
    "\n"
    "A proto3 \"optional\" field x of message pkg.M has a member _x_case "
    "beside\n"
    "x: PKG__M___X__NOT_SET says that it is absent, PKG__M___X_X that it is "
    "there.\n"
    "\n"
    "Environment: PROTOC and PROTOC_GEN_C name the programs that are run;\n"
    "the defaults are protoc and protoc-gen-c, sought in PATH.\n"
    "Exit status: 0 done, 1 an error (nothing was written), 2 wrong usage.\n";

/* As a plugin of protoc's: hand the request through, answer with no files but
 * with the feature "proto3 optional".
 */
static int
relay(void)
{
	static const uint8_t answer[] = { 0x10, 0x01 };
	struct buffer request = buffer_empty(&idl_memory);
	bool done =
	    stream_read(0, &request) &&
	    stream_write(RELAY_FD, buffer_bytes(&request)) &&
	    stream_write(1, (struct becket_bytes){ answer, sizeof answer });

	buffer_fini(&request);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const char *
from_environment(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value == NULL || *value == '\0' ? otherwise : value;
}

static bool
complain(const char *sentence)
{
	fprintf(stderr, "becketc: %s\n", sentence);
	return false;
}

/* protoc's words: plugin, include directories, files. */
static const char *const *
protoc_words(const struct compiler *compiler)
{
	const struct arguments *arguments = &compiler->arguments;
	const char **words = text_alloc(compiler->arena,
	    (arguments->include_count + arguments->file_count + 5) *
	        sizeof *words);
	size_t count = 0;

	words[count++] = from_environment("PROTOC", "protoc");
	words[count++] = text_print(compiler->arena,
	    "--plugin=protoc-gen-becketc=%s", compiler->program);
	words[count++] = "--becketc_out=.";
	for (size_t i = 0; i < arguments->include_count; i++)
		words[count++] = text_print(compiler->arena, "--proto_path=%s",
		    arguments->includes[i]);
	/* protoc knows no "--" */
	for (size_t i = 0; i < arguments->file_count; i++)
		words[count++] = text_print(compiler->arena, "%s%s",
		    arguments->files[i][0] == '-' ? "./" : "",
		    arguments->files[i]);
	return words;
}

/* protoc tells its own errors itself, as file:line:col too. */
static bool
parse(struct compiler *compiler)
{
	const struct process protoc = {
		.arguments = protoc_words(compiler),
		.output_fd = RELAY_FD,
	};
	int status, error;

	setenv(RELAY_VARIABLE, "1", 1);
	error = process_run(&protoc, &compiler->request, &status);
	unsetenv(RELAY_VARIABLE);
	if (error != 0)
		return complain(text_print(compiler->arena,
		    "cannot run %s: %s (it is in Debian's package "
		    "protobuf-compiler)",
		    protoc.arguments[0], strerror(error)));
	return status == 0;
}

static Request *
request_of(const struct compiler *compiler)
{
	return generate_parse(compiler->arena,
	    buffer_bytes(&compiler->request));
}

static void
add_output(struct compiler *compiler, const char *name, const char *content)
{
	size_t size = (compiler->output_count + 1) * sizeof *compiler->outputs;
	struct generated_file *outputs = text_alloc(compiler->arena, size);

	if (compiler->output_count > 0)
		memcpy(outputs, compiler->outputs,
		    compiler->output_count * sizeof *outputs);
	outputs[compiler->output_count++] =
	    (struct generated_file){ name, content };
	compiler->outputs = outputs;
}

/* What a plugin would be told. */
static char *
parameter(const struct compiler *compiler)
{
	const struct arguments *arguments = &compiler->arguments;
	char *text = text_print(compiler->arena, "%s",
	    arguments->no_file_set ? "no-file-set" : "");

	for (size_t i = 0; i < arguments->emit_count; i++)
		text = text_print(compiler->arena, "%s,emit=%s", text,
		    arguments->emits[i]);
	return text;
}

static bool
make_stubs(struct compiler *compiler)
{
	Request *request = request_of(compiler);
	struct generated generated;

	if (request == NULL || request->n_file_to_generate == 0)
		return complain("what protoc says is no request");
	request->parameter = parameter(compiler);
	generated = generate(compiler->arena, request);
	if (generated.error != NULL) {
		fprintf(stderr, "%s\n", generated.error);
		return false;
	}
	for (size_t i = 0; i < generated.file_count; i++)
		add_output(compiler, generated.files[i].name,
		    generated.files[i].content);
	return true;
}

/* Run protoc-gen-c as protoc would, but with what it can digest. */
static bool
run_protobuf_c(struct compiler *compiler, struct buffer *answer)
{
	const char *const words[] = {
		from_environment("PROTOC_GEN_C", "protoc-gen-c"),
		NULL,
	};
	struct buffer stripped = buffer_empty(&idl_memory);
	struct process process = { words, true, { NULL, 0 }, 1 };
	int status, error;

	strip_request(compiler->arena, request_of(compiler), &stripped);
	process.input = buffer_bytes(&stripped);
	error = process_run(&process, answer, &status);
	buffer_fini(&stripped);
	if (error != 0)
		return complain(text_print(compiler->arena,
		    "cannot run %s: %s (it is in Debian's package "
		    "protobuf-c-compiler)",
		    words[0], strerror(error)));
	if (status != 0)
		return complain(text_print(compiler->arena,
		    "%s failed with status %d", words[0], status));
	return true;
}

/* protobuf-c's macros lack braces that -Wall asks for; as those of a system
 * header they do not trouble who uses them.
 */
static const char *
quiet(struct arena *arena, const char *name, const char *content)
{
	return text_ends(name, ".h")
	           ? text_print(arena, "#pragma GCC system_header\n%s", content)
	           : content;
}

static bool
make_messages(struct compiler *compiler)
{
	struct buffer answer = buffer_empty(&idl_memory);
	ProtobufCAllocator allocator = text_allocator(compiler->arena);
	Response *response = NULL;

	if (run_protobuf_c(compiler, &answer)) {
		response =
		    google__protobuf__compiler__code_generator_response__unpack(
		        &allocator, answer.size, answer.data);
		if (response == NULL)
			complain("what protoc-gen-c says is no response");
	}
	buffer_fini(&answer);
	if (response == NULL)
		return false;
	if (response->error != NULL)
		return complain(response->error);
	for (size_t i = 0; i < response->n_file; i++) {
		const char *name = response->file[i]->name;
		const char *content = response->file[i]->content;

		if (name != NULL && content != NULL)
			add_output(compiler, name,
			    quiet(compiler->arena, name, content));
	}
	return true;
}

static void
make_depends(struct compiler *compiler)
{
	const Request *request = request_of(compiler);
	size_t count = compiler->output_count;

	for (size_t i = 0; i < request->n_file_to_generate; i++) {
		const char *file = request->file_to_generate[i];
		size_t size = strlen(file);

		if (text_ends(file, ".proto"))
			size -= strlen(".proto");
		add_output(compiler,
		    text_print(compiler->arena, "%.*s.becket.d", (int)size,
		        file),
		    depends_rule(compiler->arena, request, file,
		        compiler->arguments.directory,
		        compiler->arguments.includes, compiler->outputs,
		        count));
	}
}

static bool
compile(struct compiler *compiler)
{
	const char *sentence;

	if (!parse(compiler) || !make_stubs(compiler))
		return false;
	if (compiler->arguments.emits_c && !make_messages(compiler))
		return false;
	if (compiler->arguments.depends)
		make_depends(compiler);
	sentence = output_write(compiler->arena, compiler->arguments.directory,
	    compiler->outputs, compiler->output_count);
	return sentence == NULL || complain(sentence);
}

static int
run(struct arena *arena, int argc, char **argv)
{
	struct compiler compiler = {
		.arena = arena,
		.arguments = arguments_parse(arena, argc, argv),
		.program = place_program(arena, argv[0]),
		.request = buffer_empty(&idl_memory),
	};
	struct arguments *arguments = &compiler.arguments;
	const char *options = place_options(arena, compiler.program);
	bool done;

	if (arguments->help || arguments->version) {
		fputs(arguments->help ? help : "becketc " IDL_VERSION "\n",
		    stdout);
		return EXIT_SUCCESS;
	}
	if (arguments->complaint != NULL) {
		complain(arguments->complaint);
		fputs("try becketc --help\n", stderr);
		return EXIT_USAGE;
	}
	if (options != NULL)
		arguments->includes[arguments->include_count++] = options;
	done = compile(&compiler);
	buffer_fini(&compiler.request);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	struct arena arena = arena_empty(&idl_memory, SIZE_MAX);
	int status;

	if (getenv(RELAY_VARIABLE) != NULL)
		return relay();
	status = run(&arena, argc, argv);
	arena_fini(&arena);
	return status;
}
