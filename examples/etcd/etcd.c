/* SPDX-License-Identifier: MIT */
/* A client of etcd, over gRPC. */
#include "etcd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: etcd BINDING put KEY VALUE\n"
    "       etcd BINDING create KEY VALUE\n"
    "       etcd BINDING get [-p] KEY\n"
    "       etcd BINDING del [-p] KEY\n"
    "       etcd BINDING watch [-p] KEY [COUNT]\n"
    "       etcd BINDING hold KEY VALUE SECONDS\n"
    "\n"
    "BINDING: grpc_ip_tcp:127.0.0.1[2379]. -p: all keys that begin with KEY.\n"
    "create sets a key if it does not exist; hold, too, and keeps it until\n"
    "standard input ends. watch ends after COUNT events.\n";

/* ----------------------------------------------------------------- text -- */

ProtobufCBinaryData
bytes_of(const char *text)
{
	return (ProtobufCBinaryData){
		.len = strlen(text),
		.data = (uint8_t *)(uintptr_t)text,
	};
}

/* Nothing that a terminal could take for a command. */
static void
print_bytes(FILE *file, ProtobufCBinaryData bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = bytes.data[i];
		putc(c < 0x20 || c == 0x7f ? '?' : c, file);
	}
}

int64_t
revision_of(const Etcdserverpb__ResponseHeader *header)
{
	return header == NULL ? 0 : header->revision;
}

void
show(const char *what, const Etcdserverpb__KeyValue *kv)
{
	printf("%s ", what);
	print_bytes(stdout, kv->key);
	if (kv->version > 0) {
		printf(" = ");
		print_bytes(stdout, kv->value);
	}
	printf(" (revision %" PRId64 ")\n", kv->mod_revision);
	fflush(stdout);
}

bool
number_of(const char *text, int64_t least, int64_t *ret_number)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < least) {
		fprintf(stderr, "etcd: %s is no number from %" PRId64 "\n",
		    text, least);
		return false;
	}
	*ret_number = number;
	return true;
}

bool
complain(const char *sentence)
{
	fputs("etcd: ", stderr);
	print_bytes(stderr, bytes_of(sentence));
	putc('\n', stderr);
	return false;
}

bool
failed(void)
{
	return complain(becket_error_last()->sentence);
}

/* "KEY", or what begins with it. The text must outlive the range.
 *
 * Behind the last key with a prefix comes the prefix with its last byte one
 * higher; 0xff has no higher, and goes. Nothing left: to the end of all keys,
 * which etcd calls "\0".
 */
static void
range_set(struct range *range, const char *key, bool is_prefix)
{
	size_t size = strlen(key);
	memset(range, 0, sizeof *range);
	range->key = bytes_of(key);
	if (!is_prefix || size > sizeof range->space)
		return;
	memcpy(range->space, key, size);
	if (size == 0) /* no key is called "" */
		range->key = (ProtobufCBinaryData){ 1, range->space };
	while (size > 0 && range->space[size - 1] == 0xff)
		size--;
	if (size > 0)
		range->space[size - 1]++;
	range->end.data = range->space;
	range->end.len = size > 0 ? size : 1;
}

/* ----------------------------------------------------------------- main -- */

/* arguments: KEY and what follows it. */
static bool
run_command(struct becket_binding *binding, const char *name, bool is_prefix,
    char **arguments, int count)
{
	struct range range;
	int64_t events = 0;
	range_set(&range, arguments[0], is_prefix);
	if (is_prefix && strlen(arguments[0]) > sizeof range.space)
		return complain("the prefix is too long");
	if (strcmp(name, "put") == 0)
		return command_put(binding, arguments);
	if (strcmp(name, "create") == 0)
		return key_create(binding, arguments[0], arguments[1], 0);
	if (strcmp(name, "get") == 0)
		return command_get(binding, &range);
	if (strcmp(name, "del") == 0)
		return command_del(binding, &range);
	if (strcmp(name, "hold") == 0)
		return command_hold(binding, arguments);
	if (count == 2 && !number_of(arguments[1], 1, &events))
		return false;
	return command_watch(binding, &range, (uint64_t)events);
}

static bool
run(const char *string, const char *name, bool is_prefix, char **arguments,
    int count)
{
	struct becket_runtime *runtime = NULL;
	struct becket_binding *binding = NULL;
	becket_status status = becket_runtime_new(NULL, &runtime);
	bool good = false;
	if (status == BECKET_S_OK)
		status = becket_grpc_enable(runtime);
	if (status == BECKET_S_OK)
		status = becket_binding_from_string_binding(runtime, string,
		    &binding);
	if (status == BECKET_S_OK)
		good = run_command(binding, name, is_prefix, arguments, count);
	else
		complain(becket_status_text(status));
	becket_binding_free(&binding);
	becket_runtime_free(runtime);
	return good;
}

static const struct command {
	const char *name;
	bool may_be_prefix;
	int least, most; /* arguments */
} commands[] = {
	{ "put", false, 2, 2 },
	{ "create", false, 2, 2 },
	{ "get", true, 1, 1 },
	{ "del", true, 1, 1 },
	{ "watch", true, 1, 2 },
	{ "hold", false, 3, 3 },
};

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct command *command = argc < 4 ? NULL : find(argv[2]);
	bool is_prefix = command != NULL && command->may_be_prefix &&
	                 strcmp(argv[3], "-p") == 0;
	int next = 3 + is_prefix;
	if (command == NULL || argc - next < command->least ||
	    argc - next > command->most) {
		fputs(usage, stderr);
		return 2;
	}
	bool good =
	    run(argv[1], command->name, is_prefix, argv + next, argc - next);
	if (fflush(stdout) != 0 || ferror(stdout))
		good = complain("standard output is not complete");
	return good ? 0 : 1;
}
