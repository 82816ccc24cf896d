/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in store.h. */
#include "backends/file/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "backends/file/check.h"
#include "backends/file/contents.h"
#include "backends/file/home.h"
#include "backends/file/rollback.h"
#include "backends/file/seal.h"
#include "backends/file/session.h"
#include "base/identity.h"
#include "base/safefile.h"
#include "base/util.h"

#define SUFFIX_MAX 16
#define NAMES_LEN 200

struct lwc_store {
    const struct lwc_host *host;
    struct lwc_format_cost cost;
    const struct lwc_clock *clock;
    lwc_random_fn *random;
    struct lwc_store_session session;
};

/* The subject of put() or remove(): the former has an identity, the latter a query. */
struct request {
    const struct lwc_identity *query;
    const struct lwc_identity *identity;
    const void *secret;
    size_t len;
    uint32_t flags;
};

enum lwc_code lwc_store_new(const struct lwc_store_options *options, struct lwc_store **store_out,
                            struct lwc_error *err)
{
    struct lwc_store *store = calloc(1, sizeof *store);
    enum lwc_code code = LWC_OK;

    if (store == NULL) {
        return lwc_fail_nomem(err);
    }
    store->host = options->host;
    store->cost = options->cost;
    store->clock = options->clock != NULL ? options->clock : lwc_clock_system();
    store->random = options->random != NULL ? options->random : lwc_random;
    code = lwc_store_session_init(&store->session, store->host, options->path, store->random, err);
    if (code != LWC_OK) {
        lwc_store_free(&store);
        return code;
    }
    *store_out = store;
    return LWC_OK;
}

void lwc_store_free(struct lwc_store **store)
{
    if (store == NULL || *store == NULL) {
        return;
    }
    lwc_store_session_clear(&(*store)->session);
    free(*store);
    *store = NULL;
}

void lwc_store_lock(struct lwc_store *store)
{
    lwc_store_session_lock(&store->session);
}

enum lwc_code lwc_store_list(struct lwc_store *store, const struct lwc_visitor *visitor,
                             struct lwc_error *err)
{
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    for (size_t i = 0;
         code == LWC_OK && store->session.loaded && i < store->session.contents.format.record_count;
         i++) {
        code = visitor->visit(visitor->data, &store->session.contents.format.records[i].id, err);
    }
    return code;
}

/* Profiles that fit @query, for a message. */
static void name_matches(const struct lwc_store_format *format, const struct lwc_identity *query,
                         char names_out[NAMES_LEN])
{
    size_t len = 0;

    names_out[0] = '\0';
    for (size_t i = 0; i < format->record_count; i++) {
        const struct lwc_identity *id = &format->records[i].id;

        if (!lwc_identity_matches(query, id)) {
            continue;
        }
        if (len + strlen(id->profile) + sizeof ", ..." > NAMES_LEN) {
            memcpy(names_out + len, ", ...", sizeof ", ...");
            return;
        }
        len += (size_t)snprintf(names_out + len, NAMES_LEN - len, "%s%s", len > 0 ? ", " : "",
                                id->profile);
    }
}

/* Where in the loaded store the one record is that @query means. */
static enum lwc_code match_record(const struct lwc_store *store, const struct lwc_identity *query,
                                  size_t *index_out, struct lwc_error *err)
{
    const struct lwc_store_format *format = &store->session.contents.format;
    char names[NAMES_LEN];
    size_t count = 0;
    size_t index = 0;

    for (size_t i = 0; store->session.loaded && i < format->record_count; i++) {
        if (lwc_identity_matches(query, &format->records[i].id)) {
            index = i;
            count++;
        }
    }
    if (count == 0) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "%s: no such credential%s", store->session.path,
                        store->session.loaded ? "" : ", the store does not exist");
    }
    if (count > 1) {
        name_matches(format, query, names);
        return lwc_fail(err, LWC_E_INVALID, "%s: several credentials fit: %s", store->session.path,
                        names);
    }
    *index_out = index;
    return LWC_OK;
}

