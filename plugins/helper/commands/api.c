/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/safefile.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/json_printer.h"
#include "plugins/format/json_stream.h"
#include "plugins/helper/api_body.h"
#include "plugins/helper/api_output.h"
#include "plugins/helper/api_pages.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

#define PAGES_MAX 10000 /* 100 times what the API gives to a search */
#define METHOD_LEN 16

static const struct lwc_option opt_data = {
    .name = "data",
    .letter = 'd',
    .value = "DATA",
    .help = "body of the request; @FILE reads a file, @- standard input",
};

static const struct lwc_option opt_header = {
    .name = "header",
    .letter = 'H',
    .value = "LINE",
    .is_repeatable = true,
    .help = "a further header, \"NAME: VALUE\"",
};

static const struct lwc_option opt_include = {
    .name = "include",
    .letter = 'i',
    .help = "print status and headers too, also those of a failure",
};

static const struct lwc_option opt_paginate = {
    .name = "paginate",
    .help = "follow the reply to its next pages",
};

static const struct lwc_option opt_slurp = {
    .name = "slurp",
    .help = "with --paginate: the data of all pages in one array",
};

static const struct lwc_option opt_wait = {
    .name = "wait",
    .help = "wait where the rate limit is reached, within --timeout",
};

/*
 * A run of the command.
 *
 * is_include  prints status and headers.
 * is_parsed   the reply is read as JSON.
 * is_shown    JSON goes to a terminal.
 * is_in_headers  the blank line behind the headers is still to come.
 */
struct api_ctx {
    struct lwc_app *app;
    struct lwc_query query;
    char method[METHOD_LEN];
    char path[LWC_CALL_PATH_MAX + 1];
    struct lwc_call_header headers[LWC_CALL_HEADERS_MAX];
    char *names[LWC_CALL_HEADERS_MAX];
    size_t header_count;
    struct lwc_api_body body;
    struct lwc_api_output output;
    bool is_include;
    bool is_paginate;
    bool is_slurp;
    bool is_parsed;
    bool is_shown;
    bool is_in_headers;
    struct lwc_json_printer printer;
    struct lwc_json_reader reader;
    struct lwc_json_stream stream;
    struct lwc_api_page page;
    struct lwc_call_reply reply;
};

static void api_ctx_clear(struct api_ctx *ctx)
{
    for (size_t i = 0; i < ctx->header_count; i++) {
        free(ctx->names[i]);
    }
    lwc_api_body_clear(&ctx->body);
    lwc_api_page_clear(&ctx->page);
    lwc_api_output_clear(&ctx->output);
}

/* The request. */

static enum lwc_code set_method(struct api_ctx *ctx, const char *word, struct lwc_error *err)
{
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    size_t len = 0;

    for (; word[len] != '\0' && len < METHOD_LEN - 1; len++) {
        ctx->method[len] = (char)toupper((unsigned char)word[len]);
    }
    ctx->method[len] = '\0';
    for (size_t i = 0; i < LWC_ARRAY_LEN(methods); i++) {
        if (word[len] == '\0' && lwc_streq(ctx->method, methods[i])) {
            return LWC_OK;
        }
    }
    return lwc_fail_unknown(err, "method", ctx->method, methods, LWC_ARRAY_LEN(methods));
}

/* Takes METHOD and PATH; without METHOD, GET, or POST with a body. */
static enum lwc_code set_target(struct api_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_args *args = &ctx->app->args;
    const char *path = args->operand[args->operands - 1];
    const char *other = lwc_args_has(args, &opt_data) ? "POST" : "GET";

    if (strlen(path) > LWC_CALL_PATH_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "the path is longer than %d bytes", LWC_CALL_PATH_MAX);
    }
    (void)snprintf(ctx->path, sizeof ctx->path, "%s", path);
    return set_method(ctx, args->operands > 1 ? args->operand[0] : other, err);
}

static enum lwc_code add_header(struct api_ctx *ctx, const char *line, struct lwc_error *err)
{
    const char *colon = strchr(line, ':');
    char *name = NULL;

    if (colon == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --header: no \"NAME: VALUE\"");
    }
    if (ctx->header_count == LWC_CALL_HEADERS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "option --header: more than %d", LWC_CALL_HEADERS_MAX);
    }
    name = strndup(line, (size_t)(colon - line));
    if (name == NULL) {
        return lwc_fail_nomem(err);
    }
    ctx->names[ctx->header_count] = name;
    ctx->headers[ctx->header_count++] =
        (struct lwc_call_header){.name = name, .value = colon + 1 + strspn(colon + 1, " \t")};
    return LWC_OK;
}

