/* SPDX-License-Identifier: MIT */
#ifndef ETCD_ETCD_H
#define ETCD_ETCD_H

#include <becket.h>
#include <becket_grpc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rpc.becket.h"

/*
 * What the parts of the program share. Functions that can fail say why on
 * stderr and return false.
 */

/* Keys from the first to before the second; the one key where that is empty. */
struct range {
	ProtobufCBinaryData key, end;
	uint8_t space[256]; /* of end */
};

/* ----------------------------------------------------------------- keys -- */

bool command_put(struct becket_binding *binding, char **arguments);
bool command_get(struct becket_binding *binding, const struct range *range);
bool command_del(struct becket_binding *binding, const struct range *range);

/* Set a key if it does not exist, and let it go with a lease (0: never). */
bool key_create(struct becket_binding *binding, const char *key,
    const char *value, int64_t lease);

/* ---------------------------------------------------------------- leases -- */

/* Create a key that exists while somebody holds it: as long as standard input
 * has not ended, and for seconds more if this program dies.
 */
bool command_hold(struct becket_binding *binding, char **arguments);

/* -------------------------------------------------------------- watching -- */

/* Show what happens to keys, until count events have come; 0: for ever. */
bool command_watch(struct becket_binding *binding, const struct range *range,
    uint64_t count);

/* ----------------------------------------------------------------- text -- */

ProtobufCBinaryData bytes_of(const char *text);
/* 0: etcd has not said it; messages within messages may be absent. */
int64_t revision_of(const Etcdserverpb__ResponseHeader *header);
/* A line: what happened, the key, and its value if it has one. */
void show(const char *what, const Etcdserverpb__KeyValue *kv);
bool number_of(const char *text, int64_t least, int64_t *ret_number);
/* "etcd: SENTENCE" on stderr; false. */
bool complain(const char *sentence);
/* Why the last call failed; false. */
bool failed(void);

#endif
