/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_FORMATS_H
#define PLUGINS_FORMAT_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The outside protocols in which a token is asked for and handed out: one file each, one table.
 */

/* User name that stands beside a token where the consumer wants one; never a key id. */
#define LWC_TOKEN_USER "x-lw-token"

/* Longest host in a request that can still name a credential: one ":443" may stand behind it. */
#define LWC_HOST_ASKED_MAX (LWC_ORIGIN_MAX + 4)

/*
 * What a consumer asked for, in the library's words.  Holds nothing secret.
 *
 * given     a request was read; that nothing is held for it is then no error.
 * foreign   a request that is none of our business: the answer is silence.
 * authtype  git: the caller understands authtype= and credential=.
 * host      the host exactly as asked, or "".
 * account   the same for lwc_query.account: lower case, without ":443"; or "".
 * key_id    tie breaker for lwc_query.key_id, or "".
 */
struct lwc_format_request {
    bool given;
    bool foreign;
    bool authtype;
    char host[LWC_HOST_ASKED_MAX + 1];
    char account[LWC_ORIGIN_MAX + 1];
    char key_id[LWC_KEY_ID_MAX + 1];
};

/*
 * What is answered.  All borrowed; no member is NULL.  expires_at in seconds since the epoch,
 * expires_in in seconds; both 0 when unknown.
 */
struct lwc_format_answer {
    const char *token;
    const char *source;
    int64_t expires_at;
    int64_t expires_in;
    const struct lwc_identity *identity;
    const struct lwc_format_request *request;
};

/*
 * One protocol.
 *
 * summary  one line for people.
 * read     Optional: only in protocols that carry a request.  Reads it from descriptor @fd until
 *          @deadline_ms (base/safefile.h).  LWC_E_NOT_FOUND if the input ends at once,
 *          LWC_E_INVALID for a malformed one; *request_out is untouched unless LWC_OK.
 * write    appends the whole answer to @out.
 */
struct lwc_format {
    const char *name;
    const char *summary;
    enum lwc_code (*read)(int fd, int64_t deadline_ms, struct lwc_format_request *request_out,
                          struct lwc_error *err);
    enum lwc_code (*write)(const struct lwc_format_answer *answer, struct lwc_buf *out,
                           struct lwc_error *err);
};

extern const struct lwc_format lwc_format_git;
extern const struct lwc_format lwc_format_json;
extern const struct lwc_format lwc_format_token;

/* The format at position @index, in the order in which they are shown; NULL behind the last. */
const struct lwc_format *lwc_format_at(size_t index);

/* LWC_E_INVALID, with the nearest name as hint, if there is no such format. */
enum lwc_code lwc_format_find(const char *name, const struct lwc_format **format_out,
                              struct lwc_error *err) LWC_RESULT;

#endif
