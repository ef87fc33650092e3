/* SPDX-License-Identifier: MIT */
#include "idl/member.h"

#include "idl/options.h"

static const char *
end(struct arena *arena, const MessageProto *message, const char *member)
{
	return text_equal(member, options_base_member(arena, message)) ? "_"
	                                                               : "";
}

char *
member_name(struct arena *arena, const MessageProto *message,
    const FieldProto *field)
{
	const char *member = names_member(arena, field->name);

	return text_print(arena, "%s%s", member, end(arena, message, member));
}

char *
member_told(struct arena *arena, const MessageProto *message,
    const FieldProto *field)
{
	const char *member = names_member(arena, field->name);

	return text_print(arena, "%s%s", names_told(arena, field->name),
	    end(arena, message, member));
}
