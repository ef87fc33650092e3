/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stddef.h>

const char *
becket_status_text(becket_status status)
{
	switch (status) {
#define STATUS(name, value, sentence) \
	case BECKET_##name: \
		return sentence;
#include "base/status.def"
#undef STATUS
	}
	return "status unknown to this version";
}

const char *
becket_status_name(becket_status status)
{
	switch (status) {
#define STATUS(name, value, sentence) \
	case BECKET_##name: \
		return #name;
#include "base/status.def"
#undef STATUS
	}
	return NULL;
}
