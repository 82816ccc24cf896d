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
 * Not a single byte is no request: LWC_E_NOT_FOUND.
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
 * value     by key; the parts of a url stand where their own keys would.
 * empty     no line at all before the end.
 * authtype  "capability[]=authtype" was announced.
 */
struct lwc_git_request {
    struct lwc_slice value[LWC_GIT_KEYS];
    bool empty;
    bool authtype;
    struct lwc_buf *text;    /* what was read; values lie in it                      */
    struct lwc_buf *decoded; /* the parts of a url                                   */
};

/*
 * Parse @len bytes; what follows an empty line is not looked at.  @request_out refers to @text
 * and is cleared by the caller; it is cleared here after a failure.
 */
enum lwc_code lwc_git_request_parse(const char *text, size_t len,
                                    struct lwc_git_request *request_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Read a request from @fd, no further than it goes, and parse it.  LWC_E_INVALID if it does not
 * end before @deadline_ms (base/safefile.h).
 */
enum lwc_code lwc_git_request_read(int fd, int64_t deadline_ms, struct lwc_git_request *request_out,
                                   struct lwc_error *err) LWC_RESULT;

void lwc_git_request_clear(struct lwc_git_request *request);
#define LWC_AUTO_GIT_REQUEST LWC_AUTO(struct lwc_git_request, lwc_git_request_clear)

/* Is the value of @key exactly @text?  False where nothing was said. */
bool lwc_git_request_is(const struct lwc_git_request *request, enum lwc_git_key key,
                        const char *text);

/* Was @key said, be it empty? */
bool lwc_git_request_has(const struct lwc_git_request *request, enum lwc_git_key key);

/*
 * The host[:port] for which an https request asks: lower case, one ":443" dropped, nothing else
 * changed.  False for another protocol, no host, and what can be no account's or origin's name.
 */
bool lwc_git_request_account(const struct lwc_git_request *request,
                             char account_out[LWC_ORIGIN_MAX + 1]);

/* The username, if it can be a key id: LWC_TOKEN_USER and malformed ones are none. */
bool lwc_git_request_key_id(const struct lwc_git_request *request,
                            char key_id_out[LWC_KEY_ID_MAX + 1]);

#endif
