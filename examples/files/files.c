/* SPDX-License-Identifier: MIT */
/* A client of files.Files. */
#include <becket_grpc.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static const char usage[] =
    "usage: files BINDING stat PATH\n"
    "       files BINDING list [-r] PATH\n"
    "       files BINDING cat PATH\n"
    "       files BINDING get [-nrp] PATH TO\n"
    "       files BINDING put [-p] FROM PATH\n"
    "       files BINDING sync [-cp] HERE PATH\n"
    "       files BINDING sum [-r] PATH\n"
    "\n"
    "PATH is the server's. get, put and sync compare SHA-256s; sum writes "
    "what\n"
    "sha256sum would. sync gives each directory what the other has, or has\n"
    "newer, with all below; nothing is deleted.\n"
    "-r: a directory with all below it. -p: say how fast it went, also where\n"
    "no terminal is. -c: files of one size are compared by their SHA-256s.\n"
    "-n: no SHA-256 is compared.\n";

/* ------------------------------------------------------------------- text --
 */

char *
text_join(const char *directory, const char *name)
{
	char *path = NULL;
	const char *slash = *directory == '\0' ? "" : "/";
	if (asprintf(&path, "%s%s%s", directory, slash, name) < 0) {
		fputs("files: out of memory\n", stderr);
		exit(1);
	}
	return path;
}

char *
text_copy(ProtobufCBinaryData bytes)
{
	char *copy =
	    strndup(bytes.len > 0 ? (const char *)bytes.data : "", bytes.len);
	if (copy == NULL) {
		fputs("files: out of memory\n", stderr);
		exit(1);
	}
	return copy;
}

void
text_print(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		putc(c < 0x20 || c == 0x7f ? '?' : c, file);
	}
}

void
text_digest(const uint8_t digest[DIGEST_SIZE], char ret_text[DIGEST_TEXT_SIZE])
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
}

bool
text_complain(const char *path, const char *sentence)
{
	fputs("files: ", stderr);
	text_print(stderr, *path == '\0' ? "the root" : path);
	fputs(": ", stderr);
	text_print(stderr, sentence);
	fputc('\n', stderr);
	return false;
}

/* ------------------------------------------------------------ stat, list -- */

static void
show_entry(const char *name, const Files__Entry *entry)
{
	static const char letters[] = "?-dl"; /* by Files__Type */
	size_t type = (size_t)entry->type < 4 ? (size_t)entry->type : 0;
	time_t seconds = (time_t)(entry->changed_ns / 1000000000);
	char when[32] = "?";
	struct tm tm;
	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	printf("%c %04" PRIo32 " %12" PRIu64 "  %s  ", letters[type],
	    entry->mode, entry->size, when);
	text_print(stdout, name);
	putchar('\n');
}

static bool
command_stat(struct client *client, const char *path, const char *to)
{
	Files__StatResponse *response = NULL;
	(void)to;
	if (!call_stat(client, path, &response))
		return false;
	show_entry(path, response->entry);
	files_stat_response_free(response);
	return true;
}

/* Where a walk through directories is. */
struct walk {
	const char *path;
	unsigned depth;
	bool (*file)(struct client *client, const char *path,
	    const Files__Entry *entry);
};

static bool
walk_entry(struct client *client, const char *name, const Files__Entry *entry,
    void *user)
{
	const struct walk *walk = user;
	char *path = text_join(walk->path, name);
	struct walk below = { path, walk->depth + 1, walk->file };
	bool good = walk->file(client, path, entry);
	if (good && client->recurse && entry->type == FILES__TYPE__DIRECTORY)
		good = below.depth > DEPTH_MAX
		           ? text_complain(path, "the directories are too deep")
		           : call_list(client, path, walk_entry, &below);
	free(path);
	return good;
}

static bool
list_file(struct client *client, const char *path, const Files__Entry *entry)
{
	const char *slash = strrchr(path, '/');
	show_entry(client->recurse || slash == NULL ? path : slash + 1, entry);
	return true;
}

static bool
command_list(struct client *client, const char *path, const char *to)
{
	struct walk walk = { path, 0, list_file };
	(void)to;
	return call_list(client, path, walk_entry, &walk);
}

/* -------------------------------------------------------- cat, get, sum -- */

static bool
write_piece(const uint8_t *data, size_t size, void *user)
{
	(void)user;
	return fwrite(data, 1, size, stdout) == size ||
	       text_complain("standard output", "it cannot be written");
}