static enum lwc_code set_headers(struct api_ctx *ctx, struct lwc_error *err)
{
    const char *line = NULL;
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; code == LWC_OK; i++) {
        line = lwc_args_value_at(&ctx->app->args, &opt_header, i);
        if (line == NULL) {
            return LWC_OK;
        }
        code = add_header(ctx, line, err);
    }
    return code;
}

static enum lwc_code check_options(const struct api_ctx *ctx, struct lwc_error *err)
{
    const char *fault = NULL;

    if (ctx->is_slurp && !ctx->is_paginate) {
        fault = "--slurp needs --paginate";
    } else if (ctx->is_slurp && ctx->is_include) {
        fault = "--slurp and --include: not together";
    } else if (ctx->is_paginate && !lwc_streq(ctx->method, "GET") &&
               !lwc_streq(ctx->method, "POST")) {
        fault = "--paginate is for GET and POST";
    }
    return fault == NULL ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "%s", fault);
}

static bool is_colored(void)
{
    const char *off = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return !lwc_is_set(off) && term != NULL && !lwc_streq(term, "dumb");
}

static enum lwc_code print_json(void *data, const char *bytes, size_t len, bool is_markup,
                                struct lwc_error *err)
{
    struct api_ctx *ctx = data;

    return lwc_api_output_write(&ctx->output, bytes, len, is_markup, err);
}

