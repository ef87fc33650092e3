/* SPDX-License-Identifier: MIT */
#include "idl/generate.h"

#include "idl/check.h"
#include "idl/emit.h"
#include "idl/problem.h"
#include "idl/whole.h"

static const struct {
	const char *end;
	char *(*emit)(const struct model *model, const struct file *file);
} outputs[] = {
	{ ".becket.h", emit_header },
	{ ".becket.c", emit_tables },
	{ ".becket-client.c", emit_client },
	{ ".becket-server.c", emit_server },
};

enum { OUTPUTS = sizeof outputs / sizeof *outputs };

Request *
generate_parse(struct arena *arena, struct becket_bytes bytes)
{
	ProtobufCAllocator allocator = text_allocator(arena);
	Request *request =
	    google__protobuf__compiler__code_generator_request__unpack(
	        &allocator, bytes.size, bytes.data);

	return request != NULL && request_is_whole(request) ? request : NULL;
}

static void
add_files(struct generated *generated, const struct model *model,
    const struct file *file)
{
	for (size_t i = 0; i < OUTPUTS; i++)
		generated->files[generated->file_count++] =
		    (struct generated_file){
			    .name = text_print(model->arena, "%s%s", file->stem,
			        outputs[i].end),
			    .content = outputs[i].emit(model, file),
		    };
}

struct generated
generate(struct arena *arena, const Request *request)
{
	struct model *model;
	struct generated generated = { .error = NULL };

	if (request->parameter != NULL && *request->parameter != '\0') {
		generated.error = text_print(arena,
		    "protoc-gen-becket takes no parameters, not even \"%s\"",
		    request->parameter);
		return generated;
	}
	model = model_new(arena, request);
	model_check(model);
	if (model->problem_count > 0) {
		generated.error = problem_lines(model);
		return generated;
	}
	generated.files = text_alloc(arena,
	    model->file_count * OUTPUTS * sizeof *generated.files);
	for (size_t i = 0; i < model->file_count; i++) {
		if (model->files[i].service_count > 0)
			add_files(&generated, model, &model->files[i]);
	}
	return generated;
}
