/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The code point at the start of some bytes, and its length there.  Bytes that are no UTF-8
 * (RFC 3629) are LWC_UTF8_INVALID, each by itself.
 */
struct lwc_utf8 {
    uint32_t point;
    size_t len;
};
#define LWC_UTF8_INVALID UINT32_MAX

/* Returns the code point with which the @len bytes begin; @len is at least 1. */
struct lwc_utf8 lwc_utf8_next(const uint8_t *bytes, size_t len);

/*
 * Returns whether a terminal obeys @point, or shows the text around it in another order.  True for
 * LWC_UTF8_INVALID.
 */
bool lwc_utf8_is_active(uint32_t point);

#endif
