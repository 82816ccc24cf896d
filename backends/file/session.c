/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/session.h"

#include <limits.h>
#include <stdio.h>

#include "base/safefile.h"
#include "base/util.h"

enum lwc_code lwc_store_session_init(struct lwc_store_session *session, const struct lwc_host *host,
                                     const char *path, lwc_random_fn *random, struct lwc_error *err)
{
    session->rollback.host = host;
    session->path = strdup(path);
    if (session->path == NULL) {
        return lwc_fail_nomem(err);
    }
    return lwc_unlock_new(host, session->path, random, &session->unlock, err);
}

void lwc_store_session_clear(struct lwc_store_session *session)
{
    lwc_buf_free(&session->master);
    lwc_unlock_free(&session->unlock);
    lwc_contents_clear(&session->contents);
    free(session->path);
    session->path = NULL;
}

void lwc_store_session_lock(struct lwc_store_session *session)
{
    lwc_buf_free(&session->master);
    lwc_unlock_forget(session->unlock);
    session->authentic = false;
}

static enum lwc_code hint_at_previous(const struct lwc_store_session *session, enum lwc_code code,
                                      struct lwc_error *err)
{
    char previous[PATH_MAX];
    int len = snprintf(previous, sizeof previous, "%s" LWC_STORE_PREVIOUS, session->path);

    if (len > 0 && (size_t)len < sizeof previous && access(previous, F_OK) == 0) {
        return lwc_hint(err, code,
                        "the generation before lies beside it, under its name and "
                        "'" LWC_STORE_PREVIOUS "'");
    }
    return code;
}

enum lwc_code lwc_store_session_wrap(const struct lwc_store_session *session, enum lwc_code code,
                                     struct lwc_error *err)
{
    if (err == NULL || strstr(err->msg, session->path) != NULL) {
        return code;
    }
    code = lwc_wrap(err, code, "%s", session->path);
    return code == LWC_E_CORRUPT ? hint_at_previous(session, code, err) : code;
}

void lwc_store_session_unload(struct lwc_store_session *session)
{
    lwc_contents_clear(&session->contents);
    session->loaded = false;
    session->authentic = false;
}

bool lwc_store_session_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum lwc_code read_contents(struct lwc_store_session *session, int fd, const struct stat *st,
                                   struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    lwc_store_session_unload(session);
    code = lwc_contents_read(fd, &session->contents, err);
    if (code != LWC_OK) {
        return lwc_store_session_wrap(session, code, err);
    }
    session->stat = *st;
    session->loaded = true;
    if (memcmp(session->master_of, session->contents.format.store_id, LWC_FORMAT_ID_LEN) != 0) {
        lwc_buf_free(&session->master);
    }
    return LWC_OK;
}

enum lwc_code lwc_store_session_load(struct lwc_store_session *session, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st = {0};
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    session->rollback.host->depends(session->rollback.host->data, session->path);
    code = lwc_path_resolve(session->path, &path, &why);
    if (code == LWC_OK) {
        code = lwc_file_open(&path, LWC_TRUST_PRIVATE, &fd, &st, &why);
    }
    if (code == LWC_OK && session->loaded && lwc_store_session_same_file(&session->stat, &st)) {
        return LWC_OK;
    }
    if (code == LWC_OK) {
        return read_contents(session, fd, &st, err);
    }
    lwc_store_session_unload(session);
    return code == LWC_E_NOT_FOUND ? LWC_OK : lwc_error_pass(err, code, &why);
}

void lwc_store_session_set_master(struct lwc_store_session *session,
                                  const uint8_t id[LWC_FORMAT_ID_LEN], struct lwc_buf *master)
{
    lwc_buf_free(&session->master);
    session->master = master;
    memcpy(session->master_of, id, LWC_FORMAT_ID_LEN);
}

enum lwc_code lwc_store_session_authenticate(struct lwc_store_session *session,
                                             struct lwc_error *err)
{
    const struct lwc_store_format *format = &session->contents.format;
    LWC_AUTO_BUF master = NULL;
    enum lwc_code code = LWC_OK;

    if (session->authentic) {
        return LWC_OK;
    }
    /* A key that does not fit any more may have been replaced: the slots will tell. */
    if (session->master == NULL ||
        lwc_contents_authenticate(&session->contents, session->master, NULL) != LWC_OK) {
        lwc_buf_free(&session->master);
        code = lwc_unlock_open(session->unlock, &session->contents, &master, err);
        if (code != LWC_OK) {
            return lwc_store_session_wrap(session, code, err);
        }
        lwc_store_session_set_master(session, format->store_id, LWC_TAKE(master));
    }
    session->authentic = true;
    lwc_rollback_note(&session->rollback, session->path, format, LWC_ROLLBACK_READ);
    return LWC_OK;
}
