/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/git_url.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

static int parse_hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char lower = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    const char *found = c == '\0' ? NULL : strchr(digits, lower);

    return found == NULL ? -1 : (int)(found - digits);
}

/* Decodes a part into @to, which has room for its length; *part then points there. */
static enum lwc_code decode_part(struct lwc_slice *part, uint8_t *to, struct lwc_error *err)
{
    size_t len = 0;

    for (size_t i = 0; i < part->len; i++) {
        int high = 0;
        int low = 0;

        if (part->at[i] != '%') {
            to[len++] = (uint8_t)part->at[i];
            continue;
        }
        high = part->len - i > 2 ? parse_hex(part->at[i + 1]) : -1;
        low = part->len - i > 2 ? parse_hex(part->at[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return lwc_fail(err, LWC_E_INVALID, "'url': broken percent escape");
        }
        to[len++] = (uint8_t)(high * 16 + low);
        i += 2;
    }
    part->at = (const char *)to;
    part->len = len;
    if (lwc_text_has_control(part->at, len)) {
        return lwc_fail(err, LWC_E_INVALID, "'url': control byte behind a percent escape");
    }
    return LWC_OK;
}

static const char *find_char(const char *at, const char *end, char c)
{
    const char *found = memchr(at, c, (size_t)(end - at));

    return found == NULL ? end : found;
}

/* [USER[:PASSWORD]@]HOST */
static void split_authority(const char *at, const char *end, struct lwc_slice *parts)
{
    const char *sign = find_char(at, end, '@');
    const char *colon = find_char(at, sign, ':');

    if (sign == end) {
        parts[LWC_GIT_URL_HOST] = (struct lwc_slice){at, (size_t)(end - at)};
        return;
    }
    parts[LWC_GIT_URL_USERNAME] = (struct lwc_slice){at, (size_t)(colon - at)};
    if (colon != sign) {
        parts[LWC_GIT_URL_PASSWORD] = (struct lwc_slice){colon + 1, (size_t)(sign - colon - 1)};
    }
    parts[LWC_GIT_URL_HOST] = (struct lwc_slice){sign + 1, (size_t)(end - sign - 1)};
}

/* Drops the slashes around the path. */
static void split_path(const char *at, const char *end, struct lwc_slice *parts)
{
    while (at < end && *at == '/') {
        at++;
    }
    while (at < end && end[-1] == '/') {
        end--;
    }
    if (at < end) {
        parts[LWC_GIT_URL_PATH] = (struct lwc_slice){at, (size_t)(end - at)};
    }
}

static enum lwc_code split_url(const char *url, size_t len, struct lwc_slice *parts,
                               struct lwc_error *err)
{
    static const char mark[] = "://";
    const char *end = url + len;
    const char *scheme_end = memmem(url, len, mark, sizeof mark - 1);
    const char *authority = NULL;
    const char *authority_end = NULL;

    if (scheme_end == NULL || scheme_end == url) {
        return lwc_fail(err, LWC_E_INVALID, "'url': no scheme");
    }
    parts[LWC_GIT_URL_PROTOCOL] = (struct lwc_slice){url, (size_t)(scheme_end - url)};
    authority = scheme_end + sizeof mark - 1;
    authority_end = authority;
    while (authority_end < end && strchr("/?#", *authority_end) == NULL) {
        authority_end++;
    }
    split_authority(authority, authority_end, parts);
    split_path(authority_end, end, parts);
    return LWC_OK;
}

enum lwc_code lwc_git_url_split(const char *url, size_t len,
                                struct lwc_slice parts_out[LWC_GIT_URL_PARTS],
                                struct lwc_buf **decoded_out, struct lwc_error *err)
{
    LWC_AUTO_BUF decoded = NULL;
    struct lwc_slice parts[LWC_GIT_URL_PARTS] = {{0}};
    uint8_t *to = NULL;
    enum lwc_code code = split_url(url, len, parts, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(len, &decoded, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    to = lwc_buf_reserve(decoded, len);
    if (to == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 0; i < LWC_GIT_URL_PARTS; i++) {
        code = parts[i].at == NULL ? LWC_OK : decode_part(&parts[i], to, err);
        if (code != LWC_OK) {
            return code;
        }
        to += parts[i].len;
    }
    lwc_buf_grow(decoded, (size_t)(to - lwc_buf_bytes(decoded)));
    memcpy(parts_out, parts, sizeof parts);
    *decoded_out = LWC_TAKE(decoded);
    return LWC_OK;
}
