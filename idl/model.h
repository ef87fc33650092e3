/* SPDX-License-Identifier: MIT */
#ifndef IDL_MODEL_H
#define IDL_MODEL_H

#include <google/protobuf/compiler/plugin.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "idl/names.h"
#include "idl/text.h"

/*
 * What the compiler knows, made once from the descriptors that protoc gives:
 *
 *   model --- files --- services --- operations --- request, response (types)
 *         `-- types (messages and enums, nested ones too, of all files)
 *
 * model_new() resolves names and makes C names; model_check() holds it to the
 * rules; the emitters then only read it. Everything points into the request,
 * which must stay, and lives in the model's arena.
 */
typedef Google__Protobuf__Compiler__CodeGeneratorRequest Request;
typedef Google__Protobuf__FileDescriptorProto FileProto;
typedef Google__Protobuf__DescriptorProto MessageProto;
typedef Google__Protobuf__FieldDescriptorProto FieldProto;
typedef Google__Protobuf__EnumDescriptorProto EnumProto;
typedef Google__Protobuf__ServiceDescriptorProto ServiceProto;
typedef Google__Protobuf__MethodDescriptorProto MethodProto;

/* Where in a file's descriptor something stands, as SourceCodeInfo counts. */
struct path {
	const int32_t *at;
	size_t size;
};

struct path path_add(struct arena *arena, struct path path, int32_t field);
/* Element index of a repeated field. */
struct path path_item(struct arena *arena, struct path path, int32_t field,
    size_t index);

struct file {
	const FileProto *proto;
	const char *name;      /* "dir/calc.proto" */
	const char *stem;      /* "dir/calc" */
	bool wanted;           /* to be generated, not only imported */
	const char *c_package; /* protobuf-c's option; NULL: none */
	struct service *services;
	size_t service_count;
};

/* A message or an enum. */
struct type {
	const struct file *file;
	const char *full_name;       /* "calc.DivideRequest" */
	const char *protobuf_c_name; /* the same after protobuf-c's option */
	struct path path;
	const MessageProto *message; /* one of the two */
	const EnumProto *enumeration;
	struct message_names names;
	const struct owner *owner; /* of its C names, once they are checked */
	struct type *next;
};

/* A field of a flat message, as a parameter. */
struct parameter {
	const FieldProto *proto;
	struct path path;
	const char *member; /* of protobuf-c's struct */
	const char *type;   /* "int64_t", "const char *", "Calc__Mode" */
	const struct type *enumeration; /* or NULL */
	bool is_string, is_bool;
};

/* A context handle of an rpc. */
struct context {
	const char *type; /* "files_handle" */
	size_t index;     /* in the types of the service */
	const char *name; /* of the parameter */
	/* Members of the messages' structs; NULL: it is not in there. */
	const char *in, *out;
};

struct operation {
	const struct service *service;
	const MethodProto *proto;
	struct path path;
	const char *comment; /* NULL: none */
	const struct type *request, *response;
	size_t index; /* in the service, as it stands in the file */
	bool has_opnum;
	uint32_t opnum;
	struct path opnum_path; /* of the option */
	uint32_t timeout_ms;    /* 0: none given */
	/* which are streams; either of them */
	bool request_streams, response_streams, streams;
	bool idempotent, no_side_effects;
	bool parameters;
	struct path parameters_path; /* of the option */
	struct parameter *in, *out;  /* where parameters is true */
	size_t in_count, out_count;
	bool blocking;
	bool maybe;
	struct path maybe_path; /* of the option */
	bool shared;
	struct path shared_path; /* of the option */
	struct context *contexts;
	size_t context_count;
	struct operation_names names;
};

struct service {
	const struct file *file;
	const ServiceProto *proto;
	struct path path;
	const char *full_name; /* "calc.Calculator" */
	const char *comment;
	struct becket_uuid uuid;
	struct path uuid_path; /* of the option, or of the service */
	uint16_t major, minor;
	char **endpoints;
	size_t endpoint_count;
	const char **context_types;
	size_t context_type_count;
	struct operation *operations; /* by opnum, once checked */
	size_t operation_count;
	struct service_names names;
};

enum { MODEL_OUTPUTS = 6 };

struct model {
	struct arena *arena;
	const Request *request;
	struct file *files;
	size_t file_count;
	struct type *types, **types_end;
	struct problem *problems;
	size_t problem_count;
	size_t owner_count;
	bool has_file_set;         /* wanted: becket_interface.file_set */
	bool wants[MODEL_OUTPUTS]; /* which files are wanted of each */
};

/* Never NULL; look at problem_count. */
struct model *model_new(struct arena *arena, const Request *request);

/* NULL: there is none. The name may begin with a dot. */
const struct type *model_type(const struct model *model, const char *full_name);

/* One past the highest opnum. */
uint16_t service_opnums(const struct service *service);

/* Does a context handle come out of it? */
static inline bool
operation_gives_context(const struct operation *operation)
{
	for (size_t i = 0; i < operation->context_count; i++) {
		if (operation->contexts[i].out != NULL)
			return true;
	}
	return false;
}

/* Has it stubs that nobody waits for? */
static inline bool
operation_is_async(const struct operation *operation)
{
	return !operation->streams;
}

#endif
