/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

static void
put_messages(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$stub$($stub_parameters$)\n"
	    "{\n"
	    "\tbecket_status status;\n"
	    "\tvoid *response;\n"
	    "\n"
	    "\tstatus = becket_stub_call(binding, &$interface$, $opnum$, "
	    "request, &response);\n"
	    "\tif (status == BECKET_S_OK)\n"
	    "\t\t*ret_response = response;\n"
	    "\treturn status;\n"
	    "}\n");
}

static void
put_messages_start(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$start$($start_parameters$)\n"
	    "{\n"
	    "\treturn becket_stub_start(binding, &$interface$, $opnum$, "
	    "request, ret_async);\n"
	    "}\n");
}

static void
put_messages_finish(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$finish$($finish_parameters$)\n"
	    "{\n"
	    "\tbecket_status status;\n"
	    "\tvoid *response;\n"
	    "\n"
	    "\tstatus = becket_stub_finish(async, &$interface$, $opnum$, "
	    "&response);\n"
	    "\tif (status == BECKET_S_OK)\n"
	    "\t\t*ret_response = response;\n"
	    "\treturn status;\n"
	    "}\n");
}

static void
put_contexts(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$stub$($stub_parameters$)\n"
	             "{\n"
	             "\tvoid *contexts[$handle_count$];\n"
	             "\tbecket_status status;\n"
	             "\tvoid *response;\n"
	             "\n");
	emit_contexts_in(out, operation, "*");
	out_put(out,
	    "\tstatus = becket_stub_call_contexts(binding, &$interface$, "
	    "$opnum$, contexts, request, &response);\n"
	    "\tif (status == BECKET_S_OK) {\n");
	emit_contexts_out(out, operation);
	out_put(out, "\t\t*ret_response = response;\n"
	             "\t}\n"
	             "\treturn status;\n"
	             "}\n");
}

static void
put_contexts_start(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$start$($start_parameters$)\n"
	             "{\n"
	             "\tvoid *contexts[$handle_count$];\n"
	             "\n");
	emit_contexts_in(out, operation, "");
	out_put(out,
	    "\treturn becket_stub_start_contexts(binding, &$interface$, "
	    "$opnum$, contexts, request, ret_async);\n"
	    "}\n");
}

static void
put_contexts_finish(struct out *out, const struct operation *operation)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$finish$($finish_parameters$)\n"
	    "{\n"
	    "\tvoid *contexts[$handle_count$];\n"
	    "\tbecket_status status;\n"
	    "\tvoid *response;\n"
	    "\n"
	    "\tstatus = becket_stub_finish_contexts(async, &$interface$, "
	    "$opnum$, contexts, &response);\n"
	    "\tif (status == BECKET_S_OK) {\n");
	emit_contexts_out(out, operation);
	out_put(out, "\t\t*ret_response = response;\n"
	             "\t}\n"
	             "\treturn status;\n"
	             "}\n");
}

static size_t
count_strings(const struct operation *operation)
{
	size_t count = 0;

	for (size_t i = 0; i < operation->out_count; i++)
		count += operation->out[i].is_string;
	return count;
}

static const char *
number(struct out *out, size_t value)
{
	return text_print(out->arena, "%zu", value);
}

