/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

/* What a request is for those who open, and a response for those who end: a
 * parameter, or a stream.
 */
void
emit_stream_parameters(struct out *out, const struct operation *operation)
{
	bool in = operation->request_streams;
	bool out_ = operation->response_streams;

	emit_context_parameters(out, operation);
	out_set(out, "open_request",
	    in ? "" : out_expand(out, ", const $Request$ *request"));
	out_set(out, "open_parameters",
	    out_expand(out,
	        "struct becket_binding *binding$handles_in$$open_request$, "
	        "struct becket_stream **ret_stream"));
	out_set(out, "finish_response",
	    out_ ? "" : out_expand(out, ", $Response$ **ret_response"));
	out_set(out, "finish_parameters",
	    out_expand(out, "struct becket_stream **stream$handles_back$"
	                    "$finish_response$"));
	out_set(out, "manager_response",
	    out_ ? "" : out_expand(out, ", $Response$ *response"));
	out_set(out, "manager_parameters",
	    out_expand(out,
	        "struct becket_call *call$handles$$open_request$, struct "
	        "becket_stream *stream$manager_response$"));
	out_set(out, "answer_response",
	    out_ ? "" : out_expand(out, ", const $Response$ *response"));
	out_set(out, "answer_parameters",
	    out_expand(out, "struct becket_token token, becket_status status"
	                    "$handles_out$$answer_response$"));
}

/* -------------------------------------------------------------- header -- */

void
emit_stream_stubs(struct out *out, const struct operation *operation)
{
	out_put(out,
	    "BECKET_MUST_USE becket_status $open$($open_parameters$);\n");
	if (operation->request_streams)
		out_put(out,
		    "BECKET_MUST_USE becket_status $send$(struct becket_stream "
		    "*stream, const $Request$ *message);\n");
	if (operation->response_streams)
		out_put(out,
		    "BECKET_MUST_USE becket_status $receive$(struct "
		    "becket_stream *stream, $Response$ **ret_message);\n");
	out_put(out,
	    "BECKET_MUST_USE becket_status $finish$($finish_parameters$);\n");
}

void
emit_stream_ends(struct out *out, const struct operation *operation)
{
	if (operation->response_streams)
		out_put(out,
		    "BECKET_MUST_USE becket_status $push$(struct becket_stream "
		    "*stream, const $Response$ *message);\n");
	if (operation->request_streams)
		out_put(out,
		    "BECKET_MUST_USE becket_status $pull$(struct becket_stream "
		    "*stream, $Request$ **ret_message);\n");
}

/* -------------------------------------------------- both ends of a pipe -- */

/* $Message$ goes out through $function$. */
static void
put_send(struct out *out)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$function$(struct becket_stream *stream, const $Message$ "
	             "*message)\n"
	             "{\n"
	             "\treturn becket_stub_send(stream, &$interface$, $opnum$, "
	             "message);\n"
	             "}\n");
}

/* $Message$ comes in through $function$. */
static void
put_receive(struct out *out)
{
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$function$(struct becket_stream *stream, $Message$ "
	    "**ret_message)\n"
	    "{\n"
	    "\tbecket_status status;\n"
	    "\tvoid *message;\n"
	    "\n"
	    "\tstatus = becket_stub_receive(stream, &$interface$, $opnum$, "
	    "&message);\n"
	    "\tif (status == BECKET_S_OK)\n"
	    "\t\t*ret_message = message;\n"
	    "\treturn status;\n"
	    "}\n");
}

static void
put_ways(struct out *out, const struct operation *operation, const char *send,
    const char *receive)
{
	const char *request = operation->request->names.type;
	const char *response = operation->response->names.type;
	bool client = text_equal(send, operation->names.send);

	out_set(out, "Message", client ? request : response);
	out_set(out, "function", send);
	if (client ? operation->request_streams : operation->response_streams)
		put_send(out);
	out_set(out, "Message", client ? response : request);
	out_set(out, "function", receive);
	if (client ? operation->response_streams : operation->request_streams)
		put_receive(out);
}

/* -------------------------------------------------------------- client -- */

