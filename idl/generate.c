/* SPDX-License-Identifier: MIT */
#include "idl/generate.h"

#include <string.h>

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

static const char *
read_word(struct model *model, const char *word)
{
	if (text_equal(word, "no-file-set"))
		model->has_file_set = false;
	else if (*word != '\0')
		return text_print(model->arena,
		    "protoc-gen-becket knows no parameter \"%s\"", word);
	return NULL;
}

/* What is wrong, or NULL. */
static const char *
read_parameter(struct model *model, const char *parameter)
{
	const char *wrong = NULL;

	while (parameter != NULL && wrong == NULL) {
		size_t size = strcspn(parameter, ",");

		wrong =
		    read_word(model, text_copy(model->arena, parameter, size));
		parameter =
		    parameter[size] == '\0' ? NULL : parameter + size + 1;
	}
	return wrong;
}

struct generated
generate(struct arena *arena, const Request *request)
{
	struct model *model = model_new(arena, request);
	struct generated generated = { .error = NULL };

	model->has_file_set = true;
	generated.error = read_parameter(model, request->parameter);
	if (generated.error != NULL)
		return generated;
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
