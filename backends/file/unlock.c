/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in unlock.h. */
#include "backends/file/unlock.h"

#include <assert.h>

#include "backends/file/keysource.h"
#include "backends/file/seal.h"
#include "backends/file/turn.h"
#include "base/safefile.h"
#include "base/util.h"

static_assert((int)LWC_SEAL_SALT_LEN == (int)LWC_FORMAT_SALT_LEN, "salt");
static_assert((int)LWC_SEAL_COMMIT_LEN == (int)LWC_FORMAT_COMMIT_LEN, "commitment");
static_assert((int)LWC_SEAL_HASH_LEN == (int)LWC_FORMAT_DIGEST_LEN, "hash");
static_assert((int)LWC_SEAL_NONCE_LEN == (int)LWC_FORMAT_NONCE_LEN, "nonce");
static_assert((int)LWC_SEAL_WRAPPED_LEN == (int)LWC_FORMAT_WRAPPED_LEN, "wrapped key");
static_assert((int)LWC_SEAL_STORE_ID_LEN == (int)LWC_FORMAT_ID_LEN, "store id");

#define ATTEMPTS 3
#define NO_TIME_LEFT "the passphrase took all of the time"
#define WRONG_PASSPHRASE "wrong passphrase, or the store was changed"

struct lwc_unlock {
    struct lwc_keysource source;
    lwc_random_fn *random;
};

enum lwc_code lwc_unlock_new(const struct lwc_host *host, const char *path, lwc_random_fn *random,
                             struct lwc_unlock **unlock_out, struct lwc_error *err)
{
    struct lwc_unlock *unlock = calloc(1, sizeof *unlock);

    if (unlock == NULL) {
        return lwc_fail_nomem(err);
    }
    unlock->source = (struct lwc_keysource){.host = host, .path = path};
    unlock->random = random;
    *unlock_out = unlock;
    return LWC_OK;
}

void lwc_unlock_free(struct lwc_unlock **unlock)
{
    if (unlock == NULL || *unlock == NULL) {
        return;
    }
    lwc_unlock_forget(*unlock);
    free(*unlock);
    *unlock = NULL;
}

void lwc_unlock_forget(struct lwc_unlock *unlock)
{
    lwc_keysource_forget(&unlock->source);
}

static enum lwc_code unwrap_slot(const struct lwc_store_format *store,
                                 const struct lwc_format_slot *slot, size_t params_len,
                                 const struct lwc_buf *key, struct lwc_buf **master_out,
                                 struct lwc_error *err)
{
    uint8_t ad[LWC_FORMAT_SLOT_AD_MAX];
    const struct lwc_seal_ad bound = {
        ad, lwc_format_slot_ad(store, slot->type, slot->body, params_len, ad)};
    const uint8_t *nonce = slot->body + params_len;

    return lwc_seal_unwrap(key, nonce, bound, nonce + LWC_FORMAT_NONCE_LEN, master_out, err);
}

/* A wrapped key that does not open again, by a flipped bit, would be a store that never opens. */
static enum lwc_code prove_slot(const struct lwc_unlock_slot *made,
                                const struct lwc_store_format *store, size_t params_len,
                                const struct lwc_buf *key, const struct lwc_buf *master,
                                struct lwc_error *err)
{
    LWC_AUTO_BUF opened = NULL;
    const struct lwc_format_slot slot = {made->slot.type, made->slot.len, made->body};
    struct lwc_error why = {0};

    if (unwrap_slot(store, &slot, params_len, key, &opened, &why) != LWC_OK ||
        !lwc_buf_equal(opened, lwc_buf_bytes(master), lwc_buf_len(master))) {
        return lwc_fail(err, LWC_E_INTERNAL, "the new slot does not open");
    }
    return LWC_OK;
}

/* Fills in nonce and wrapped key behind the parameters, which end with the commitment to @key. */
static enum lwc_code wrap_slot(struct lwc_unlock *unlock, struct lwc_unlock_slot *made,
                               const struct lwc_store_format *store, size_t params_len,
                               const struct lwc_buf *key, const struct lwc_buf *master,
                               struct lwc_error *err)
{
    uint8_t ad[LWC_FORMAT_SLOT_AD_MAX];
    const struct lwc_seal_ad bound = {
        ad, lwc_format_slot_ad(store, made->slot.type, made->body, params_len, ad)};
    uint8_t *nonce = made->body + params_len;
    enum lwc_code code = LWC_OK;

