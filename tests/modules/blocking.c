/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend for the backend host: keeps what it is given in files of a directory, and does what its
 * arguments say.
 *   dir=DIR          where the files are; without it, nothing is held
 *   timeout=DURATION read by the caller
 *   at=FUNCTION      open, close, find, list, store, probe or control: where the fault happens
 *   fault=WHAT       one of the table in faults.h
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/modules/faults.h"

#define PATH_LEN 4096
#define MEMBERS 5

/* A credential as its file holds it. */
struct kept {
    char members[MEMBERS][300];
    uint32_t kind;
    uint32_t flags;
    size_t len;
    unsigned char secret[LWC_SECRET_MAX];
};

__attribute__((format(printf, 3, 4))) static enum lwc_code fail(struct lwc_error *err,
                                                                enum lwc_code code, const char *fmt,
                                                                ...)
{
    va_list args;

    va_start(args, fmt);
    err->code = code;
    vsnprintf(err->msg, sizeof err->msg, fmt, args);
    va_end(args);
    return code;
}

static void come_to(struct blocking *blocking, const char *where)
{
    blocking->number++;
    if (strcmp(blocking->at, where) == 0) {
        fault_happen(blocking);
    }
}

static bool take(char *to, size_t cap, const char *arg, const char *key)
{
    if (strncmp(arg, key, strlen(key)) != 0) {
        return false;
    }
    snprintf(to, cap, "%s", arg + strlen(key));
    return true;
}

static enum lwc_code blocking_open(const struct lwc_host *host, size_t argc,
                                   const char *const *argv, void **state_out, struct lwc_error *err)
{
    struct blocking *blocking = calloc(1, sizeof *blocking);
    char timeout[32];

    blocking->host = host;
    blocking->number = 1;
    for (size_t i = 0; i < argc; i++) {
        if (!take(blocking->dir, sizeof blocking->dir, argv[i], "dir=") &&
            !take(blocking->at, sizeof blocking->at, argv[i], "at=") &&
            !take(blocking->fault, sizeof blocking->fault, argv[i], "fault=") &&
            !take(timeout, sizeof timeout, argv[i], "timeout=")) {
            free(blocking);
            return fail(err, LWC_E_INVALID, "blocking: unknown argument '%s'", argv[i]);
        }
    }
    come_to(blocking, "open");
    *state_out = blocking;
    return LWC_OK;
}

static void blocking_close(void *state)
{
    struct blocking *blocking = state;

    if (blocking != NULL) {
        come_to(blocking, "close");
        free(blocking);
    }
}

static const char *path_of(const struct blocking *blocking, const char *profile,
                           char path[static PATH_LEN])
{
    snprintf(path, PATH_LEN, "%s/%s", blocking->dir, profile);
    return path;
}

static bool kept_read(const struct blocking *blocking, const char *profile, struct kept *kept)
{
    char path[PATH_LEN];
    FILE *file = fopen(path_of(blocking, profile, path), "rbe");
    bool done = file != NULL && fread(kept, sizeof *kept, 1, file) == 1;

    if (file != NULL) {
        fclose(file);
    }
    return done;
}

static struct lwc_identity identity_of(const struct kept *kept)
{
    return (struct lwc_identity){.profile = kept->members[0],
                                 .account = kept->members[1],
                                 .origin = kept->members[2],
                                 .key_id = kept->members[3],
                                 .sub_account = kept->members[4],
                                 .kind = kept->kind,
                                 .flags = kept->flags};
}

static bool agrees(const char *wanted, const char *is, const char *other)
{
    return wanted[0] == '\0' || strcmp(wanted, is) == 0 || strcmp(wanted, other) == 0;
}

static bool matches(const struct lwc_identity *query, const struct lwc_identity *identity)
{
    return agrees(query->profile, identity->profile, identity->profile) &&
           agrees(query->account, identity->account, identity->origin) &&
           agrees(query->origin, identity->origin, identity->origin) &&
           agrees(query->key_id, identity->key_id, identity->key_id) &&
           agrees(query->sub_account, identity->sub_account, identity->sub_account) &&
           (query->kind == LWC_KIND_ANY || query->kind == identity->kind);
}

