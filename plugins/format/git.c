/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/join.h"
#include "base/util.h"
#include "plugins/format/formats.h"
#include "plugins/format/git_request.h"

/* git ends a request by closing the pipe, scripts by an empty line. */
static enum lwc_code read_request(const struct lwc_format_input *input,
                                  struct lwc_format_request *request_out, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST git = {.text = NULL};
    struct lwc_format_request request = {.given = true};
    const struct lwc_slice *host = &git.value[LWC_GIT_HOST];
    enum lwc_code code = LWC_OK;

    if (input->fd < 0) {
        return LWC_OK; /* a person at a terminal asks without a request */
    }
    code = lwc_git_request_read(input->fd, input->deadline_ms, &git, err);
    if (code != LWC_OK) {
        return code;
    }
    request.authtype = git.authtype;
    request.foreign = !lwc_git_request_account(&git, request.account);
    if (!request.foreign) {
        memcpy(request.host, host->at, host->len);
        (void)lwc_git_request_key_id(&git, request.key_id);
    }
    *request_out = request;
    return LWC_OK;
}

static enum lwc_code write_bearer(const struct lwc_format_answer *answer, struct lwc_buf *out,
                                  struct lwc_error *err)
{
    return lwc_join_append(out,
                           LWC_PARTS("capability[]=authtype\nauthtype=Bearer\ncredential=",
                                     answer->token, "\nephemeral=1\n"),
                           err);
}

static enum lwc_code write_password(const struct lwc_format_answer *answer, struct lwc_buf *out,
                                    struct lwc_error *err)
{
    const char *host = answer->request->host;

    return lwc_join_append(
        out,
        LWC_PARTS("protocol=https\nhost=", host[0] != '\0' ? host : answer->identity->account,
                  "\nusername=" LWC_TOKEN_USER "\npassword=", answer->token, "\n"),
        err);
}

/* Sends authtype only to a git that announced it; an older git drops the whole answer. */
static enum lwc_code write_answer(const struct lwc_format_answer *answer, struct lwc_buf *out,
                                  struct lwc_error *err)
{
    char number[LWC_DECIMAL_LEN];
    enum lwc_code code = answer->request->authtype ? write_bearer(answer, out, err)
                                                   : write_password(answer, out, err);

    if (code != LWC_OK || answer->expires_at == 0) {
        return code;
    }
    return lwc_join_append(
        out, LWC_PARTS("password_expiry_utc=", lwc_decimal(answer->expires_at, number), "\n"), err);
}

const struct lwc_format lwc_format_git = {
    .name = "git",
    .summary = "git-credential attributes; reads the request from standard input",
    .ask = read_request,
    .write = write_answer,
};