enum lwc_code lwc_store_find(struct lwc_store *store, const struct lwc_identity *query,
                             const struct lwc_sink *sink, struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;
    size_t index = 0;
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    /* Where the key is at hand, not even "no such credential" is said of a forged file. */
    if (code == LWC_OK && store->session.loaded && store->session.master != NULL) {
        code = lwc_store_session_authenticate(&store->session, err);
    }
    if (code == LWC_OK) {
        code = match_record(store, query, &index, err);
    }
    if (code == LWC_OK) {
        code = lwc_store_session_authenticate(&store->session, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_contents_open(&store->session.contents, index, store->session.master, &secret, err);
    if (code != LWC_OK) {
        return lwc_store_session_wrap(&store->session, code, err);
    }
    return sink->put(sink->data, &store->session.contents.format.records[index].id,
                     lwc_buf_bytes(secret), lwc_buf_len(secret), err);
}

static enum lwc_code check_writable_features(const struct lwc_store *store, struct lwc_error *err)
{
    uint32_t unknown = store->session.loaded
                           ? store->session.contents.format.optional & ~LWC_FORMAT_OPTIONAL_KNOWN
                           : 0;

    if (unknown != 0) {
        return lwc_fail(err, LWC_E_TOO_NEW,
                        "%s: made by a newer version: can be read, not written (feature 0x%x)",
                        store->session.path, (unsigned)unknown);
    }
    return LWC_OK;
}

/* Can the request be met by the store as loaded, and where in it? */
static enum lwc_code plan_change(const struct lwc_store *store, const struct request *request,
                                 struct lwc_contents_change *change_out, struct lwc_error *err)
{
    struct lwc_contents_change change = {
        .identity = request->identity,
        .secret = request->secret,
        .len = request->len,
    };
    enum lwc_code code = check_writable_features(store, err);

    if (code == LWC_OK && request->identity == NULL) {
        change.drop = true;
        code = match_record(store, request->query, &change.index, err);
    } else if (code == LWC_OK && store->session.loaded) {
        change.drop = lwc_contents_locate(&store->session.contents.format,
                                          request->identity->profile, &change.index);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (change.drop && request->identity != NULL && (request->flags & LWC_STORE_REPLACE) == 0) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the profile %s is taken", store->session.path,
                        request->identity->profile);
    }
    *change_out = change;
    return LWC_OK;
}

/*
 * The facts that the temporary file must prove before it replaces the store.
 *
 * bytes, len  the intended content.
 * path        of the store, which must still be the file that was read, @was; NULL: no file.
 */
struct proof {
    const uint8_t *bytes;
    size_t len;
    const struct lwc_buf *master;
    const struct lwc_path *path;
    const struct stat *was;
};

/* The lock may not reach other hosts (NFS): a file put there meanwhile is not written over. */
static enum lwc_code check_target(const struct proof *proof, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    struct lwc_error why = {0};
    enum lwc_code code = lwc_file_open(proof->path, LWC_TRUST_PRIVATE, &fd, &st, &why);

    if (code == LWC_E_NOT_FOUND && proof->was == NULL) {
        return LWC_OK;
    }
    if (code == LWC_OK && proof->was != NULL && lwc_store_session_same_file(proof->was, &st)) {
        return LWC_OK;
    }
    if (code != LWC_OK && code != LWC_E_NOT_FOUND) {
        return lwc_error_pass(err, code, &why);
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_BUSY, "changed by another process, in spite of the lock"),
                    "try again; a store on NFS is safe where locks reach the server");
}

static enum lwc_code verify_written(void *data, int fd, struct lwc_error *err)
{
    const struct proof *proof = data;
    enum lwc_code code = lwc_contents_verify(fd, proof->bytes, proof->len, proof->master, err);

    return code == LWC_OK ? check_target(proof, err) : code;
}

/* Notes the generation that was just written. */
static void note_written(struct lwc_store *store, const struct lwc_store_format *base,
                         const uint8_t *bytes, size_t len)
{
    struct lwc_store_format written = *base;

    written.generation++;
    memcpy(written.mac, bytes + len - LWC_FORMAT_TRAILER_LEN, sizeof written.mac);
    lwc_rollback_note(&store->session.rollback, store->session.path, &written,
                      LWC_ROLLBACK_WRITTEN);
}

