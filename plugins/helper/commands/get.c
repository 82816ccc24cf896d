/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "base/util.h"
#include "plugins/format/formats.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

#define ANSWER_CAP 4096

static const struct lwc_option opt_refresh = {
    .name = "refresh",
    .help = "make a new token even if a cached one is fresh",
};

static const struct lwc_option opt_no_cache = {
    .name = "no-cache",
    .help = "neither read nor write the token cache",
};

/* Takes the request; accepts an empty one if an option selects the credential. */
static enum lwc_code ask_request(struct lwc_app *app, const struct lwc_format *format,
                                 struct lwc_format_request *request_out, struct lwc_error *err)
{
    const bool is_selected =
        lwc_args_has(&app->args, &lwc_opt_profile) || lwc_args_has(&app->args, &lwc_opt_account);
    const struct lwc_format_input input = {
        .fd = isatty(STDIN_FILENO) == 1 ? -1 : STDIN_FILENO,
        .deadline_ms = lwc_app_input_deadline_ms(app),
        .argc = app->args.operands,
        .argv = app->args.operand,
    };
    enum lwc_code code = LWC_OK;

    if (input.argc > format->argc_max) {
        return lwc_fail(err, LWC_E_INVALID, "get: more arguments than format '%s' takes (%zu)",
                        format->name, format->argc_max);
    }
    if (format->ask == NULL) {
        return LWC_OK;
    }
    code = format->ask(&input, request_out, err);
    if (code != LWC_E_NOT_FOUND) {
        return code;
    }
    if (!is_selected) {
        return lwc_wrap(err, LWC_E_INVALID, "get");
    }
    *err = (struct lwc_error){0};
    return LWC_OK;
}

/*
 * Options select among the credentials of the request's host only.  If --account is another host,
 * the request's host must be the origin stored with the account's credential.
 */
static void restrict_to_request(struct lwc_query *query, const struct lwc_format_request *request)
{
    if (query->account == NULL) {
        query->account = request->account;
    } else if (!lwc_streq(query->account, request->account)) {
        query->origin = request->account;
    }
    query->key_id = lwc_is_set(request->key_id) ? request->key_id : NULL;
}

static enum lwc_code fetch_token(struct lwc_app *app, const struct lwc_format_request *request,
                                 struct lwc_token **token_out, struct lwc_error *err)
{
    struct lwc_query query = lwc_app_query(app);
    enum lwc_code code = lwc_app_open(app, err);

    if (code != LWC_OK) {
        return code;
    }
    if (request->given) {
        restrict_to_request(&query, request);
    }
    query.sub_account = lwc_args_value(&app->args, &lwc_opt_sub_account);
    query.org_access = lwc_args_has(&app->args, &lwc_opt_org_access);
    query.ttl_s = lwc_args_seconds(&app->args, &lwc_opt_ttl, 0);
    /* For the library 0 means "not set". */
    query.min_valid_s = lwc_args_seconds(&app->args, &lwc_opt_min_valid, 0);
    if (lwc_args_has(&app->args, &lwc_opt_min_valid) && query.min_valid_s == 0) {
        query.min_valid_s = 1;
    }
    query.refresh = lwc_args_has(&app->args, &opt_refresh);
    query.no_cache = lwc_args_has(&app->args, &opt_no_cache);
    return lwc_token_get(app->ctx, &query, token_out, err);
}

static enum lwc_code write_answer(const struct lwc_format *format,
                                  const struct lwc_format_request *request,
                                  const struct lwc_token *token, struct lwc_buf *out,
                                  struct lwc_error *err)
{
    const struct lwc_format_answer answer = {
        .token = lwc_token_text(token),
        .source = lwc_token_source(token),
        .expires_at = lwc_token_expires_at(token),
        .expires_in = lwc_token_expires_in(token),
        .identity = lwc_token_identity(token),
        .request = request,
    };

    return format->write(&answer, out, err);
}

/* git uses an answer for the host of its request, even if the answer names another host. */
static bool has_request_host(const struct lwc_token *token,
                             const struct lwc_format_request *request)
{
    const struct lwc_identity *identity = lwc_token_identity(token);

    return !request->given || lwc_streq(request->account, identity->account) ||
           lwc_streq(request->account, lwc_identity_authority(identity));
}

/* Is the host of the request an account's name?  Other hosts are origins of credentials. */
static bool is_account_host(const struct lwc_format_request *request)
{
    char canonical[LWC_ACCOUNT_MAX + 1];

    return lwc_account_parse(request->account, canonical, NULL) == LWC_OK &&
           lwc_streq(request->account, canonical);
}

static enum lwc_code note_listed(void *data, const struct lwc_identity *identity,
                                 const char *backend, struct lwc_error *err)
{
    bool *is_listed = data;

    (void)identity;
    (void)backend;
    (void)err;
    *is_listed = true;
    return LWC_OK;
}

/* Do backends list a credential for the host of the request without a question? */
static bool has_credential(struct lwc_app *app, const struct lwc_format_request *request)
{
    const struct lwc_query query = {.size = sizeof query, .account = request->account};
    bool has_one = false;

    (void)!lwc_list(app->ctx, &query, note_listed, &has_one, NULL);
    return has_one;
}

/*
 * git asks every helper for every host.  A host that is no account's name causes a question only
 * if a credential is known to serve it: a locked store that cannot list its credentials counts as
 * empty for the host.
 */
