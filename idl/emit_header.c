/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The headers of protobuf-c that the file's rpcs need, its own among them. */
struct includes {
	const char **stems;
	size_t count;
};

static void
include(struct includes *includes, const char *stem)
{
	for (size_t i = 0; i < includes->count; i++) {
		if (text_equal(includes->stems[i], stem))
			return;
	}
	includes->stems[includes->count++] = stem;
}

/* A parameter may be of an enum that yet another file has. */
static void
include_enums(struct includes *includes, const struct parameter *list,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].enumeration != NULL)
			include(includes, list[i].enumeration->file->stem);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
count_operations(const struct file *file)
{
	size_t count = 0;

	for (size_t i = 0; i < file->service_count; i++)
		count += file->services[i].operation_count;
	return count;
}

static size_t
count_parameters(const struct file *file)
{
	size_t count = 0;

	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		for (size_t j = 0; j < service->operation_count; j++)
			count += service->operations[j].in_count +
			         service->operations[j].out_count;
	}
	return count;
}

static void
put_includes(struct out *out, const struct file *file)
{
	struct includes includes = { .count = 0 };

	includes.stems = text_alloc(out->arena,
	    (1 + 2 * count_operations(file) + count_parameters(file)) *
	        sizeof *includes.stems);
	include(&includes, file->stem);
	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		for (size_t j = 0; j < service->operation_count; j++) {
			const struct operation *o = &service->operations[j];

			include(&includes, o->request->file->stem);
			include(&includes, o->response->file->stem);
			include_enums(&includes, o->in, o->in_count);
			include_enums(&includes, o->out, o->out_count);
		}
	}
	qsort(includes.stems, includes.count, sizeof *includes.stems, by_text);
	for (size_t i = 0; i < includes.count; i++) {
		out_set(out, "stem", includes.stems[i]);
		out_put(out, "#include \"$stem$.pb-c.h\"\n");
	}
	out_set(out, "stem", file->stem);
}

/* Only replies in the form of messages are freed by their callers. */
static bool
gives_message(const struct operation *operation)
{
	return !operation->parameters;
}

/* And only those are filled in by manager routines. */
static bool
fills_message(const struct operation *operation)
{
	return !operation->parameters && !operation->response_streams;
}

static bool
has_streams(const struct operation *operation)
{
	return operation->streams;
}

/* A manager routine pulls its messages. */
static bool
has_request_stream(const struct operation *operation)
{
	return operation->request_streams;
}

static void
put_free(struct out *out, const struct type *type)
{
	out_set(out, "guard", type->names.free_guard);
	out_set(out, "Response", type->names.type);
	out_set(out, "response_free", type->names.free);
	out_put(out,
	    "\n"
	    "#ifndef $guard$\n"
	    "#define $guard$\n"
	    "/* Frees what was received; NULL is fine. Any thread. */\n"
	    "static inline void\n"
	    "$response_free$($Response$ *message)\n"
	    "{\n"
	    "\tbecket_stub_free(message);\n"
	    "}\n"
	    "#endif\n");
}

static bool
is_new(const struct type **seen, size_t *count, const struct type *type)
{
	for (size_t i = 0; i < *count; i++) {
		if (seen[i] == type)
			return false;
	}
	seen[(*count)++] = type;
	return true;
}

/* One for each type of message that is received; several headers may have the
 * same. */
static void
put_frees(struct out *out, const struct file *file)
{
	const struct type **seen =
	    text_alloc(out->arena, 2 * count_operations(file) * sizeof *seen);
	size_t count = 0;

	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		for (size_t j = 0; j < service->operation_count; j++) {
			const struct operation *o = &service->operations[j];

			if (gives_message(o) &&
			    is_new(seen, &count, o->response))
				put_free(out, o->response);
			if (has_request_stream(o) &&
			    is_new(seen, &count, o->request))
				put_free(out, o->request);
		}
	}
}

