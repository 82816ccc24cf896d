/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/util.h"

/* The forms of UTF-8 (RFC 3629): lead byte, length, least code point of that length. */
static const struct {
    uint8_t mask;
    uint8_t lead;
    uint8_t len;
    uint32_t least;
} utf8_forms[] = {
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

struct lwc_utf8 lwc_utf8_next(const uint8_t *bytes, size_t len)
{
    const struct lwc_utf8 invalid = {.point = LWC_UTF8_INVALID, .len = 1};
    struct lwc_utf8 unit = invalid;
    size_t form = 0;

    while (form < LWC_ARRAY_LEN(utf8_forms) &&
           (bytes[0] & utf8_forms[form].mask) != utf8_forms[form].lead) {
        form++;
    }
    if (form == LWC_ARRAY_LEN(utf8_forms) || utf8_forms[form].len > len) {
        return invalid;
    }
    unit.len = utf8_forms[form].len;
    unit.point = bytes[0] & (uint8_t)~utf8_forms[form].mask;
    for (size_t i = 1; i < unit.len; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return invalid;
        }
        unit.point = unit.point << 6 | (bytes[i] & 0x3fu);
    }
    if (unit.point < utf8_forms[form].least || unit.point > 0x10ffff ||
        (unit.point >= 0xd800 && unit.point <= 0xdfff)) {
        return invalid;
    }
    return unit;
}

bool lwc_utf8_is_active(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x2069}, {0xfeff, 0xfeff},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(ranges); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return point == LWC_UTF8_INVALID;
}
