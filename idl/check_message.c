/* SPDX-License-Identifier: MIT */
#include "idl/check_message.h"

#include <string.h>

#include "idl/clash.h"
#include "idl/member.h"
#include "idl/options.h"
#include "idl/problem.h"

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) \
	GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

/* Field numbers of descriptor.proto. */
enum {
	FILE_EXTENSION = 7,
	MESSAGE_FIELD = 2,
	MESSAGE_EXTENSION = 6,
	MESSAGE_ONEOF = 8,
};

/* protoc-gen-c crashes on them. */
static void
check_groups(struct model *model, const struct type *type)
{
	const MessageProto *message = type->message;

	for (size_t i = 0; i < message->n_field; i++) {
		if (message->field[i]->type == TYPE(GROUP))
			problem_at(model, type->file,
			    path_item(model->arena, type->path, MESSAGE_FIELD,
			        i),
			    "field %s of %s is a group, which protobuf-c "
			    "cannot "
			    "do: make it a message",
			    message->field[i]->name, type->full_name);
	}
}

/* Options are for compilers; every other extension would be lost on the way
 * through C structs.
 */
static void
check_extension(struct model *model, const struct file *file, struct path path,
    const FieldProto *field)
{
	const char *of = field->extendee == NULL ? "" : field->extendee;

	if (strncmp(of, ".google.protobuf.", 17) == 0 &&
	    text_ends(of, "Options"))
		return;
	problem_at(model, file, path,
	    "extension %s cannot be compiled: protobuf-c has no extensions",
	    field->name);
}

/* Bytes and messages say by themselves whether they are there. */
static bool
has_presence_member(const struct type *type, const FieldProto *field)
{
	const char *syntax = type->file->proto->syntax;

	return (syntax == NULL || !text_equal(syntax, "proto3")) &&
	       field->label == LABEL(OPTIONAL) && !field->has_oneof_index &&
	       field->type != TYPE(STRING) && field->type != TYPE(MESSAGE);
}

static void
claim_field(struct model *model, struct clashes *members,
    const struct type *type, size_t index)
{
	const FieldProto *field = type->message->field[index];
	const char *member = member_name(model->arena, type->message, field);
	struct path path =
	    path_item(model->arena, type->path, MESSAGE_FIELD, index);
	const struct owner *owner =
	    owner_new(model, type->file, path, "field", field->name);

	clash_claim(members, member, owner);
	if (field->label == LABEL(REPEATED))
		clash_claim(members, text_print(model->arena, "n_%s", member),
		    owner);
	if (has_presence_member(type, field))
		clash_claim(members, text_print(model->arena, "has_%s", member),
		    owner);
}

static void
check_members(struct model *model, const struct type *type)
{
	struct clashes members = clashes_empty(model);
	const MessageProto *message = type->message;

	clash_claim(&members, options_base_member(model->arena, message),
	    owner_new(model, type->file, type->path, "the base of message",
	        message->name));
	for (size_t i = 0; i < message->n_oneof_decl; i++) {
		const char *name = message->oneof_decl[i]->name;

		clash_claim(&members, names_case(model->arena, name),
		    owner_new(model, type->file,
		        path_item(model->arena, type->path, MESSAGE_ONEOF, i),
		        "oneof", name));
	}
	for (size_t i = 0; i < message->n_field; i++)
		claim_field(model, &members, type, i);
	clash_report(&members);
}

static void
check_message_extensions(struct model *model, const struct type *type)
{
	for (size_t i = 0; i < type->message->n_extension; i++)
		check_extension(model, type->file,
		    path_item(model->arena, type->path, MESSAGE_EXTENSION, i),
		    type->message->extension[i]);
}

/* Imported files have been or will be checked when they are compiled, but for
 * groups: the generator must not even see them.
 */
void
check_messages(struct model *model, const struct file *file)
{
	const struct path root = { NULL, 0 };

	for (const struct type *t = model->types; t != NULL; t = t->next) {
		if (t->file != file || t->message == NULL)
			continue;
		check_groups(model, t);
		if (!file->wanted)
			continue;
		check_members(model, t);
		check_message_extensions(model, t);
	}
	for (size_t i = 0; file->wanted && i < file->proto->n_extension; i++)
		check_extension(model, file,
		    path_item(model->arena, root, FILE_EXTENSION, i),
		    file->proto->extension[i]);
}
