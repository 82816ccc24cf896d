/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "token/net.h"

/* Long enough for one exchange: the token that proves a key is forgotten at once. */
#define PROOF_TTL_S 60

struct lwc_token {
    struct lwc_identity_copy identity;
    struct lwc_secret *text;
    int64_t expires_at;
    int64_t expires_in;
    char source[LWC_BACKEND_NAME_MAX + 1];
};

void lwc_token_free(struct lwc_token **token)
{
    if (token == NULL || *token == NULL) {
        return;
    }
    lwc_secret_free(&(*token)->text);
    free(*token);
    *token = NULL;
}

const char *lwc_token_text(const struct lwc_token *token)
{
    return lwc_secret_text(token->text);
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

/* What the identity says, unless the query says otherwise. */
static enum lwc_code identity_for(const struct lwc_found *found, const struct lwc_query *query,
                                  struct lwc_identity_copy *identity_out, struct lwc_error *err)
{
    struct lwc_identity identity = found->identity.id;

    if (lwc_is_set(query->sub_account)) {
        identity.sub_account = query->sub_account;
    }
    if (query->org_access) {
        identity.flags |= LWC_ID_ORG_ACCESS;
    }
    return lwc_identity_copy(&identity, identity_out, err);
}

static enum lwc_code use_ready(struct lwc_token *token, const struct lwc_secret *ready,
                               struct lwc_error *err)
{
    size_t len = lwc_secret_len(ready);

    if (len > LWC_TOKEN_MAX || !lwc_text_is_b64token(lwc_secret_text(ready), len)) {
        return lwc_fail(err, LWC_E_NETWORK,
                        "the token in '%s' is not a bearer token (RFC 6750 b64token)",
                        token->source);
    }
    return lwc_secret_copy(lwc_secret_bytes(ready), len, &token->text, err);
}

static enum lwc_code exchange(struct lwc_token *token, const struct lwc_exchange *wanted,
                              struct lwc_error *err)
{
    const struct lwc_net *net = NULL;
    struct lwc_sink sink;
    struct lwc_grant grant = {0};
    int64_t age_s = 0;
    enum lwc_code code = lwc_net_load(&net, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_secret_sink(&token->text, &sink);
    code = net->exchange(wanted, &sink, &grant, err);
    if (code != LWC_OK) {
        return code;
    }
    age_s = (lwc_clock_boot_ms(wanted->clock) - grant.sent_boot_ms + 999) / 1000;
    token->expires_in = grant.lifetime_s - age_s;
    if (token->text == NULL || token->expires_in <= 0) {
        return lwc_fail(err, LWC_E_NETWORK, "the token had expired when it arrived");
    }
    token->expires_at = lwc_clock_wall_s(wanted->clock) + token->expires_in;
    return LWC_OK;
}

static enum lwc_code ttl_of(const struct lwc_query *query, int64_t *ttl_out, struct lwc_error *err)
{
    if (query->ttl_s < 0 || query->ttl_s > LWC_TTL_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "a token's lifetime is 1 to %d seconds", LWC_TTL_MAX);
    }
    *ttl_out = query->ttl_s > 0 ? query->ttl_s : LWC_TTL_DEFAULT;
    return LWC_OK;
}

enum lwc_code lwc_token_make(const struct lwc_found *found, const struct lwc_query *query,
                             const struct lwc_host *host, const struct lwc_clock *clock,
                             struct lwc_token **token_out, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = calloc(1, sizeof *token);
    struct lwc_exchange wanted = {.host = host, .clock = clock};
    enum lwc_code code;

    if (token == NULL) {
        return lwc_fail_nomem(err);
    }
    (void)snprintf(token->source, sizeof token->source, "%s", found->backend);
    if ((code = ttl_of(query, &wanted.ttl_s, err)) != LWC_OK ||
        (code = identity_for(found, query, &token->identity, err)) != LWC_OK) {
        return code;
    }
    if (token->identity.id.kind == LWC_KIND_TOKEN) {
        code = use_ready(token, found->secret, err);
    } else {
        wanted.identity = &token->identity.id;
        wanted.secret = lwc_secret_bytes(found->secret);
        wanted.len = lwc_secret_len(found->secret);
        code = exchange(token, &wanted, err);
    }
    if (code == LWC_OK) {
        *token_out = LWC_TAKE(token);
    }
    return code;
}

enum lwc_code lwc_token_prove(const struct lwc_identity *identity, const void *secret, size_t len,
                              const struct lwc_host *host, const struct lwc_clock *clock,
                              struct lwc_error *err)
{
    LWC_AUTO(struct lwc_token *, lwc_token_free) token = calloc(1, sizeof *token);
    const struct lwc_exchange wanted = {.identity = identity,
                                        .secret = secret,
                                        .len = len,
                                        .ttl_s = PROOF_TTL_S,
                                        .host = host,
                                        .clock = clock};

    return token != NULL ? exchange(token, &wanted, err) : lwc_fail_nomem(err);
}
