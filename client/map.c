/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "output.h"

static const struct {
	const char *uuid, *name;
} syntaxes[] = {
	{ "857a7d2a-712b-415f-8668-f858323b0a44", "protobuf" },
	{ "8a885d04-1ceb-11c9-9fe8-08002b104860", "ndr" },
	{ "71710533-beba-4937-8319-b5dbef9ccc36", "ndr64" },
};

/* Its UUID where it has no name; in ret_text. */
static const char *
syntax_name(const struct becket_if_id *syntax,
    char ret_text[BECKET_UUID_TEXT_SIZE])
{
	becket_uuid_to_string(&syntax->uuid, ret_text);
	for (size_t i = 0; i < sizeof syntaxes / sizeof *syntaxes; i++)
		if (strcmp(syntaxes[i].uuid, ret_text) == 0)
			return syntaxes[i].name;
	return ret_text;
}

static void
show_row(const char *interface, const char *syntax, const char *binding,
    const char *annotation)
{
	print_column(interface, 43);
	print_column(syntax, 8);
	print_column(binding, 36);
	print_column(annotation, 0);
	putchar('\n');
}

static void
show_element(const struct becket_ep_element *element)
{
	char uuid[BECKET_UUID_TEXT_SIZE], syntax[BECKET_UUID_TEXT_SIZE];
	char interface[BECKET_UUID_TEXT_SIZE + 16];
	becket_uuid_to_string(&element->interface.uuid, uuid);
	snprintf(interface, sizeof interface, "%s v%u.%u", uuid,
	    element->interface.major, element->interface.minor);
	show_row(interface, syntax_name(&element->transfer_syntax, syntax),
	    *element->binding == '\0' ? "?" : element->binding,
	    element->annotation);
}

static void
show_json(struct line *line, const struct becket_ep_element *element)
{
	char uuid[BECKET_UUID_TEXT_SIZE];
	line_begin(line, NULL);
	becket_uuid_to_string(&element->interface.uuid, uuid);
	line_string(line, "uuid", uuid);
	line_number(line, "major", element->interface.major);
	line_number(line, "minor", element->interface.minor);
	line_string(line, "syntax",
	    syntax_name(&element->transfer_syntax, uuid));
	becket_uuid_to_string(&element->object, uuid);
	line_string(line, "object", uuid);
	line_string(line, "binding", element->binding);
	line_string(line, "annotation", element->annotation);
	line_end(line);
}

/* A failure before the first entry is all there is to tell. */
static becket_status
show_all(const struct command *command, struct becket_ep_inquiry *inquiry)
{
	struct becket_ep_element element;
	struct line line = { 0 };
	becket_status status = becket_mgmt_ep_elt_inq_next(inquiry, &element);
	bool is_any = status == BECKET_S_OK;
	if (status != BECKET_S_OK && status != BECKET_S_NO_MORE_ELEMENTS)
		return status;
	if (command->json) {
		line_begin(&line, NULL);
		line_array_begin(&line, "entries");
	} else if (is_any) {
		show_row("INTERFACE", "SYNTAX", "BINDING", "ANNOTATION");
	}
	for (; status == BECKET_S_OK;
	     status = becket_mgmt_ep_elt_inq_next(inquiry, &element)) {
		if (command->json)
			show_json(&line, &element);
		else
			show_element(&element);
	}
	if (command->json) {
		line_array_end(&line);
		line_end(&line);
	}
	return status == BECKET_S_NO_MORE_ELEMENTS ? BECKET_S_OK : status;
}

/* What is typed is a string binding, or a host. */
becket_status
mapper_text(struct becket_runtime *runtime, const char *typed, char **ret_text)
{
	char *protseq = NULL, *address = NULL, *endpoint = NULL;
	becket_status status;
	if (typed == NULL)
		typed = getenv("BECKET_MAPPER");
	if (typed == NULL || *typed == '\0')
		typed = "ncalrpc:";
	status = becket_string_binding_parse(runtime, typed, NULL, &protseq,
	    &address, &endpoint, NULL);
	if (status != BECKET_S_OK ||
	    becket_network_is_protseq_valid(runtime, protseq) != BECKET_S_OK)
		status = becket_string_binding_compose(runtime, NULL,
		    "ncacn_ip_tcp", typed, "135", NULL, ret_text);
	else
		status = becket_string_binding_compose(runtime, NULL, protseq,
		    address,
		    *endpoint != '\0'                 ? endpoint
		    : strcmp(protseq, "ncalrpc") == 0 ? "epmapper"
		                                      : "135",
		    NULL, ret_text);
	becket_string_free(runtime, &protseq);
	becket_string_free(runtime, &address);
	becket_string_free(runtime, &endpoint);
	return status;
}

int
command_ep(const struct command *command)
{
	struct becket_ep_inquiry *inquiry = NULL;
	becket_status status =
	    becket_mgmt_ep_elt_inq_begin(command->runtime, command->binding,
	        BECKET_EP_ALL_ELTS, NULL, BECKET_VERS_ALL, NULL, &inquiry);
	if (status == BECKET_S_OK)
		status = show_all(command, inquiry);
	if (status != BECKET_S_OK)
		status = (becket_status)command_failed(command, status);
	becket_mgmt_ep_elt_inq_done(&inquiry);
	return (int)status;
}
