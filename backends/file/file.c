/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>

#include <lwcred/backend.h>

#include "backends/file/store.h"
#include "base/arguments.h"
#include "base/error.h"
#include "base/host.h"
#include "base/text.h"
#include "base/util.h"
#include "base/verb.h"

/*
 * The backend "file": which store, and at what cost.
 *
 * Arguments: path=FILE (absolute, or "~/..."), kdf=interactive|moderate|sensitive.
 * Without path: LWCRED_STORE, $XDG_DATA_HOME/lwcred/keys.lwc, ~/.local/share/lwcred/keys.lwc.
 */

static const struct {
    const char *name;
    struct lwc_format_cost cost;
} kdfs[] = {
    {"interactive", {.passes = 2, .memory_kib = 64 * 1024}},
    {"moderate", {.passes = 3, .memory_kib = 256 * 1024}},
    {"sensitive", {.passes = 4, .memory_kib = 1024 * 1024}},
};
#define KDF_DEFAULT 1

struct arguments {
    const char *path;
    const char *kdf;
};

static const struct lwc_argument words[] = {
    {"path=", offsetof(struct arguments, path), lwc_argument_path, false},
    {"kdf=", offsetof(struct arguments, kdf), NULL, false},
};
static const struct lwc_argument_table table = {
    words, LWC_ARRAY_LEN(words), "known are path=FILE and kdf=interactive|moderate|sensitive"};

static enum lwc_code choose_cost(const char *kdf, struct lwc_format_cost *cost_out,
                                 struct lwc_error *err)
{
    if (kdf == NULL) {
        *cost_out = kdfs[KDF_DEFAULT].cost;
        return LWC_OK;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(kdfs); i++) {
        if (lwc_streq(kdf, kdfs[i].name)) {
            *cost_out = kdfs[i].cost;
            return LWC_OK;
        }
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "unknown kdf '%s'", kdf),
                    "known are interactive, moderate and sensitive");
}

static enum lwc_code join_path(const char *base, const char *rest, char path_out[PATH_MAX],
                               struct lwc_error *err)
{
    int len = snprintf(path_out, PATH_MAX, "%s%s%s", base, rest[0] != '\0' ? "/" : "", rest);

    if (len < 0 || len >= PATH_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "the path of the store is longer than %d bytes",
                        PATH_MAX - 1);
    }
    return LWC_OK;
}

static enum lwc_code join_home(const struct lwc_host *host, const char *rest,
                               char path_out[PATH_MAX], struct lwc_error *err)
{
    const char *home = lwc_host_dir(host, "HOME");

    if (home == NULL) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "no place for the store: HOME is not set"),
                        "set LWCRED_STORE to the path of the store");
    }
    return join_path(home, rest, path_out, err);
}

static enum lwc_code choose_path(const struct lwc_host *host, const char *argument,
                                 char path_out[PATH_MAX], struct lwc_error *err)
{
    const char *store = lwc_host_setting(host, "LWCRED_STORE");
    const char *data = lwc_host_dir(host, "XDG_DATA_HOME");

    if (argument == NULL) {
        argument = store;
    }
    if (argument != NULL && strncmp(argument, "~/", 2) == 0) {
        return join_home(host, argument + 2, path_out, err);
    }
    if (argument != NULL) {
        return join_path(argument, "", path_out, err);
    }
    if (data != NULL) {
        return join_path(data, "lwcred/keys.lwc", path_out, err);
    }
    return join_home(host, ".local/share/lwcred/keys.lwc", path_out, err);
}

static enum lwc_code file_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                               void **state_out, struct lwc_error *err)
{
    struct arguments arguments = {0};
    char path[PATH_MAX];
    struct lwc_store_options options = {.host = host, .path = path};
    struct lwc_store *store = NULL;
    enum lwc_code code = lwc_arguments_read(&table, argc, argv, &arguments, err);

    if (code == LWC_OK) {
        code = choose_cost(arguments.kdf, &options.cost, err);
    }
    if (code == LWC_OK) {
        code = choose_path(host, arguments.path, path, err);
    }
    if (code == LWC_OK) {
        code = lwc_store_new(&options, &store, err);
    }
    if (code == LWC_OK) {
        *state_out = store;
    }
    return code;
}

static void file_close(void *state)
{
    struct lwc_store *store = state;

    lwc_store_free(&store);
}

static enum lwc_code file_find(void *state, const struct lwc_identity *query,
                               const struct lwc_sink *sink, struct lwc_error *err)
{
    return lwc_store_find(state, query, sink, err);
}

static enum lwc_code file_list(void *state, const struct lwc_visitor *visitor,
                               struct lwc_error *err)
{
    return lwc_store_list(state, visitor, err);
}

static enum lwc_code file_store(void *state, const struct lwc_identity *identity,
                                const void *secret, size_t len, uint32_t flags,
                                struct lwc_error *err)
{
    return lwc_store_put(state, identity, secret, len, flags, err);
}

static enum lwc_code file_erase(void *state, const struct lwc_identity *query,
                                struct lwc_error *err)
{
    return lwc_store_remove(state, query, err);
}

static enum lwc_code file_unlock(void *state, struct lwc_error *err)
{
    return lwc_store_unlock(state, err);
}

static enum lwc_code file_lock(void *state, struct lwc_error *err)
{
    (void)err;
    lwc_store_lock(state);
    return LWC_OK;
}

static enum lwc_code file_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    return lwc_store_probe(state, cap, err);
}

static enum lwc_code file_control(void *state, const char *verb, size_t argc,
                                  const char *const *argv, const struct lwc_reporter *reporter,
                                  struct lwc_error *err)
{
    if (!lwc_streq(verb, "check")) {
        return lwc_verb_unknown("file", verb, err);
    }
    if (argc > 0) {
        return lwc_fail(err, LWC_E_INVALID, "check: unknown argument '%s'", argv[0]);
    }
    return lwc_store_report(state, reporter, err);
}

__attribute__((visibility("default"))) const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "file",
    .summary = "encrypted file, opened by a passphrase or a key file",
    .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST | LWC_CAP_UNLOCK |
            LWC_CAP_PROMPTS,
    .open = file_open,
    .close = file_close,
    .find = file_find,
    .list = file_list,
    .store = file_store,
    .erase = file_erase,
    .unlock = file_unlock,
    .lock = file_lock,
    .probe = file_probe,
    .control = file_control,
};
