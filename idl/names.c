/* SPDX-License-Identifier: MIT */
#include "idl/names.h"

#include <string.h>

/* The C locale's, whatever the user's is. */
static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
to_lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static char
to_upper(char c)
{
	return is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

/* Room for the worst case, every character made two, and a NUL. */
static char *
room(struct arena *arena, const char *name)
{
	return text_alloc(arena, 2 * strlen(name) + 1);
}

/* CamelCase to words; each dot becomes dots times "_". */
static char *
words(struct arena *arena, const char *name, size_t dots, char change(char))
{
	char *result = room(arena, name), *to = result;
	bool was_upper = true;

	for (const char *at = name; *at != '\0'; at++) {
		if (*at == '.') {
			for (size_t i = 0; i < dots; i++)
				*to++ = '_';
			was_upper = true;
			continue;
		}
		if (is_upper(*at) && !was_upper)
			*to++ = '_';
		*to++ = change(*at);
		was_upper = is_upper(*at);
	}
	return result;
}

char *
names_lower(struct arena *arena, const char *full_name)
{
	return words(arena, full_name, 2, to_lower);
}

char *
names_upper(struct arena *arena, const char *full_name)
{
	return words(arena, full_name, 2, to_upper);
}

char *
names_snake(struct arena *arena, const char *name)
{
	return words(arena, name, 1, to_lower);
}

char *
names_type(struct arena *arena, const char *full_name)
{
	char *result = room(arena, full_name), *to = result;
	bool upper_next = true;

	for (const char *at = full_name; *at != '\0'; at++) {
		if (*at == '_' || *at == '.')
			upper_next = true;
		if (*at == '.') {
			*to++ = '_';
			*to++ = '_';
		} else if (*at != '_') {
			*to++ = upper_next ? to_upper(*at) : *at;
			upper_next = false;
		}
	}
	return result;
}

/* What protobuf-c writes a "_" behind, in fields: observed of 1.4.1. */
/* clang-format off */
static const char *const protobuf_c_words[] = {
	"and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
	"case", "catch", "char", "class", "compl", "const", "const_cast",
	"continue", "default", "delete", "do", "double", "dynamic_cast",
	"else", "enum", "explicit", "extern", "false", "float", "for",
	"friend", "goto", "if", "inline", "int", "long", "mutable",
	"namespace", "new", "not", "not_eq", "operator", "or", "or_eq",
	"private", "protected", "public", "register", "reinterpret_cast",
	"return", "short", "signed", "sizeof", "static", "static_cast",
	"struct", "switch", "template", "this", "throw", "true", "try",
	"typedef", "typeid", "typename", "union", "unsigned", "using",
	"virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
};

static const char *const c_words[] = {
	"auto", "bool", "break", "case", "char", "const", "continue",
	"default", "do", "double", "else", "enum", "extern", "false", "float",
	"for", "goto", "if", "inline", "int", "long", "register", "restrict",
	"return", "short", "signed", "sizeof", "static", "static_assert",
	"struct", "switch", "true", "typedef", "union", "unsigned", "void",
	"volatile", "while",
};

static const char *const cxx_words[] = {
	"alignas", "alignof", "and", "and_eq", "asm", "bitand", "bitor",
	"catch", "char16_t", "char32_t", "class", "compl", "const_cast",
	"constexpr", "decltype", "delete", "dynamic_cast", "explicit",
	"export", "friend", "mutable", "namespace", "new", "noexcept", "not",
	"not_eq", "nullptr", "operator", "or", "or_eq", "private",
	"protected", "public", "reinterpret_cast", "static_cast", "template",
	"this", "thread_local", "throw", "try", "typeid", "typename", "using",
	"virtual", "wchar_t", "xor", "xor_eq",
};

/* Types that generated code names beside members and parameters. */
static const char *const type_words[] = {
	"becket_status", "int32_t", "int64_t", "protobuf_c_boolean", "size_t",
	"uint32_t", "uint64_t",
};

/* What names_service() puts behind the prefix. */
static const char *const service_words[] = {
	"by_opnum", "context_types", "endpoints", "epv", "operations",
	"register", "register_ex", "routines", "rundowns", "unregister",
};

/* Without -std=c11 or the like, which is how most people compile. */
static const char *const gnu_words[] = {
	"errno", "linux", "typeof", "unix",
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool
is_among(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(name, list[i]))
			return true;
	}
	return false;
}

const char *
names_reserved(const char *name)
{
	if (is_among(name, c_words, COUNT(c_words)))
		return "a keyword of C";
	if (is_among(name, cxx_words, COUNT(cxx_words)))
		return "a keyword of C++";
	if (is_among(name, gnu_words, COUNT(gnu_words)))
		return "a word that C compilers define";
	if (is_among(name, type_words, COUNT(type_words)))
		return "a type";
	return NULL;
}

char *
names_member(struct arena *arena, const char *field)
{
	char *result = room(arena, field);
	size_t size = strlen(field);

	for (size_t i = 0; i < size; i++)
		result[i] = to_lower(field[i]);
	if (is_among(result, protobuf_c_words, COUNT(protobuf_c_words)) ||
	    names_reserved(result) != NULL)
		result[size] = '_';
	return result;
}

