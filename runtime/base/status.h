/* SPDX-License-Identifier: MIT */
#ifndef BECKET_BASE_STATUS_H
#define BECKET_BASE_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A status is a number. Functions that can fail return becket_status and
 * nothing else: a count or a pointer comes back through a ret_ parameter,
 * written only on success. The sentence, the outcome (not sent, maybe
 * executed, executed) and the place of a failed call are in the calling
 * thread's error record: becket_error_last().
 *
 * The values are those of MS-RPC (BECKET_S_SERVER_UNAVAILABLE is 1722); ours
 * begin at 0x42000001. A manager may answer with any other 32-bit value, an
 * application's own: it reaches the client unchanged.
 */
typedef uint32_t becket_status;

enum {
#define STATUS(name, value, sentence) BECKET_##name = (value),
#include "status.def"
#undef STATUS
};

/*
 * What is known of a call that failed: may it be tried again? "Not sent" says
 * that the server cannot have executed it: nothing of it left this process, or
 * the peer said so (PFC_DID_NOT_EXECUTE, C706 12.6.3.1).
 */
enum becket_outcome {
	BECKET_NOT_SENT,
	BECKET_MAYBE_EXECUTED,
	BECKET_EXECUTED,
};

#if defined(__GNUC__)
#define BECKET_MUST_USE         __attribute__((warn_unused_result))
#define BECKET_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define BECKET_API              __attribute__((visibility("default")))
#else
#define BECKET_MUST_USE
#define BECKET_PRINTF(fmt, arg)
#define BECKET_API
#endif

/* The sentence for a status; never NULL. Unknown numbers get a stock text. */
BECKET_API const char *becket_status_text(becket_status status);

/* "S_SERVER_UNAVAILABLE"; NULL for a number that is not ours to name. */
BECKET_API const char *becket_status_name(becket_status status);

#ifdef __cplusplus
}
#endif

#endif
