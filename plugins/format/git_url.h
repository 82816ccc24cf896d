/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_GIT_URL_H
#define PLUGINS_FORMAT_GIT_URL_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Splits the value of "url=" in a git-credential request as git does. */

/* Bytes in a larger text; at is NULL where the request does not set the value. */
struct lwc_slice {
    const char *at;
    size_t len;
};

enum lwc_git_url_part {
    LWC_GIT_URL_PROTOCOL,
    LWC_GIT_URL_USERNAME,
    LWC_GIT_URL_PASSWORD,
    LWC_GIT_URL_HOST,
    LWC_GIT_URL_PATH,
    LWC_GIT_URL_PARTS
};

/*
 * Splits SCHEME://[USER[:PASSWORD]@]HOST[/PATH] and decodes its percent escapes.  A missing part
 * keeps at == NULL; the host is always set, if only to "".
 *
 * @decoded_out  owned by the caller, lwc_buf_free(); the parts lie in it.
 * Returns LWC_E_INVALID for no scheme, a broken escape or an escaped control byte.
 */
enum lwc_code lwc_git_url_split(const char *url, size_t len,
                                struct lwc_slice parts_out[LWC_GIT_URL_PARTS],
                                struct lwc_buf **decoded_out, struct lwc_error *err) LWC_RESULT;

#endif
