/* SPDX-License-Identifier: MIT */
#include "services/answers.h"

#include <stdint.h>
#include <string.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;
typedef Grpc__Reflection__V1__FileDescriptorResponse Files;
typedef Grpc__Reflection__V1__ExtensionNumberResponse Numbers;
typedef Grpc__Reflection__V1__ListServiceResponse Services;
typedef Grpc__Reflection__V1__ServiceResponse Service;
typedef Grpc__Reflection__V1__ErrorResponse Error;

#define ASKED(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define ANSWER(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what

enum { INVALID_ARGUMENT = 3, NOT_FOUND = 5 }; /* codes of gRPC */

struct asked {
	const struct catalogue *catalogue;
	struct arena *arena;
	const Request *request;
	Response *response;
};

static struct becket_bytes
text(const char *string)
{
	return (struct becket_bytes){
		(const uint8_t *)string,
		strlen(string),
	};
}

static char *
writable(const char *string) /* protobuf-c has no const */
{
	return (char *)(uintptr_t)string;
}

static becket_status
refuse(struct asked *asked, int32_t code, const char *sentence)
{
	Error *error = arena_alloc(asked->arena, sizeof *error);

	if (error == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*error = (Error)GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
	error->error_code = code;
	error->error_message = writable(sentence);
	asked->response->message_response_case = ANSWER(ERROR_RESPONSE);
	asked->response->error_response = error;
	return BECKET_S_OK;
}

static becket_status
give_file(struct asked *asked, const struct descriptor_file *file)
{
	const struct descriptors *descriptors = &asked->catalogue->descriptors;
	struct becket_bytes *bytes;
	ProtobufCBinaryData *data;
	Files *files;

	if (file == NULL)
		return refuse(asked, NOT_FOUND, "there is no such file here");
	files = arena_alloc(asked->arena, sizeof *files);
	bytes = arena_alloc(asked->arena, descriptors->count * sizeof *bytes);
	data = arena_alloc(asked->arena, descriptors->count * sizeof *data);
	if (files == NULL || bytes == NULL || data == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*files = (Files)GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
	files->n_file_descriptor_proto =
	    descriptors_closure(descriptors, file, bytes);
	files->file_descriptor_proto = data;
	for (size_t i = 0; i < files->n_file_descriptor_proto; i++)
		data[i] = (ProtobufCBinaryData){
			.len = bytes[i].size,
			.data = (uint8_t *)(uintptr_t)bytes[i].data,
		};
	asked->response->message_response_case =
	    ANSWER(FILE_DESCRIPTOR_RESPONSE);
	asked->response->file_descriptor_response = files;
	return BECKET_S_OK;
}

static becket_status
give_symbol(struct asked *asked)
{
	const struct descriptor_file *file =
	    catalogue_find_symbol(asked->catalogue,
	        asked->request->file_containing_symbol);

	if (file == NULL)
		return refuse(asked, NOT_FOUND, "there is no such symbol here");
	return give_file(asked, file);
}

static becket_status
give_extension(struct asked *asked)
{
	const Grpc__Reflection__V1__ExtensionRequest *extension =
	    asked->request->file_containing_extension;
	const struct descriptor_file *file =
	    descriptors_find_extension(&asked->catalogue->descriptors,
	        text(extension->containing_type), extension->extension_number);

	if (file == NULL)
		return refuse(asked, NOT_FOUND,
		    "there is no such extension here");
	return give_file(asked, file);
}

static becket_status
give_numbers(struct asked *asked)
{
	const struct descriptors *descriptors = &asked->catalogue->descriptors;
	const char *type = asked->request->all_extension_numbers_of_type;
	Numbers *numbers;
	size_t count;

	if (catalogue_find_symbol(asked->catalogue, type) == NULL)
		return refuse(asked, NOT_FOUND, "there is no such type here");
	count = descriptors_extensions(descriptors, text(type), NULL, 0);
	numbers = arena_alloc(asked->arena, sizeof *numbers);
	if (numbers == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*numbers =
	    (Numbers)GRPC__REFLECTION__V1__EXTENSION_NUMBER_RESPONSE__INIT;
	numbers->base_type_name = writable(type);
	numbers->n_extension_number = count;
	numbers->extension_number = arena_alloc(asked->arena,
	    count * sizeof *numbers->extension_number);
	if (numbers->extension_number == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	descriptors_extensions(descriptors, text(type),
	    numbers->extension_number, count);
	asked->response->message_response_case =
	    ANSWER(ALL_EXTENSION_NUMBERS_RESPONSE);
	asked->response->all_extension_numbers_response = numbers;
	return BECKET_S_OK;
}

static becket_status
give_names(struct asked *asked)
{
	const size_t count = catalogue_count(asked->catalogue);
	Services *list = arena_alloc(asked->arena, sizeof *list);
	Service *services = arena_alloc(asked->arena, count * sizeof *services);
	Service **all = arena_alloc(asked->arena, count * sizeof *all);
	const char **names = arena_alloc(asked->arena, count * sizeof *names);

	if (list == NULL || services == NULL || all == NULL || names == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	catalogue_names(asked->catalogue, names);
	for (size_t i = 0; i < count; i++) {
		services[i] =
		    (Service)GRPC__REFLECTION__V1__SERVICE_RESPONSE__INIT;
		services[i].name = writable(names[i]);
		all[i] = &services[i];
	}
	*list = (Services)GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
	list->n_service = count;
	list->service = all;
	asked->response->message_response_case = ANSWER(LIST_SERVICES_RESPONSE);
	asked->response->list_services_response = list;
	return BECKET_S_OK;
}

static becket_status
answer(struct asked *asked)
{
	const struct descriptors *descriptors = &asked->catalogue->descriptors;

	switch (asked->request->message_request_case) {
	case ASKED(FILE_BY_FILENAME):
		return give_file(asked,
		    descriptors_find_file(descriptors,
		        text(asked->request->file_by_filename)));
	case ASKED(FILE_CONTAINING_SYMBOL):
		return give_symbol(asked);
	case ASKED(FILE_CONTAINING_EXTENSION):
		return give_extension(asked);
	case ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE):
		return give_numbers(asked);
	case ASKED(LIST_SERVICES):
		return give_names(asked);
	default:
		return refuse(asked, INVALID_ARGUMENT,
		    "the request does not say what it asks for");
	}
}

becket_status
reflection_answer(const struct catalogue *catalogue, Request *request,
    struct arena *arena, Response **ret_response)
{
	Response *response = arena_alloc(arena, sizeof *response);
	becket_status status;

	if (response == NULL)
		return BECKET_S_OUT_OF_MEMORY;
	*response =
	    (Response)GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
	response->valid_host = request->host;
	response->original_request = request;
	status = answer(&(struct asked){
	    catalogue,
	    arena,
	    request,
	    response,
	});
	if (status == BECKET_S_OK)
		*ret_response = response;
	return status;
}
