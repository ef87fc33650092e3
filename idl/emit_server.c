/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

/* The head of every way into the EPV. */
void
emit_routine_begin(struct out *out)
{
	out_put(out,
	    "\n"
	    "static becket_status\n"
	    "$routine$(const void *epv_, struct becket_call *call, const void "
	    "*request_, void *response_)\n"
	    "{\n"
	    "\tconst struct $epv$ *epv = epv_;\n");
}

static void
put_messages(struct out *out)
{
	emit_routine_begin(out);
	out_put(out, "\tconst $Request$ *request = request_;\n"
	             "\t$Response$ *response = response_;\n"
	             "\n"
	             "\tif (epv->$member$ == NULL)\n"
	             "\t\treturn BECKET_S_NOT_IMPLEMENTED;\n"
	             "\treturn epv->$member$(call, request, response);\n"
	             "}\n");
}

static void
put_contexts(struct out *out, const struct operation *operation)
{
	emit_routine_begin(out);
	out_put(out, "\tconst $Request$ *request = request_;\n"
	             "\t$Response$ *response = response_;\n");
	emit_context_variables(out, operation);
	out_put(out, "\n"
	             "\tif (epv->$member$ == NULL)\n"
	             "\t\treturn BECKET_S_NOT_IMPLEMENTED;\n");
	emit_context_call(out, operation, ", request, response");
	out_put(out, "}\n");
}

/* Results whose C type is not that of the member of the message. */
static bool
differs(const struct parameter *parameter)
{
	return parameter->is_string || parameter->is_bool;
}

static size_t
count_different(const struct operation *operation)
{
	size_t count = 0;

	for (size_t i = 0; i < operation->out_count; i++)
		count += differs(&operation->out[i]);
	return count;
}

static void
put_variables(struct out *out, const struct operation *operation)
{
	if (operation->in_count > 0)
		out_put(out, "\tconst $Request$ *request = request_;\n");
	if (operation->out_count > 0)
		out_put(out, "\t$Response$ *response = response_;\n");
	for (size_t i = 0; i < operation->out_count; i++) {
		out_set(out, "field", operation->out[i].member);
		if (operation->out[i].is_string)
			out_put(out,
			    "\tconst char *ret_$field$ = response->$field$;\n");
		else if (operation->out[i].is_bool)
			out_put(out, "\tbool ret_$field$ = false;\n");
	}
	if (count_different(operation) > 0)
		out_put(out, "\tbecket_status status;\n");
	out_put(out, "\n");
	if (operation->in_count == 0)
		out_put(out, "\t(void)request_;\n");
	if (operation->out_count == 0)
		out_put(out, "\t(void)response_;\n");
}

/* "call, request->dividend, &response->quotient" */
static const char *
arguments(struct out *out, const struct operation *operation)
{
	const char *text = "call";

	for (size_t i = 0; i < operation->in_count; i++)
		text = text_print(out->arena, "%s, request->%s", text,
		    operation->in[i].member);
	for (size_t i = 0; i < operation->out_count; i++)
		text = text_print(out->arena, "%s, &%s%s", text,
		    differs(&operation->out[i]) ? "ret_" : "response->",
		    operation->out[i].member);
	return text;
}

static void
put_call(struct out *out, const struct operation *operation)
{
	if (count_different(operation) == 0) {
		out_put(out, "\treturn epv->$member$($arguments$);\n");
		return;
	}
	out_put(out, "\tstatus = epv->$member$($arguments$);\n");
	for (size_t i = 0; i < operation->out_count; i++) {
		const struct parameter *parameter = &operation->out[i];

		out_set(out, "field", parameter->member);
		out_set(out, "cast", parameter->is_string ? "(char *)" : "");
		if (differs(parameter))
			out_put(out,
			    "\tresponse->$field$ = $cast$ret_$field$;\n");
	}
	out_put(out, "\treturn status;\n");
}

static void
put_parameters(struct out *out, const struct operation *operation)
{
	emit_routine_begin(out);
	put_variables(out, operation);
	out_put(out, "\tif (epv->$member$ == NULL)\n"
	             "\t\treturn BECKET_S_NOT_IMPLEMENTED;\n");
	out_set(out, "arguments", arguments(out, operation));
	put_call(out, operation);
	out_put(out, "}\n");
}

static void
put_routine(struct out *out, const struct operation *operation)
{
	emit_operation(out, operation);
	if (operation->streams)
		emit_stream_routine(out, operation);
	else if (operation->parameters)
		put_parameters(out, operation);
	else if (operation->context_count > 0)
		put_contexts(out, operation);
	else
		put_messages(out);
}

