/* SPDX-License-Identifier: Apache-2.0 */
#include <lwcred.h>

#include <string.h>

#include "api/load.h"
#include "library/call_check.h"
#include "library/context.h"

/*
 * MUST:
 *  1. The call is checked before a token is obtained for it.
 *  2. The context's mutex is not held while a request is under way.
 *  3. A call is made twice at most.
 */

/* A call under way, and the services for its requests. */
struct call_ctx {
    struct lwc_context *ctx;
    const struct lwc_call *call;
    struct lwc_query query;
    const struct lwc_token *token; /* the caller's, or @own_token */
    struct lwc_token *own_token;
    struct lwc_call_reply reply;
    struct lwc_host host;
    int64_t deadline_ms;
};

static void call_ctx_clear(struct call_ctx *call)
{
    lwc_token_free(&call->own_token);
}

/* Waits for calls of other threads: their callbacks and ours are not called at once. */
static void log_call(void *data, enum lwc_log_level level, const char *text)
{
    const struct call_ctx *call = data;
    LWC_AUTO_HELD held = {NULL};

    if (call->ctx->options.log != NULL && lwc_call_start(call->ctx, &held, NULL) == LWC_OK) {
        call->ctx->host.log(call->ctx->host.data, level, text);
    }
}

static const char *get_setting(void *data, const char *name)
{
    const struct call_ctx *call = data;

    return call->ctx->host.setting(call->ctx->host.data, name);
}

static int64_t get_remaining_ms(void *data)
{
    const struct call_ctx *call = data;
    const int64_t left_ms = call->deadline_ms - lwc_clock_boot_ms(call->ctx->clock);

    return left_ms > 0 ? left_ms : 0;
}

static bool has_body_again(const struct lwc_call *call)
{
    return call->read == NULL || call->rewind != NULL;
}

/* Returns whether a new token can replace one that is not accepted. */
static bool can_renew(const struct call_ctx *call)
{
    return lwc_token_identity(call->token)->kind == LWC_KIND_ACCESS_KEY &&
           call->reply.renewals == 0;
}

static enum lwc_code send_call(struct call_ctx *call, struct lwc_error *err)
{
    const struct lwc_api *api = NULL;
    const char *token = lwc_token_text(call->token);
    const struct lwc_api_call wanted = {.identity = lwc_token_identity(call->token),
                                        .token = token,
                                        .token_len = strlen(token),
                                        .call = call->call,
                                        .host = &call->host,
                                        .can_renew = can_renew(call) && has_body_again(call->call),
                                        .is_fast_open = call->ctx->conf->is_fast_open};
    enum lwc_code code = lwc_api_load(&api, err);

    if (code != LWC_OK) {
        return code;
    }
    call->deadline_ms = lwc_call_deadline_ms(call->ctx);
    return api->call(&wanted, &call->reply, err);
}

/* Forgets the token, which the next call of any process then replaces. */
static enum lwc_code forget_token(struct call_ctx *call, struct lwc_error *err)
{
    const char *token = lwc_token_text(call->token);

    return lwc_token_forget(call->ctx, NULL, NULL, token, strlen(token), err);
}

static enum lwc_code get_token(struct call_ctx *call, struct lwc_error *err)
{
    enum lwc_code code = lwc_token_get(call->ctx, &call->query, &call->own_token, err);

    call->token = call->own_token;
    return code;
}

static enum lwc_code send_again(struct call_ctx *call, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    lwc_token_free(&call->own_token);
    code = get_token(call, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "the API does not accept the token (status 401): a new one");
    }
    if (call->call->rewind != NULL) {
        code = call->call->rewind(call->call->data, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    call->reply.renewals++;
    code = send_call(call, err);
    return call->reply.status != 401 ? code
                                     : lwc_hint(err, code, "a new token was not accepted either");
}

/* Handles a token that the API does not accept; @err describes the reply. */
static enum lwc_code renew_and_send(struct call_ctx *call, struct lwc_error *err)
{
    enum lwc_code code = forget_token(call, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "a token that the API does not accept");
    }
    if (!has_body_again(call->call)) {
        code = lwc_wrap(err, LWC_E_REFUSED, "not tried again: the body cannot be read again");
        return lwc_hint(err, code, "the token was forgotten: make the call again");
    }
    return send_again(call, err);
}

/* Gives the caller the members that it knows. */
static void give_reply(const struct lwc_call_reply *reply, struct lwc_call_reply *reply_out)
{
    uint32_t size = 0;

    if (reply_out != NULL) {
        size = reply_out->size < sizeof *reply ? reply_out->size : (uint32_t)sizeof *reply;
        memcpy((char *)reply_out + sizeof size, (const char *)reply + sizeof size,
               size - sizeof size);
    }
}

static enum lwc_code check_reply_size(const struct lwc_call_reply *reply, struct lwc_error *err)
{
    if (reply == NULL || (reply->size >= sizeof reply->size && reply->size <= LWC_SIZED_MAX)) {
        return LWC_OK;
    }
    return lwc_fail(err, LWC_E_INVALID, "struct lwc_call_reply: its member 'size' is not set");
}

static enum lwc_code make_call(struct call_ctx *call, struct lwc_error *err)
{
    struct lwc_identity identity;
    struct lwc_error why = {0};
    enum lwc_code code = lwc_query_take(call->call->query, &call->query, &identity, err);

    if (code == LWC_OK) {
        code = lwc_call_check(call->call, err);
    }
    if (code == LWC_OK) {
        call->query.size = sizeof call->query;
        call->token = call->call->token;
        code = call->token == NULL ? get_token(call, err) : LWC_OK;
    }
    if (code != LWC_OK) {
        return code;
    }
    code = send_call(call, &why);
    if (code != LWC_OK && call->reply.status == 401 && can_renew(call)) {
        code = renew_and_send(call, &why);
    }
    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_call(struct lwc_context *ctx, const struct lwc_call *call,
                       struct lwc_call_reply *reply_out, struct lwc_error *err)
{
    struct lwc_call known;
    __attribute__((cleanup(call_ctx_clear))) struct call_ctx state = {
        .ctx = ctx,
        .call = &known,
        .reply = {.size = sizeof state.reply,
                  .rate_limit = -1,
                  .rate_remaining = -1,
                  .rate_reset_s = -1,
                  .retry_after_s = -1,
                  .date_s = -1},
    };
    enum lwc_code code = lwc_call_check_process(ctx, err);

    if (code == LWC_OK) {
        code = check_reply_size(reply_out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    state.host = ctx->host;
    state.host.data = &state;
    state.host.log = log_call;
    state.host.setting = get_setting;
    state.host.remaining_ms = get_remaining_ms;
    code = lwc_sized_take(&known, sizeof known, call, "struct lwc_call", err);
    if (code == LWC_OK && (known.flags & ~(uint32_t)LWC_CALL_ERROR_BODY) != 0) {
        code = lwc_fail(err, LWC_E_INVALID, "enum lwc_call_flag: unknown flag 0x%x",
                        known.flags & ~(uint32_t)LWC_CALL_ERROR_BODY);
    }
    if (code == LWC_OK) {
        code = make_call(&state, err);
    }
    give_reply(&state.reply, reply_out);
    return code;
}