char *
names_told(struct arena *arena, const char *field)
{
	char *member = names_member(arena, field);
	size_t size = strlen(field);
	bool is_theirs;

	if (member[size] == '\0')
		return text_copy(arena, field, size);
	member[size] = '\0';
	is_theirs = is_among(member, protobuf_c_words, COUNT(protobuf_c_words));
	return text_print(arena, "%s%s", field, is_theirs ? "" : "_");
}

char *
names_case(struct arena *arena, const char *oneof)
{
	return text_print(arena, "%s_case", names_snake(arena, oneof));
}

char *
names_case_type(struct arena *arena, const char *message, const char *oneof)
{
	return text_print(arena, "%s__%sCase", names_type(arena, message),
	    names_type(arena, oneof));
}

char *
names_guard(struct arena *arena, const char *path, const char *end)
{
	char *result = text_print(arena, "%s%s%s",
	    is_digit(path[0]) ? "FILE_" : "", path, end);

	for (char *at = result; *at != '\0'; at++) {
		*at = to_upper(*at);
		if (!is_upper(*at) && !is_digit(*at))
			*at = '_';
	}
	return result;
}

bool
names_is_word(const char *text)
{
	if (text == NULL || *text == '\0' || is_digit(*text))
		return false;
	for (; *text != '\0'; text++) {
		if (!is_lower(*text) && !is_upper(*text) && !is_digit(*text) &&
		    *text != '_')
			return false;
	}
	return true;
}

bool
names_is_dotted(const char *text)
{
	size_t letters = 0;

	if (text == NULL)
		return false;
	for (; *text != '\0'; text++) {
		if (*text != '.' && !is_lower(*text) && !is_upper(*text) &&
		    !is_digit(*text) && *text != '_')
			return false;
		letters += *text != '.';
	}
	return letters > 0;
}

bool
names_is_prefix(const char *text)
{
	if (!is_lower(*text))
		return false;
	for (; *text != '\0'; text++) {
		if (!is_lower(*text) && !is_digit(*text) && *text != '_')
			return false;
	}
	return true;
}

struct service_names
names_service(struct arena *arena, const char *prefix, uint16_t major)
{
	return (struct service_names){
		.prefix = prefix,
		.interface =
		    text_print(arena, "%s_v%d_interface", prefix, major),
		.operations = text_print(arena, "%s_operations", prefix),
		.endpoints = text_print(arena, "%s_endpoints", prefix),
		.routines = text_print(arena, "%s_routines", prefix),
		.by_opnum = text_print(arena, "%s_by_opnum", prefix),
		.context_types = text_print(arena, "%s_context_types", prefix),
		.rundowns = text_print(arena, "%s_rundowns", prefix),
		.epv = text_print(arena, "%s_epv", prefix),
		.register_ = text_print(arena, "%s_register", prefix),
		.register_ex = text_print(arena, "%s_register_ex", prefix),
		.unregister = text_print(arena, "%s_unregister", prefix),
	};
}

/* "v1_interface" */
static bool
is_interface(const char *name)
{
	size_t digits = name[0] == 'v' ? strspn(name + 1, "0123456789") : 0;

	return digits > 0 && text_equal(name + 1 + digits, "_interface");
}

struct operation_names
names_operation(struct arena *arena, const char *prefix, const char *operation)
{
	const char *name = names_snake(arena, operation);
	bool taken = is_among(name, service_words, COUNT(service_words)) ||
	             is_interface(name);
	const char *member = text_print(arena, "%s%s", name, taken ? "_" : "");
	const char *own = names_reserved(member) == NULL ? "" : "_";

	return (struct operation_names){
		.member = text_print(arena, "%s%s", member, own),
		.stub = text_print(arena, "%s_%s", prefix, member),
		.answer = text_print(arena, "%s_%s_answer", prefix, member),
		.start = text_print(arena, "%s_%s_start", prefix, member),
		.finish = text_print(arena, "%s_%s_finish", prefix, member),
		.open = text_print(arena, "%s_%s_open", prefix, member),
		.send = text_print(arena, "%s_%s_send", prefix, member),
		.receive = text_print(arena, "%s_%s_receive", prefix, member),
		.push = text_print(arena, "%s_%s_push", prefix, member),
		.pull = text_print(arena, "%s_%s_pull", prefix, member),
		.routine = text_print(arena, "%s_%s_routine", prefix, member),
		.contexts = text_print(arena, "%s_%s_contexts", prefix, member),
	};
}

char *
names_context_destroy(struct arena *arena, const char *type)
{
	return text_print(arena, "%s_context_destroy", type);
}

char *
names_run_down(struct arena *arena, const char *prefix, const char *type)
{
	return text_print(arena, "%s_run_down_%s", prefix, type);
}

char *
names_rundown(struct arena *arena, const char *type)
{
	return text_print(arena, "%s_rundown", type);
}

struct message_names
names_message(struct arena *arena, const char *full_name)
{
	const char *lower = names_lower(arena, full_name);
	const char *upper = names_upper(arena, full_name);

	return (struct message_names){
		.type = names_type(arena, full_name),
		.init = text_print(arena, "%s__INIT", upper),
		.descriptor = text_print(arena, "%s__descriptor", lower),
		.free =
		    text_print(arena, "%s_free", names_snake(arena, full_name)),
		.free_guard = text_print(arena, "%s__BECKET_FREE", upper),
	};
}
