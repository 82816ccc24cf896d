/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MUST:
 *  1. Entries in the sealed place are sealed, with the entry's name as context.
 *  2. A place that the mode does not allow is not touched, except by lwc_cache_clear().
 *  3. An older entry never outlives a newer entry in another place, even if no place took the newer
 *     entry.
 *  4. A fault of an entry is a miss, never an error.
 *  5. Every entry is bound to its name and whole: by its seal, or in a plain place by a hash behind
 *     it.  The hash is against accidents; in a plain place only we and root can write.
 */
#include "cache/cache.h"

#include "base/util.h"
#include "cache/place.h"
#include "conf/setting.h"

#define PLACES 3

static const struct lwc_place *const places[PLACES] = {
    &lwc_place_keyring,
    &lwc_place_runtime,
    &lwc_place_sealed,
};

/* The order by kind: an answer holds no secret, and leaves the user's key quota to others. */
static const struct lwc_place *const orders[][PLACES] = {
    [LWC_ENTRY_TOKEN] = {&lwc_place_keyring, &lwc_place_runtime, &lwc_place_sealed},
    [LWC_ENTRY_ANSWER] = {&lwc_place_runtime, &lwc_place_keyring, &lwc_place_sealed},
};

/* The only place that a mode allows; NULL: all, or none. */
static const struct lwc_place *const only_places[] = {
    [LWC_CACHE_AUTO] = NULL,
    [LWC_CACHE_KEYRING] = &lwc_place_keyring,
    [LWC_CACHE_RUNTIME] = &lwc_place_runtime,
    [LWC_CACHE_SEALED] = &lwc_place_sealed,
    [LWC_CACHE_NONE] = NULL,
};

static bool is_sealed(const struct lwc_place *place)
{
    return place == &lwc_place_sealed;
}

static bool is_allowed(const struct lwc_cache *cache, const struct lwc_place *place)
{
    const struct lwc_place *only = only_places[cache->mode];

    if (cache->mode == LWC_CACHE_NONE || (is_sealed(place) && cache->sealing == NULL)) {
        return false;
    }
    return only == NULL || only == place;
}

/* Binds @len bytes to @name. */
static void hash_entry(const char *name, const void *bytes, size_t len,
                       uint8_t hash_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    lwc_hash_begin(&hash, "cache entry");
    lwc_hash_add_text(&hash, name);
    lwc_hash_add(&hash, bytes, len);
    lwc_hash_end(&hash, hash_out);
}

/* Compares the hash that put_plain() put behind the bytes, and cuts it off. */
static enum lwc_code take_digest(const char *name, struct lwc_buf *bytes)
{
    uint8_t expected[LWC_HASH_LEN];
    size_t len = lwc_buf_len(bytes);

    if (len < LWC_HASH_LEN) {
        return LWC_E_CORRUPT;
    }
    len -= LWC_HASH_LEN;
    hash_entry(name, lwc_buf_bytes(bytes), len, expected);
    if (memcmp(lwc_buf_bytes(bytes) + len, expected, LWC_HASH_LEN) != 0) {
        return LWC_E_CORRUPT;
    }
    lwc_buf_truncate(bytes, len);
    return LWC_OK;
}

static enum lwc_code unseal_bytes(const struct lwc_cache *cache, const char *name,
                                  struct lwc_buf **bytes, struct lwc_error *err)
{
    LWC_AUTO_BUF plain = NULL;
    enum lwc_code code = lwc_buf_new(lwc_buf_len(*bytes), &plain, err);

    if (code == LWC_OK) {
        code = lwc_unseal(lwc_buf_bytes(cache->sealing), lwc_buf_len(cache->sealing), name,
                          lwc_buf_bytes(*bytes), lwc_buf_len(*bytes), plain, err);
    }
    if (code == LWC_OK) {
        lwc_buf_free(bytes);
        *bytes = LWC_TAKE(plain);
    }
    return code;
}

