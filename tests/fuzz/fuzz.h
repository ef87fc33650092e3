/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Every fuzzer has an oracle: what EXPECT() says must hold for any input.
 */
#define EXPECT(condition) ((condition) ? (void)0 : abort())

#ifdef __cplusplus
extern "C"
#endif
    int
    LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
