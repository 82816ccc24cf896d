/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_SESSION_H
#define BACKENDS_FILE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <lwcred/backend.h>

#include "backends/file/contents.h"
#include "backends/file/rollback.h"
#include "backends/file/unlock.h"
#include "base/buffer.h"
#include "base/error.h"

/*
 * A store file that is followed as others replace it, and opened when needed.
 *
 * path       of the file.
 * loaded     stat and contents are those of the file; otherwise there is no file, or it was not
 *            looked at yet.
 * master     NULL while locked; the key of the store master_of.
 * authentic  the loaded contents were authenticated with master.
 */
struct lwc_store_session {
    char *path;
    struct lwc_unlock *unlock;
    struct lwc_rollback rollback;
    bool loaded;
    bool authentic;
    struct stat stat;
    struct lwc_contents contents;
    struct lwc_buf *master;
    uint8_t master_of[LWC_FORMAT_ID_LEN];
};

/* Behind the name of a store: the generation before. */
#define LWC_STORE_PREVIOUS ".prev"

/* Are both the same file, unchanged? */
bool lwc_store_session_same_file(const struct stat *a, const struct stat *b);

/* @session is zeroed; afterwards, also on failure, lwc_store_session_clear().  Reads nothing. */
enum lwc_code lwc_store_session_init(struct lwc_store_session *session, const struct lwc_host *host,
                                     const char *path, lwc_random_fn *random, struct lwc_error *err)
    LWC_RESULT;
void lwc_store_session_clear(struct lwc_store_session *session);

/* Forget the master key and any passphrase. */
void lwc_store_session_lock(struct lwc_store_session *session);

/*
 * Have in memory what is in the file; read again only if the file changed.  No file: LWC_OK, and
 * not loaded.  A master key of another store is dropped.
 */
enum lwc_code lwc_store_session_load(struct lwc_store_session *session, struct lwc_error *err)
    LWC_RESULT;

/* The next load looks at the file anew. */
void lwc_store_session_unload(struct lwc_store_session *session);

/* Have the master key of the loaded file, and know that it is authentic.  May prompt. */
enum lwc_code lwc_store_session_authenticate(struct lwc_store_session *session,
                                             struct lwc_error *err) LWC_RESULT;

/*
 * Put the path in front of a failure's text, unless the text names it already, and a hint at the
 * generation before behind LWC_E_CORRUPT; returns @code.
 */
enum lwc_code lwc_store_session_wrap(const struct lwc_store_session *session, enum lwc_code code,
                                     struct lwc_error *err);

/* @master, which is taken over, opens the store @id. */
void lwc_store_session_set_master(struct lwc_store_session *session,
                                  const uint8_t id[static LWC_FORMAT_ID_LEN],
                                  struct lwc_buf *master);

#endif
