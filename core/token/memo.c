/* SPDX-License-Identifier: Apache-2.0 */
#include "token/memo.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "token/fresh.h"

#define MAGIC "LWCMEMO\n"
#define MAGIC_LEN 8
#define VERSION 1
#define AT_VERSION 8
#define AT_WHO 12
#define AT_BOOT_ID 44
#define AT_CODE 80
#define AT_SYS 84
#define AT_WAIT 88
#define AT_MADE 96
#define AT_UNTIL 104
#define AT_MSG 112
#define TEXT_LEN_LEN 2
#define LEN_MIN (AT_MSG + TEXT_LEN_LEN + TEXT_LEN_LEN + LWC_HASH_LEN)
#define SYS_MAX 4095
#define WAIT_MAX_S ((int64_t)10 * 366 * 24 * 3600)

static_assert(LEN_MIN + LWC_ERROR_MSG_LEN + LWC_ERROR_HINT_LEN <= LWC_MEMO_MAX, "every memo fits");
static_assert(AT_WHO + LWC_HASH_LEN == AT_BOOT_ID, "layout");
static_assert(AT_BOOT_ID + LWC_BOOT_ID_LEN == AT_CODE, "layout");

/* 0: not remembered. */
static int64_t life_ms(enum lwc_code code, int64_t wait_s)
{
    switch (code) {
    case LWC_E_REFUSED:
        return 10000;
    case LWC_E_NETWORK:
        return 3000;
    case LWC_E_RATE_LIMITED:
        if (wait_s <= 0) {
            return 0;
        }
        return wait_s < LWC_MEMO_LIFE_MAX_MS / 1000 ? wait_s * 1000 : LWC_MEMO_LIFE_MAX_MS;
    default:
        return 0;
    }
}

static bool is_sound(const struct lwc_memo *memo)
{
    return memo->err.sys >= 0 && memo->err.sys <= SYS_MAX && memo->err.wait_s >= 0 &&
           memo->err.wait_s <= WAIT_MAX_S && memo->err.msg[0] != '\0' && memo->made_ms >= 0 &&
           memo->made_ms <= INT64_MAX - LWC_MEMO_LIFE_MAX_MS && memo->until_ms > memo->made_ms &&
           memo->until_ms - memo->made_ms == life_ms(memo->err.code, memo->err.wait_s) &&
           lwc_text_is_graph(memo->boot_id, LWC_BOOT_ID_LEN);
}

bool lwc_memo_make(const uint8_t who[static LWC_HASH_LEN], const struct lwc_error *err,
                   const struct lwc_clock *clock, struct lwc_memo *memo_out)
{
    struct lwc_memo memo = {.made_ms = lwc_clock_boot_ms(clock)};

    memcpy(memo.who, who, LWC_HASH_LEN);
    memo.until_ms = memo.made_ms + life_ms(err->code, err->wait_s);
    memo.err.code = err->code;
    memo.err.sys = err->sys;
    memo.err.wait_s = err->wait_s;
    lwc_text_printable(memo.err.msg, sizeof memo.err.msg, err->msg,
                       strnlen(err->msg, sizeof err->msg));
    lwc_text_printable(memo.err.hint, sizeof memo.err.hint, err->hint,
                       strnlen(err->hint, sizeof err->hint));
    if (!lwc_fresh_boot_id(memo.boot_id) || !is_sound(&memo)) {
        return false;
    }
    *memo_out = memo;
    return true;
}

bool lwc_memo_is_live(const struct lwc_memo *memo, const struct lwc_clock *clock)
{
    char boot_id[LWC_BOOT_ID_LEN + 1];
    int64_t now_ms = lwc_clock_boot_ms(clock);

    return memo->made_ms <= now_ms && now_ms < memo->until_ms && lwc_fresh_boot_id(boot_id) &&
           lwc_streq(memo->boot_id, boot_id);
}

/* Put the new number where the message has the old one; a message without it stays as it is. */
static void retell_wait(struct lwc_error *err, int64_t old_s, int64_t new_s)
{
    char old[64];
    char msg[LWC_ERROR_MSG_LEN];
    const char *found = NULL;

    (void)snprintf(old, sizeof old, "try again in %" PRId64 " s", old_s);
    found = strstr(err->msg, old);
    if (found != NULL) {
        (void)snprintf(msg, sizeof msg, "%.*stry again in %" PRId64 " s%s", (int)(found - err->msg),
                       err->msg, new_s, found + strlen(old));
        memcpy(err->msg, msg, strlen(msg) + 1);
    }
}

void lwc_memo_tell(const struct lwc_memo *memo, const struct lwc_clock *clock,
                   struct lwc_error *err_out)
{
    int64_t age_ms = lwc_clock_boot_ms(clock) - memo->made_ms;
    int64_t old_s = memo->err.wait_s;

