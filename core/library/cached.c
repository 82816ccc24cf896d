/* SPDX-License-Identifier: Apache-2.0 */
#include "library/context.h"

#include <string.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "cache/cache.h"
#include "cache/entry.h"
#include "cache/lifetime.h"
#include "stack/lookup.h"

/*
 * Returns the cache of all places.  Sealed entries can be read if the environment holds the secret:
 * no user is asked.
 */
static struct lwc_cache get_whole_cache(struct lwc_context *ctx, struct lwc_found **env)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};

    query.profile = LWC_ENVIRONMENT;
    query.kind = LWC_KIND_ACCESS_KEY;
    if (lwc_lookup_find_exact(ctx->stack, LWC_OP_LOOKUP, &query, env, NULL) == LWC_OK) {
        cache.sealing = (*env)->secret;
    }
    return cache;
}

/*
 * Cached entries to forget.
 *
 * token    this token alone; NULL: all that fit query.
 * answers  all answers as well: they may be outdated.
 */
struct forget_ctx {
    struct lwc_identity query;
    const void *token;
    size_t len;
    bool answers;
};

static bool is_forgotten(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct forget_ctx *wanted = data;

    (void)place;
    if (entry->kind == LWC_ENTRY_ANSWER && wanted->answers) {
        return true;
    }
    if (wanted->token != NULL && entry->kind == LWC_ENTRY_ANSWER) {
        return false;
    }
    if (wanted->token != NULL) {
        return lwc_buf_equal(entry->text, wanted->token, wanted->len);
    }
    return lwc_identity_matches(&wanted->query, &entry->identity.id);
}

enum lwc_code lwc_token_forget(struct lwc_context *ctx, const char *account, const char *key_id,
                               const char *token, size_t len, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_FOUND env = NULL;
    struct forget_ctx wanted = {.query = LWC_IDENTITY_ANY, .token = token, .len = len};
    struct lwc_cache cache;
    enum lwc_code code = LWC_OK;

    if (token == NULL && !lwc_is_set(account) && !lwc_is_set(key_id)) {
        return lwc_fail(err, LWC_E_INVALID, "a token, an account or a key id must be named");
    }
    code = lwc_call_start(ctx, &held, err);
    if (code != LWC_OK) {
        return code;
    }
    wanted.query.account = lwc_is_set(account) ? account : "";
    wanted.query.key_id = lwc_is_set(key_id) ? key_id : "";
    cache = get_whole_cache(ctx, &env);
    lwc_cache_each(&cache, is_forgotten, &wanted);
    return LWC_OK;
}

void lwc_cached_forget(const char *profile, const char *key_id)
{
    const struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};
    struct forget_ctx wanted = {.query = LWC_IDENTITY_ANY, .answers = true};

    wanted.query.profile = key_id[0] == '\0' ? profile : "";
    wanted.query.key_id = key_id;
    lwc_cache_each(&cache, is_forgotten, &wanted);
}

/* Visits the live tokens, and has the expired ones removed. */
struct cached_ctx {
    lwc_cached_fn *visit;
    void *data;
    const struct lwc_clock *clock;
    char boot_id[LWC_BOOT_ID_LEN + 1];
};

static bool visit_token(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct cached_ctx *cached = data;
    int64_t left_s = 0;

    if (entry->kind == LWC_ENTRY_TOKEN) {
        left_s = lwc_lifetime_left_s(entry, cached->boot_id, cached->clock);
    }
    if (left_s > 0) {
        cached->visit(cached->data, &entry->identity.id, left_s, place);
    }
    return entry->kind == LWC_ENTRY_TOKEN && left_s == 0;
}

void lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_FOUND env = NULL;
    struct lwc_cache cache;
    struct cached_ctx cached = {.visit = visit, .data = data, .clock = ctx->clock};

    if (lwc_call_start(ctx, &held, NULL) != LWC_OK) {
        return;
    }
    cache = get_whole_cache(ctx, &env);
    if (lwc_clock_boot_id(cached.boot_id)) {
        lwc_cache_each(&cache, visit_token, &cached);
    }
}

size_t lwc_cached_clear(struct lwc_context *ctx)
{
    LWC_AUTO_HELD held = {NULL};

    return lwc_call_start(ctx, &held, NULL) == LWC_OK ? lwc_cache_clear() : 0;
}
