/* SPDX-License-Identifier: MIT */
#include "grpc/fields.h"

#include <nghttp2/nghttp2.h>

#include "grpc/code.h"
#include "grpc/metadata.h"
#include "grpc/text.h"
#include "wire/call_header.h"

enum { FIELD_OVERHEAD = 32 }; /* RFC 9113 6.5.2 */

struct fields
fields_empty(const struct becket_memory *memory)
{
	return (struct fields){
		.metadata = buffer_empty(memory),
		.path = buffer_empty(memory),
		.message = buffer_empty(memory),
		.details = buffer_empty(memory),
	};
}

void
fields_fini(struct fields *fields)
{
	buffer_fini(&fields->metadata);
	buffer_fini(&fields->path);
	buffer_fini(&fields->message);
	buffer_fini(&fields->details);
}

static void
take_method(struct fields *fields, struct becket_bytes value)
{
	fields->is_post = text_equal(value, "POST");
}

static void
take_path(struct fields *fields, struct becket_bytes value)
{
	fields->path.size = 0;
	if (!buffer_append(&fields->path, value.data, value.size))
		fields->has_no_memory = true;
}

static void
take_http(struct fields *fields, struct becket_bytes value)
{
	if (!text_get_number(value, &fields->http))
		fields->http = 0;
}

static enum fields_content
content_of(struct becket_bytes value)
{
	static const char grpc[] = "application/grpc";
	struct becket_bytes rest = value;

	if (!text_begins(value, grpc))
		return CONTENT_FOREIGN;
	rest.data += sizeof grpc - 1;
	rest.size -= sizeof grpc - 1;
	if (rest.size == 0 || *rest.data == ';')
		return CONTENT_GRPC;
	if (*rest.data != '+')
		return CONTENT_FOREIGN;
	return text_equal(rest, "+proto") || text_begins(rest, "+proto;")
	           ? CONTENT_GRPC
	           : CONTENT_OTHER;
}

static void
take_content(struct fields *fields, struct becket_bytes value)
{
	fields->content = content_of(value);
}

static void
take_encoding(struct fields *fields, struct becket_bytes value)
{
	fields->encoding = ENCODING_UNKNOWN;
	if (text_equal(value, "identity"))
		fields->encoding = ENCODING_IDENTITY;
	if (text_equal(value, "gzip"))
		fields->encoding = ENCODING_GZIP;
}

static void
take_accepted(struct fields *fields, struct becket_bytes value)
{
	fields->takes_gzip = fields->takes_gzip || text_lists(value, "gzip");
}

static void
take_timeout(struct fields *fields, struct becket_bytes value)
{
	fields->has_timeout = true;
	fields->has_bad_timeout = !text_get_timeout(value, &fields->timeout_us);
}

static void
take_length(struct fields *fields, struct becket_bytes value)
{
	uint64_t length = 0;

	if (!text_get_size(value, &length) ||
	    (fields->has_length && fields->length != length))
		fields->is_malformed = true;
	fields->has_length = true;
	fields->length = length;
}

static void
take_code(struct fields *fields, struct becket_bytes value)
{
	fields->has_code = true;
	if (!text_get_number(value, &fields->code))
		fields->code = GRPC_UNKNOWN;
}

static void
take_message(struct fields *fields, struct becket_bytes value)
{
	fields->message.size = 0;
	if (!text_percent_decode(value, &fields->message))
		fields->has_no_memory = true;
}

/* What is no base64 is as if it were not there: the code still counts. */
static void
take_details(struct fields *fields, struct becket_bytes value)
{
	fields->details.size = 0;
	if (!text_base64_decode(value, &fields->details))
		fields->details.size = 0;
}

static void
take_status(struct fields *fields, struct becket_bytes value)
{
	fields->has_status = text_get_number(value, &fields->status);
}

static void
take_not_executed(struct fields *fields, struct becket_bytes value)
{
	fields->is_not_executed = text_equal(value, "1");
}

static void
take_unattended(struct fields *fields, struct becket_bytes value)
{
	fields->is_unattended = text_equal(value, "1");
}

static void
take_object(struct fields *fields, struct becket_bytes value)
{
	struct becket_uuid object;

	if (becket_uuid_from_string((const char *)value.data, value.size,
	        &object) == BECKET_S_OK)
		fields->object = object;
	else
		fields->is_malformed = true;
}

