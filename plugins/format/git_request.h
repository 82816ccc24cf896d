/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_FORMAT_GIT_REQUEST_H
#define PLUGINS_FORMAT_GIT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/util.h"
#include "plugins/format/git_url.h"

/*
 * A request of the git-credential protocol: lines "key=value" up to an empty line or the end.
 *
 * MUST refuse (LWC_E_INVALID, naming the line, never a value):
 *  1. more than LWC_GIT_REQUEST_CAP bytes; a line of more than LWC_GIT_LINE_CAP bytes, its end
 *     included.
 *  2. a line without "=" or without a key.
 *  3. NUL, CR or any other control byte in a line, once its end (LF or CRLF) is off.
 *  4. a known key twice, other than the lists "key[]"; "url" beside what it also says.
 *  5. a "url" without scheme, with a broken percent escape, or that decodes to a control byte.
 * An empty input is LWC_E_NOT_FOUND.
 */

#define LWC_GIT_LINE_CAP 65535u
#define LWC_GIT_REQUEST_CAP 65536u

enum lwc_git_key {
    LWC_GIT_PROTOCOL,
    LWC_GIT_HOST,
    LWC_GIT_PATH,
    LWC_GIT_USERNAME,
    LWC_GIT_PASSWORD,
    LWC_GIT_URL,
    LWC_GIT_AUTHTYPE,
    LWC_GIT_CREDENTIAL,
    LWC_GIT_EPHEMERAL,
    LWC_GIT_PASSWORD_EXPIRY,
    LWC_GIT_REFRESH_TOKEN,
    LWC_GIT_QUIT,
    LWC_GIT_CONTINUE,
    LWC_GIT_KEYS
};

/*
 * value     by key; the parts of a url are the values of their own keys.
 * empty     the request has no line.
 * authtype  the caller sent "capability[]=authtype".
 */
struct lwc_git_request {
    struct lwc_slice value[LWC_GIT_KEYS];
    bool empty;
    bool authtype;
    struct lwc_buf *text;    /* the bytes read; values point into it                 */
    struct lwc_buf *decoded; /* the parts of a url, unescaped                        */
};

/*
 * Parses @len bytes and ignores lines after an empty one.  @request_out points into @text; the
 * caller clears it.  After a failure it is unchanged.
 */
enum lwc_code lwc_git_request_parse(const char *text, size_t len,
                                    struct lwc_git_request *request_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Reads a request from @fd up to its end and parses it.  Returns LWC_E_INVALID if it does not end
 * before @deadline_ms (base/safefile.h).
 */
enum lwc_code lwc_git_request_read(int fd, int64_t deadline_ms, struct lwc_git_request *request_out,
                                   struct lwc_error *err) LWC_RESULT;

void lwc_git_request_clear(struct lwc_git_request *request);
#define LWC_AUTO_GIT_REQUEST LWC_AUTO(struct lwc_git_request, lwc_git_request_clear)

/* Returns whether the value of @key is @text; false if the request does not set @key. */
bool lwc_git_request_is(const struct lwc_git_request *request, enum lwc_git_key key,
                        const char *text);

/* Returns whether the request sets @key, even to "". */
bool lwc_git_request_has(const struct lwc_git_request *request, enum lwc_git_key key);

/*
 * Returns the host[:port] of an https request: in lower case, without one ":443", otherwise
 * unchanged.  False for another protocol, no host, or a host that no account or origin can have.
 */
bool lwc_git_request_account(const struct lwc_git_request *request,
                             char account_out[LWC_ORIGIN_MAX + 1]);

/* Returns the username if it can be a key id; false for LWC_TOKEN_USER and malformed names. */
bool lwc_git_request_key_id(const struct lwc_git_request *request,
                            char key_id_out[LWC_KEY_ID_MAX + 1]);

#endif