static enum lwc_code fetch_held(struct lwc_app *app, const struct lwc_format *format,
                                const struct lwc_format_request *request,
                                struct lwc_token **token_out, struct lwc_error *err)
{
    const bool is_silent = format->deadline_ms > 0;
    enum lwc_code code = LWC_OK;

    app->is_silent = is_silent || (request->given && !is_account_host(request));
    code = fetch_token(app, request, token_out, err);
    if (code != LWC_E_LOCKED || is_silent || !app->is_silent) {
        return code;
    }
    if (!has_credential(app, request)) {
        return lwc_wrap(err, LWC_E_NOT_FOUND, "not asked for another host than an account's");
    }
    app->is_silent = false;
    lwc_close(&app->ctx);
    *err = (struct lwc_error){0};
    return fetch_token(app, request, token_out, err);
}

/* git asks every helper for every host: no credential for a host is no error. */
static enum lwc_code pass_over(const struct lwc_app *app, const struct lwc_format *format,
                               const struct lwc_format_request *request, enum lwc_code code,
                               struct lwc_error *err)
{
    if (code != LWC_E_NOT_FOUND || !request->given || format->fail != NULL) {
        return code;
    }
    if (lwc_is_set(request->host)) {
        lwc_app_trace(app, "no answer for host '%s': %s", request->host, err->msg);
    } else {
        lwc_app_trace(app, "no answer: %s", err->msg);
    }
    *err = (struct lwc_error){0};
    return LWC_OK;
}

/* Without --format, --json means JSON, except for git, which reads its own format only. */
static enum lwc_code choose_format(const struct lwc_app *app, const struct lwc_format **format_out,
                                   struct lwc_error *err)
{
    const char *name = lwc_args_value(&app->args, &lwc_opt_format);

    if (name != NULL) {
        return lwc_format_find(name, format_out, err);
    }
    *format_out = lwc_args_has(&app->args, &lwc_opt_json) && !app->git_helper ? &lwc_format_json
                                                                              : &lwc_format_git;
    return LWC_OK;
}

/* Appends the answer to @out; nothing, if the request is none of ours. */
static enum lwc_code make_answer(struct lwc_app *app, const struct lwc_format *format,
                                 struct lwc_buf *out, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = NULL;
    struct lwc_format_request request = {.given = false};
    enum lwc_code code = ask_request(app, format, &request, err);

    if (code != LWC_OK) {
        return code;
    }
    if (request.foreign) {
        code = lwc_fail(err, LWC_E_NOT_FOUND, "the request names no https host that could be ours");
        return pass_over(app, format, &request, code, err);
    }
    code = fetch_held(app, format, &request, &token, err);
    if (code == LWC_OK && !has_request_host(token, &request)) {
        code = lwc_fail(err, LWC_E_NOT_FOUND, "the credential is none of this host");
    }
    return code != LWC_OK ? pass_over(app, format, &request, code, err)
                          : write_answer(format, &request, token, out, err);
}

/* Reports a failure in the format's own protocol; returns @code. */
static enum lwc_code write_failure(const struct lwc_app *app, const struct lwc_format *format,
                                   enum lwc_code code, const struct lwc_error *why)
{
    LWC_AUTO_BUF out = NULL;
    struct lwc_error err = {0};
    enum lwc_code written = lwc_buf_new(ANSWER_CAP, &out, &err);

    if (written == LWC_OK) {
        written = format->fail(why, out, &err);
    }
    if (written == LWC_OK) {
        written = lwc_output_write(out, &err);
    }
    if (written != LWC_OK) {
        lwc_app_warn(app, "the caller does not get this failure: %s", err.msg);
    }
    return code;
}

static enum lwc_code run_get(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    const struct lwc_format *format = NULL;
    enum lwc_code code = choose_format(app, &format, err);

    if (code == LWC_OK && lwc_args_has(&app->args, &opt_refresh) &&
        lwc_args_has(&app->args, &opt_no_cache)) {
        return lwc_fail(err, LWC_E_INVALID, "options --refresh and --no-cache: not together");
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(ANSWER_CAP, &out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (format->deadline_ms > 0) {
        lwc_app_limit_ms(app, format->deadline_ms);
    }
    code = make_answer(app, format, out, err);
    if (code != LWC_OK) {
        return format->fail == NULL ? code : write_failure(app, format, code, err);
    }
    return lwc_output_write(out, err);
}

static void add_formats(struct lwc_report *report)
{
    const struct lwc_format *format = NULL;

    LWC_REPORT_ADD(report, "\nFormats:\n");
    for (size_t i = 0; (format = lwc_format_at(i)) != NULL; i++) {
        LWC_REPORT_ADD(report, "  %-10s  %s\n", format->name, format->summary);
    }
}

const struct lwc_command lwc_get_command = {
    .name = "get",
    .summary = "print a fresh token",
    .options = LWC_OPTIONS(&lwc_opt_format, &lwc_opt_ttl, &lwc_opt_sub_account, &lwc_opt_org_access,
                           &lwc_opt_min_valid, &opt_refresh, &opt_no_cache),
    .is_git_verb = true,
    .text = "Format git reads a git-credential request from standard input, unless that is\n"
            "a terminal; --profile and --account select among what serves its host.",
    .example = "get --profile prod --format token",
    .add_help = add_formats,
    .run = run_get,
};