/* clang-format off */
#define NAME(name) name, sizeof name - 1

static const struct {
	const char *name;
	size_t size;
	void (*take)(struct fields *fields, struct becket_bytes value);
} takers[] = {
	{ NAME(":method"),                 take_method },
	{ NAME(":path"),                   take_path },
	{ NAME(":status"),                 take_http },
	{ NAME("content-type"),            take_content },
	{ NAME("content-length"),          take_length },
	{ NAME("grpc-encoding"),           take_encoding },
	{ NAME("grpc-accept-encoding"),    take_accepted },
	{ NAME("grpc-timeout"),            take_timeout },
	{ NAME("grpc-status"),             take_code },
	{ NAME("grpc-message"),            take_message },
	{ NAME("grpc-status-details-bin"), take_details },
	{ NAME("becket-object"),           take_object },
	{ NAME("becket-unattended"),       take_unattended },
	{ NAME("becket-status"),           take_status },
	{ NAME("becket-not-executed"),     take_not_executed },
};
/* clang-format on */

enum { TAKERS = sizeof takers / sizeof *takers };

static void
take_metadata(struct fields *fields, struct becket_bytes name,
    struct becket_bytes value)
{
	switch (metadata_take(&fields->metadata, name, value)) {
	case BECKET_S_OK:
		break;
	case BECKET_S_OUT_OF_MEMORY:
		fields->has_no_memory = true;
		break;
	default:
		fields->has_bad_metadata = true;
		break;
	}
}

/* As RFC 9113 counts them; binary values with commas between are as many
 * fields, for each becomes an entry with the name.
 */
static size_t
size_of(struct becket_bytes name, struct becket_bytes value)
{
	size_t head = name.size + FIELD_OVERHEAD, size = head + value.size;

	if (!call_header_is_binary(name))
		return size;
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] == ',')
			size += head;
	return size;
}

void
fields_take(struct fields *fields, struct becket_bytes name,
    struct becket_bytes value, size_t limit)
{
	size_t size = size_of(name, value);

	if (size > limit - fields->size) {
		fields->is_too_large = true;
		fields->size = limit;
		return;
	}
	fields->size += size;
	for (size_t i = 0; i < TAKERS; i++) {
		if (name.size == takers[i].size &&
		    memcmp(name.data, takers[i].name, name.size) == 0) {
			takers[i].take(fields, value);
			return;
		}
	}
	take_metadata(fields, name, value);
}

/* ---------------------------------------------------- well-formedness -- */

/* :authority may be what it likes, and may be absent (PROTOCOL.md 10.2). */
static const char *const pseudo_fields[] = { ":method", ":path", ":scheme",
	":authority" };

enum { PSEUDO_FIELDS = 4, PSEUDO_NEEDED = 0x7 };

static void
check_pseudo(struct fields *fields, struct becket_bytes name)
{
	for (unsigned i = 0; i < PSEUDO_FIELDS; i++) {
		if (!text_is(name, pseudo_fields[i]))
			continue;
		if (fields->is_regular || fields->pseudo & 1u << i)
			fields->is_malformed = true;
		fields->pseudo |= 1u << i;
		return;
	}
	fields->is_malformed = true;
}

/* Fields that speak of a connection of HTTP/1.1. */
static bool
is_of_connection(struct becket_bytes name, struct becket_bytes value)
{
	return text_is(name, "connection") || text_is(name, "keep-alive") ||
	       text_is(name, "proxy-connection") ||
	       text_is(name, "transfer-encoding") || text_is(name, "upgrade") ||
	       (text_is(name, "te") && !text_equal(value, "trailers"));
}

void
fields_check(struct fields *fields, struct becket_bytes name,
    struct becket_bytes value)
{
	if (name.size > 0 && *name.data == ':') {
		check_pseudo(fields, name);
		return;
	}
	fields->is_regular = true;
	if (!nghttp2_check_header_name(name.data, name.size) ||
	    !nghttp2_check_header_value(value.data, value.size) ||
	    is_of_connection(name, value))
		fields->is_malformed = true;
}

void
fields_check_all(struct fields *fields)
{
	if ((fields->pseudo & PSEUDO_NEEDED) != PSEUDO_NEEDED)
		fields->is_malformed = true;
}

void
fields_check_length(struct fields *fields, uint64_t size)
{
	if (fields->has_length && fields->length != size)
		fields->is_malformed = true;
}
