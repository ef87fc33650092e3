/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <string.h>

#include "output.h"

/* As a part of a string binding. */
static const char *
escaped(struct arena *arena, const char *text)
{
	struct buffer out = buffer_empty(&idl_memory);
	const char *copy;
	for (; *text != '\0'; text++) {
		if (strchr("@:[]\\,=", *text) != NULL)
			text_put(&out, "\\");
		text_put_bytes(&out, text, 1);
	}
	copy = text_copy(arena, (const char *)out.data, out.size);
	buffer_fini(&out);
	return copy;
}

static const char *
path_text(struct arena *arena, const char *path)
{
	return text_print(arena, "grpc_unix:[%s]", escaped(arena, path));
}

/* host:port and unix:path are how others name a server of gRPC; NULL: it is
 * neither.
 */
static const char *
as_others_do(struct arena *arena, const char *typed)
{
	static const char *const schemes[] = { "dns:///", "http://" };
	const char *colon = strrchr(typed, ':'), *host;
	size_t size;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(typed, schemes[i], strlen(schemes[i])) == 0)
			typed += strlen(schemes[i]);
	if (strncmp(typed, "unix:", 5) == 0)
		return path_text(arena,
		    typed + (strncmp(typed, "unix:///", 8) == 0 ? 7 : 5));
	if (colon == NULL || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return NULL;
	host = text_copy(arena, typed, (size_t)(colon - typed));
	size = strlen(host);
	if (size > 2 && *host == '[' && host[size - 1] == ']')
		host = text_copy(arena, host + 1, size - 2); /* of IPv6 */
	return text_print(arena, "grpc_ip_tcp:%s[%s]", escaped(arena, host),
	    colon + 1);
}

static bool
is_string_binding(const struct command *command)
{
	char *protseq = NULL;
	becket_status status = becket_string_binding_parse(command->runtime,
	    command->binding_text, NULL, &protseq, NULL, NULL, NULL);
	if (status == BECKET_S_OK)
		status =
		    becket_network_is_protseq_valid(command->runtime, protseq);
	becket_string_free(command->runtime, &protseq);
	return status == BECKET_S_OK;
}

static bool
is_for_types(const struct command *command)
{
	return command->run == command_call || command->run == command_list ||
	       command->run == command_describe;
}

static const char *
plain_text(const struct command *command)
{
	const char *typed = command->binding_text, *other;
	if (!is_for_types(command) || is_string_binding(command))
		return typed;
	other = as_others_do(command->arena, typed);
	if (other == NULL && command->is_unix)
		other = path_text(command->arena, typed);
	return other == NULL ? typed : other;
}

/* The text with one option more; value NULL: without. */
static const char *
with_option(const struct command *command, const char *text, const char *name,
    const char *value)
{
	const char *bracket = strrchr(text, ']');
	if (value == NULL)
		return text;
	value = escaped(command->arena, value);
	if (bracket == NULL)
		return text_print(command->arena, "%s[,%s=%s]", text, name,
		    value);
	return text_print(command->arena, "%.*s,%s=%s]", (int)(bracket - text),
	    text, name, value);
}

const char *
address_text(const struct command *command)
{
	const char *text = plain_text(command), *connect_ms = NULL;
	if (command->connect_ms != 0)
		connect_ms = text_print(command->arena, "%u",
		    (unsigned)command->connect_ms);
	text = with_option(command, text, "connect_timeout", connect_ms);
	text = with_option(command, text, "authority", command->authority);
	return with_option(command, text, "user_agent", command->user_agent);
}

void
address_hint(const struct command *command, becket_status status)
{
	if (is_for_types(command) &&
	    (status == BECKET_S_INVALID_STRING_BINDING ||
	        status == BECKET_S_INVALID_RPC_PROTSEQ ||
	        status == BECKET_S_INVALID_NET_ADDR))
		print_failure("a server is HOST:PORT, unix:PATH or a string "
		              "binding, in plain text");
}