static void
put_open_contexts(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$open$($open_parameters$)\n"
	             "{\n"
	             "\tvoid *contexts[$handle_count$];\n"
	             "\n");
	emit_contexts_in(out, operation, "");
	out_put(out,
	    "\treturn becket_stub_open_contexts(binding, &$interface$, "
	    "$opnum$, contexts, $argument$, ret_stream);\n"
	    "}\n");
}

static void
put_open(struct out *out, const struct operation *operation)
{
	out_set(out, "argument",
	    operation->request_streams ? "NULL" : "request");
	if (operation->context_count > 0) {
		put_open_contexts(out, operation);
		return;
	}
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$open$($open_parameters$)\n"
	    "{\n"
	    "\treturn becket_stub_open(binding, &$interface$, $opnum$, "
	    "$argument$, ret_stream);\n"
	    "}\n");
}

static void
put_finish_contexts(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$finish$($finish_parameters$)\n"
	             "{\n"
	             "\tvoid *contexts[$handle_count$];\n"
	             "\tbecket_status status;\n"
	             "\tvoid *response;\n"
	             "\n"
	             "\tstatus = becket_stub_finish_stream_contexts(stream, "
	             "&$interface$, $opnum$, contexts, &response);\n"
	             "\tif (status == BECKET_S_OK) {\n");
	emit_contexts_out(out, operation);
	out_put(out, "\t\t*ret_response = response;\n"
	             "\t}\n"
	             "\treturn status;\n"
	             "}\n");
}

static void
put_finish(struct out *out, const struct operation *operation)
{
	if (operation_gives_context(operation)) {
		put_finish_contexts(out, operation);
		return;
	}
	out_put(out, "\n"
	             "becket_status\n"
	             "$finish$($finish_parameters$)\n"
	             "{\n");
	if (operation->response_streams) {
		out_put(out, "\treturn becket_stub_finish_stream(stream, "
		             "&$interface$, $opnum$, NULL);\n"
		             "}\n");
		return;
	}
	out_put(out,
	    "\tbecket_status status;\n"
	    "\tvoid *response;\n"
	    "\n"
	    "\tstatus = becket_stub_finish_stream(stream, &$interface$, "
	    "$opnum$, &response);\n"
	    "\tif (status == BECKET_S_OK)\n"
	    "\t\t*ret_response = response;\n"
	    "\treturn status;\n"
	    "}\n");
}

void
emit_stream_client(struct out *out, const struct operation *operation)
{
	put_open(out, operation);
	put_ways(out, operation, operation->names.send,
	    operation->names.receive);
	put_finish(out, operation);
}

/* -------------------------------------------------------------- server -- */

void
emit_stream_routine(struct out *out, const struct operation *operation)
{
	bool in = operation->request_streams;
	bool out_ = operation->response_streams;

	emit_routine_begin(out);
	out_put(out, in ? "" : "\tconst $Request$ *request = request_;\n");
	out_put(out, "\tstruct becket_stream *stream = "
	             "becket_call_stream(call);\n");
	out_put(out, out_ ? "" : "\t$Response$ *response = response_;\n");
	emit_context_variables(out, operation);
	out_put(out, "\n");
	out_put(out, in ? "\t(void)request_;\n" : "");
	out_put(out, out_ ? "\t(void)response_;\n" : "");
	out_put(out, "\tif (epv->$member$ == NULL)\n"
	             "\t\treturn BECKET_S_NOT_IMPLEMENTED;\n");
	emit_context_call(out, operation,
	    text_print(out->arena, "%s, stream%s", in ? "" : ", request",
	        out_ ? "" : ", response"));
	out_put(out, "}\n");
}

void
emit_stream_server(struct out *out, const struct operation *operation)
{
	put_ways(out, operation, operation->names.push, operation->names.pull);
	if (operation_gives_context(operation)) {
		emit_contexts_answer(out, operation);
		return;
	}
	out_set(out, "argument",
	    operation->response_streams ? "NULL" : "response");
	out_put(out,
	    "\n"
	    "becket_status\n"
	    "$answer$($answer_parameters$)\n"
	    "{\n"
	    "\treturn becket_stub_answer(token, &$interface$, $opnum$, status, "
	    "$argument$);\n"
	    "}\n");
}
