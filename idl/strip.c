/* SPDX-License-Identifier: MIT */
#include "idl/strip.h"

#include "idl/imports.h"
#include "idl/member.h"

struct strip {
	struct arena *arena;
	Request *request;
	bool *reached; /* of request->proto_file */
};

static void
strip_message(struct arena *arena, MessageProto *message)
{
	message->n_extension = 0;
	for (size_t i = 0; i < message->n_field; i++)
		message->field[i]->name =
		    member_told(arena, message, message->field[i]);
	for (size_t i = 0; i < message->n_nested_type; i++)
		strip_message(arena, message->nested_type[i]);
}

static void
strip_file(struct strip *strip, size_t index)
{
	FileProto *file = strip->request->proto_file[index];

	strip->reached[index] = true;
	file->n_service = 0;
	file->n_extension = 0;
	for (size_t i = 0; i < file->n_message_type; i++)
		strip_message(strip->arena, file->message_type[i]);
	imports_prune(strip->arena, strip->request, file);
	for (size_t i = 0; i < file->n_dependency; i++) {
		size_t next = imports_find(strip->request, file->dependency[i]);

		if (next < index && !strip->reached[next])
			strip_file(strip, next);
	}
}

static void
drop_unreached(struct strip *strip)
{
	Request *request = strip->request;
	size_t kept = 0;

	for (size_t i = 0; i < request->n_proto_file; i++) {
		if (strip->reached[i])
			request->proto_file[kept++] = request->proto_file[i];
	}
	request->n_proto_file = kept;
}

void
strip_request(struct arena *arena, Request *request, struct buffer *ret_bytes)
{
	struct strip strip = { .arena = arena, .request = request };
	uint8_t *bytes;
	size_t size;

	strip.reached =
	    text_alloc(arena, request->n_proto_file * sizeof *strip.reached);
	for (size_t i = 0; i < request->n_file_to_generate; i++) {
		size_t file =
		    imports_find(request, request->file_to_generate[i]);

		if (file < request->n_proto_file && !strip.reached[file])
			strip_file(&strip, file);
	}
	drop_unreached(&strip);
	request->parameter = NULL;
	size = protobuf_c_message_get_packed_size(&request->base);
	bytes = text_alloc(arena, size);
	protobuf_c_message_pack(&request->base, bytes);
	text_put_bytes(ret_bytes, bytes, size);
}
