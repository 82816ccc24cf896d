/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include <lwcred.h>

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
