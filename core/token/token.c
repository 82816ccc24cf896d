/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include <stdlib.h>
#include <string.h>

#include "api/load.h"
#include "base/join.h"
#include "base/text.h"

#define ROUNDING_S 2

void lwc_token_release(struct lwc_token **token)
{
    if (token == NULL || *token == NULL) {
        return;
    }
    lwc_buf_free(&(*token)->text);
    free(*token);
    *token = NULL;
}

enum lwc_code lwc_token_new(const struct lwc_identity *identity, const char *source,
                            const struct lwc_buf *text, int64_t left_s,
                            const struct lwc_clock *clock, struct lwc_token **token_out,
                            struct lwc_error *err)
{
    LWC_AUTO_TOKEN token = calloc(1, sizeof *token);
    size_t len = lwc_buf_len(text);
    enum lwc_code code;

    if (token == NULL) {
        return lwc_fail_nomem(err);
    }
    if (len > LWC_TOKEN_MAX || !lwc_text_is_b64token(lwc_buf_text(text), len)) {
        return lwc_fail(err, LWC_E_NETWORK,
                        "the token in '%s' is not a bearer token (RFC 6750 b64token)", source);
    }
    (void)lwc_join(token->source, sizeof token->source, LWC_PARTS(source));
    token->expires_in = left_s;
    token->expires_at = left_s > 0 ? lwc_clock_wall_s(clock) + left_s : 0;
    if ((code = lwc_identity_copy(identity, &token->identity, err)) != LWC_OK ||
        (code = lwc_buf_copy(lwc_buf_bytes(text), len, &token->text, err)) != LWC_OK) {
        return code;
    }
    *token_out = LWC_TAKE(token);
    return LWC_OK;
}

void lwc_token_align_end(struct lwc_token *token, int64_t expires_at)
{
    const int64_t distance_s = token->expires_at - expires_at;

    if (token->expires_at != 0 && distance_s <= ROUNDING_S && distance_s >= -ROUNDING_S) {
        token->expires_at = expires_at;
    }
}

enum lwc_code lwc_token_exchange(const struct lwc_exchange *wanted, const char *source,
                                 struct lwc_entry **entry_out, struct lwc_error *err)
{
    LWC_AUTO_ENTRY entry = calloc(1, sizeof *entry);
    const int64_t began_boot_ms = lwc_clock_boot_ms(wanted->clock);
    const int64_t began_wall_s = lwc_clock_wall_s(wanted->clock);
    const struct lwc_api *net = NULL;
    struct lwc_grant grant = {0};
    struct lwc_sink sink;
    enum lwc_code code;

    if (entry == NULL) {
        return lwc_fail_nomem(err);
    }
    lwc_buf_sink(&entry->text, &sink);
    if ((code = lwc_identity_copy(wanted->identity, &entry->identity, err)) != LWC_OK ||
        (code = lwc_api_load(&net, err)) != LWC_OK ||
        (code = net->exchange(wanted, &sink, &grant, err)) != LWC_OK) {
        return code;
    }
    if (entry->text == NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "the exchange succeeded and gave no token");
    }
    entry->kind = LWC_ENTRY_TOKEN;
    (void)lwc_join(entry->source, sizeof entry->source, LWC_PARTS(source));
    entry->lifetime_s = grant.lifetime_s;
    entry->ttl_s = wanted->ttl_s;
    entry->sent_boot_ms = grant.sent_boot_ms;
    entry->sent_wall_s = began_wall_s + (grant.sent_boot_ms - began_boot_ms) / 1000;
    entry->sent_wall_s = entry->sent_wall_s > 0 ? entry->sent_wall_s : 0;
    *entry_out = LWC_TAKE(entry);
    return LWC_OK;
}
