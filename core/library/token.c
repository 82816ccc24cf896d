/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include <lwcred.h>

#include "library/context.h"
#include "token/obtain.h"

static enum lwc_code obtain_in_turn(struct lwc_context *ctx, const struct lwc_obtain_ctx *obtain,
                                    const struct lwc_query *query, struct lwc_token **token_out,
                                    struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    enum lwc_code code = lwc_call_start_secret(ctx, &held, err);

    return code == LWC_OK ? lwc_obtain_token(obtain, query, token_out, err) : code;
}

enum lwc_code lwc_token_get(struct lwc_context *ctx, const struct lwc_query *query,
                            struct lwc_token **token_out, struct lwc_error *err)
{
    const struct lwc_obtain_ctx obtain = lwc_obtain_of(ctx);
    struct lwc_query known;
    struct lwc_identity identity;
    enum lwc_code code = lwc_call_check_process(ctx, err);

    if (code == LWC_OK) {
        code = lwc_query_take(query, &known, &identity, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    /*
     * Serve cached tokens without the mutex: another thread may hold it across an exchange or a
     * prompt.  A program with a log function gets no calls from two threads at once.
     */
    if (ctx->options.log == NULL) {
        code = lwc_obtain_cached(&obtain, &known, token_out, err);
        if (code != LWC_E_NOT_FOUND) {
            return code;
        }
    }
    return obtain_in_turn(ctx, &obtain, &known, token_out, err);
}

void lwc_token_free(struct lwc_token **token)
{
    lwc_token_release(token);
}

const char *lwc_token_text(const struct lwc_token *token)
{
    return lwc_buf_text(token->text);
}

int64_t lwc_token_expires_at(const struct lwc_token *token)
{
    return token->expires_at;
}

int64_t lwc_token_expires_in(const struct lwc_token *token)
{
    return token->expires_in;
}

const struct lwc_identity *lwc_token_identity(const struct lwc_token *token)
{
    return &token->identity.id;
}

const char *lwc_token_source(const struct lwc_token *token)
{
    return token->source;
}
