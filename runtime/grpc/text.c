/* SPDX-License-Identifier: MIT */
#include "grpc/text.h"

#include <string.h>

#include "base/utf8.h"

static const char hex[] = "0123456789ABCDEF";

static bool
is_plain(uint8_t c)
{
	return c >= ' ' && c <= '~' && c != '%';
}

bool
text_percent_encode(struct becket_bytes sentence, struct buffer *ret_text)
{
	if (!buffer_reserve(ret_text, 3 * sentence.size))
		return false;
	for (size_t i = 0; i < sentence.size; i++) {
		uint8_t c = sentence.data[i];
		uint8_t *at = ret_text->data + ret_text->size;

		if (is_plain(c)) {
			*at = c;
			ret_text->size++;
			continue;
		}
		at[0] = '%';
		at[1] = (uint8_t)hex[c >> 4];
		at[2] = (uint8_t)hex[c & 15];
		ret_text->size += 3;
	}
	return true;
}

static int
digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_escape(struct becket_bytes text, size_t at)
{
	return text.data[at] == '%' && text.size - at > 2 &&
	       digit_of(text.data[at + 1]) >= 0 &&
	       digit_of(text.data[at + 2]) >= 0;
}

static void
make_harmless(uint8_t *text, size_t size)
{
	bool is_utf8 = utf8_is_valid((struct becket_bytes){ text, size });

	for (size_t i = 0; i < size; i++)
		if (text[i] == 0 || (!is_utf8 && text[i] >= 0x80))
			text[i] = '?';
}

bool
text_percent_decode(struct becket_bytes text, struct buffer *ret_sentence)
{
	size_t start = ret_sentence->size, at = start;

	if (!buffer_reserve(ret_sentence, text.size))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (is_escape(text, i)) {
			c = (uint8_t)(digit_of(text.data[i + 1]) << 4 |
			              digit_of(text.data[i + 2]));
			i += 2;
		}
		ret_sentence->data[at++] = c;
	}
	ret_sentence->size = at;
	if (at > start)
		make_harmless(ret_sentence->data + start, at - start);
	return true;
}

/* -------------------------------------------------------------- base64 -- */

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
text_base64_size(size_t size)
{
	return size / 3 * 4 + 4;
}

bool
text_base64_encode(struct becket_bytes bytes, struct buffer *ret_text)
{
	uint32_t bits = 0;
	unsigned have = 0;
	uint8_t *at;

	if (!buffer_reserve(ret_text, text_base64_size(bytes.size)))
		return false;
	at = ret_text->data + ret_text->size;
	for (size_t i = 0; i < bytes.size; i++) {
		bits = bits << 8 | bytes.data[i];
		for (have += 8; have >= 6; have -= 6)
			*at++ = (uint8_t)base64[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*at++ = (uint8_t)base64[bits << (6 - have) & 63];
	ret_text->size = (size_t)(at - ret_text->data);
	return true;
}

/* What stands behind the last digit is padding, as much as fills it up. */
static bool
is_padding(struct becket_bytes text, size_t digits)
{
	size_t padding = text.size - digits;

	for (size_t i = digits; i < text.size; i++)
		if (text.data[i] != '=')
			return false;
	return padding == 0 || (padding <= 2 && text.size % 4 == 0);
}

static size_t
count_digits(struct becket_bytes text)
{
	size_t digits = 0;

	while (digits < text.size && text.data[digits] != '=')
		digits++;
	return digits;
}

bool
text_base64_decode(struct becket_bytes text, struct buffer *ret_bytes)
{
	size_t digits = count_digits(text);
	uint32_t bits = 0;
	unsigned have = 0;
	uint8_t *at;

	if (digits % 4 == 1 || !is_padding(text, digits) ||
	    !buffer_reserve(ret_bytes, digits / 4 * 3 + 3))
		return false;
	at = ret_bytes->data + ret_bytes->size;
	for (size_t i = 0; i < digits; i++) {
		const char *digit =
		    text.data[i] == 0 ? NULL : strchr(base64, text.data[i]);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - base64);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*at++ = (uint8_t)(bits >> have);
		}
	}
	ret_bytes->size = (size_t)(at - ret_bytes->data);
	return true;
}