/* The first that agrees with @query, or all of them to @visitor. */
static enum lwc_code walk(struct blocking *blocking, const struct lwc_identity *query,
                          const struct lwc_visitor *visitor, struct kept *kept,
                          struct lwc_error *err)
{
    DIR *dir = blocking->dir[0] != '\0' ? opendir(blocking->dir) : NULL;
    enum lwc_code code = query != NULL ? LWC_E_NOT_FOUND : LWC_OK;
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct lwc_identity identity;

        if (entry->d_name[0] == '.' || !kept_read(blocking, entry->d_name, kept)) {
            continue;
        }
        identity = identity_of(kept);
        if (query != NULL && matches(query, &identity)) {
            code = LWC_OK;
            break;
        }
        if (visitor != NULL && (code = visitor->visit(visitor->data, &identity, err)) != LWC_OK) {
            break;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return code;
}

static enum lwc_code blocking_find(void *state, const struct lwc_identity *query,
                                   const struct lwc_sink *sink, struct lwc_error *err)
{
    struct blocking *blocking = state;
    struct kept *kept = calloc(1, sizeof *kept);
    enum lwc_code code = walk(blocking, query, NULL, kept, err);

    come_to(blocking, "find");
    if (code == LWC_OK) {
        struct lwc_identity identity = identity_of(kept);

        code = sink->put(sink->data, &identity, kept->secret, kept->len, err);
    }
    explicit_bzero(kept, sizeof *kept);
    free(kept);
    return code;
}

static enum lwc_code blocking_list(void *state, const struct lwc_visitor *visitor,
                                   struct lwc_error *err)
{
    struct blocking *blocking = state;
    struct kept *kept = calloc(1, sizeof *kept);
    enum lwc_code code = LWC_OK;

    come_to(blocking, "list");
    code = walk(blocking, NULL, visitor, kept, err);
    explicit_bzero(kept, sizeof *kept);
    free(kept);
    return code;
}

static bool is_text(const char *text)
{
    return strlen(text) < 300 && strpbrk(text, "\n/\"") == NULL;
}

static enum lwc_code blocking_store(void *state, const struct lwc_identity *identity,
                                    const void *secret, size_t len, uint32_t flags,
                                    struct lwc_error *err)
{
    const char *const members[MEMBERS] = {identity->profile, identity->account, identity->origin,
                                          identity->key_id, identity->sub_account};
    struct blocking *blocking = state;
    struct kept *kept = calloc(1, sizeof *kept);
    char path[PATH_LEN];
    FILE *file = NULL;
    enum lwc_code code = LWC_OK;

    come_to(blocking, "store");
    path_of(blocking, identity->profile, path);
    for (size_t i = 0; i < MEMBERS && code == LWC_OK; i++) {
        code = is_text(members[i]) ? LWC_OK : fail(err, LWC_E_INVALID, "blocking: malformed");
        snprintf(kept->members[i], sizeof kept->members[i], "%s", members[i]);
    }
    if (code == LWC_OK && blocking->dir[0] == '\0') {
        code = fail(err, LWC_E_IO, "blocking: no dir=");
    }
    if (code == LWC_OK && (len == 0 || len > LWC_SECRET_MAX)) {
        code = fail(err, LWC_E_INVALID, "blocking: a secret of %zu bytes", len);
    }
    if (code == LWC_OK && (flags & LWC_STORE_REPLACE) == 0 && access(path, F_OK) == 0) {
        code = fail(err, LWC_E_INVALID, "blocking: profile '%s' is taken", identity->profile);
    }
    if (code == LWC_OK) {
        kept->kind = identity->kind;
        kept->flags = identity->flags;
        kept->len = len;
        memcpy(kept->secret, secret, len);
        file = fopen(path, "wbe");
        if (file == NULL || fwrite(kept, sizeof *kept, 1, file) != 1 || fclose(file) != 0) {
            code = fail(err, LWC_E_IO, "blocking: cannot write '%s'", path);
        }
    }
    explicit_bzero(kept, sizeof *kept);
    free(kept);
    return code;
}

static enum lwc_code blocking_erase(void *state, const struct lwc_identity *query,
                                    struct lwc_error *err)
{
    struct blocking *blocking = state;
    struct kept *kept = calloc(1, sizeof *kept);
    enum lwc_code code = walk(blocking, query, NULL, kept, err);
    char path[PATH_LEN];

