/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/session.h"

#include <limits.h>
#include <stdio.h>

#include "base/safefile.h"
#include "base/util.h"

enum lwc_code lwc_store_session_init(struct lwc_store_session *vault, const struct lwc_host *host,
                                     const char *path, lwc_random_fn *random, struct lwc_error *err)
{
    vault->seen.host = host;
    vault->path = strdup(path);
    if (vault->path == NULL) {
        return lwc_fail_nomem(err);
    }
    return lwc_unlock_new(host, vault->path, random, &vault->unlock, err);
}

void lwc_store_session_clear(struct lwc_store_session *vault)
{
    lwc_buf_free(&vault->master);
    lwc_unlock_free(&vault->unlock);
    lwc_contents_clear(&vault->image);
    free(vault->path);
    vault->path = NULL;
}

void lwc_store_session_lock(struct lwc_store_session *vault)
{
    lwc_buf_free(&vault->master);
    lwc_unlock_forget(vault->unlock);
    vault->authentic = false;
}

static enum lwc_code hint_at_previous(const struct lwc_store_session *vault, enum lwc_code code,
                                      struct lwc_error *err)
{
    char previous[PATH_MAX];
    int len = snprintf(previous, sizeof previous, "%s" LWC_VAULT_PREVIOUS, vault->path);

    if (len > 0 && (size_t)len < sizeof previous && access(previous, F_OK) == 0) {
        return lwc_hint(err, code,
                        "the generation before lies beside it, under its name and "
                        "'" LWC_VAULT_PREVIOUS "'");
    }
    return code;
}

enum lwc_code lwc_store_session_wrap(const struct lwc_store_session *vault, enum lwc_code code,
                                     struct lwc_error *err)
{
    if (err == NULL || strstr(err->msg, vault->path) != NULL) {
        return code;
    }
    code = lwc_wrap(err, code, "%s", vault->path);
    return code == LWC_E_CORRUPT ? hint_at_previous(vault, code, err) : code;
}

void lwc_store_session_unload(struct lwc_store_session *vault)
{
    lwc_contents_clear(&vault->image);
    vault->loaded = false;
    vault->authentic = false;
}

bool lwc_store_session_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum lwc_code read_image(struct lwc_store_session *vault, int fd, const struct stat *st,
                                struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    lwc_store_session_unload(vault);
    code = lwc_contents_read(fd, &vault->image, err);
    if (code != LWC_OK) {
        return lwc_store_session_wrap(vault, code, err);
    }
    vault->stat = *st;
    vault->loaded = true;
    if (memcmp(vault->master_of, vault->image.format.store_id, LWC_FORMAT_ID_LEN) != 0) {
        lwc_buf_free(&vault->master);
    }
    return LWC_OK;
}

enum lwc_code lwc_store_session_load(struct lwc_store_session *vault, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    vault->seen.host->depends(vault->seen.host->data, vault->path);
    code = lwc_path_resolve(vault->path, &path, &why);
    if (code == LWC_OK) {
        code = lwc_file_open(&path, LWC_TRUST_PRIVATE, &fd, &st, &why);
    }
    if (code == LWC_OK && vault->loaded && lwc_store_session_same_file(&vault->stat, &st)) {
        return LWC_OK;
    }
    if (code == LWC_OK) {
        return read_image(vault, fd, &st, err);
    }
    lwc_store_session_unload(vault);
    if (code != LWC_E_NOT_FOUND && err != NULL) {
        *err = why;
    }
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

void lwc_store_session_set_master(struct lwc_store_session *vault,
                                  const uint8_t id[LWC_FORMAT_ID_LEN], struct lwc_buf *master)
{
    lwc_buf_free(&vault->master);
    vault->master = master;
    memcpy(vault->master_of, id, LWC_FORMAT_ID_LEN);
}

enum lwc_code lwc_store_session_authenticate(struct lwc_store_session *vault, struct lwc_error *err)
{
    const struct lwc_store_format *format = &vault->image.format;
    LWC_AUTO_BUF master = NULL;
    enum lwc_code code = LWC_OK;

    if (vault->authentic) {
        return LWC_OK;
    }
    /* A key that does not fit any more may have been replaced: the slots will tell. */
    if (vault->master == NULL ||
        lwc_contents_authenticate(&vault->image, vault->master, NULL) != LWC_OK) {
        lwc_buf_free(&vault->master);
        code = lwc_unlock_open(vault->unlock, &vault->image, &master, err);
        if (code != LWC_OK) {
            return lwc_store_session_wrap(vault, code, err);
        }
        lwc_store_session_set_master(vault, format->store_id, LWC_TAKE(master));
    }
    vault->authentic = true;
    lwc_rollback_note(&vault->seen, vault->path, format, LWC_SEEN_READ);
    return LWC_OK;
}
