/* SPDX-License-Identifier: MIT */
#include "wire/context_handle.h"

bool
context_handle_has_size(struct becket_bytes bytes)
{
	return bytes.size == 0 || bytes.size == CONTEXT_HANDLE_SIZE;
}

bool
context_handle_is_null(struct becket_bytes bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.size; i++)
		any |= bytes.data[i];
	return any == 0;
}

bool
context_handle_equal(const uint8_t a[CONTEXT_HANDLE_SIZE],
    const uint8_t b[CONTEXT_HANDLE_SIZE])
{
	uint8_t difference = 0;

	for (size_t i = 0; i < CONTEXT_HANDLE_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}