/* The ways to the rundown routines, and their table. */
static void
put_rundowns(struct out *out, const struct service *service)
{
	for (size_t i = 0; i < service->context_type_count; i++) {
		const char *type = service->context_types[i];

		out_set(out, "type", type);
		out_set(out, "rundown", names_rundown(out->arena, type));
		out_set(out, "run_down",
		    names_run_down(out->arena, service->names.prefix, type));
		out_put(out, "\n"
		             "static void\n"
		             "$run_down$(const void *epv_, void *context)\n"
		             "{\n"
		             "\tconst struct $epv$ *epv = epv_;\n"
		             "\n"
		             "\tif (epv->$rundown$ != NULL)\n"
		             "\t\tepv->$rundown$(context);\n"
		             "}\n");
	}
	if (service->context_type_count > 0)
		out_put(out, "\n"
		             "static becket_rundown *const $rundowns$[] = {\n");
	for (size_t i = 0; i < service->context_type_count; i++) {
		out_set(out, "run_down",
		    names_run_down(out->arena, service->names.prefix,
		        service->context_types[i]));
		out_put(out, "\t$run_down$,\n");
	}
	if (service->context_type_count > 0)
		out_put(out, "};\n");
}

static void
put_table(struct out *out, const struct service *service)
{
	bool empty = service->operation_count == 0;

	if (!empty) {
		out_put(out, "\n"
		             "static becket_routine *const $by_opnum$[] = {\n");
		for (size_t i = 0; i < service->operation_count; i++) {
			emit_operation(out, &service->operations[i]);
			out_put(out, "\t[$opnum$] = $routine$,\n");
		}
		out_put(out, "};\n");
	}
	out_set(out, "count",
	    text_print(out->arena, "%d", service_opnums(service)));
	out_set(out, "table", empty ? "NULL" : out_expand(out, "$by_opnum$"));
	out_put(out, "\n"
	             "static const struct becket_routines $routines$ = {\n"
	             "\t.abi = BECKET_ABI,\n"
	             "\t.count = $count$,\n"
	             "\t.routines = $table$,\n");
	if (service->context_type_count > 0)
		out_put(out, "\t.rundowns = $rundowns$,\n");
	out_put(out, "};\n");
}

static void
put_register(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$register$(struct becket_server *server, const struct becket_uuid "
	    "*type, const struct $epv$ *epv, unsigned flags)\n"
	    "{\n"
	    "\treturn becket_server_register_if(server, &$interface$, "
	    "&$routines$, type, epv, flags);\n"
	    "}\n"
	    "\n"
	    "becket_status\n"
	    "$register_ex$(struct becket_server *server, const struct "
	    "becket_uuid *type, const struct $epv$ *epv, const struct "
	    "becket_register_options *options)\n"
	    "{\n"
	    "\treturn becket_server_register_if_ex(server, &$interface$, "
	    "&$routines$, type, epv, options);\n"
	    "}\n"
	    "\n"
	    "becket_status\n"
	    "$unregister$(struct becket_server *server, const struct "
	    "becket_uuid *type, bool wait)\n"
	    "{\n"
	    "\treturn becket_server_unregister_if(server, &$interface$, type, "
	    "wait);\n"
	    "}\n");
}

static void
put_answer_messages(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$answer$($answer_parameters$)\n"
	    "{\n"
	    "\treturn becket_stub_answer(token, &$interface$, $opnum$, status, "
	    "response);\n"
	    "}\n");
}

static void
put_answer_parameters(struct out *out, const struct operation *operation)
{
	out_set(out, "token", emit_apart(out, operation, "token"));
	out_set(out, "status", emit_apart(out, operation, "status"));
	out_set(out, "response", emit_apart(out, operation, "response"));
	out_put(out, "\n"
	             "becket_status\n"
	             "$answer$($answer_parameters$)\n"
	             "{\n"
	             "\t$Response$ $response$ = $RESPONSE_INIT$;\n"
	             "\n");
	for (size_t i = 0; i < operation->out_count; i++) {
		out_set(out, "field", operation->out[i].member);
		out_set(out, "cast",
		    operation->out[i].is_string ? "(char *)" : "");
		out_put(out, "\t$response$.$field$ = $cast$$field$;\n");
	}
	out_put(out,
	    "\treturn becket_stub_answer($token$, &$interface$, $opnum$, "
	    "$status$, $status$ == BECKET_S_OK ? &$response$ : NULL);\n"
	    "}\n");
}

static void
put_answer(struct out *out, const struct operation *operation)
{
	emit_operation(out, operation);
	if (operation->streams)
		emit_stream_server(out, operation);
	else if (operation->parameters)
		put_answer_parameters(out, operation);
	else if (operation_gives_context(operation))
		emit_contexts_answer(out, operation);
	else
		put_answer_messages(out);
}

static void
put_service(struct out *out, const struct service *service)
{
	emit_service(out, service);
	for (size_t i = 0; i < service->operation_count; i++)
		put_routine(out, &service->operations[i]);
	put_rundowns(out, service);
	put_table(out, service);
	put_register(out);
	for (size_t i = 0; i < service->operation_count; i++)
		put_answer(out, &service->operations[i]);
}

char *
emit_server(const struct model *model, const struct file *file)
{
	struct out out = emit_begin(model, file);

	out_put(&out, "#include \"$stem$.becket.h\"\n");
	for (size_t i = 0; i < file->service_count; i++)
		put_service(&out, &file->services[i]);
	return out_take(&out);
}