/* A type is one for all interfaces that name it. */
static void
put_context_types(struct out *out, const struct service *service)
{
	for (size_t i = 0; i < service->context_type_count; i++) {
		const char *type = service->context_types[i];

		out_set(out, "type", type);
		out_set(out, "destroy",
		    names_context_destroy(out->arena, type));
		out_set(out, "guard",
		    names_guard(out->arena, type, "__BECKET_CONTEXT"));
		out_put(out, "\n"
		             "#ifndef $guard$\n"
		             "#define $guard$\n");
		out_comment(out, "",
		    "What a client holds of a server's state. To clients it is "
		    "opaque; a server's manager defines the struct as it "
		    "likes.");
		out_put(out, "struct $type$;\n"
		             "\n");
		out_comment(out, "",
		    "Forget a client's one without a word to the server. Any "
		    "thread.");
		out_put(out, "static inline void\n"
		             "$destroy$(struct $type$ **context)\n"
		             "{\n"
		             "\tbecket_context_destroy(*context);\n"
		             "\t*context = NULL;\n"
		             "}\n"
		             "#endif\n");
	}
}

static bool
gives_string(const struct operation *operation)
{
	for (size_t i = 0; i < operation->out_count; i++) {
		if (operation->out[i].is_string)
			return true;
	}
	return false;
}

/* The IDL's own comment, then what C callers have to know besides. */
static const char *
comment(struct out *out, const struct operation *operation)
{
	const char *idl = operation->comment, *more = NULL;

	if (operation->streams)
		more = out_expand(out,
		    operation->response_streams
		        ? " Free messages with $response_free$()."
		        : " Free *ret_response with $response_free$().");
	else if (gives_message(operation))
		more = out_expand(out,
		    " Free *ret_response with $response_free$().");
	else if (gives_string(operation))
		more = " Free strings given back with becket_string_free().";
	if (idl == NULL || more == NULL)
		return idl == NULL ? more : idl;
	return text_print(out->arena, "%s%s", idl, more);
}

static void
put_stubs(struct out *out, const struct service *service)
{
	for (size_t i = 0; i < service->operation_count; i++) {
		const struct operation *operation = &service->operations[i];

		emit_operation(out, operation);
		out_put(out, "\n");
		out_comment(out, "", comment(out, operation));
		if (operation->streams)
			emit_stream_stubs(out, operation);
		else
			out_put(out, "BECKET_MUST_USE becket_status "
			             "$stub$($stub_parameters$);\n");
	}
}

static void
put_async(struct out *out, const struct service *service)
{
	bool first = true;

	for (size_t i = 0; i < service->operation_count; i++) {
		if (!operation_is_async(&service->operations[i]))
			continue;
		emit_operation(out, &service->operations[i]);
		out_put(out, first
		                 ? "\n/* The same for calls that nobody waits "
		                   "for: see struct becket_async. */\n"
		                 : "");
		out_put(out, "BECKET_MUST_USE becket_status "
		             "$start$($start_parameters$);\n"
		             "BECKET_MUST_USE becket_status "
		             "$finish$($finish_parameters$);\n");
		first = false;
	}
}

static bool
any(const struct service *service, bool (*is)(const struct operation *))
{
	for (size_t i = 0; i < service->operation_count; i++) {
		if (is(&service->operations[i]))
			return true;
	}
	return false;
}

static bool
must_not_wait(const struct operation *operation)
{
	return !operation->blocking;
}

/* What a manager has to know, as far as it concerns this service. */
static void
put_epv_comment(struct out *out, const struct service *service)
{
	const char *message =
	    any(service, fills_message)
	        ? " A response comes initialised and takes memory from "
	          "becket_call_alloc()."
	        : "";
	const char *string =
	    any(service, gives_string)
	        ? " A string given back has to live until the call is "
	          "answered: "
	          "it is a literal, or comes from becket_call_strdup()."
	        : "";

	const char *stream = any(service, has_request_stream)
	                         ? " A message that is pulled is freed with "
	                           "the function that is "
	                           "named after its type."
	                         : "";
	const char *wait =
	    any(service, must_not_wait)
	        ? " A routine must not wait unless its operation is blocking."
	        : "";
	const char *context =
	    service->context_type_count > 0
	        ? " A routine that succeeds opens a context handle by setting "
	          "it, and closes it by making it NULL. A rundown routine "
	          "gives back what a client has left open."
	        : "";

	out_comment(out, "",
	    text_print(out->arena,
	        "The manager routines of %s. A request lives until its call is "
	        "answered.%s%s%s%s%s A routine left NULL answers "
	        "BECKET_S_NOT_IMPLEMENTED.",
	        service->full_name, wait, message, string, stream, context));
}

