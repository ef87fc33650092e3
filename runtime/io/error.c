/* SPDX-License-Identifier: MIT */
#include "io/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/status_message.h"

enum {
	SENTENCE_SIZE = 2048,
	DETAIL_SIZE = 1024,
	NAME_SIZE = 256,
	QUOTE_SIZE = 256,
	DETAILS_SIZE = 8192, /* with a NUL behind each text */
	DETAILS = 16,
};

struct record {
	struct becket_error error;
	char sentence[SENTENCE_SIZE];
	char detail[DETAIL_SIZE];
	char host[NAME_SIZE];
	char endpoint[NAME_SIZE];
	char interface[NAME_SIZE];
	char operation[NAME_SIZE];
	struct becket_detail details[DETAILS];
	char details_text[DETAILS_SIZE];
};

static _Thread_local struct record last;

const struct becket_error *
becket_error_last(void)
{
	if (last.error.sentence == NULL)
		last.error = (struct becket_error){
			.sentence = becket_status_text(BECKET_S_OK),
			.detail = "",
			.host = "",
			.endpoint = "",
			.interface = "",
			.operation = "",
		};
	return &last.error;
}

/* Say that text, which fills its capacity, was cut, and not within a
 * character.
 */
static void
mark_cut(char *text, size_t capacity)
{
	size_t at = capacity - sizeof "...";

	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", sizeof "...");
}

/* What a peer sent goes to terminals and logs. */
static void
make_harmless(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static const char *
copy(char *to, size_t capacity, const char *from, size_t size)
{
	bool is_cut = size >= capacity;

	if (is_cut)
		size = capacity - 1;
	if (size > 0)
		memcpy(to, from, size);
	to[size] = '\0';
	if (is_cut)
		mark_cut(to, capacity);
	return to;
}

static const char *
copy_name(char to[NAME_SIZE], const char *from)
{
	copy(to, NAME_SIZE, from, from == NULL ? 0 : strlen(from));
	make_harmless(to);
	return to;
}

static const char *
outcome_text(enum becket_outcome outcome)
{
	switch (outcome) {
	case BECKET_NOT_SENT:
		return "not executed";
	case BECKET_EXECUTED:
		return "executed";
	case BECKET_MAYBE_EXECUTED:
		break;
	}
	return "maybe executed";
}

/* The sentence grows from piece to piece; what does not fit is cut, once. */
static void
begin_sentence(void)
{
	last.sentence[0] = '\0';
}

static BECKET_PRINTF(1, 0) void add_pieces(const char *format, va_list pieces)
{
	size_t at = strlen(last.sentence);
	int size =
	    vsnprintf(last.sentence + at, SENTENCE_SIZE - at, format, pieces);

	if (size > 0 && at + (size_t)size >= SENTENCE_SIZE)
		mark_cut(last.sentence, SENTENCE_SIZE);
}

static BECKET_PRINTF(1, 2) void add(const char *format, ...)
{
	va_list pieces;

	va_start(pieces, format);
	add_pieces(format, pieces);
	va_end(pieces);
}

/* "calc.Calculator Divide at ncacn_ip_tcp:host[4747]: division by zero: no
 * such number (executed)". A server with nothing to add may say the text of the
 * status again.
 */
static void
build_sentence(const char *protseq, const char *what)
{
	const struct becket_error *e = &last.error;

	begin_sentence();
	add("%s", e->interface);
	if (*e->operation != '\0')
		add(" %s", e->operation);
	if (protseq != NULL)
		add(" at %s:%s", protseq, e->host);
	if (*e->endpoint != '\0')
		add("[%s]", e->endpoint);
	if (*last.sentence != '\0')
		add(": ");
	add("%s", what);
	if (*e->detail != '\0' && strcmp(e->detail, what) != 0)
		add(": %s", e->detail);
	add(" (%s)", outcome_text(e->outcome));
	make_harmless(last.sentence);
}

const char *
error_status_text(becket_status status, char text[ERROR_STATUS_SIZE])
{
	if (becket_status_name(status) != NULL)
		return becket_status_text(status);
	snprintf(text, ERROR_STATUS_SIZE,
	    "server answered with status 0x%08" PRIx32, status);
	return text;
}

becket_status
error_set_call(becket_status status, enum becket_outcome outcome,
    const struct error_place *place, const char *what, const char *detail,
    size_t detail_size)
{
	char text[ERROR_STATUS_SIZE];

	last.error = (struct becket_error){
		.status = status,
		.outcome = outcome,
		.sentence = last.sentence,
		.detail = copy(last.detail, DETAIL_SIZE, detail, detail_size),
		.host = copy_name(last.host, place->host),
		.endpoint = copy_name(last.endpoint, place->endpoint),
		.interface = copy_name(last.interface, place->interface),
		.operation = copy_name(last.operation, place->operation),
	};
	build_sentence(place->protseq,
	    what != NULL ? what : error_status_text(status, text));
	return status;
}

static const char *
copy_text(size_t *at, struct becket_bytes bytes)
{
	char *text = last.details_text + *at;

	if (bytes.size > 0)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
	*at += bytes.size + 1;
	return text;
}

void
error_set_details(struct becket_bytes details)
{
	struct status_detail detail;
	size_t at = 0, count = 0;

	while (count < DETAILS && status_detail_next(&details, &detail)) {
		if (detail.type.size + detail.message.size + 2 >
		    DETAILS_SIZE - at)
			continue;
		last.details[count].type = copy_text(&at, detail.type);
		last.details[count].message = (struct becket_bytes){
			(const uint8_t *)copy_text(&at, detail.message),
			detail.message.size,
		};
		count++;
	}
	last.error.details = last.details;
	last.error.detail_count = count;
}

becket_status
error_set(becket_status status, const char *format, ...)
{
	va_list arguments;

	last.error = (struct becket_error){
		.status = status,
		.outcome = BECKET_NOT_SENT,
		.sentence = last.sentence,
		.detail = "",
		.host = "",
		.endpoint = "",
		.interface = "",
		.operation = "",
	};
	begin_sentence();
	va_start(arguments, format);
	add_pieces(format, arguments);
	va_end(arguments);
	make_harmless(last.sentence);
	return status;
}

becket_status
error_say(becket_status status)
{
	return status == BECKET_S_OK
	           ? BECKET_S_OK
	           : error_set(status, "%s", becket_status_text(status));
}

const char *
error_place_text(becket_status status)
{
	switch (status) {
	case BECKET_S_INVALID_NET_ADDR:
		return "network address is malformed; an endpoint stands in "
		       "brackets behind it";
	case BECKET_S_INVALID_RPC_PROTSEQ:
		return "protocol sequence is unknown; one stands first, as in "
		       "ncacn_ip_tcp:host[4747]";
	case BECKET_S_PROTSEQ_NOT_SUPPORTED:
		return "protocol sequence is not supported; those of gRPC are "
		       "after becket_grpc_enable()";
	default:
		return becket_status_text(status);
	}
}

becket_status
error_set_string(becket_status status, const char *string, const char *why)
{
	bool is_long = strlen(string) > QUOTE_SIZE;

	return error_set(status, "string binding \"%.*s%s\": %s", QUOTE_SIZE,
	    string, is_long ? "..." : "",
	    why != NULL ? why : error_place_text(status));
}
