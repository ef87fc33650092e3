/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "base/uuid.h"
#include "wire/string_binding.h"

/*
 * What is cut apart, taken out of its escapes, put into escapes and joined,
 * must be cut into the same parts.
 */
struct text {
	char *data;
	size_t size;
};

static struct text
unescaped(struct becket_bytes part)
{
	struct text text = { malloc(part.size + 1), 0 };

	EXPECT(text.data != NULL);
	text.size = string_binding_unescape(part, text.data);
	EXPECT(text.size <= part.size);
	return text;
}

static void
join(struct text *joined, const char *between, struct becket_bytes part)
{
	struct text plain = unescaped(part);
	struct becket_bytes bytes = { (const uint8_t *)plain.data, plain.size };

	memcpy(joined->data + joined->size, between, strlen(between));
	joined->size += strlen(between);
	joined->size +=
	    string_binding_escape(bytes, joined->data + joined->size);
	free(plain.data);
}

static struct text
compose(const struct string_binding *binding, size_t size)
{
	/* escapes double it; an item begins with at most two characters */
	struct text joined = { malloc(4 * size + 64), 0 };
	struct becket_bytes options = binding->options;
	struct becket_bytes name, value;

	EXPECT(joined.data != NULL);
	if (binding->has_object) {
		join(&joined, "", binding->object);
		joined.data[joined.size++] = '@';
	}
	join(&joined, "", binding->protseq);
	join(&joined, ":", binding->netaddr);
	joined.data[joined.size++] = '[';
	if (binding->has_endpoint)
		join(&joined, "", binding->endpoint);
	while (string_binding_next_option(&options, &name, &value)) {
		join(&joined, ",", name);
		join(&joined, "=", value);
	}
	EXPECT(options.size == 0);
	joined.data[joined.size++] = ']';
	return joined;
}

static void
expect_same(struct becket_bytes a, struct becket_bytes b)
{
	struct text x = unescaped(a), y = unescaped(b);

	EXPECT(x.size == y.size);
	EXPECT(memcmp(x.data, y.data, x.size) == 0);
	free(x.data);
	free(y.data);
}

static void
expect_same_options(struct becket_bytes a, struct becket_bytes b)
{
	struct becket_bytes name, value, other_name, other_value;

	while (string_binding_next_option(&a, &name, &value)) {
		EXPECT(
		    string_binding_next_option(&b, &other_name, &other_value));
		expect_same(name, other_name);
		expect_same(value, other_value);
	}
	EXPECT(!string_binding_next_option(&b, &name, &value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct string_binding binding, again;
	struct text joined;

	if (string_binding_parse((struct becket_bytes){ data, size },
	        &binding) != BECKET_S_OK)
		return 0;
	EXPECT(binding.protseq.size > 0);
	EXPECT(binding.has_endpoint == (binding.endpoint.size > 0));
	joined = compose(&binding, size);
	EXPECT(string_binding_parse((struct becket_bytes){ (const uint8_t *)
	                                                       joined.data,
	                                joined.size },
	           &again) == BECKET_S_OK);
	EXPECT(again.has_object == binding.has_object);
	EXPECT(again.has_endpoint == binding.has_endpoint);
	expect_same(again.object, binding.object);
	expect_same(again.protseq, binding.protseq);
	expect_same(again.netaddr, binding.netaddr);
	expect_same(again.endpoint, binding.endpoint);
	expect_same_options(again.options, binding.options);
	free(joined.data);
	return 0;
}
