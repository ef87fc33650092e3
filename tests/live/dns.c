/* SPDX-License-Identifier: MIT */
#include "tests/live/dns.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER = 12, TYPE_A = 1, NAME_ERROR = 3 };

struct question {
	const uint8_t *name;
	size_t size; /* of name, type and class */
	unsigned type;
};

static bool
read_question(const uint8_t *bytes, size_t size, struct question *question)
{
	size_t at = HEADER;

	while (at < size && bytes[at] != 0)
		at += 1u + bytes[at];
	if (at + 5 > size)
		return false;
	*question =
	    (struct question){ bytes + HEADER, at + 5 - HEADER, bytes[at + 2] };
	return true;
}

static bool
is_named(const struct question *question, const char *label)
{
	return question->name[0] == strlen(label) &&
	       memcmp(question->name + 1, label, strlen(label)) == 0;
}

static size_t
add_address(uint8_t *to, uint8_t last)
{
	const uint8_t record[] = { 0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 60,
		0, 4, 127, 0, 0, last };

	memcpy(to, record, sizeof record);
	return sizeof record;
}

static size_t
answer(uint8_t *bytes, const struct question *question)
{
	bool is_two = is_named(question, "two");
	size_t size = HEADER + question->size;

	bytes[2] = 0x81;
	bytes[3] = 0x80 | (is_two ? 0 : NAME_ERROR);
	memset(bytes + 6, 0, HEADER - 6);
	if (is_two && question->type == TYPE_A) {
		bytes[7] = 2;
		size += add_address(bytes + size, 2);
		size += add_address(bytes + size, 1);
	}
	return size;
}

static void *
run(void *argument)
{
	struct dns *dns = argument;

	for (;;) {
		uint8_t bytes[1024];
		struct sockaddr_in client;
		socklen_t length = sizeof client;
		struct question question;
		ssize_t size = recvfrom(dns->fd, bytes, 512, 0,
		    (struct sockaddr *)&client, &length);

		if (size <= 0)
			return NULL;
		dns->asked++;
		if (!read_question(bytes, (size_t)size, &question) ||
		    is_named(&question, "silent"))
			continue;
		size = (ssize_t)answer(bytes, &question);
		(void)!sendto(dns->fd, bytes, (size_t)size, 0,
		    (struct sockaddr *)&client, length);
	}
}

void
dns_start(struct dns *dns)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof address;

	*dns =
	    (struct dns){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	assert_int_equal(bind(dns->fd, (struct sockaddr *)&address,
	                     sizeof address),
	    0);
	assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&address,
	                     &size),
	    0);
	snprintf(dns->name, sizeof dns->name, "127.0.0.1:%u",
	    ntohs(address.sin_port));
	assert_int_equal(pthread_create(&dns->thread, NULL, run, dns), 0);
}

void
dns_stop(struct dns *dns)
{
	shutdown(dns->fd, SHUT_RDWR);
	pthread_join(dns->thread, NULL);
	close(dns->fd);
}
