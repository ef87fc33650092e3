/* SPDX-License-Identifier: MIT */
#include "wire/string_binding.h"

#include <string.h>

#include "base/uuid.h"

/* Text that is being cut: always in its escaped form. */
static size_t
unit_size(struct becket_bytes text, size_t at)
{
	return text.data[at] == '\\' && at + 1 < text.size ? 2 : 1;
}

static struct becket_bytes
slice(struct becket_bytes text, size_t from, size_t to)
{
	return text.size == 0
	           ? text
	           : (struct becket_bytes){ text.data + from, to - from };
}

/* Where the first of the characters stands unescaped; text.size: nowhere. */
static size_t
find(struct becket_bytes text, const char *characters)
{
	size_t at = 0;

	for (; at < text.size; at += unit_size(text, at))
		if (text.data[at] != '\0' &&
		    strchr(characters, text.data[at]) != NULL)
			break;
	return at;
}

/* Cut text at the first such character, which is dropped; false: none, and
 * all of text is the front.
 */
static bool
cut(struct becket_bytes *text, char character, struct becket_bytes *ret_front)
{
	const char characters[] = { character, '\0' };
	size_t at = find(*text, characters);
	bool found = at < text->size;

	*ret_front = slice(*text, 0, at);
	*text = slice(*text, found ? at + 1 : at, text->size);
	return found;
}

/* Neither brackets nor white space, of which DCE has none outside values. */
static bool
is_plain(struct becket_bytes part)
{
	for (size_t i = 0; i < part.size; i++)
		if (part.data[i] <= ' ' || part.data[i] == 0x7f)
			return false;
	return find(part, "[]") == part.size;
}

/* No NUL, and no backslash at the end that escapes nothing. */
static bool
is_text(struct becket_bytes text)
{
	size_t at = 0;

	if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
		return false;
	while (at < text.size) {
		if (text.data[at] == '\\' && at + 1 == text.size)
			return false;
		at += unit_size(text, at);
	}
	return true;
}

static bool
is_keyword(struct becket_bytes name)
{
	static const char keyword[] = "endpoint";
	char text[2 * sizeof keyword];

	return name.size <= sizeof text &&
	       string_binding_unescape(name, text) == sizeof keyword - 1 &&
	       memcmp(text, keyword, sizeof keyword - 1) == 0;
}

static becket_status
check_object(struct becket_bytes object)
{
	char text[2 * BECKET_UUID_TEXT_SIZE];
	struct becket_uuid uuid;

	if (object.size > sizeof text)
		return BECKET_S_INVALID_STRING_UUID;
	return becket_uuid_from_string(text,
	    string_binding_unescape(object, text), &uuid);
}

static becket_status
take_endpoint(struct becket_bytes endpoint, struct string_binding *binding)
{
	if (binding->has_endpoint || endpoint.size == 0)
		return BECKET_S_INVALID_STRING_BINDING;
	binding->has_endpoint = true;
	binding->endpoint = endpoint;
	return BECKET_S_OK;
}

static becket_status
take_item(struct becket_bytes item, struct string_binding *binding)
{
	struct becket_bytes value = item;
	struct becket_bytes name;

	if (!cut(&value, '=', &name)) {
		/* a bare word behind the endpoint is Samba's kind of option */
		return binding->has_endpoint && item.size > 0
		           ? BECKET_S_INVALID_NETWORK_OPTIONS
		           : take_endpoint(item, binding);
	}
	if (name.size == 0 || !is_plain(name))
		return BECKET_S_INVALID_STRING_BINDING;
	if (is_keyword(name))
		return take_endpoint(value, binding);
	return BECKET_S_OK;
}

/* What stands in the brackets. Only the first item may be empty: "[]", and
 * "[,name=value]" as Windows writes it.
 */
static becket_status
take_items(struct becket_bytes items, struct string_binding *binding)
{
	struct becket_bytes item;
	bool more;

	binding->options = items;
	more = cut(&items, ',', &item);
	if (item.size == 0 && !more)
		return BECKET_S_OK;
	if (item.size == 0)
		more = cut(&items, ',', &item);
	for (;;) {
		becket_status status = take_item(item, binding);

		if (status != BECKET_S_OK || !more)
			return status;
		more = cut(&items, ',', &item);
	}
}

/* What stands behind the '[': items and the ']' that ends it all. */
static becket_status
take_brackets(struct becket_bytes rest, struct string_binding *binding)
{
	struct becket_bytes items;

	if (!cut(&rest, ']', &items) || rest.size > 0 ||
	    find(items, "[") < items.size)
		return BECKET_S_INVALID_STRING_BINDING;
	return take_items(items, binding);
}

becket_status
string_binding_parse(struct becket_bytes text,
    struct string_binding *ret_binding)
{
	struct string_binding binding = { 0 };
	struct becket_bytes rest = text;
	becket_status status = BECKET_S_OK;

	if (!is_text(text))
		return BECKET_S_INVALID_STRING_BINDING;
	binding.has_object = cut(&rest, '@', &binding.object);
	if (!binding.has_object) {
		binding.object = (struct becket_bytes){ 0 };
		rest = text;
	} else {
		status = check_object(binding.object);
	}
	if (status != BECKET_S_OK)
		return status;
	if (find(rest, "@") < rest.size || !cut(&rest, ':', &binding.protseq) ||
	    binding.protseq.size == 0 || !is_plain(binding.protseq))
		return BECKET_S_INVALID_STRING_BINDING;
	if (cut(&rest, '[', &binding.netaddr))
		status = take_brackets(rest, &binding);
	if (!is_plain(binding.netaddr))
		return BECKET_S_INVALID_STRING_BINDING;
	if (status == BECKET_S_OK)
		*ret_binding = binding;
	return status;
}

bool
string_binding_next_option(struct becket_bytes *options,
    struct becket_bytes *ret_name, struct becket_bytes *ret_value)
{
	while (options->size > 0) {
		struct becket_bytes name, value;

		cut(options, ',', &value);
		if (!cut(&value, '=', &name) || is_keyword(name))
			continue;
		*ret_name = name;
		*ret_value = value;
		return true;
	}
	return false;
}

size_t
string_binding_unescape(struct becket_bytes part, char *ret_text)
{
	size_t size = 0;

	for (size_t at = 0; at < part.size;) {
		size_t unit = unit_size(part, at);

		ret_text[size++] = (char)part.data[at + unit - 1];
		at += unit;
	}
	return size;
}

size_t
string_binding_escape(struct becket_bytes part, char *ret_text)
{
	size_t size = 0;

	for (size_t at = 0; at < part.size; at++) {
		if (part.data[at] != '\0' &&
		    strchr("@:[],=\\", part.data[at]) != NULL) {
			if (ret_text != NULL)
				ret_text[size] = '\\';
			size++;
		}
		if (ret_text != NULL)
			ret_text[size] = (char)part.data[at];
		size++;
	}
	return size;
}
