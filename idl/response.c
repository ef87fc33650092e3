/* SPDX-License-Identifier: MIT */
#include "idl/response.h"

typedef Google__Protobuf__Compiler__CodeGeneratorResponse Response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File ResponseFile;

#define FEATURE_PROTO3_OPTIONAL \
	GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL

static ResponseFile *
make_file(struct arena *arena, const struct generated_file *file)
{
	static const ResponseFile empty =
	    GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FILE__INIT;
	ResponseFile *result = text_alloc(arena, sizeof *result);

	*result = empty;
	result->name = (char *)file->name;
	result->content = (char *)file->content;
	return result;
}

void
response_pack(struct arena *arena, const struct generated *generated,
    struct buffer *ret_bytes)
{
	Response response =
	    GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
	size_t size;
	uint8_t *bytes;

	response.error = (char *)generated->error;
	response.has_supported_features = true;
	response.supported_features = FEATURE_PROTO3_OPTIONAL;
	response.n_file = generated->file_count;
	response.file =
	    text_alloc(arena, response.n_file * sizeof *response.file);
	for (size_t i = 0; i < generated->file_count; i++)
		response.file[i] = make_file(arena, &generated->files[i]);
	size = protobuf_c_message_get_packed_size(&response.base);
	bytes = text_alloc(arena, size);
	protobuf_c_message_pack(&response.base, bytes);
	text_put_bytes(ret_bytes, bytes, size);
}
