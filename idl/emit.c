/* SPDX-License-Identifier: MIT */
#include "idl/emit.h"

#include <stdio.h>
#include <string.h>

struct out
emit_begin(const struct model *model, const struct file *file)
{
	struct out out = out_empty(model->arena);

	out_set(&out, "file", file->name);
	out_set(&out, "stem", file->stem);
	return out;
}

void
emit_service(struct out *out, const struct service *service)
{
	const struct service_names *names = &service->names;

	out_set(out, "service", service->full_name);
	out_set(out, "interface", names->interface);
	out_set(out, "operations", names->operations);
	out_set(out, "endpoints", names->endpoints);
	out_set(out, "routines", names->routines);
	out_set(out, "epv", names->epv);
	out_set(out, "register", names->register_);
	out_set(out, "unregister", names->unregister);
}

static bool
has_member(const struct parameter *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(list[i].member, name))
			return true;
	}
	return false;
}

const char *
emit_apart(struct out *out, const struct operation *operation, const char *name)
{
	if (has_member(operation->in, operation->in_count, name) ||
	    has_member(operation->out, operation->out_count, name))
		return text_print(out->arena, "%s_", name);
	return name;
}

/* ", int64_t dividend, const char *name" */
static const char *
values(struct out *out, const struct parameter *list, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = text_print(out->arena, "%s, %s%s%s", text, list[i].type,
		    list[i].is_string ? "" : " ", list[i].member);
	return text;
}

/* ", int64_t *ret_quotient, char **ret_text" */
static const char *
results(struct out *out, const struct parameter *list, size_t count,
    const char *string)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = text_print(out->arena, "%s, %s*ret_%s", text,
		    list[i].is_string
		        ? string
		        : text_print(out->arena, "%s ", list[i].type),
		    list[i].member);
	return text;
}

static void
set_parameters(struct out *out, const struct operation *operation)
{
	const char *in = values(out, operation->in, operation->in_count);

	out_set(out, "stub_parameters",
	    text_print(out->arena, "struct becket_binding *%s%s%s",
	        emit_apart(out, operation, "binding"), in,
	        results(out, operation->out, operation->out_count, "char *")));
	out_set(out, "manager_parameters",
	    text_print(out->arena, "struct becket_call *%s%s%s",
	        emit_apart(out, operation, "call"), in,
	        results(out, operation->out, operation->out_count,
	            "const char *")));
	out_set(out, "answer_parameters",
	    text_print(out->arena, "struct becket_token %s, becket_status %s%s",
	        emit_apart(out, operation, "token"),
	        emit_apart(out, operation, "status"),
	        values(out, operation->out, operation->out_count)));
}

static void
set_messages(struct out *out)
{
	out_set(out, "stub_parameters",
	    out_expand(out,
	        "struct becket_binding *binding, const $Request$ *request, "
	        "$Response$ **ret_response"));
	out_set(out, "manager_parameters",
	    out_expand(out,
	        "struct becket_call *call, const $Request$ *request, "
	        "$Response$ *response"));
	out_set(out, "answer_parameters",
	    out_expand(out, "struct becket_token token, becket_status status, "
	                    "const $Response$ *response"));
}

void
emit_operation(struct out *out, const struct operation *operation)
{
	const struct operation_names *names = &operation->names;
	const struct message_names *request = &operation->request->names;
	const struct message_names *response = &operation->response->names;

	out_set(out, "rpc", operation->proto->name);
	out_set(out, "opnum",
	    text_print(out->arena, "%u", (unsigned)operation->opnum));
	out_set(out, "member", names->member);
	out_set(out, "stub", names->stub);
	out_set(out, "answer", names->answer);
	out_set(out, "routine", names->routine);
	out_set(out, "Request", request->type);
	out_set(out, "REQUEST_INIT", request->init);
	out_set(out, "request_descriptor", request->descriptor);
	out_set(out, "Response", response->type);
	out_set(out, "RESPONSE_INIT", response->init);
	out_set(out, "response_descriptor", response->descriptor);
	out_set(out, "response_free", response->free);
	if (operation->streams)
		out_set(out, "stub_parameters",
		    "struct becket_binding *binding");
	else if (operation->parameters)
		set_parameters(out, operation);
	else
		set_messages(out);
}
