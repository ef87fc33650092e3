/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

/* What all functions with context handles have in common. */

void
emit_context(struct out *out, const struct operation *operation, size_t index)
{
	const struct context *context = &operation->contexts[index];

	out_set(out, "type", context->type);
	out_set(out, "handle", context->name);
	out_set(out, "index", text_print(out->arena, "%zu", index));
}

/* ---------------------------------------------------------- parameters -- */

/* ", struct files_handle **handle"; what is only in, or not. */
static const char *
contexts(struct out *out, const struct operation *operation)
{
	const char *text = "";

	for (size_t i = 0; i < operation->context_count; i++)
		text = text_print(out->arena, "%s, struct %s *%s%s", text,
		    operation->contexts[i].type,
		    operation->contexts[i].out == NULL ? "" : "*",
		    operation->contexts[i].name);
	return text;
}

/* Only those that go in, or that come out, each with its stars. */
static const char *
contexts_one_way(struct out *out, const struct operation *operation, bool in,
    const char *stars)
{
	const char *text = "";

	for (size_t i = 0; i < operation->context_count; i++) {
		const struct context *context = &operation->contexts[i];

		if ((in ? context->in : context->out) != NULL)
			text = text_print(out->arena, "%s, struct %s %s%s",
			    text, context->type, stars, context->name);
	}
	return text;
}

void
emit_context_parameters(struct out *out, const struct operation *operation)
{
	out_set(out, "handles", contexts(out, operation));
	out_set(out, "handles_in", contexts_one_way(out, operation, true, "*"));
	out_set(out, "handles_out",
	    contexts_one_way(out, operation, false, "*"));
	out_set(out, "handles_back",
	    contexts_one_way(out, operation, false, "**"));
}

/* -------------------------------------------------------------- client -- */

/* What goes in; the library looks at no other. star: of one that comes out,
 * too.
 */
void
emit_contexts_in(struct out *out, const struct operation *operation,
    const char *star)
{
	out_set(out, "star", star);
	for (size_t i = 0; i < operation->context_count; i++) {
		const struct context *context = &operation->contexts[i];

		emit_context(out, operation, i);
		if (context->in == NULL)
			out_put(out, "\tcontexts[$index$] = NULL;\n");
		else if (context->out == NULL)
			out_put(out, "\tcontexts[$index$] = $handle$;\n");
		else
			out_put(out, "\tcontexts[$index$] = $star$$handle$;\n");
	}
}

void
emit_contexts_out(struct out *out, const struct operation *operation)
{
	for (size_t i = 0; i < operation->context_count; i++) {
		emit_context(out, operation, i);
		if (operation->contexts[i].out != NULL)
			out_put(out, "\t\t*$handle$ = contexts[$index$];\n");
	}
}

/* -------------------------------------------------------------- server -- */

/* Those that come out are variables, for they are looked at only when the
 * routine has succeeded.
 */
void
emit_context_variables(struct out *out, const struct operation *operation)
{
	for (size_t i = 0; i < operation->context_count; i++) {
		emit_context(out, operation, i);
		out_put(out,
		    "\tstruct $type$ *$handle$ = becket_call_context(call, "
		    "$index$);\n");
	}
	if (operation_gives_context(operation))
		out_put(out, "\tbecket_status status;\n");
}

static const char *
arguments(struct out *out, const struct operation *operation)
{
	const char *text = "";

	for (size_t i = 0; i < operation->context_count; i++)
		text = text_print(out->arena, "%s, %s%s", text,
		    operation->contexts[i].out != NULL ? "&" : "",
		    operation->contexts[i].name);
	return text;
}

void
emit_context_call(struct out *out, const struct operation *operation,
    const char *others)
{
	out_set(out, "handle_arguments", arguments(out, operation));
	out_set(out, "others", others);
	if (!operation_gives_context(operation)) {
		out_put(out, "\treturn epv->$member$(call$handle_arguments$"
		             "$others$);\n");
		return;
	}
	out_put(out,
	    "\tstatus = epv->$member$(call$handle_arguments$$others$);\n");
	for (size_t i = 0; i < operation->context_count; i++) {
		emit_context(out, operation, i);
		if (operation->contexts[i].out != NULL)
			out_put(out, "\tbecket_call_set_context(call, "
			             "$index$, $handle$);\n");
	}
	out_put(out, "\treturn status;\n");
}

void
emit_contexts_answer(struct out *out, const struct operation *operation)
{
	out_put(out, "\n"
	             "becket_status\n"
	             "$answer$($answer_parameters$)\n"
	             "{\n"
	             "\tvoid *contexts[$handle_count$] = { NULL };\n"
	             "\n");
	for (size_t i = 0; i < operation->context_count; i++) {
		emit_context(out, operation, i);
		if (operation->contexts[i].out != NULL)
			out_put(out, "\tcontexts[$index$] = $handle$;\n");
	}
	out_put(out,
	    "\treturn becket_stub_answer_contexts(token, &$interface$, "
	    "$opnum$, status, contexts, response);\n"
	    "}\n");
}