static enum lwc_code save_store(struct lwc_store *store, const struct lwc_path *path,
                                const struct lwc_store_format *base,
                                struct lwc_contents_change *change, const struct lwc_buf *master,
                                struct lwc_error *err)
{
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    struct proof proof = {.master = master, .path = path};
    char previous[sizeof path->name + SUFFIX_MAX];
    enum lwc_code code = LWC_OK;

    change->now = lwc_clock_wall_s(store->clock);
    store->random(change->id, sizeof change->id);
    store->random(change->nonce, sizeof change->nonce);
    code = lwc_contents_build(base, change, master, &bytes, &proof.len, err);
    if (code != LWC_OK) {
        return lwc_store_session_wrap(&store->session, code, err);
    }
    proof.bytes = bytes;
    proof.was = store->session.loaded ? &store->session.stat : NULL;
    (void)snprintf(previous, sizeof previous, "%s" LWC_STORE_PREVIOUS, path->name);
    code = lwc_file_replace(path, bytes, proof.len, previous, verify_written, &proof, err);
    if (code == LWC_OK) {
        note_written(store, base, bytes, proof.len);
    }
    return code;
}

/* A store of one slot and one record. */
static enum lwc_code save_first(struct lwc_store *store, const struct lwc_path *path,
                                struct lwc_contents_change *change, struct lwc_error *err)
{
    LWC_AUTO_BUF master = NULL;
    struct lwc_store_format base = {.minor = LWC_FORMAT_MINOR, .slot_count = 1, .key_epoch = 1};
    struct lwc_unlock_slot slot = {0};
    uint8_t *room = NULL;
    enum lwc_code code = lwc_buf_new(LWC_SEAL_KEY_LEN, &master, err);

    if (code != LWC_OK) {
        return code;
    }
    room = lwc_buf_reserve(master, LWC_SEAL_KEY_LEN);
    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    store->random(room, LWC_SEAL_KEY_LEN);
    lwc_buf_grow(master, LWC_SEAL_KEY_LEN);
    store->random(base.store_id, sizeof base.store_id);
    base.created_at = lwc_clock_wall_s(store->clock);
    code = lwc_unlock_enrol(store->session.unlock, store->cost, &base, master, &slot, err);
    if (code != LWC_OK) {
        return lwc_store_session_wrap(&store->session, code, err);
    }
    base.slots[0] = slot.slot;
    code = save_store(store, path, &base, change, master, err);
    if (code == LWC_OK) {
        lwc_store_session_set_master(&store->session, base.store_id, LWC_TAKE(master));
    }
    return code;
}

/* The part of a change that happens under the lock. */
static enum lwc_code change_locked(struct lwc_store *store, const struct lwc_path *path,
                                   const struct request *request, struct lwc_error *err)
{
    struct lwc_contents_change change = {0};
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    if (code == LWC_OK) {
        code = plan_change(store, request, &change, err);
    }
    if (code == LWC_OK && !store->session.loaded) {
        return save_first(store, path, &change, err);
    }
    if (code == LWC_OK) {
        code = lwc_store_session_authenticate(&store->session, err);
    }
    if (code == LWC_OK) {
        code = save_store(store, path, &store->session.contents.format, &change,
                          store->session.master, err);
    }
    return code;
}

static enum lwc_code make_dir(const struct lwc_store *store, struct lwc_error *err)
{
    LWC_AUTO_FREE char *dir = strdup(store->session.path);
    char *slash = NULL;
    enum lwc_code code = LWC_OK;

    if (dir == NULL) {
        return lwc_fail_nomem(err);
    }
    slash = strrchr(dir, '/');
    if (slash == NULL || slash == dir) {
        return LWC_OK;
    }
    *slash = '\0';
    code = lwc_home_check(store->host, store->session.path, err);
    return code == LWC_OK ? lwc_dir_make(dir, err) : code;
}

static enum lwc_code get_ready(struct lwc_store *store, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (store->session.loaded) {
        return lwc_store_session_authenticate(&store->session, err);
    }
    code = lwc_unlock_prepare(store->session.unlock, err);
    return code == LWC_OK ? code : lwc_store_session_wrap(&store->session, code, err);
}