/*
 * Reads an entry from @place.  Returns LWC_E_DENIED if it was sealed with other bytes,
 * LWC_E_CORRUPT if it is no entry.
 */
static enum lwc_code load_entry(const struct lwc_cache *cache, const struct lwc_place *place,
                                const char *name, struct lwc_entry **entry_out)
{
    LWC_AUTO_BUF bytes = NULL;
    enum lwc_code code = lwc_buf_new(LWC_ENTRY_USUAL, &bytes, NULL);

    if (code == LWC_OK) {
        code = place->read(name, bytes, NULL);
    }
    if (code == LWC_OK && is_sealed(place)) {
        code = unseal_bytes(cache, name, &bytes, NULL);
        code = code == LWC_E_CORRUPT ? LWC_E_DENIED : code;
    } else if (code == LWC_OK) {
        code = take_digest(name, bytes);
    }
    if (code == LWC_OK) {
        code = lwc_entry_decode(lwc_buf_bytes(bytes), lwc_buf_len(bytes), entry_out, NULL);
    }
    return code;
}

/* Removes an entry, best effort: an entry that stays is a miss again. */
static void remove_from(const struct lwc_place *place, const char *name)
{
    (void)place->remove(name, NULL);
}

enum lwc_code lwc_cache_read(const struct lwc_cache *cache, const char *name,
                             enum lwc_entry_kind kind, struct lwc_entry **entry_out)
{
    const struct lwc_place *const *order = orders[kind];

    for (size_t i = 0; i < PLACES; i++) {
        LWC_AUTO_ENTRY entry = NULL;
        enum lwc_code code = LWC_E_NOT_FOUND;

        if (is_allowed(cache, order[i])) {
            code = load_entry(cache, order[i], name, &entry);
        }
        if (code == LWC_OK && entry->kind == kind) {
            *entry_out = LWC_TAKE(entry);
            return LWC_OK;
        }
        if (code == LWC_E_CORRUPT || code == LWC_E_DENIED) {
            remove_from(order[i], name);
        }
    }
    return LWC_E_NOT_FOUND;
}

static enum lwc_code put_plain(const struct lwc_place *place, const char *name,
                               const struct lwc_buf *bytes, int64_t life_s, struct lwc_error *err)
{
    LWC_AUTO_BUF whole = NULL;
    uint8_t hash[LWC_HASH_LEN];
    size_t len = lwc_buf_len(bytes);
    enum lwc_code code = lwc_buf_new(len + sizeof hash, &whole, err);

    hash_entry(name, lwc_buf_bytes(bytes), len, hash);
    if (code == LWC_OK &&
        (code = lwc_buf_append(whole, lwc_buf_bytes(bytes), len, err)) == LWC_OK) {
        code = lwc_buf_append(whole, hash, sizeof hash, err);
    }
    if (code == LWC_OK) {
        code = place->write(name, lwc_buf_bytes(whole), lwc_buf_len(whole), life_s, err);
    }
    return code;
}

static enum lwc_code put_sealed(const struct lwc_cache *cache, const char *name,
                                const struct lwc_buf *bytes, int64_t life_s, struct lwc_error *err)
{
    LWC_AUTO_BUF sealed = NULL;
    enum lwc_code code = lwc_buf_new(LWC_ENTRY_MAX, &sealed, err);

    if (code == LWC_OK) {
        code = lwc_seal(lwc_buf_bytes(cache->sealing), lwc_buf_len(cache->sealing), name,
                        lwc_buf_bytes(bytes), lwc_buf_len(bytes), sealed, err);
    }
    if (code == LWC_OK) {
        code =
            lwc_place_sealed.write(name, lwc_buf_bytes(sealed), lwc_buf_len(sealed), life_s, err);
    }
    return code;
}

