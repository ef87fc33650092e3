/* SPDX-License-Identifier: MIT */
#include "idl/generate.h"

#include <string.h>

#include "idl/check.h"
#include "idl/emit.h"
#include "idl/problem.h"
#include "idl/whole.h"

static const struct {
	const char *kind, *end;
	char *(*emit)(const struct model *model, const struct file *file);
} outputs[] = {
	{ "c", ".becket.h", emit_header },
	{ "c", ".becket.c", emit_tables },
	{ "c", ".becket-client.c", emit_client },
	{ "c", ".becket-server.c", emit_server },
	{ "wireshark", ".becket.lua", emit_wireshark },
	{ "idl", ".becket.idl", emit_idl },
};

enum { OUTPUTS = sizeof outputs / sizeof *outputs };
_Static_assert((int)OUTPUTS == (int)MODEL_OUTPUTS, "wants all of them");

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
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (!model->wants[i])
			continue;
		generated->files[generated->file_count++] =
		    (struct generated_file){
			    .name = text_print(model->arena, "%s%s", file->stem,
			        outputs[i].end),
			    .content = outputs[i].emit(model, file),
		    };
	}
}

bool
generate_knows(const char *kind)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (text_equal(outputs[i].kind, kind))
			return true;
	}
	return false;
}

static void
want(struct model *model, const char *kind)
{
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (text_equal(outputs[i].kind, kind))
			model->wants[i] = true;
	}
}

static const char *
read_word(struct model *model, const char *word)
{
	bool emit = strncmp(word, "emit=", 5) == 0;

	if (text_equal(word, "no-file-set"))
		model->has_file_set = false;
	else if (emit && generate_knows(word + 5))
		want(model, word + 5);
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

	if (parameter == NULL || strstr(parameter, "emit=") == NULL)
		want(model, "c");
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