static enum lwc_code set_up(struct api_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_args *args = &ctx->app->args;
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    enum lwc_code code = set_target(ctx, err);

    ctx->is_include = lwc_args_has(args, &opt_include);
    ctx->is_paginate = lwc_args_has(args, &opt_paginate);
    ctx->is_slurp = lwc_args_has(args, &opt_slurp);
    ctx->output.is_terminal = is_terminal;
    ctx->output.is_behind_newline = true;
    ctx->printer = (struct lwc_json_printer){.data = ctx,
                                             .write = print_json,
                                             .is_pretty = is_terminal,
                                             .is_color = is_terminal && is_colored()};
    ctx->reader = (struct lwc_json_reader){.data = &ctx->page, .event = lwc_api_page_event};
    ctx->query = lwc_app_query(ctx->app);
    ctx->query.sub_account = lwc_args_value(args, &lwc_opt_sub_account);
    ctx->query.org_access = lwc_args_has(args, &lwc_opt_org_access);
    if (code == LWC_OK) {
        code = check_options(ctx, err);
    }
    if (code == LWC_OK) {
        code = set_headers(ctx, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_api_body_open(lwc_args_value(args, &opt_data), lwc_app_input_deadline_ms(ctx->app),
                             lwc_app_deadline_ms(ctx->app), &ctx->body, err);
}

/* The reply. */

static enum lwc_code put_line(struct api_ctx *ctx, const char *name, const char *value,
                              struct lwc_error *err)
{
    enum lwc_code code = lwc_api_output_write(&ctx->output, name, strlen(name), false, err);

    if (code == LWC_OK && value != NULL) {
        code = lwc_api_output_write(&ctx->output, ": ", 2, false, err);
    }
    if (code == LWC_OK && value != NULL) {
        code = lwc_api_output_write(&ctx->output, value, strlen(value), false, err);
    }
    return code == LWC_OK ? lwc_api_output_write(&ctx->output, "\n", 1, false, err) : code;
}

static bool is_success(const struct lwc_call_reply *reply)
{
    return reply->status >= 200 && reply->status <= 299;
}

/* Decides how the body is read, which is about to come. */
static enum lwc_code take_head(void *data, const struct lwc_call_reply *reply,
                               struct lwc_error *err)
{
    struct api_ctx *ctx = data;
    const bool is_json = strcasestr(reply->content_type, "json") != NULL;
    char line[32];

    ctx->is_shown = ctx->output.is_terminal && is_json;
    ctx->is_parsed = (ctx->is_paginate && is_success(reply)) || ctx->is_shown;
    ctx->page.is_slurp = ctx->is_slurp;
    ctx->page.printer = ctx->is_slurp || ctx->is_shown ? &ctx->printer : NULL;
    ctx->stream = (struct lwc_json_stream){.reader = &ctx->reader};
    if (!ctx->is_include) {
        return LWC_OK;
    }
    ctx->is_in_headers = true;
    (void)snprintf(line, sizeof line, "HTTP/1.1 %d", reply->status);
    return put_line(ctx, line, NULL, err);
}

static enum lwc_code take_header(void *data, const char *name, const char *value,
                                 struct lwc_error *err)
{
    return put_line(data, name, value, err);
}

static enum lwc_code end_headers(struct api_ctx *ctx, struct lwc_error *err)
{
    if (!ctx->is_in_headers) {
        return LWC_OK;
    }
    ctx->is_in_headers = false;
    return lwc_api_output_write(&ctx->output, "\n", 1, false, err);
}

static enum lwc_code take_body(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct api_ctx *ctx = data;
    enum lwc_code code = end_headers(ctx, err);

    if (code == LWC_OK && ctx->page.printer == NULL) {
        code = lwc_api_output_write(&ctx->output, bytes, len, false, err);
    }
    if (code != LWC_OK || !ctx->is_parsed) {
        return code;
    }
    code = lwc_json_stream_feed(&ctx->stream, bytes, len, err);
    return code == LWC_E_INVALID ? lwc_wrap(err, LWC_E_NETWORK, "unusable reply") : code;
}

static enum lwc_code end_body(struct api_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = end_headers(ctx, err);

    if (code == LWC_OK && ctx->is_parsed && ctx->reply.delivered > 0) {
        code = lwc_json_stream_end(&ctx->stream, err);
        code = code == LWC_E_INVALID ? lwc_wrap(err, LWC_E_NETWORK, "unusable reply") : code;
    }
    if (code == LWC_OK && !ctx->is_slurp && (ctx->is_paginate || ctx->output.is_terminal)) {
        code = lwc_api_output_end_line(&ctx->output, err);
    }
    return code;
}

static enum lwc_code read_body(void *data, void *bytes, size_t room, size_t *len_out,
                               struct lwc_error *err)
{
    struct api_ctx *ctx = data;

    return lwc_api_body_read(&ctx->body, bytes, room, len_out, err);
}

static enum lwc_code rewind_body(void *data, struct lwc_error *err)
{
    struct api_ctx *ctx = data;

    return lwc_api_body_rewind(&ctx->body, err);
}

static enum lwc_code make_call(struct api_ctx *ctx, struct lwc_error *err)
{
    struct lwc_call call = {
        .size = sizeof call,
        .query = &ctx->query,
        .method = ctx->method,
        .path = ctx->path,
        .headers = ctx->headers,
        .header_count = ctx->header_count,
        .data = ctx,
        .head = take_head,
        .write = take_body,
    };

    if (ctx->is_include) {
        call.header = take_header;
        call.flags = lwc_args_has(&ctx->app->args, &opt_wait) ? 0 : LWC_CALL_ERROR_BODY;
    }
    if (ctx->body.text != NULL) {
        call.body = ctx->body.text;
        call.body_len = ctx->body.len;
    } else if (ctx->body.fd >= 0) {
        call.read = read_body;
        call.rewind = ctx->body.can_rewind ? rewind_body : NULL;
        call.body_len = ctx->body.len;
    }
    ctx->reply = (struct lwc_call_reply){.size = sizeof ctx->reply};
    return lwc_call(ctx->app->ctx, &call, &ctx->reply, err);
}

/* Shows how long is still to be waited, and sleeps for a second at most. */
static void wait_step(bool is_shown, int64_t left_ms)
{
    const int64_t step_ms = left_ms < 1000 ? left_ms : 1000;
    const struct timespec pause = {.tv_sec = step_ms / 1000, .tv_nsec = step_ms % 1000 * 1000000};
    char text[80];

    if (is_shown) {
        (void)snprintf(text, sizeof text, "\rwaiting for the rate limit: %" PRId64 " s ",
                       (left_ms + 999) / 1000);
        (void)!lwc_fd_write(STDERR_FILENO, text, strlen(text), NULL);
    }
    (void)nanosleep(&pause, NULL);
}

static void wait_for_limit(const struct api_ctx *ctx, int64_t wait_s)
{
    const struct lwc_clock *clock = lwc_clock_system();
    const int64_t end_ms = lwc_clock_boot_ms(clock) + wait_s * 1000;
    const bool is_shown =
        isatty(STDERR_FILENO) == 1 && !lwc_args_has(&ctx->app->args, &lwc_opt_quiet);
    int64_t left_ms = wait_s * 1000;

    lwc_app_trace(ctx->app, "api: waiting %" PRId64 " s for the rate limit", wait_s);
    while (left_ms > 0) {
        wait_step(is_shown, left_ms);
        left_ms = end_ms - lwc_clock_boot_ms(clock);
    }
    if (is_shown) {
        (void)!lwc_fd_write(STDERR_FILENO, "\r\x1b[K", 4, NULL);
    }
}

/* Returns whether a call that met the rate limit can be made again in time. */
static bool can_wait(const struct api_ctx *ctx, const struct lwc_error *err)
{
    const bool is_body_there = ctx->body.fd < 0 || ctx->body.can_rewind;
    const int64_t left_ms = lwc_app_deadline_ms(ctx->app) - lwc_clock_boot_ms(lwc_clock_system());

    return lwc_args_has(&ctx->app->args, &opt_wait) && is_body_there &&
           err->wait_s * 1000 < left_ms;
}

static enum lwc_code make_call_in_time(struct api_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = make_call(ctx, err);

    while (code == LWC_E_RATE_LIMITED && can_wait(ctx, err)) {
        wait_for_limit(ctx, err->wait_s);
        *err = (struct lwc_error){0};
        if (ctx->body.can_rewind) {
            code = lwc_api_body_rewind(&ctx->body, err);
        }
        code = make_call(ctx, err);
    }
    if (code == LWC_E_RATE_LIMITED && lwc_args_has(&ctx->app->args, &opt_wait)) {
        return lwc_hint(err, code,
                        "not waited: that is longer than --timeout, or the body cannot "
                        "be read again");
    }
    return code;
}

/* Makes the call for a page, and gets the path of the next. */
static enum lwc_code get_page(struct api_ctx *ctx, char next_out[LWC_CALL_PATH_MAX + 1],
                              struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    lwc_api_page_clear(&ctx->page);
    ctx->page = (struct lwc_api_page){.is_slurp = ctx->is_slurp};
    code = make_call_in_time(ctx, err);
    next_out[0] = '\0';
    if (code == LWC_OK) {
        code = end_body(ctx, err);
    }
    if (code != LWC_OK || !ctx->is_paginate || ctx->reply.delivered == 0) {
        return code;
    }
    if (ctx->is_slurp && !ctx->page.has_data) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable page: it has no \"data\"");
    }
    return lwc_api_page_next(&ctx->page, ctx->reply.origin, next_out, err);
}

