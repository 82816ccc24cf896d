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
 * Protocols in which programs ask for a token and get it: one file each, one table.
 */

/* User name beside a token, for consumers that need one; never a key id. */
#define LWC_TOKEN_USER "x-lw-token"

/* Longest host in a request that can name a credential: an origin and ":443". */
#define LWC_HOST_ASKED_MAX (LWC_ORIGIN_MAX + 4)

/*
 * A consumer's request, in the library's terms.  Holds no secret.
 *
 * given     a request was read: without a credential for it, the answer is empty, not an error.
 * foreign   the request names no host of Lacework: the answer is empty.
 * authtype  git: the caller understands authtype= and credential=.
 * host      the host exactly as asked, or "".
 * account   the host for lwc_query.account: lower case, without ":443"; or "".
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
 * The answer to a request.  All members are borrowed, none is NULL.  expires_at is in seconds since
 * the epoch, expires_in in seconds; both are 0 if unknown.
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
 * Sources of a request.
 *
 * fd           standard input, or -1 if that is a terminal.
 * deadline_ms  end of reading from @fd (base/safefile.h).
 * argv         the arguments of get; @argc of them, at most argc_max of the format.
 */
struct lwc_format_input {
    int fd;
    int64_t deadline_ms;
    size_t argc;
    const char *const *argv;
};

/*
 * A protocol.
 *
 * summary      one line for help texts.
 * argc_max     how many arguments a request has at most.
 * deadline_ms  time that the consumer gives for an answer, or 0.  The run ends then, also with a
 *              longer --timeout, and is not interactive.
 * ask          takes a request from @input; NULL if the protocol has none.  Returns LWC_E_NOT_FOUND
 *              for an empty input, LWC_E_INVALID for a malformed request; sets *request_out only
 *              with LWC_OK.
 * write        appends the whole answer to @out.
 * fail         appends the report of a failure, @why, to @out, which takes the answer's place on
 *              standard output; the exit status and stderr stay as they are.  Here the lack of a
 *              credential for the request is a failure, LWC_E_NOT_FOUND.  NULL: standard output
 *              stays empty, and a request that no credential serves is no failure.
 */
struct lwc_format {
    const char *name;
    const char *summary;
    size_t argc_max;
    int64_t deadline_ms;
    enum lwc_code (*ask)(const struct lwc_format_input *input,
                         struct lwc_format_request *request_out, struct lwc_error *err);
    enum lwc_code (*write)(const struct lwc_format_answer *answer, struct lwc_buf *out,
                           struct lwc_error *err);
    enum lwc_code (*fail)(const struct lwc_error *why, struct lwc_buf *out, struct lwc_error *err);
};

extern const struct lwc_format lwc_format_git;
extern const struct lwc_format lwc_format_json;
extern const struct lwc_format lwc_format_token;

/* Returns the format at position @index of the help text, NULL behind the last. */
const struct lwc_format *lwc_format_at(size_t index);

/* Returns LWC_E_INVALID, with the nearest name as hint, for an unknown format. */
enum lwc_code lwc_format_find(const char *name, const struct lwc_format **format_out,
                              struct lwc_error *err) LWC_RESULT;

#endif
