/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/secret.h"
#include "base/util.h"
#include "command.h"
#include "output.h"
#include "plugins/format/formats.h"

#define ANSWER_CAP 4096

/* A person at a terminal, or options that say it all: there is no request to wait for. */
static bool has_request(const struct lwc_app *app, const struct lwc_format *format)
{
    return format->read != NULL && !lwc_args_has(&app->args, LWC_OPT_PROFILE) &&
           !lwc_args_has(&app->args, LWC_OPT_ACCOUNT) && isatty(STDIN_FILENO) == 0;
}

static enum lwc_code fetch(struct lwc_app *app, const struct lwc_request *request,
                           struct lwc_token **token_out, struct lwc_error *err)
{
    struct lwc_query query = lwc_app_query(app);
    enum lwc_code code = lwc_app_open(app, err);

    if (code != LWC_OK) {
        return code;
    }
    if (request->given) {
        query.account = request->account;
        query.key_id = lwc_is_set(request->key_id) ? request->key_id : NULL;
    }
    query.sub_account = app->args.option[LWC_OPT_SUB_ACCOUNT];
    query.org_access = lwc_args_has(&app->args, LWC_OPT_ORG_ACCESS);
    query.ttl_s = lwc_args_seconds(&app->args, LWC_OPT_TTL, 0);
    /* The library takes 0 for "not said". */
    query.min_valid_s = lwc_args_seconds(&app->args, LWC_OPT_MIN_VALID, 0);
    if (lwc_args_has(&app->args, LWC_OPT_MIN_VALID) && query.min_valid_s == 0) {
        query.min_valid_s = 1;
    }
    query.refresh = lwc_args_has(&app->args, LWC_OPT_REFRESH);
    query.no_cache = lwc_args_has(&app->args, LWC_OPT_NO_CACHE);
    return lwc_token_get(app->ctx, &query, token_out, err);
}

static enum lwc_code answer(const struct lwc_format *format, const struct lwc_request *request,
                            const struct lwc_token *token, struct lwc_error *err)
{
    LWC_AUTO_SECRET out = NULL;
    const struct lwc_answer answer = {
        .token = lwc_token_text(token),
        .source = lwc_token_source(token),
        .expires_at = lwc_token_expires_at(token),
        .expires_in = lwc_token_expires_in(token),
        .identity = lwc_token_identity(token),
        .request = request,
    };
    enum lwc_code code = lwc_secret_new(ANSWER_CAP, &out, err);

    if (code == LWC_OK) {
        code = format->write(&answer, out, err);
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}

/* git asks every helper for every host: that we hold nothing for one is no error. */
static enum lwc_code pass_over(const struct lwc_app *app, const struct lwc_request *request,
                               enum lwc_code code, struct lwc_error *err)
{
    if (code != LWC_E_NOT_FOUND || !request->given) {
        return code;
    }
    lwc_app_trace(app, "no answer for host '%s': %s", request->host, err->msg);
    *err = (struct lwc_error){0};
    return LWC_OK;
}

enum lwc_code lwc_get_run(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;
    const char *name = app->args.option[LWC_OPT_FORMAT];
    const struct lwc_format *format = &lwc_format_git;
    struct lwc_request request = {.given = false};
    enum lwc_code code = name == NULL ? LWC_OK : lwc_format_find(name, &format, err);

    if (code == LWC_OK && lwc_args_has(&app->args, LWC_OPT_REFRESH) &&
        lwc_args_has(&app->args, LWC_OPT_NO_CACHE)) {
        return lwc_fail(err, LWC_E_INVALID, "options --refresh and --no-cache: not together");
    }
    if (code == LWC_OK && has_request(app, format)) {
        code = format->read(STDIN_FILENO, &request, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (request.foreign) {
        lwc_app_trace(app, "no answer: the request names no https host that could be ours");
        return LWC_OK;
    }
    code = fetch(app, &request, &token, err);
    if (code != LWC_OK) {
        return pass_over(app, &request, code, err);
    }
    return answer(format, &request, token, err);
}
