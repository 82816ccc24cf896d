/* SPDX-License-Identifier: Apache-2.0 */
#include "token/renew.h"

#include <string.h>

#include "cache/key.h"
#include "net/http.h"
#include "token/attempt_failure.h"
#include "token/token.h"

/*
 * Returns whether a store has changed since it was asked.  Its key may be removed, with all that
 * was cached of it.  Removing a key forgets its tokens after changing the store: so either the
 * remover sees our token, or we see the change.
 */
static bool is_overtaken(const struct attempt *attempt)
{
    return attempt->obtain->dependencies->is_complete &&
           !lwc_dependencies_hold(attempt->obtain->dependencies, attempt->obtain->host);
}

/* Warns once if a place failed. */
void lwc_attempt_save_token(const struct attempt *attempt, struct lwc_entry *token)
{
    struct lwc_error err = {0};
    enum lwc_code code;

    if (attempt->cache.mode == LWC_CACHE_NONE) {
        return;
    }
    code = lwc_cache_write(&attempt->cache, attempt->token_name, token, token->lifetime_s, &err);
    if (code == LWC_OK && is_overtaken(attempt)) {
        lwc_attempt_trace(attempt, "cache: a store changed meanwhile, the token is not kept");
        lwc_cache_forget(&attempt->cache, attempt->token_name);
        return;
    }
    if (code == LWC_OK) {
        lwc_attempt_save_answer(attempt, token->lifetime_s);
        return;
    }
    lwc_attempt_save_no_place(attempt, &err);
    code = lwc_wrap(&err, code, "the token is not cached");
    attempt->obtain->host->log(attempt->obtain->host->data,
                               code == LWC_E_UNAVAILABLE ? LWC_LOG_INFO : LWC_LOG_WARNING, err.msg);
}

static enum lwc_code exchange_key(struct attempt *attempt, struct lwc_token **token_out,
                                  struct lwc_error *err)
{
    const struct lwc_buf *secret = attempt->found->secret;
    const struct lwc_exchange wanted = {.identity = &attempt->identity.id,
                                        .secret = lwc_buf_bytes(secret),
                                        .len = lwc_buf_len(secret),
                                        .ttl_s = attempt->ttl_s,
                                        .host = attempt->obtain->host,
                                        .clock = attempt->obtain->clock,
                                        .is_fast_open = attempt->obtain->conf->is_fast_open};
    LWC_AUTO_ENTRY token = NULL;
    enum lwc_code code = lwc_token_exchange(&wanted, attempt->found->backend, &token, err);

    if (code != LWC_OK) {
        attempt->has_own_failure =
            code == LWC_E_NETWORK &&
            attempt->obtain->host->remaining_ms(attempt->obtain->host->data) < LWC_LATE_MS;
        return code;
    }
    memcpy(token->boot_id, attempt->boot_id, sizeof token->boot_id);
    if (token->lifetime_s < attempt->query->min_valid_s) {
        attempt->has_own_failure = true;
        lwc_attempt_save_token(attempt, token);
        return lwc_fail(err, LWC_E_NETWORK, "the API gave a token of %jd s, shorter than asked for",
                        (intmax_t)token->lifetime_s);
    }
    code = lwc_attempt_make_token(attempt, token, &attempt->identity.id, attempt->found->backend,
                                  token_out, err);
    if (code == LWC_OK) {
        lwc_attempt_save_token(attempt, token);
    }
    return code;
}

static enum lwc_code exchange_once(struct attempt *attempt, struct lwc_token **token_out,
                                   struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = lwc_attempt_find_exchange_failure(attempt, err);

    if (code != LWC_OK) {
        return code;
    }
    attempt->exchange_boot_ms = lwc_clock_boot_ms(attempt->obtain->clock);
    code = exchange_key(attempt, token_out, &why);
    (void)lwc_error_pass(err, code, &why);
    lwc_attempt_save_exchange_failure(attempt, &why);
    return code;
}

/* Inside the flight: first looks for a token or failure of the process that was there before. */
static enum lwc_code renew_inside(struct attempt *attempt, struct lwc_token **token_out,
                                  struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code =
        lwc_attempt_use_cached_token(attempt, lwc_attempt_since_ms(attempt), token_out, &why);

    if (code != LWC_E_NOT_FOUND) {
        return code == LWC_OK ? code : lwc_wrap(&why, code, "cache");
    }
    return exchange_once(attempt, token_out, err);
}

enum lwc_code lwc_attempt_renew(struct attempt *attempt, struct lwc_token **token_out,
                                struct lwc_error *err)
{
    LWC_AUTO_FLIGHT flight = NULL;
    char name[LWC_HASH_HEX_LEN];
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    if (attempt->cache.mode == LWC_CACHE_NONE) {
        return exchange_key(attempt, token_out, err);
    }
    if (lwc_attempt_has_no_place(attempt)) {
        return exchange_once(attempt, token_out, err);
    }
    lwc_key_of_flight(&attempt->identity.id, attempt->ttl_s, name);
    code = lwc_attempt_enter(attempt, name, LWC_HTTP_TOTAL_MS, &flight, &why);
    if (code != LWC_E_BUSY) {
        return renew_inside(attempt, token_out, err);
    }
    /* Other processes may have passed the flight without its lock. */
    code = lwc_attempt_use_cached_token(attempt, lwc_attempt_since_ms(attempt), token_out, err);
    return code == LWC_E_NOT_FOUND ? lwc_attempt_fail_busy(&why, err) : code;
}