    unlock->random(nonce, LWC_FORMAT_NONCE_LEN);
    code = lwc_seal_nonce(master, bound, lwc_buf_bytes(master), lwc_buf_len(master), nonce, err);
    if (code != LWC_OK) {
        return code;
    }
    lwc_seal_wrap(key, nonce, bound, master, nonce + LWC_FORMAT_NONCE_LEN);
    return prove_slot(made, store, params_len, key, master, err);
}

/* Opens one slot and holds its master key against the MAC: LWC_E_CORRUPT if it does not fit. */
static enum lwc_code open_slot(const struct lwc_contents *contents,
                               const struct lwc_format_slot *slot, size_t params_len,
                               const struct lwc_buf *key, struct lwc_buf **master_out,
                               struct lwc_error *err)
{
    LWC_AUTO_BUF master = NULL;
    enum lwc_code code = unwrap_slot(&contents->format, slot, params_len, key, &master, err);

    if (code == LWC_OK) {
        code = lwc_contents_authenticate(contents, master, err);
    }
    if (code == LWC_OK) {
        *master_out = LWC_TAKE(master);
    }
    return code;
}

static enum lwc_code try_key_file(const struct lwc_keysource *source,
                                  const struct lwc_contents *contents, const struct lwc_buf *key,
                                  const uint8_t *commit, struct lwc_buf **master_out,
                                  struct lwc_error *err)
{
    enum lwc_code code = lwc_fail(err, LWC_E_DENIED, "key file %s does not open this store",
                                  lwc_keysource_key_file_path(source));

    for (size_t i = 0; i < contents->format.slot_count; i++) {
        const struct lwc_format_slot *slot = &contents->format.slots[i];

        if (slot->type == LWC_FORMAT_SLOT_KEYFILE &&
            memcmp(slot->body + LWC_FORMAT_KEYFILE_AT_COMMIT, commit, LWC_FORMAT_COMMIT_LEN) == 0) {
            code = open_slot(contents, slot, LWC_FORMAT_KEYFILE_AT_NONCE, key, master_out, err);
        }
        if (code != LWC_E_DENIED && code != LWC_E_CORRUPT) {
            return code;
        }
    }
    return code;
}

static enum lwc_code open_by_key_file(struct lwc_keysource *source,
                                      const struct lwc_contents *contents,
                                      struct lwc_buf **master_out, struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_FORMAT_COMMIT_LEN];
    enum lwc_code code = lwc_keysource_key_file(source, &content, err);

    if (code == LWC_OK) {
        code = lwc_seal_keyfile(content, contents->format.store_id, &key, commit, err);
    }
    return code == LWC_OK ? try_key_file(source, contents, key, commit, master_out, err) : code;
}

/* A stretch cannot be interrupted: without time left it is not begun. */
static enum lwc_code check_time(const struct lwc_host *host, struct lwc_error *err)
{
    if (host->remaining_ms(host->data) <= 0) {
        return lwc_fail(err, LWC_E_FAILED, NO_TIME_LEFT);
    }
    return LWC_OK;
}

/* The next step may then fail for lack of time, and say that it was its own. */
static void explain_lack_of_time(const struct lwc_host *host)
{
    if (host->remaining_ms(host->data) <= 0) {
        host->log(host->data, LWC_LOG_WARNING, NO_TIME_LEFT);
    }
}

/* Derives the key of @slot when it is this caller's turn. */
static enum lwc_code derive_key(const struct lwc_keysource *source,
                                const struct lwc_format_slot *slot,
                                const struct lwc_buf *passphrase, struct lwc_buf **key_out,
                                uint8_t *commit_out, struct lwc_error *err)
{
    LWC_AUTO_LOCK turn = -1;
    const struct lwc_format_cost cost = lwc_format_cost_get(slot->body);
    enum lwc_code code = check_time(source->host, err);

    if (code == LWC_OK) {
        turn = lwc_turn_take(source->host, source->path);
        code = check_time(source->host, err);
    }
    if (code == LWC_OK) {
        code = lwc_seal_stretch(passphrase, cost.passes, cost.memory_kib,
                                slot->body + LWC_FORMAT_PASS_AT_SALT, key_out, commit_out, err);
    }
    return code;
}

