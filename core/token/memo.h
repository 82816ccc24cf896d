/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_MEMO_H
#define CORE_TOKEN_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "token/entry.h"

/*
 * The failure memo of a flight: what went wrong, for whom, and how long that is not tried again.
 * Holds no secret.
 *
 * Its bytes; numbers are big-endian:
 *
 *   offset  length
 *        0       8  "LWCMEMO\n"
 *        8       4  version, 1
 *       12      32  who
 *       44      36  boot id
 *       80       4  code
 *       84       4  errno
 *       88       8  seconds to wait, when it was made
 *       96       8  made, milliseconds of the boot clock
 *      104       8  until, likewise
 *      112       2  length of the message, 1 to 511
 *      114       m  message
 *    114+m       2  length of the hint, 0 to 255
 *    116+m       h  hint
 *  116+m+h      32  hash over all before, label LWC_MEMO_LABEL
 */
#define LWC_MEMO_LABEL "lwcred memo 1"
#define LWC_MEMO_MAX ((size_t)1024)
#define LWC_MEMO_LIFE_MAX_MS 300000

/* Times are of the boot clock; err.wait_s is as it was when the memo was made. */
struct lwc_memo {
    uint8_t who[LWC_HASH_LEN];
    char boot_id[LWC_BOOT_ID_LEN + 1];
    int64_t made_ms;
    int64_t until_ms;
    struct lwc_error err;
};

/*
 * Make the memo of failure @err of @who, from now on.  False, and nothing written, if a failure
 * of this kind is not remembered, or the system does not tell which boot this is.
 */
bool lwc_memo_make(const uint8_t who[static LWC_HASH_LEN], const struct lwc_error *err,
                   const struct lwc_clock *clock, struct lwc_memo *memo_out);

/* Made in this boot, and neither in the future nor run out? */
bool lwc_memo_is_live(const struct lwc_memo *memo, const struct lwc_clock *clock);

/*
 * The failure as it stands now: the time to wait is counted down, also where the message says
 * "try again in N s".  Only for a live memo.
 */
void lwc_memo_tell(const struct lwc_memo *memo, const struct lwc_clock *clock,
                   struct lwc_error *err_out);

/* Write the bytes of @memo, as lwc_memo_make() made it; how many there are. */
size_t lwc_memo_encode(const struct lwc_memo *memo, uint8_t bytes_out[static LWC_MEMO_MAX]);

/*
 * Read those bytes.  False, and nothing written, for anything that lwc_memo_encode() does not
 * write: @bytes are believed in nothing before all of them were judged.
 */
bool lwc_memo_decode(const uint8_t *bytes, size_t len, struct lwc_memo *memo_out);

#endif