    *err_out = memo->err;
    if (old_s > 0 && age_ms >= 1000) {
        err_out->wait_s = old_s > age_ms / 1000 ? old_s - age_ms / 1000 : 1;
        retell_wait(err_out, old_s, err_out->wait_s);
    }
}

static void put_number(uint8_t *at, size_t len, uint64_t number)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(number >> (8 * (len - 1 - i)));
    }
}

static uint64_t get_number(const uint8_t *at, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
    size_t len = strlen(text);

    put_number(at, TEXT_LEN_LEN, len);
    memcpy(at + TEXT_LEN_LEN, text, len);
    return at + TEXT_LEN_LEN + len;
}

/* Take a text of less than @cap bytes off the front of @*at; only what we print is taken. */
static bool get_text(const uint8_t **at, size_t *left, char *text_out, size_t cap)
{
    char shown[LWC_ERROR_MSG_LEN];
    size_t len = 0;

    if (*left < TEXT_LEN_LEN) {
        return false;
    }
    len = (size_t)get_number(*at, TEXT_LEN_LEN);
    if (len > *left - TEXT_LEN_LEN || len >= cap) {
        return false;
    }
    lwc_text_printable(shown, cap, *at + TEXT_LEN_LEN, len);
    if (strlen(shown) != len || memcmp(shown, *at + TEXT_LEN_LEN, len) != 0) {
        return false;
    }
    memcpy(text_out, shown, len + 1);
    *at += TEXT_LEN_LEN + len;
    *left -= TEXT_LEN_LEN + len;
    return true;
}

static void digest(const uint8_t *bytes, size_t len, uint8_t digest_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, LWC_MEMO_LABEL);
    lwc_hash_add(&hash, bytes, len);
    lwc_hash_end(&hash, digest_out);
}

size_t lwc_memo_encode(const struct lwc_memo *memo, uint8_t bytes_out[static LWC_MEMO_MAX])
{
    uint8_t *at = bytes_out + AT_MSG;

    memcpy(bytes_out, MAGIC, MAGIC_LEN);
    put_number(bytes_out + AT_VERSION, 4, VERSION);
    memcpy(bytes_out + AT_WHO, memo->who, LWC_HASH_LEN);
    memcpy(bytes_out + AT_BOOT_ID, memo->boot_id, LWC_BOOT_ID_LEN);
    put_number(bytes_out + AT_CODE, 4, (uint64_t)memo->err.code);
    put_number(bytes_out + AT_SYS, 4, (uint64_t)memo->err.sys);
    put_number(bytes_out + AT_WAIT, 8, (uint64_t)memo->err.wait_s);
    put_number(bytes_out + AT_MADE, 8, (uint64_t)memo->made_ms);
    put_number(bytes_out + AT_UNTIL, 8, (uint64_t)memo->until_ms);
    at = put_text(at, memo->err.msg);
    at = put_text(at, memo->err.hint);
    digest(bytes_out, (size_t)(at - bytes_out), at);
    return (size_t)(at - bytes_out) + LWC_HASH_LEN;
}

static bool frame_fits(const uint8_t *bytes, size_t len)
{
    uint8_t found[LWC_HASH_LEN];

    if (len < LEN_MIN || len > LWC_MEMO_MAX || memcmp(bytes, MAGIC, MAGIC_LEN) != 0 ||
        get_number(bytes + AT_VERSION, 4) != VERSION) {
        return false;
    }
    digest(bytes, len - LWC_HASH_LEN, found);
    return memcmp(found, bytes + len - LWC_HASH_LEN, LWC_HASH_LEN) == 0;
}

bool lwc_memo_decode(const uint8_t *bytes, size_t len, struct lwc_memo *memo_out)
{
    struct lwc_memo memo = {0};
    const uint8_t *at = NULL;
    size_t left = 0;

    if (!frame_fits(bytes, len)) {
        return false;
    }
    at = bytes + AT_MSG;
    left = len - AT_MSG - LWC_HASH_LEN;
    memcpy(memo.who, bytes + AT_WHO, LWC_HASH_LEN);
    memcpy(memo.boot_id, bytes + AT_BOOT_ID, LWC_BOOT_ID_LEN);
    memo.err.code = (enum lwc_code)get_number(bytes + AT_CODE, 4);
    memo.err.sys = (int)get_number(bytes + AT_SYS, 4);
    memo.err.wait_s = (int64_t)get_number(bytes + AT_WAIT, 8);
    memo.made_ms = (int64_t)get_number(bytes + AT_MADE, 8);
    memo.until_ms = (int64_t)get_number(bytes + AT_UNTIL, 8);
    if (!get_text(&at, &left, memo.err.msg, sizeof memo.err.msg) ||
        !get_text(&at, &left, memo.err.hint, sizeof memo.err.hint) || left != 0 ||
        !is_sound(&memo)) {
        return false;
    }
    *memo_out = memo;
    return true;
}
