/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "flags_private.h"

/* Those that can be given again; NULL: it is none of them. */
static struct texts *
list_of(struct command *command, int flag)
{
	switch (flag) {
	case FLAG_RPC_HEADER:
		return &command->headers;
	case FLAG_ASKING_HEADER:
		return &command->asking_headers;
	case FLAG_PROTO:
		return &command->sources.protos;
	case FLAG_IMPORT_PATH:
		return &command->sources.imports;
	case FLAG_PROTOSET:
		return &command->sources.sets;
	default:
		return NULL;
	}
}

static bool
is_file(int flag)
{
	return flag == FLAG_PROTO || flag == FLAG_IMPORT_PATH ||
	       flag == FLAG_PROTOSET;
}

static const char **
text_of(struct command *command, int flag)
{
	switch (flag) {
	case 'd':
		return &command->data;
	case FLAG_SET_OUT:
		return &command->set_out;
	case FLAG_PROTO_OUT:
		return &command->proto_out;
	case FLAG_AUTHORITY:
		return &command->authority;
	case FLAG_USER_AGENT:
		return &command->user_agent;
	default:
		return NULL;
	}
}

static bool *
switch_of(struct command *command, int flag)
{
	switch (flag) {
	case FLAG_EXPAND:
		return &command->expands_headers;
	case FLAG_DEFAULTS:
		return &command->emits_defaults;
	case FLAG_UNKNOWN:
		return &command->ignores_unknown;
	case FLAG_TEMPLATE:
		return &command->wants_template;
	case FLAG_FORMAT_ERROR:
		return &command->formats_errors;
	case FLAG_UNIX:
		return &command->is_unix;
	case FLAG_VERY_VERBOSE:
		return &command->is_very_verbose;
	case 'v':
		return &command->is_verbose;
	default:
		return NULL;
	}
}

/* In grpcurl it is what one has to say to be without. */
static _Noreturn void
refuse_tls(struct command *command, const char *name)
{
	wrong_usage(text_print(command->arena,
	                "--%s is about TLS, which becket does not speak: calls "
	                "go in plain text",
	                name),
	    "");
}

static void
read_reflection(struct command *command, bool is_wanted)
{
	command->sources.without_reflection = !is_wanted;
	command->sources.with_reflection = is_wanted;
}

static bool
read_other(struct command *command, int flag, const char *name,
    const char *value)
{
	switch (flag) {
	case 'H':
		texts_add(command->arena, &command->headers, value);
		texts_add(command->arena, &command->asking_headers, value);
		return true;
	case FLAG_MOST_BYTES:
		command->most_bytes = parse_count(value);
		return true;
	case FLAG_KEEPALIVE:
		command->ping_ms = parse_timeout(value);
		return true;
	case FLAG_REFLECTION:
		read_reflection(command, parse_bool(value));
		return true;
	case FLAG_PLAINTEXT:
		if (!parse_bool(value))
			refuse_tls(command, "plaintext=false");
		return true;
	case FLAG_TLS_SWITCH:
		if (parse_bool(value))
			refuse_tls(command, name);
		return true;
	case FLAG_TLS:
		refuse_tls(command, name);
	case FLAG_FORMAT:
		if (strcmp(value, "json") != 0)
			wrong_usage("there is no format but json, not ", value);
		return true;
	default:
		return false;
	}
}

bool
read_types_flag(struct command *command, int flag, const char *name,
    const char *value)
{
	struct texts *list = list_of(command, flag);
	const char **text = text_of(command, flag);
	bool *is_on = switch_of(command, flag);
	bool is_void = list != NULL && *value == '\0' && is_file(flag);
	if (list != NULL && !is_void)
		texts_add(command->arena, list, value);
	else if (list != NULL)
		return true;
	else if (text != NULL)
		*text = *value == '\0' && flag != 'd' ? NULL : value;
	else if (is_on != NULL)
		*is_on = parse_bool(value);
	else
		return read_other(command, flag, name, value);
	command->is_verbose |= command->is_very_verbose;
	return true;
}