    come_to(blocking, "erase");
    if (code == LWC_OK && unlink(path_of(blocking, kept->members[0], path)) != 0) {
        code = fail(err, LWC_E_IO, "blocking: cannot remove '%s'", path);
    }
    explicit_bzero(kept, sizeof *kept);
    free(kept);
    return code;
}

static enum lwc_code blocking_unlock(void *state, struct lwc_error *err)
{
    (void)err;
    come_to(state, "unlock");
    return LWC_OK;
}

static enum lwc_code blocking_lock(void *state, struct lwc_error *err)
{
    (void)err;
    come_to(state, "lock");
    return LWC_OK;
}

static enum lwc_code blocking_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    come_to(state, "probe");
    return cap == LWC_CAP_STORE ? LWC_OK : fail(err, LWC_E_DENIED, "capability %u", cap);
}

/* A sink that keeps the length of an answer alone. */
static enum lwc_code measure(void *data, const struct lwc_identity *identity, const void *bytes,
                             size_t len, struct lwc_error *err)
{
    (void)identity;
    (void)bytes;
    (void)err;
    *(size_t *)data = len;
    return LWC_OK;
}

static enum lwc_code report_number(const struct lwc_reporter *reporter, const char *name,
                                   const char *text, size_t number, struct lwc_error *err)
{
    char value[32];
    const struct lwc_field fields[] = {{name, value}, {"text", text}};

    snprintf(value, sizeof value, "%zu", number);
    return reporter->report(reporter->data, fields, 2, err);
}

/*
 * echo TEXT...  a record for each argument
 * ask           asks the user; a record with the length of the answer
 * flood         records without an end
 * malformed     a record with a line break
 */
static enum lwc_code blocking_control(void *state, const char *verb, size_t argc,
                                      const char *const *argv, const struct lwc_reporter *reporter,
                                      struct lwc_error *err)
{
    struct blocking *blocking = state;
    size_t len = 0;
    const struct lwc_sink sink = {.data = &len, .put = measure};
    enum lwc_code code = LWC_OK;

    come_to(blocking, "control");
    if (strcmp(verb, "echo") == 0) {
        for (size_t i = 0; i < argc && code == LWC_OK; i++) {
            code = report_number(reporter, "number", argv[i], i, err);
        }
        return code;
    }
    if (strcmp(verb, "ask") == 0) {
        code = blocking->host->prompt(blocking->host->data, "New passphrase", LWC_PROMPT_TWICE,
                                      &sink, err);
        return code == LWC_OK ? report_number(reporter, "length", "", len, err) : code;
    }
    if (strcmp(verb, "malformed") == 0) {
        return report_number(reporter, "number", "a\nb", 0, err);
    }
    if (strcmp(verb, "flood") != 0) {
        return fail(err, LWC_E_INVALID, "blocking: no command '%s'", verb);
    }
    for (size_t i = 0; code == LWC_OK; i++) {
        code = report_number(reporter, "number", "", i, err);
    }
    return code;
}

__attribute__((visibility("default"))) const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "blocking",
    .summary = "a module for tests of the backend host",
    .caps = LWC_CAPS_KNOWN,
    .open = blocking_open,
    .close = blocking_close,
    .find = blocking_find,
    .list = blocking_list,
    .store = blocking_store,
    .erase = blocking_erase,
    .unlock = blocking_unlock,
    .lock = blocking_lock,
    .probe = blocking_probe,
    .control = blocking_control,
};