static void
put_epv(struct out *out, const struct service *service)
{
	size_t members = 0;

	out_put(out, "\n");
	put_epv_comment(out, service);
	out_put(out, "struct $epv$ {\n");
	for (size_t i = 0; i < service->operation_count; i++) {
		emit_operation(out, &service->operations[i]);
		out_put(out,
		    "\tbecket_status (*$member$)($manager_parameters$);\n");
		members++;
	}
	for (size_t i = 0; i < service->context_type_count; i++) {
		out_set(out, "type", service->context_types[i]);
		out_set(out, "rundown",
		    names_rundown(out->arena, service->context_types[i]));
		out_put(out, "\tvoid (*$rundown$)(struct $type$ *context);\n");
		members++;
	}
	if (members == 0)
		out_put(out, "\tvoid *nothing_yet; /* C wants a member */\n");
	out_put(out, "};\n");
}

static void
put_register(struct out *out)
{
	out_put(out,
	    "\n"
	    "/* becket_server_register_if(), its _ex and _unregister_if(), "
	    "typed. */\n"
	    "BECKET_MUST_USE becket_status $register$(struct becket_server "
	    "*server, const struct becket_uuid *type, const struct $epv$ *epv, "
	    "unsigned flags);\n"
	    "BECKET_MUST_USE becket_status $register_ex$(struct becket_server "
	    "*server, const struct becket_uuid *type, const struct $epv$ *epv, "
	    "const struct becket_register_options *options);\n"
	    "BECKET_MUST_USE becket_status $unregister$(struct becket_server "
	    "*server, const struct becket_uuid *type, bool wait);\n");
}

/* What manager routines do with streams. */
static void
put_ends(struct out *out, const struct service *service)
{
	if (!any(service, has_streams))
		return;
	out_put(out, "\n");
	out_comment(out, "",
	    "The manager's end of streams: see struct becket_stream.");
	for (size_t i = 0; i < service->operation_count; i++) {
		emit_operation(out, &service->operations[i]);
		if (service->operations[i].streams)
			emit_stream_ends(out, &service->operations[i]);
	}
}

static void
put_answers(struct out *out, const struct service *service)
{
	bool first = true;

	for (size_t i = 0; i < service->operation_count; i++) {
		emit_operation(out, &service->operations[i]);
		out_put(out, first ? "\n/* Answer calls that were deferred; "
		                     "any thread. */\n"
		                   : "");
		out_put(out, "BECKET_MUST_USE becket_status "
		             "$answer$($answer_parameters$);\n");
		first = false;
	}
}

static void
put_service(struct out *out, const struct service *service)
{
	emit_service(out, service);
	put_context_types(out, service);
	out_put(out, "\n");
	out_comment(out, "", service->comment);
	out_put(out, "extern const struct becket_interface $interface$;\n");
	put_stubs(out, service);
	put_async(out, service);
	put_epv(out, service);
	put_register(out);
	put_ends(out, service);
	put_answers(out, service);
}

char *
emit_header(const struct model *model, const struct file *file)
{
	struct out out = emit_begin(model, file);

	out_set(&out, "header_guard",
	    names_guard(model->arena, file->stem, "_BECKET_H"));
	out_put(&out, "#ifndef $header_guard$\n"
	              "#define $header_guard$\n"
	              "\n"
	              "#include \"becket_stub.h\"\n"
	              "\n");
	put_includes(&out, file);
	out_put(&out, "\n"
	              "#ifdef __cplusplus\n"
	              "extern \"C\" {\n"
	              "#endif\n");
	put_frees(&out, file);
	for (size_t i = 0; i < file->service_count; i++)
		put_service(&out, &file->services[i]);
	out_put(&out, "\n"
	              "#ifdef __cplusplus\n"
	              "}\n"
	              "#endif\n"
	              "\n"
	              "#endif\n");
	return out_take(&out);
}
