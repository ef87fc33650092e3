/* SPDX-License-Identifier: MIT */
#include "idl/arguments.h"

#include <string.h>

#include "idl/generate.h"

/* Words that stand before others, and where we are among them. */
struct words {
	struct arena *arena;
	char **argv;
	int argc, at;
};

/* The value of an option, joined to it or next; NULL: it is not that option,
 * or *missing says that it has no value.
 */
static const char *
value(struct words *words, const char *option, bool *missing)
{
	const char *word = words->argv[words->at];
	size_t size = strlen(option);

	if (strncmp(word, option, size) != 0)
		return NULL;
	if (word[size] != '\0')
		return word + size;
	if (words->at + 1 < words->argc)
		return words->argv[++words->at];
	*missing = true;
	return NULL;
}

static void
emit(struct arguments *arguments, struct arena *arena, const char *kind)
{
	arguments->emits[arguments->emit_count++] = kind;
	if (text_equal(kind, "c"))
		arguments->emits_c = true;
	else if (!generate_knows(kind))
		arguments->complaint = text_print(arena,
		    "there is no \"%s\" to emit: there are " GENERATE_KINDS,
		    kind);
}

static void
option(struct arguments *arguments, struct words *words)
{
	const char *word = words->argv[words->at], *text;
	bool missing = false;

	if (text_equal(word, "--help") || text_equal(word, "-h"))
		arguments->help = true;
	else if (text_equal(word, "--version"))
		arguments->version = true;
	else if (text_equal(word, "-MD"))
		arguments->depends = true;
	else if (text_equal(word, "--no-file-set"))
		arguments->no_file_set = true;
	else if ((text = value(words, "--emit", &missing)) != NULL)
		emit(arguments, words->arena, text + (*text == '='));
	else if ((text = value(words, "-I", &missing)) != NULL)
		arguments->includes[arguments->include_count++] = text;
	else if ((text = value(words, "-o", &missing)) != NULL)
		arguments->directory = text;
	else if (missing)
		arguments->complaint = text_print(words->arena, "%s needs a %s",
		    word, word[1] == '-' ? "word" : "directory");
	else
		arguments->complaint =
		    text_print(words->arena, "there is no option %s", word);
}

static void
walk(struct arguments *arguments, struct words *words)
{
	bool options = true;

	for (; words->at < words->argc; words->at++) {
		char *word = words->argv[words->at];

		if (options && text_equal(word, "--"))
			options = false;
		else if (options && word[0] == '-' && word[1] != '\0')
			option(arguments, words);
		else
			arguments->files[arguments->file_count++] = word;
	}
}

struct arguments
arguments_parse(struct arena *arena, int argc, char **argv)
{
	/* room for all, one of our own, and the end */
	size_t size = ((size_t)argc + 2) * sizeof(char *);
	struct arguments arguments = {
		.includes = text_alloc(arena, size),
		.files = text_alloc(arena, size),
		.emits = text_alloc(arena, size),
	};
	struct words words = { arena, argv, argc, 1 };

	walk(&arguments, &words);
	if (arguments.emit_count == 0)
		arguments.emits_c = true;
	if (arguments.include_count == 0)
		arguments.includes[arguments.include_count++] = ".";
	if (arguments.complaint == NULL && arguments.file_count == 0)
		arguments.complaint = "no .proto file is given";
	if (arguments.complaint == NULL && arguments.directory == NULL)
		arguments.complaint =
		    "no output directory is given: -o DIRECTORY";
	return arguments;
}
