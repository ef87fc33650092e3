/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/*
 * repeat CORPUS COUNT LAST: a fuzzer's inputs, the same ones on every machine
 * and in every run: first the corpus, and then COUNT that are made from it by
 * numbers that only look like chance. `make fuzz-run` looks for new ones, and
 * what it finds goes into the corpus; this says whether a change has broken
 * what held before. What an input ended badly on is in the file LAST.
 */
enum { LONGEST = 16384, MOST_FILES = 1000, SECONDS = 10, BAD = 77 };

struct input {
	size_t size;
	uint8_t bytes[LONGEST];
};

static struct input files[MOST_FILES], now;
static size_t file_count;
static const char *last_path;

/* -------------------------------------------------------------- the worst --
 */

void __sanitizer_set_death_callback(void (*callback)(void));

static void
keep_last(void)
{
	FILE *file = fopen(last_path, "wb");

	if (file == NULL)
		return;
	(void)fwrite(now.bytes, 1, now.size, file);
	(void)fclose(file);
}

static void
ended(int signal)
{
	const char *name = signal == SIGALRM ? "it takes too long\n"
	                                     : "what must hold does not\n";

	(void)!write(STDERR_FILENO, name, strlen(name));
	keep_last();
	_exit(BAD);
}

static void
run(void)
{
	/* A copy of its size, so that who reads behind it is seen. */
	uint8_t *data = malloc(now.size + (now.size == 0));

	if (data == NULL)
		abort();
	memcpy(data, now.bytes, now.size);
	(void)alarm(SECONDS);
	LLVMFuzzerTestOneInput(data, now.size);
	free(data);
}

/* ------------------------------------------------------------- the inputs --
 */

static bool
read_file(const char *path, struct input *ret_input)
{
	FILE *file = fopen(path, "rb");
	bool is_whole;

	if (file == NULL)
		return false;
	ret_input->size = fread(ret_input->bytes, 1, LONGEST, file);
	is_whole = getc(file) == EOF;
	(void)fclose(file);
	return is_whole;
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
read_corpus(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_visible, alphasort);
	bool done = count > 0 && count <= MOST_FILES;
	char path[1000];

	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory,
		    entries[i]->d_name);
		done = done && read_file(path, &files[i]);
		if (!done)
			fprintf(stderr, "%s cannot be read whole\n", path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	file_count = done ? (size_t)count : 0;
	return done;
}

/* xorshift64* */
static size_t
below(size_t bound)
{
	static uint64_t state = 88172645463325252;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)(state * 2685821657736338717 >> 33) % bound;
}

/* Put size bytes in the place of so many others. */
static void
put(size_t at, size_t gone, const uint8_t *bytes, size_t size)
{
	uint8_t copy[LONGEST];

	if (now.size - gone + size > LONGEST)
		return;
	memcpy(copy, bytes, size);
	memmove(now.bytes + at + size, now.bytes + at + gone,
	    now.size - at - gone);
	memcpy(now.bytes + at, copy, size);
	now.size += size - gone;
}

static void
change(void)
{
	static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '"', '0', '-' };
	const struct input *other = &files[below(file_count)];
	size_t at = below(now.size + 1), left = now.size - at;
	size_t size = below(left < 64 ? left + 1 : 64);
	size_t from = below(other->size + 1);

	switch (below(7)) {
	case 0:
		if (left > 0)
			now.bytes[at] ^= (uint8_t)(1 << below(8));
		break;
	case 1:
		if (left > 0)
			now.bytes[at] = odd[below(sizeof odd)];
		break;
	case 2:
		if (left > 0)
			now.bytes[at] += (uint8_t)(below(2) == 0 ? 1 : 255);
		break;
	case 3: /* away */
		put(at, size, now.bytes, 0);
		break;
	case 4: /* twice */
		put(at, 0, now.bytes + at, size);
		break;
	case 5: /* a piece of another, here or in the place of this */
		put(at, below(2) == 0 ? size : 0, other->bytes + from,
		    below(other->size - from + 1));
		break;
	default:
		now.size = below(8) == 0 ? at : now.size;
	}
}

int
main(int argc, char **argv)
{
	long count = argc == 4 ? strtol(argv[2], NULL, 10) : -1;

	if (count < 0 || !read_corpus(argv[1]))
		return EXIT_FAILURE;
	last_path = argv[3];
	__sanitizer_set_death_callback(keep_last);
	(void)signal(SIGABRT, ended);
	(void)signal(SIGALRM, ended);
	for (size_t i = 0; i < file_count; i++) {
		now = files[i];
		run();
	}
	for (long i = 0; i < count; i++) {
		now = files[below(file_count)];
		for (size_t n = 1 + below(4); n > 0; n--)
			change();
		run();
	}
	printf("%zu inputs, and %ld made from them\n", file_count, count);
	return EXIT_SUCCESS;
}
