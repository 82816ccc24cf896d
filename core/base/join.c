/* SPDX-License-Identifier: Apache-2.0 */
#include "base/join.h"

#include <stdlib.h>
#include <string.h>

char *lwc_join(char *out, size_t cap, const char *const *parts)
{
    size_t used = 0;

    for (size_t i = 0; parts[i] != NULL; i++) {
        size_t len = strnlen(parts[i], cap - 1 - used);

        memcpy(out + used, parts[i], len);
        used += len;
    }
    out[used] = '\0';
    return out;
}

char *lwc_join_new(const char *const *parts)
{
    size_t cap = 1;
    char *text = NULL;

    for (size_t i = 0; parts[i] != NULL; i++) {
        cap += strlen(parts[i]);
    }
    text = malloc(cap);
    return text != NULL ? lwc_join(text, cap, parts) : NULL;
}

enum lwc_code lwc_join_append(struct lwc_buf *out, const char *const *parts, struct lwc_error *err)
{
    size_t before = lwc_buf_len(out);
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; parts[i] != NULL && code == LWC_OK; i++) {
        code = lwc_buf_append(out, parts[i], strlen(parts[i]), err);
    }
    if (code != LWC_OK) {
        lwc_buf_truncate(out, before);
    }
    return code;
}

const char *lwc_decimal(int64_t number, char out[LWC_DECIMAL_LEN])
{
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char *at = out + LWC_DECIMAL_LEN - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (number < 0) {
        *--at = '-';
    }
    return at;
}