/* LWC_E_DENIED where the slot does not open; also for a forged one, lwc_unlock_open(). */
static enum lwc_code try_slot(const struct lwc_keysource *source,
                              const struct lwc_contents *contents,
                              const struct lwc_format_slot *slot, const struct lwc_buf *passphrase,
                              struct lwc_buf **master_out, struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    uint8_t commit[LWC_FORMAT_COMMIT_LEN];
    enum lwc_code code = derive_key(source, slot, passphrase, &key, commit, err);

    if (code != LWC_OK) {
        return code;
    }
    if (memcmp(slot->body + LWC_FORMAT_PASS_AT_COMMIT, commit, sizeof commit) != 0) {
        return lwc_fail(err, LWC_E_DENIED, WRONG_PASSPHRASE);
    }
    code = open_slot(contents, slot, LWC_FORMAT_PASS_AT_NONCE, key, master_out, err);
    if (code == LWC_OK) {
        explain_lack_of_time(source->host);
    }
    return code == LWC_E_CORRUPT ? lwc_fail(err, LWC_E_DENIED, WRONG_PASSPHRASE) : code;
}

/* Try every passphrase slot.  What kept one from being tried counts more than a wrong guess. */
static enum lwc_code try_passphrase(const struct lwc_keysource *source,
                                    const struct lwc_contents *contents,
                                    const struct lwc_buf *passphrase, struct lwc_buf **master_out,
                                    struct lwc_error *err)
{
    enum lwc_code worst = lwc_fail(err, LWC_E_DENIED, WRONG_PASSPHRASE);
    const struct lwc_store_format *format = &contents->format;

    for (size_t i = 0; i < format->slot_count; i++) {
        struct lwc_error why = {0};
        enum lwc_code code = LWC_E_DENIED;

        if (format->slots[i].type == LWC_FORMAT_SLOT_PASSPHRASE) {
            code = try_slot(source, contents, &format->slots[i], passphrase, master_out, &why);
        }
        if (code == LWC_OK) {
            return LWC_OK;
        }
        if (code != LWC_E_DENIED) {
            worst = code;
            *err = why;
        }
    }
    return worst;
}

static enum lwc_code open_by_asking(struct lwc_unlock *unlock, const struct lwc_contents *contents,
                                    struct lwc_buf **master_out, struct lwc_error *err)
{
    static const char *const words[ATTEMPTS] = {
        "Passphrase for",
        "Wrong passphrase, or the store was changed. Again, for",
        "Wrong passphrase, or the store was changed. Last try, for",
    };
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < ATTEMPTS; i++) {
        LWC_AUTO_BUF answer = NULL;

        code = lwc_keysource_ask(&unlock->source, words[i], 0, &answer, err);
        if (code != LWC_OK) {
            return code;
        }
        if (answer == NULL) {
            code = lwc_fail(err, LWC_E_DENIED, WRONG_PASSPHRASE);
            continue;
        }
        code = try_passphrase(&unlock->source, contents, answer, master_out, err);
        if (code != LWC_E_DENIED) {
            return code;
        }
    }
    return code;
}

static size_t count_slots(const struct lwc_store_format *format, uint16_t type)
{
    size_t count = 0;

    for (size_t i = 0; i < format->slot_count; i++) {
        count += format->slots[i].type == type;
    }
    return count;
}

static enum lwc_code open_by_passphrase(struct lwc_unlock *unlock,
                                        const struct lwc_contents *contents,
                                        struct lwc_buf **master_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_keysource_is_given(&unlock->source)) {
        code = lwc_keysource_read(&unlock->source, err);
        return code == LWC_OK ? try_passphrase(&unlock->source, contents, unlock->source.passphrase,
                                               master_out, err)
                              : code;
    }
    if (unlock->source.passphrase != NULL) {
        code =
            try_passphrase(&unlock->source, contents, unlock->source.passphrase, master_out, err);
        if (code != LWC_E_DENIED) {
            return code;
        }
    }
    return open_by_asking(unlock, contents, master_out, err);
}

static enum lwc_code open_somehow(struct lwc_unlock *unlock, const struct lwc_contents *contents,
                                  struct lwc_buf **master_out, struct lwc_error *err)
{
    const char *key_file = lwc_keysource_key_file_path(&unlock->source);
    enum lwc_code code = lwc_keysource_check(&unlock->source, err);

