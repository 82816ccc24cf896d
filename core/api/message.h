/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_API_MESSAGE_H
#define CORE_API_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "net/message.h"

/* Replies that report a failure: the meaning of their status, and the API's message. */

/* The longest waiting time that a reply can ask for, in seconds. */
#define LWC_WAIT_MAX_S 3600

/* The meaning of a range of statuses. */
struct lwc_status_meaning {
    int first;
    int last;
    enum lwc_code code;
    const char *what;
    const char *hint;
};

/* Returns whether the reply is a web page. */
bool lwc_reply_is_html(const struct lwc_http_reply *reply);

/*
 * Describes @reply by the first of @outcomes that covers its status; the last covers all.  Status
 * 429 is LWC_E_RATE_LIMITED with err->wait_s, 1 to LWC_WAIT_MAX_S, without a look at @outcomes.  The
 * text contains the API's message, escaped and cut; a message that repeats a part of the secret,
 * @secret_len bytes, is not shown.
 */
enum lwc_code lwc_reply_fail(const struct lwc_http_reply *reply,
                             const struct lwc_status_meaning *outcomes, const void *secret,
                             size_t secret_len, struct lwc_error *err) LWC_RESULT;

#endif