/* All that may ask or take long, or says no, comes before the lock. */
static enum lwc_code change_store(struct lwc_store *store, const struct request *request,
                                  struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_LOCK lock_fd = -1;
    struct lwc_contents_change change = {0};
    char lock_name[sizeof path.name + SUFFIX_MAX];
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    if (code == LWC_OK) {
        code = plan_change(store, request, &change, err);
    }
    if (code == LWC_OK) {
        code = get_ready(store, err);
    }
    if (code == LWC_OK && !store->session.loaded) {
        code = make_dir(store, err);
    }
    if (code == LWC_OK) {
        code = lwc_path_resolve(store->session.path, &path, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    (void)snprintf(lock_name, sizeof lock_name, "%s.lock", path.name);
    code = lwc_lock_take(&path, lock_name, store->host->remaining_ms(store->host->data), &lock_fd,
                         err);
    if (code == LWC_OK) {
        lwc_file_sweep(&path);
        code = change_locked(store, &path, request, err);
        lwc_store_session_unload(&store->session);
    }
    return code;
}

enum lwc_code lwc_store_put(struct lwc_store *store, const struct lwc_identity *identity,
                            const void *secret, size_t len, uint32_t flags, struct lwc_error *err)
{
    const struct request request = {
        .identity = identity, .secret = secret, .len = len, .flags = flags};
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code != LWC_OK) {
        return code;
    }
    if (len < 1 || len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", len,
                        LWC_SECRET_MAX);
    }
    return change_store(store, &request, err);
}

enum lwc_code lwc_store_remove(struct lwc_store *store, const struct lwc_identity *query,
                               struct lwc_error *err)
{
    const struct request request = {.query = query};

    if (!lwc_is_set(query->profile) && !lwc_is_set(query->account) && !lwc_is_set(query->key_id)) {
        return lwc_fail(err, LWC_E_INVALID, "nothing is said about what to remove");
    }
    return change_store(store, &request, err);
}

enum lwc_code lwc_store_unlock(struct lwc_store *store, struct lwc_error *err)
{
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    if (code == LWC_OK && !store->session.loaded) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "%s: the store does not exist", store->session.path);
    }
    return code == LWC_OK ? lwc_store_session_authenticate(&store->session, err) : code;
}

/* The directory of the store, or the nearest one above that is there. */
static enum lwc_code resolve_nearest(const struct lwc_store *store, struct lwc_path *path_out,
                                     struct lwc_error *err)
{
    LWC_AUTO_FREE char *text = strdup(store->session.path);
    char *slash = NULL;
    struct lwc_error why = {0};
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (text == NULL) {
        return lwc_fail_nomem(err);
    }
    while (code == LWC_E_NOT_FOUND && text[0] != '\0') {
        code = lwc_path_resolve(text, path_out, &why);
        slash = strrchr(text, '/');
        *(slash != NULL ? slash : text) = '\0';
    }
    return lwc_error_pass(err, code, &why);
}

static enum lwc_code check_place(const struct lwc_store *store, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = lwc_home_check(store->host, store->session.path, err);

    if (code == LWC_OK) {
        code = resolve_nearest(store, &path, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (faccessat(path.dir_fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "%s: cannot write in %s", store->session.path,
                            path.dir);
    }
    return LWC_OK;
}

enum lwc_code lwc_store_probe(struct lwc_store *store, uint32_t cap, struct lwc_error *err)
{
    bool writes = (cap & (LWC_CAP_STORE | LWC_CAP_ERASE)) != 0;
    enum lwc_code code = lwc_store_session_load(&store->session, err);

    if (code == LWC_OK && writes) {
        code = check_writable_features(store, err);
    }
    if (code == LWC_OK && writes) {
        code = check_place(store, err);
    }
    if (code != LWC_OK || (!store->session.loaded && (cap & LWC_CAP_STORE) == 0)) {
        return code;
    }
    return get_ready(store, err);
}

enum lwc_code lwc_store_report(struct lwc_store *store, const struct lwc_reporter *reporter,
                               struct lwc_error *err)
{
    return lwc_store_check(&store->session, reporter, err);
}
