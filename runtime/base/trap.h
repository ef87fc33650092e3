/* SPDX-License-Identifier: MIT */
#ifndef BASE_TRAP_H
#define BASE_TRAP_H

/*
 * TRAP_UNLESS(condition): stop at a bug of ours. Always on, also in release
 * builds, and never reachable from a peer's bytes: the fuzzers hold us to it.
 */
#define TRAP_UNLESS(condition) ((condition) ? (void)0 : __builtin_trap())

#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
