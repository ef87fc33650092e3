/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory that counts, and fails once. Sizes are kept in front of blocks, so
 * that a wrong old_size is found.
 */
struct counted {
	size_t allocations, fail_at;
	size_t blocks;
	bool failed;
};

struct head {
	_Alignas(max_align_t) size_t size;
};

static void *
resize(void *user, void *old, size_t old_size, size_t new_size)
{
	struct counted *counted = user;
	struct head *head = old ? (struct head *)old - 1 : NULL;

	if ((head ? head->size : 0) != old_size)
		abort();
	if (new_size == 0) {
		counted->blocks -= head != NULL;
		free(head);
		return NULL;
	}
	if (counted->allocations++ == counted->fail_at) {
		counted->failed = true;
		return NULL;
	}
	counted->blocks += head == NULL;
	/* Always elsewhere: who kept the old address is found. */
	struct head *moved = malloc(sizeof *moved + new_size);
	if (moved == NULL)
		abort();
	memset(moved + 1, 0xa5, new_size);
	if (head != NULL)
		memcpy(moved + 1, head + 1,
		    old_size < new_size ? old_size : new_size);
	free(head);
	moved->size = new_size;
	return moved + 1;
}

static char *
read_file(const char *name)
{
	FILE *file = fopen(name, "r");
	char *text = NULL;
	size_t size = 0, capacity = 0;
	int c;

	if (file == NULL) {
		perror(name);
		exit(2);
	}
	do {
		c = getc(file);
		if (size == capacity) {
			capacity = capacity ? 2 * capacity : 4096;
			text = realloc(text, capacity);
			if (text == NULL)
				abort();
		}
		text[size++] = c == EOF ? '\0' : (char)c;
	} while (c != EOF);
	fclose(file);
	return text;
}

static bool
play(const char *name, const char *text, enum talk_mode mode, size_t fail_at,
    bool *ret_failed)
{
	struct counted counted = { .fail_at = fail_at };
	struct becket_memory memory = { resize, &counted };
	bool fine = talk_play(name, text, mode, &memory);

	if (counted.blocks != 0) {
		printf("# %s: %zu blocks of memory are left", name,
		    counted.blocks);
		if (fail_at != SIZE_MAX)
			printf(" when allocation %zu fails", fail_at);
		putchar('\n');
		fine = false;
	}
	*ret_failed = counted.failed;
	return fine;
}

static bool
play_all_ways(const char *name, size_t *ret_ways)
{
	char *text = read_file(name);
	bool failed = true;
	bool fine = play(name, text, TALK_WHOLE, SIZE_MAX, &failed) &&
	            play(name, text, TALK_DRIBBLE, SIZE_MAX, &failed);
	size_t n = 0;

	for (failed = true; failed && fine; n++)
		fine = play(name, text, TALK_NO_MEMORY, n, &failed);
	free(text);
	*ret_ways = n + 1;
	return fine;
}

int
main(int argc, char **argv)
{
	int passed = 0;

	if (argc > 2 && strcmp(argv[1], "--corpus") == 0) {
		talk_corpus = argv[2];
		argc -= 2;
		argv += 2;
	}
	printf("TAP version 13\n1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		size_t ways;
		bool fine = play_all_ways(argv[i], &ways);

		printf("%s %d - %s (%zu ways)\n", fine ? "ok" : "not ok", i,
		    argv[i], ways);
		fflush(stdout);
		passed += fine;
	}
	printf("# %d passed, %d failed\n", passed, argc - 1 - passed);
	return passed == argc - 1 ? 0 : 1;
}