/* Turns the run to the page at @next, which takes no body. */
static enum lwc_code turn_page(struct api_ctx *ctx, const char *next, struct lwc_error *err)
{
    if (lwc_streq(next, ctx->path)) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable page: the next one is itself");
    }
    (void)snprintf(ctx->path, sizeof ctx->path, "%s", next);
    (void)snprintf(ctx->method, sizeof ctx->method, "GET");
    lwc_api_body_clear(&ctx->body);
    return LWC_OK;
}

static enum lwc_code get_pages(struct api_ctx *ctx, struct lwc_error *err)
{
    char next[LWC_CALL_PATH_MAX + 1] = "";
    enum lwc_code code = get_page(ctx, next, err);

    for (size_t pages = 1; code == LWC_OK && next[0] != '\0'; pages++) {
        if (pages == PAGES_MAX) {
            return lwc_fail(err, LWC_E_NETWORK, "more than %d pages", PAGES_MAX);
        }
        code = turn_page(ctx, next, err);
        if (code == LWC_OK) {
            code = get_page(ctx, next, err);
        }
    }
    return code;
}

static enum lwc_code get_all(struct api_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (!ctx->is_slurp) {
        return get_pages(ctx, err);
    }
    code = lwc_json_print(&ctx->printer, LWC_JSON_BEGIN_ARRAY, NULL, 0, err);
    if (code == LWC_OK) {
        code = get_pages(ctx, err);
    }
    if (code == LWC_OK) {
        code = lwc_json_print(&ctx->printer, LWC_JSON_END_ARRAY, NULL, 0, err);
    }
    return code == LWC_OK ? lwc_api_output_end_line(&ctx->output, err) : code;
}

static enum lwc_code run_api(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct api_ctx, api_ctx_clear)
    ctx = {.app = app, .body = LWC_API_BODY_NONE};
    struct lwc_error why = {0};
    enum lwc_code code = set_up(&ctx, err);
    enum lwc_code flushed = LWC_OK;

    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    if (code == LWC_OK) {
        code = get_all(&ctx, err);
    }
    /* Of a reply that broke off, what came is printed. */
    flushed = ctx.output.is_terminal ? lwc_api_output_end_line(&ctx.output, &why) : LWC_OK;
    if (flushed == LWC_OK) {
        flushed = lwc_api_output_flush(&ctx.output, &why);
    }
    if (code == LWC_OK && flushed != LWC_OK) {
        *err = why;
        code = flushed;
    }
    return code;
}

const struct lwc_command lwc_api_command = {
    .name = "api",
    .summary = "make an authenticated call of the API",
    .options = LWC_OPTIONS(&opt_data, &opt_header, &opt_include, &opt_paginate, &opt_slurp,
                           &opt_wait, &lwc_opt_sub_account, &lwc_opt_org_access),
    .operands = "[METHOD] PATH",
    .operands_min = 1,
    .operands_max = 2,
    .text = "METHOD is GET, or POST with --data, if it is not given.  PATH begins with '/'; the\n"
            "host is that of the credential, and no other.  The reply's body goes to standard\n"
            "output as it comes; on a terminal, JSON in lines and colours.",
    .example = "api /api/v2/UserProfile",
    .run = run_api,
};
