/* SPDX-License-Identifier: MIT */
#include "becket.h"

#include <string.h>

#include "io/error.h"
#include "io/runtime.h"
#include "io/string_parts.h"

static bool
is_there(const char *part)
{
	return part != NULL && *part != '\0';
}

static bool
is_same(const char *given, const char *parsed)
{
	return strcmp(given == NULL ? "" : given, parsed) == 0;
}

/* Options come as they are to stand in the text, so they could end the string
 * binding early, or bring another endpoint.
 */
static becket_status
check_composed(const struct becket_runtime *runtime, const char *text,
    const struct string_parts *given)
{
	struct string_parts parts;
	becket_status status = string_parts_split(runtime, text, &parts);

	if (status == BECKET_S_OUT_OF_MEMORY)
		return status;
	if (status != BECKET_S_OK)
		return BECKET_S_INVALID_ARG;
	if (!is_same(given->endpoint, parts.endpoint) ||
	    !is_same(given->netaddr, parts.netaddr))
		status = BECKET_S_INVALID_ARG;
	string_parts_fini(runtime, &parts);
	return status;
}

static becket_status
compose(const struct becket_runtime *runtime, const struct string_parts *parts,
    char **ret_string)
{
	char *text;
	becket_status status = string_parts_join(runtime, parts, &text);

	if (status != BECKET_S_OK)
		return status;
	status = check_composed(runtime, text, parts);
	if (status != BECKET_S_OK)
		runtime_free_text(runtime, text);
	else
		*ret_string = text;
	return status;
}

becket_status
becket_string_binding_compose(struct becket_runtime *runtime,
    const char *object, const char *protseq, const char *netaddr,
    const char *endpoint, const char *options, char **ret_string)
{
	/* string_parts_join() only reads them. */
	struct string_parts parts = {
		.object = (char *)(uintptr_t)object,
		.protseq = (char *)(uintptr_t)protseq,
		.netaddr = (char *)(uintptr_t)netaddr,
		.endpoint = (char *)(uintptr_t)endpoint,
		.options = (char *)(uintptr_t)options,
	};
	struct becket_uuid uuid;
	becket_status status = BECKET_S_OK;

	if (runtime == NULL || ret_string == NULL || !is_there(protseq))
		return error_set(BECKET_S_INVALID_ARG,
		    "a string binding needs a protocol sequence");
	if (is_there(object))
		status = becket_uuid_from_string(object, strlen(object), &uuid);
	if (status == BECKET_S_OK)
		status = compose(runtime, &parts, ret_string);
	if (status != BECKET_S_OK)
		return error_set(status,
		    "string binding cannot be composed: %s",
		    becket_status_text(status));
	return BECKET_S_OK;
}

/* Give the part to who wants it, and away from who would free it. */
static void
hand_out(char **part, char **ret_part)
{
	if (ret_part != NULL) {
		*ret_part = *part;
		*part = NULL;
	}
}

becket_status
becket_string_binding_parse(struct becket_runtime *runtime, const char *string,
    char **ret_object, char **ret_protseq, char **ret_netaddr,
    char **ret_endpoint, char **ret_options)
{
	struct string_parts parts;
	becket_status status;

	if (runtime == NULL || string == NULL)
		return error_set(BECKET_S_INVALID_ARG,
		    "there is no string binding");
	status = string_parts_split(runtime, string, &parts);
	if (status != BECKET_S_OK)
		return error_set_string(status, string, NULL);
	hand_out(&parts.object, ret_object);
	hand_out(&parts.protseq, ret_protseq);
	hand_out(&parts.netaddr, ret_netaddr);
	hand_out(&parts.endpoint, ret_endpoint);
	hand_out(&parts.options, ret_options);
	string_parts_fini(runtime, &parts);
	return BECKET_S_OK;
}

void
becket_string_free(struct becket_runtime *runtime, char **string)
{
	if (runtime == NULL || string == NULL)
		return;
	runtime_free_text(runtime, *string);
	*string = NULL;
}