static bool
command_cat(struct client *client, const char *path, const char *to)
{
	(void)to;
	return call_read(client, path, write_piece, NULL);
}

static void
report_skipped(const struct client *client, const char *what)
{
	if (client->skipped > 0)
		printf("%" PRIu64 " left %s\n", client->skipped, what);
}

static bool
command_get(struct client *client, const char *path, const char *to)
{
	if (!fetch(client, path, to))
		return false;
	double rate = progress_end(&client->progress);
	printf("%" PRIu64 " files, %.1f MB in %" PRIu64 " calls, %.0f MB/s%s\n",
	    client->files, (double)client->bytes / 1e6, client->calls, rate,
	    client->is_unsummed ? ""
	                        : "; every SHA-256 agrees with the server's");
	report_skipped(client, "out: neither files nor directories");
	return true;
}

static bool
command_put(struct client *client, const char *from, const char *path)
{
	if (!put(client, from, path))
		return false;
	double rate = progress_end(&client->progress);
	printf("%.1f MB stored, %.0f MB/s; the server's SHA-256 is the same\n",
	    (double)client->bytes / 1e6, rate);
	return true;
}

static bool
command_sync(struct client *client, const char *here, const char *path)
{
	uint64_t sent = 0, received = 0;
	if (!sync_directories(client, here, path, &sent, &received))
		return false;
	double rate = progress_end(&client->progress);
	printf("%" PRIu64 " files sent, %" PRIu64
	       " received, %.1f MB in %" PRIu64 " call, %.0f MB/s\n",
	    sent, received, (double)client->bytes / 1e6, client->calls, rate);
	report_skipped(client, "as they are");
	return true;
}

static bool
sum_file(struct client *client, const char *path, const Files__Entry *entry)
{
	uint8_t digest[DIGEST_SIZE];
	char text[DIGEST_TEXT_SIZE];
	if (entry != NULL && entry->type != FILES__TYPE__REGULAR)
		return true;
	if (!call_checksum(client, path, digest))
		return false;
	text_digest(digest, text);
	printf("%s  ", text);
	text_print(stdout, path);
	putchar('\n');
	return true;
}

static bool
command_sum(struct client *client, const char *path, const char *to)
{
	struct walk walk = { path, 0, sum_file };
	(void)to;
	return client->recurse ? call_list(client, path, walk_entry, &walk)
	                       : sum_file(client, path, NULL);
}

/* ------------------------------------------------------------------- main --
 */

static const struct command {
	const char *name;
	const char *options;
	bool has_to;
	bool (*run)(struct client *client, const char *path, const char *to);
} commands[] = {
	{ "stat", "", false, command_stat },
	{ "list", "r", false, command_list },
	{ "cat", "", false, command_cat },
	{ "get", "nrp", true, command_get },
	{ "put", "p", true, command_put },
	{ "sync", "cp", true, command_sync },
	{ "sum", "r", false, command_sum },
};

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool
run(struct client *client, const char *string, const struct command *command,
    const char *path, const char *to)
{
	struct becket_runtime *runtime = NULL;
	becket_status status = becket_runtime_new(NULL, &runtime);
	bool good = false;
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, string,
		    &client->binding);
	if (status == BECKET_S_OK)
		good = command->run(client, path, to);
	else
		text_complain(string, becket_status_text(status));
	becket_binding_free(&client->binding);
	becket_runtime_free(runtime);
	return good;
}

/* "-rp" and the like; false: one that the command does not have. */
static bool
take_options(struct client *client, const struct command *command,
    const char *letters)
{
	for (letters++; *letters != '\0'; letters++) {
		if (strchr(command->options, *letters) == NULL)
			return false;
		client->recurse |= *letters == 'r';
		client->compare |= *letters == 'c';
		client->is_unsummed |= *letters == 'n';
		client->progress.wanted |= *letters == 'p';
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct client client = { 0 };
	/* glibc is not to give memory back to the kernel after each message of
	 * a stream, and ask for it again.
	 */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	const struct command *command = argc < 3 ? NULL : find(argv[2]);
	int next = 3;
	if (command != NULL && next < argc && argv[next][0] == '-' &&
	    argv[next][1] != '\0' && take_options(&client, command, argv[next]))
		next++;
	if (command == NULL || argc - next != 1 + command->has_to) {
		fputs(usage, stderr);
		return 2;
	}
	bool good = run(&client, argv[1], command, argv[next], argv[next + 1]);
	if (fflush(stdout) != 0 || ferror(stdout))
		good = text_complain("standard output", "it is not complete");
	return good ? 0 : 1;
}