/* Writes to the first place of @order that takes the entry; returns it, or NULL. */
static const struct lwc_place *put_first(const struct lwc_cache *cache,
                                         const struct lwc_place *const *order, const char *name,
                                         const struct lwc_buf *bytes, int64_t life_s,
                                         struct lwc_error *why)
{
    why->code = LWC_OK;
    for (size_t i = 0; i < PLACES; i++) {
        struct lwc_error now = {0};
        enum lwc_code code = LWC_E_UNAVAILABLE;

        if (!is_allowed(cache, order[i])) {
            continue;
        }
        code = is_sealed(order[i]) ? put_sealed(cache, name, bytes, life_s, &now)
                                   : put_plain(order[i], name, bytes, life_s, &now);
        if (code == LWC_OK) {
            return order[i];
        }
        /* Keep the first failure, but any failure before the absence of a place. */
        if (why->code == LWC_OK || (why->code == LWC_E_UNAVAILABLE && code != LWC_E_UNAVAILABLE)) {
            *why = now;
        }
    }
    return NULL;
}

static enum lwc_code fail_write(const struct lwc_cache *cache, const struct lwc_error *why,
                                struct lwc_error *err)
{
    enum lwc_code code = why->code == LWC_E_UNAVAILABLE ? LWC_E_UNAVAILABLE : LWC_E_IO;

    if (why->code == LWC_OK) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "cache %s: no place for a token",
                        lwc_cache_mode_name(cache->mode));
    }
    return lwc_wrap(err, lwc_error_pass(err, code, why), "cache");
}

enum lwc_code lwc_cache_write(const struct lwc_cache *cache, const char *name,
                              const struct lwc_entry *entry, int64_t life_s, struct lwc_error *err)
{
    LWC_AUTO_BUF bytes = NULL;
    const struct lwc_place *taken = NULL;
    struct lwc_error why = {0};
    enum lwc_code code = lwc_buf_new(LWC_ENTRY_USUAL, &bytes, err);

    if (code == LWC_OK) {
        code = lwc_entry_encode(entry, bytes, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_IO, "cache");
    }
    taken = put_first(cache, orders[entry->kind], name, bytes, life_s, &why);
    for (size_t i = 0; i < PLACES; i++) {
        if (places[i] != taken && is_allowed(cache, places[i])) {
            remove_from(places[i], name);
        }
    }
    return taken != NULL ? LWC_OK : fail_write(cache, &why, err);
}

void lwc_cache_forget(const struct lwc_cache *cache, const char *name)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(places); i++) {
        if (is_allowed(cache, places[i])) {
            remove_from(places[i], name);
        }
    }
}

struct round {
    const struct lwc_cache *cache;
    const struct lwc_place *place;
    lwc_cache_visit_fn *visit;
    void *data;
    size_t removed;
};

static void visit_entry(void *data, const char *name)
{
    struct round *round = data;
    LWC_AUTO_ENTRY entry = NULL;
    enum lwc_code code = load_entry(round->cache, round->place, name, &entry);

    if (code == LWC_E_CORRUPT ||
        (code == LWC_OK && round->visit(round->data, entry, round->place->name))) {
        remove_from(round->place, name);
    }
}

void lwc_cache_each(const struct lwc_cache *cache, lwc_cache_visit_fn *visit, void *data)
{
    struct round round = {.cache = cache, .visit = visit, .data = data};

    for (size_t i = 0; i < PLACES; i++) {
        round.place = places[i];
        if (is_allowed(cache, places[i])) {
            (void)places[i]->each(visit_entry, &round, NULL); /* not there: nothing to visit */
        }
    }
}

static void remove_entry(void *data, const char *name)
{
    struct round *round = data;

    round->removed += round->place->remove(name, NULL) == LWC_OK ? 1 : 0;
}

size_t lwc_cache_clear(void)
{
    struct round round = {0};

    for (size_t i = 0; i < PLACES; i++) {
        round.place = places[i];
        (void)places[i]->each(remove_entry, &round, NULL); /* not there: nothing to remove */
    }
    return round.removed;
}