/* ------------------------------------------------------------- numbers -- */

/* All of text are digits, at least one and at most so many. */
static bool
get_digits(struct becket_bytes text, size_t most, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text.size == 0 || text.size > most)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = 10 * number + (uint64_t)(text.data[i] - '0');
	}
	*ret_number = number;
	return true;
}

bool
text_get_number(struct becket_bytes text, uint32_t *ret_number)
{
	uint64_t number;

	if (!get_digits(text, 10, &number) || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

bool
text_get_size(struct becket_bytes text, uint64_t *ret_size)
{
	return get_digits(text, 18, ret_size);
}

size_t
text_put_number(uint64_t number, char ret_text[TEXT_NUMBER_SIZE])
{
	char digits[20];
	size_t size = 0;

	do
		digits[size++] = (char)('0' + number % 10);
	while ((number /= 10) > 0 && size < TEXT_NUMBER_SIZE - 1);
	for (size_t i = 0; i < size; i++)
		ret_text[i] = digits[size - 1 - i];
	ret_text[size] = '\0';
	return size;
}

/* clang-format off */
static const struct {
	char unit;
	uint64_t us; /* 0: nanoseconds */
} units[] = {
	{ 'n', 0 },
	{ 'u', 1 },
	{ 'm', 1000 },
	{ 'S', 1000000 },
	{ 'M', UINT64_C(60000000) },
	{ 'H', UINT64_C(3600000000) },
};
/* clang-format on */

enum { UNITS = sizeof units / sizeof *units, TIMEOUT_DIGITS = 8 };

bool
text_get_timeout(struct becket_bytes text, uint64_t *ret_us)
{
	struct becket_bytes digits = { text.data,
		text.size > 0 ? text.size - 1 : 0 };
	uint64_t number;

	if (!get_digits(digits, TIMEOUT_DIGITS, &number))
		return false;
	for (size_t i = 0; i < UNITS; i++) {
		if (text.data[digits.size] != (uint8_t)units[i].unit)
			continue;
		*ret_us = units[i].us == 0 ? (number + 999) / 1000
		                           : number * units[i].us;
		return true;
	}
	return false;
}

size_t
text_put_timeout(uint64_t us, char ret_text[TEXT_TIMEOUT_SIZE])
{
	const uint64_t most = 99999999;
	uint64_t number = us;
	size_t unit = 1, size;

	while (number > most && unit + 1 < UNITS) {
		unit++;
		number = us / units[unit].us + (us % units[unit].us != 0);
	}
	size = text_put_number(number < most ? number : most, ret_text);
	ret_text[size++] = units[unit].unit;
	ret_text[size] = '\0';
	return size;
}

/* --------------------------------------------------------------- words -- */

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool
text_begins(struct becket_bytes bytes, const char *text)
{
	size_t size = strlen(text);

	if (bytes.size < size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (lower(bytes.data[i]) != lower((uint8_t)text[i]))
			return false;
	return true;
}

bool
text_equal(struct becket_bytes bytes, const char *text)
{
	return bytes.size == strlen(text) && text_begins(bytes, text);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct becket_bytes
text_trim(struct becket_bytes text)
{
	while (text.size > 0 && is_blank(text.data[0])) {
		text.data++;
		text.size--;
	}
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

bool
text_next_of_list(struct becket_bytes *list, struct becket_bytes *ret_word)
{
	const uint8_t *comma =
	    list->size == 0 ? NULL : memchr(list->data, ',', list->size);
	size_t size = comma == NULL ? list->size : (size_t)(comma - list->data);

	*ret_word = text_trim((struct becket_bytes){ list->data, size });
	if (comma == NULL)
		return false;
	list->data = comma + 1;
	list->size -= size + 1;
	return true;
}

bool
text_lists(struct becket_bytes list, const char *word)
{
	struct becket_bytes found;
	bool has_more;

	do {
		has_more = text_next_of_list(&list, &found);
		if (text_equal(found, word))
			return true;
	} while (has_more);
	return false;
}
