/* SPDX-License-Identifier: Apache-2.0 */
/* The import of a single key from a file, standard input or the environment. */
#include <stdio.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"
#include "plugins/helper/commands/import.h"
#include "plugins/helper/program.h"

extern char **environ;

/* The source as it was read.  text is NULL for the environment. */
struct import_source {
    struct lwc_path path;
    struct stat st;
    struct lwc_buf *text;
    struct lwc_import_key key;
};

static void clear_source(struct import_source *source)
{
    lwc_path_clear(&source->path);
    lwc_buf_free(&source->text);
    lwc_import_key_clear(&source->key);
}
#define AUTO_SOURCE LWC_AUTO(struct import_source, clear_source)

/* LWC_E_NOT_FOUND if there is no file. */
static enum lwc_code read_file(const struct lwc_import *import, struct import_source *source,
                               struct lwc_error *err)
{
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = lwc_path_resolve(import->path, &source->path, err);

    if (code == LWC_OK) {
        code = lwc_file_open(&source->path, LWC_TRUST_CONTENT, &fd, &source->st, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = lwc_fd_read(fd, LWC_IMPORT_CAP, LWC_NO_DEADLINE, source->text, err);
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", import->shown);
}

static enum lwc_code read_text(const struct lwc_import *import, struct import_source *source,
                               struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_new(4096, &source->text, err);

    if (code != LWC_OK) {
        return code;
    }
    if (import->path[0] != '\0') {
        return read_file(import, source, err);
    }
    code = lwc_fd_read(STDIN_FILENO, LWC_IMPORT_CAP, lwc_app_deadline_ms(import->app), source->text,
                       err);
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", import->shown);
}

static enum lwc_code read_source(const struct lwc_import *import, enum lwc_import_format format,
                                 struct import_source *source, struct lwc_error *err)
{
    static enum lwc_code (*const readers[])(const struct lwc_buf *, struct lwc_import_key *,
                                            struct lwc_error *) = {
        [LWC_IMPORT_JSON] = lwc_import_read_json,
        [LWC_IMPORT_TXT] = lwc_import_read_txt,
        [LWC_IMPORT_ENV] = lwc_import_read_env,
    };
    enum lwc_code code = LWC_OK;

    if (format == LWC_IMPORT_ENV && lwc_streq(import->shown, "the environment")) {
        return lwc_import_read_variables(environ, &source->key, err);
    }
    code = read_text(import, source, err);
    if (code == LWC_OK) {
        code = readers[format](source->text, &source->key, err);
        code = code == LWC_OK ? code : lwc_wrap(err, code, "%s", import->shown);
    }
    return code;
}

static enum lwc_code fill_identity(const struct lwc_import *import,
                                   const struct lwc_import_key *key, struct lwc_identity *id_out,
                                   struct lwc_error *err)
{
    const char *account = key->account[0] != '\0' ? key->account : import->account;

    if (account == NULL) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "import: %s names no account", import->shown),
                        "name it with --account");
    }
    if (import->account != NULL && !lwc_streq(account, import->account)) {
        return lwc_fail(err, LWC_E_INVALID, "import: %s is of account '%s'", import->shown,
                        account);
    }
    *id_out = (struct lwc_identity){
        .profile = import->profile != NULL ? import->profile : "default",
        .account = account,
        .origin = "",
        .key_id = key->key_id,
        .sub_account = key->sub_account,
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = key->is_org ? LWC_ID_ORG_ACCESS : 0,
    };
    return LWC_OK;
}

/* Removes a download, which holds nothing else; empties the secret in a file of variables. */
static enum lwc_code delete_source(const struct lwc_import *import, enum lwc_import_format format,
                                   const struct import_source *source, struct lwc_error *err)
{
    LWC_AUTO_BUF edited = NULL;
    enum lwc_code code = LWC_OK;

    if (!import->is_deleting) {
        return LWC_OK;
    }
    if (format != LWC_IMPORT_ENV) {
        return lwc_file_remove(&source->path, &source->st, err);
    }
    code = lwc_buf_new(lwc_buf_len(source->text) + 1, &edited, err);
    if (code == LWC_OK) {
        code = lwc_import_empty_env(source->text, edited, err);
    }
    return code == LWC_OK ? lwc_file_edit(&source->path, &source->st, lwc_buf_bytes(edited),
                                          lwc_buf_len(edited), err)
                          : code;
}

