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
 * What is cached anywhere.  Entries that are sealed can be read where the secret is at hand without
 * asking: in the environment.
 */
static struct lwc_cache whole_cache(struct lwc_context *ctx, struct lwc_found **env)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};

    query.profile = "env";
    query.kind = LWC_KIND_ACCESS_KEY;
    if (lwc_lookup_find_exact(ctx->stack, LWC_OP_LOOKUP, &query, env, NULL) == LWC_OK) {
        cache.sealing = (*env)->secret;
    }
    return cache;
}

/* Which cached entries to forget. */
struct forgetting {
    struct lwc_identity query;
    const void *token; /* this one alone, or NULL */
    size_t len;
    bool references; /* all answers, too: what they say may no longer be so */
};

static bool is_forgotten(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct forgetting *forgetting = data;

    (void)place;
    if (entry->kind == LWC_ENTRY_ANSWER && forgetting->references) {
        return true;
    }
    if (forgetting->token != NULL && entry->kind == LWC_ENTRY_ANSWER) {
        return false;
    }
    if (forgetting->token != NULL) {
        return lwc_buf_equal(entry->text, forgetting->token, forgetting->len);
    }
    return lwc_identity_matches(&forgetting->query, &entry->identity.id);
}

enum lwc_code lwc_token_forget(struct lwc_context *ctx, const char *account, const char *key_id,
                               const char *token, size_t len, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_FOUND env = NULL;
    struct forgetting forgetting = {.query = LWC_IDENTITY_ANY, .token = token, .len = len};
    struct lwc_cache cache;
    enum lwc_code code = LWC_OK;

    if (token == NULL && !lwc_is_set(account) && !lwc_is_set(key_id)) {
        return lwc_fail(err, LWC_E_INVALID, "a token, an account or a key id must be named");
    }
    code = lwc_call_start(ctx, &held, err);
    if (code != LWC_OK) {
        return code;
    }
    forgetting.query.account = lwc_is_set(account) ? account : "";
    forgetting.query.key_id = lwc_is_set(key_id) ? key_id : "";
    cache = whole_cache(ctx, &env);
    lwc_cache_each(&cache, is_forgotten, &forgetting);
    return LWC_OK;
}

void lwc_cached_forget(const char *profile, const char *key_id)
{
    const struct lwc_cache cache = {.mode = LWC_CACHE_AUTO};
    struct forgetting forgetting = {.query = LWC_IDENTITY_ANY, .references = true};

    forgetting.query.profile = key_id[0] == '\0' ? profile : "";
    forgetting.query.key_id = key_id;
    lwc_cache_each(&cache, is_forgotten, &forgetting);
}

/* Passes on the tokens that live, and has the dead ones removed. */
struct cached {
    lwc_cached_fn *visit;
    void *data;
    const struct lwc_clock *clock;
    char boot_id[LWC_BOOT_ID_LEN + 1];
};

static bool pass_on(void *data, const struct lwc_entry *entry, const char *place)
{
    const struct cached *cached = data;
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
    struct cached cached = {.visit = visit, .data = data, .clock = ctx->clock};

    if (lwc_call_start(ctx, &held, NULL) != LWC_OK) {
        return;
    }
    cache = whole_cache(ctx, &env);
    if (lwc_clock_boot_id(cached.boot_id)) {
        lwc_cache_each(&cache, pass_on, &cached);
    }
}

size_t lwc_cached_clear(struct lwc_context *ctx)
{
    LWC_AUTO_HELD held = {NULL};

    return lwc_call_start(ctx, &held, NULL) == LWC_OK ? lwc_cache_clear() : 0;
}