/* Variables of ours, apart from the parameters. */
static void
set_variables(struct out *out, const struct operation *operation)
{
	static const char *const names[] = { "binding", "request", "reply",
		"response", "status", "texts", "copies", "async", "ret_async" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		out_set(out, names[i], emit_apart(out, operation, names[i]));
	out_set(out, "strings", number(out, count_strings(operation)));
}

static void
put_request(struct out *out, const struct operation *operation)
{
	for (size_t i = 0; i < operation->in_count; i++) {
		out_set(out, "field", operation->in[i].member);
		out_put(out, operation->in[i].is_string
		                 ? "\t$request$.$field$ = (char *)$field$;\n"
		                 : "\t$request$.$field$ = $field$;\n");
	}
}

/* All strings of the reply, or none. */
static void
put_copies(struct out *out, const struct operation *operation)
{
	size_t strings = 0;

	for (size_t i = 0; i < operation->out_count; i++) {
		if (!operation->out[i].is_string)
			continue;
		out_set(out, "field", operation->out[i].member);
		out_set(out, "index", number(out, strings++));
		out_put(out, "\t$texts$[$index$] = $response$->$field$;\n");
	}
	if (strings > 0)
		out_put(out,
		    "\t$status$ = becket_stub_strings($response$, $strings$, "
		    "$texts$, $copies$);\n");
}

static void
put_results(struct out *out, const struct operation *operation)
{
	size_t strings = 0;

	for (size_t i = 0; i < operation->out_count; i++) {
		const struct parameter *parameter = &operation->out[i];

		out_set(out, "field", parameter->member);
		out_set(out, "value",
		    parameter->is_string
		        ? text_print(out->arena, "%s[%zu]",
		              emit_apart(out, operation, "copies"), strings)
		        : out_expand(out, "$response$->$field$"));
		out_put(out, "$deep$\t*ret_$field$ = $value$;\n");
		strings += parameter->is_string;
	}
}

static void
put_request_variable(struct out *out)
{
	out_put(out, "\t$Request$ $request$ = $REQUEST_INIT$;\n");
}

static void
put_result_variables(struct out *out, const struct operation *operation)
{
	if (operation->out_count > 0)
		out_put(out, "\tconst $Response$ *$response$;\n");
	if (count_strings(operation) > 0)
		out_put(out, "\tconst char *$texts$[$strings$];\n"
		             "\tchar *$copies$[$strings$];\n");
	out_put(out, "\tbecket_status $status$;\n"
	             "\tvoid *$reply$;\n"
	             "\n");
}

/* From $reply$ to parameters, if $status$ is well. */
static void
put_reply(struct out *out, const struct operation *operation)
{
	bool strings = count_strings(operation) > 0;

	out_put(out, "\tif ($status$ != BECKET_S_OK)\n"
	             "\t\treturn $status$;\n");
	if (operation->out_count > 0)
		out_put(out, "\t$response$ = $reply$;\n");
	put_copies(out, operation);
	out_set(out, "deep", strings ? "\t" : "");
	if (strings)
		out_put(out, "\tif ($status$ == BECKET_S_OK) {\n");
	put_results(out, operation);
	if (strings)
		out_put(out, "\t}\n");
	out_put(out, "\tbecket_stub_free($reply$);\n"
	             "\treturn $status$;\n"
	             "}\n");
}

static void
put_parameters(struct out *out, const struct operation *operation)
{
	set_variables(out, operation);
	out_put(out, "\n"
	             "becket_status\n"
	             "$stub$($stub_parameters$)\n"
	             "{\n");
	put_request_variable(out);
	put_result_variables(out, operation);
	put_request(out, operation);
	out_put(out,
	    "\t$status$ = becket_stub_call($binding$, &$interface$, $opnum$, "
	    "&$request$, &$reply$);\n");
	put_reply(out, operation);
}

static void
put_parameters_async(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$start$($start_parameters$)\n"
	             "{\n");
	put_request_variable(out);
	out_put(out, "\n");
	put_request(out, operation);
	out_put(out,
	    "\treturn becket_stub_start($binding$, &$interface$, $opnum$, "
	    "&$request$, $ret_async$);\n"
	    "}\n"
	    "\n"
	    "becket_status\n"
	    "$finish$($finish_parameters$)\n"
	    "{\n");
	put_result_variables(out, operation);
	out_put(out,
	    "\t$status$ = becket_stub_finish($async$, &$interface$, $opnum$, "
	    "&$reply$);\n");
	put_reply(out, operation);
}

static void
put_async(struct out *out, const struct operation *operation)
{
	if (operation->parameters) {
		put_parameters_async(out, operation);
		return;
	}
	if (operation->context_count > 0)
		put_contexts_start(out, operation);
	else
		put_messages_start(out);
	if (operation_gives_context(operation))
		put_contexts_finish(out, operation);
	else
		put_messages_finish(out);
}

static void
put_stub(struct out *out, const struct operation *operation)
{
	emit_operation(out, operation);
	if (operation->streams)
		emit_stream_client(out, operation);
	else if (operation->parameters)
		put_parameters(out, operation);
	else if (operation->context_count > 0)
		put_contexts(out, operation);
	else
		put_messages(out);
	if (operation_is_async(operation))
		put_async(out, operation);
}

char *
emit_client(const struct model *model, const struct file *file)
{
	struct out out = emit_begin(model, file);

	out_put(&out, "#include \"$stem$.becket.h\"\n");
	for (size_t i = 0; i < file->service_count; i++) {
		const struct service *service = &file->services[i];

		emit_service(&out, service);
		for (size_t j = 0; j < service->operation_count; j++)
			put_stub(&out, &service->operations[j]);
	}
	return out_take(&out);
}
