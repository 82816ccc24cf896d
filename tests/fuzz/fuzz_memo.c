/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "token/memo.h"

/*
 * Any bytes as a failure memo, as they are and with a right hash.  What is accepted encodes to
 * itself, and what it tells is printable and remembered.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int64_t fake(void *data)
{
    return *(int64_t *)data;
}

static void check_text(const char *text, size_t cap)
{
    char shown[LWC_ERROR_MSG_LEN];

    if (memchr(text, '\0', cap) == NULL ||
        !lwc_streq(lwc_text_printable(shown, cap, text, strlen(text)), text)) {
        abort();
    }
}

static void check_memo(const struct lwc_memo *memo, const uint8_t *data, size_t len)
{
    uint8_t again[LWC_MEMO_MAX];
    int64_t now_ms = memo->until_ms - 1;
    const struct lwc_clock clock = {.data = &now_ms, .wall_s = fake, .boot_ms = fake};
    struct lwc_error err = {0};

    if (lwc_memo_encode(memo, again) != len || memcmp(again, data, len) != 0) {
        abort();
    }
    lwc_memo_tell(memo, &clock, &err);
    if (err.code == LWC_OK || err.wait_s < 0 || err.msg[0] == '\0' ||
        (err.code == LWC_E_RATE_LIMITED && err.wait_s < 1)) {
        abort();
    }
    check_text(err.msg, sizeof err.msg);
    check_text(err.hint, sizeof err.hint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_FREE uint8_t *sealed = malloc(len + 1);
    struct lwc_memo memo;
    struct lwc_hash hash;

    if (lwc_memo_decode(data, len, &memo)) {
        check_memo(&memo, data, len);
    }
    if (sealed == NULL || len < LWC_HASH_LEN) {
        return 0;
    }
    memcpy(sealed, data, len);
    lwc_hash_begin(&hash, LWC_MEMO_LABEL);
    lwc_hash_add(&hash, sealed, len - LWC_HASH_LEN);
    lwc_hash_end(&hash, sealed + len - LWC_HASH_LEN);
    if (lwc_memo_decode(sealed, len, &memo)) {
        check_memo(&memo, sealed, len);
    }
    return 0;
}