/* Decides whether the profile is free, or holds this key already, whole. */
static enum lwc_code check_target(const struct lwc_import *import, const struct lwc_identity *id,
                                  const struct lwc_buf *secret, bool *is_there_out, char *backend,
                                  struct lwc_error *err)
{
    struct lwc_error why = {0};
    const enum lwc_code code = lwc_key_compare(import->app->ctx, id, lwc_buf_bytes(secret),
                                               lwc_buf_len(secret), import->backend, backend, &why);

    *is_there_out = code == LWC_OK;
    if (code == LWC_OK || code == LWC_E_NOT_FOUND ||
        (code == LWC_E_INVALID && import->is_replacing && backend[0] != '\0')) {
        return LWC_OK;
    }
    *err = why;
    return code == LWC_E_INVALID && backend[0] != '\0'
               ? lwc_hint(err, code, "replace it with --replace, or choose another --profile")
               : code;
}

/* Stores the key and reads it back. */
static enum lwc_code store_key(const struct lwc_import *import, const struct lwc_identity *id,
                               const struct lwc_buf *secret, char *backend, struct lwc_error *err)
{
    const uint32_t flags = import->is_replacing ? (uint32_t)LWC_STORE_REPLACE : 0;
    char found[LWC_BACKEND_NAME_MAX + 1];
    enum lwc_code code = lwc_key_store(import->app->ctx, id, lwc_buf_bytes(secret),
                                       lwc_buf_len(secret), import->backend, flags, backend, err);

    if (code != LWC_OK) {
        return code;
    }
    code = lwc_key_compare(import->app->ctx, id, lwc_buf_bytes(secret), lwc_buf_len(secret),
                           backend, found, err);
    return code == LWC_E_INVALID || code == LWC_E_NOT_FOUND
               ? lwc_fail(err, LWC_E_FAILED, "backend '%s' does not give back what it was given",
                          backend)
               : code;
}

static enum lwc_code keep_key(const struct lwc_import *import, const struct lwc_identity *id,
                              const struct lwc_buf *secret, bool *was_there_out, char *backend,
                              struct lwc_error *err)
{
    enum lwc_code code = check_target(import, id, secret, was_there_out, backend, err);

    if (code == LWC_OK && import->is_proved && (!*was_there_out || import->is_deleting)) {
        code = lwc_key_prove(import->app->ctx, id, lwc_buf_bytes(secret), lwc_buf_len(secret), err);
    }
    return code == LWC_OK && !*was_there_out ? store_key(import, id, secret, backend, err) : code;
}

static void import_key(struct lwc_import *import, enum lwc_import_format format,
                       const struct import_source *source, const struct lwc_identity *id)
{
    struct lwc_error why = {0};
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    char text[128];
    bool was_there = false;

    if (import->is_dry) {
        lwc_outcomes_add(&import->outcomes, id, "would-import", "", "would be imported", NULL);
        return;
    }
    if (keep_key(import, id, source->key.secret, &was_there, backend, &why) != LWC_OK) {
        lwc_outcomes_add(&import->outcomes, id, NULL, "", "is not imported", &why);
        return;
    }
    if (delete_source(import, format, source, &why) != LWC_OK) {
        lwc_outcomes_add(&import->outcomes, id, NULL, backend, "is imported, but not removed there",
                         &why);
        return;
    }
    (void)snprintf(text, sizeof text, "%s backend '%s'%s",
                   was_there ? "already imported: in" : "imported into", backend,
                   import->is_deleting ? ", and removed where it was" : "");
    lwc_outcomes_add(&import->outcomes, id, was_there ? "already" : "imported", backend, text,
                     NULL);
}

enum lwc_code lwc_import_one(struct lwc_import *import, enum lwc_import_format format,
                             struct lwc_error *err)
{
    AUTO_SOURCE source = {.path = LWC_PATH_INIT};
    struct lwc_identity id;
    enum lwc_code code = read_source(import, format, &source, err);

    /* Removed, or emptied, by the run that was interrupted. */
    if (import->is_again &&
        (code == LWC_E_NOT_FOUND || (code == LWC_E_INVALID && format == LWC_IMPORT_ENV &&
                                     source.key.key_id[0] != '\0' && source.key.secret == NULL))) {
        lwc_app_say(import->app, "the interrupted import of %s is finished", import->shown);
        return LWC_OK;
    }
    if (code == LWC_E_NOT_FOUND) {
        return lwc_wrap(err, LWC_E_INVALID, "import");
    }
    if (code == LWC_OK) {
        code = fill_identity(import, &source.key, &id, err);
    }
    if (code == LWC_OK) {
        import_key(import, format, &source, &id);
    }
    return code;
}