    if (code == LWC_OK && key_file != NULL) {
        code = open_by_key_file(&unlock->source, contents, master_out, err);
        if ((code != LWC_E_DENIED && code != LWC_E_CORRUPT) ||
            !lwc_keysource_is_given(&unlock->source)) {
            return code;
        }
    } else if (code != LWC_OK) {
        return code;
    }
    if (count_slots(&contents->format, LWC_FORMAT_SLOT_PASSPHRASE) > 0) {
        return open_by_passphrase(unlock, contents, master_out, err);
    }
    if (count_slots(&contents->format, LWC_FORMAT_SLOT_KEYFILE) > 0) {
        return lwc_hint(err, lwc_fail(err, LWC_E_LOCKED, "locked: only its key file opens it"),
                        "set LWCRED_KEY_FILE");
    }
    return lwc_fail(err, LWC_E_TOO_NEW, "made by a newer version: no slot that this one can open");
}

enum lwc_code lwc_unlock_open(struct lwc_unlock *unlock, const struct lwc_contents *contents,
                              struct lwc_buf **master_out, struct lwc_error *err)
{
    /* A wrong guess on the way to the right key is nothing that the caller should see. */
    struct lwc_error why = {0};
    enum lwc_code code = open_somehow(unlock, contents, master_out, &why);

    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_unlock_prepare(struct lwc_unlock *unlock, struct lwc_error *err)
{
    LWC_AUTO_BUF key_file = NULL;
    enum lwc_code code = lwc_keysource_check(&unlock->source, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lwc_keysource_key_file_path(&unlock->source) != NULL) {
        return lwc_keysource_key_file(&unlock->source, &key_file, err);
    }
    return lwc_keysource_choose(&unlock->source, err);
}

static enum lwc_code enrol_key_file(struct lwc_unlock *unlock, const struct lwc_store_format *store,
                                    const struct lwc_buf *master, struct lwc_unlock_slot *made,
                                    struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_BUF key = NULL;
    enum lwc_code code = lwc_keysource_key_file(&unlock->source, &content, err);

    if (code == LWC_OK) {
        code = lwc_seal_keyfile(content, store->store_id, &key,
                                made->body + LWC_FORMAT_KEYFILE_AT_COMMIT, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    made->slot = (struct lwc_format_slot){LWC_FORMAT_SLOT_KEYFILE, LWC_FORMAT_KEYFILE_LEN, NULL};
    return wrap_slot(unlock, made, store, LWC_FORMAT_KEYFILE_AT_NONCE, key, master, err);
}

static enum lwc_code enrol_passphrase(struct lwc_unlock *unlock, struct lwc_format_cost cost,
                                      const struct lwc_store_format *store,
                                      const struct lwc_buf *master, struct lwc_unlock_slot *made,
                                      struct lwc_error *err)
{
    LWC_AUTO_BUF key = NULL;
    enum lwc_code code = lwc_keysource_choose(&unlock->source, err);

    if (code == LWC_OK) {
        code = check_time(unlock->source.host, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    made->slot = (struct lwc_format_slot){LWC_FORMAT_SLOT_PASSPHRASE, LWC_FORMAT_PASS_LEN, NULL};
    lwc_format_cost_put(cost, made->body);
    unlock->random(made->body + LWC_FORMAT_PASS_AT_SALT, LWC_FORMAT_SALT_LEN);
    code = lwc_seal_stretch(unlock->source.passphrase, cost.passes, cost.memory_kib,
                            made->body + LWC_FORMAT_PASS_AT_SALT, &key,
                            made->body + LWC_FORMAT_PASS_AT_COMMIT, err);
    return code == LWC_OK
               ? wrap_slot(unlock, made, store, LWC_FORMAT_PASS_AT_NONCE, key, master, err)
               : code;
}

enum lwc_code lwc_unlock_enrol(struct lwc_unlock *unlock, struct lwc_format_cost cost,
                               const struct lwc_store_format *store, const struct lwc_buf *master,
                               struct lwc_unlock_slot *slot_out, struct lwc_error *err)
{
    const char *key_file = lwc_keysource_key_file_path(&unlock->source);
    struct lwc_unlock_slot made = {0};
    enum lwc_code code = lwc_keysource_check(&unlock->source, err);

    if (code == LWC_OK && key_file != NULL) {
        code = enrol_key_file(unlock, store, master, &made, err);
    } else if (code == LWC_OK) {
        code = enrol_passphrase(unlock, cost, store, master, &made, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    *slot_out = made;
    slot_out->slot.body = slot_out->body;
    return LWC_OK;
}
