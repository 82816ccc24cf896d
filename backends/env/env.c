/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment's one credential, profile "env": LW_* variables, files that LW_*_FILE name, and
 * files in $CREDENTIALS_DIRECTORY (systemd.exec(5)).
 *
 * MUST:
 *  1. A variable and its _FILE form both set is an error, never a choice.
 *  2. A half-set environment is no answer; the reason is kept for the user.
 *  3. The secret is read when it is asked for, and leaves through the sink only.
 *  4. LW_API_SERVER_URL re-aims this credential and no other; https only.
 */
#include "backends/env/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/buffer.h"
#include "base/host.h"
#include "base/identity.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"

enum variable { ACCOUNT, KEY, SECRET, SUBACCOUNT, ORGANIZATION, TOKEN, SERVER_URL, VARIABLE_COUNT };

#define NAMES(name) name, name "_FILE"

static const struct {
    const char *name;
    const char *file_name;  /* variable that names a file with the value */
    const char *credential; /* file in $CREDENTIALS_DIRECTORY, or NULL */
} variables[VARIABLE_COUNT] = {
    [ACCOUNT] = {NAMES("LW_ACCOUNT"), "lw-account"},
    [KEY] = {NAMES("LW_API_KEY"), "lw-api-key"},
    [SECRET] = {NAMES("LW_API_SECRET"), "lw-api-secret"},
    [SUBACCOUNT] = {NAMES("LW_SUBACCOUNT"), "lw-subaccount"},
    [ORGANIZATION] = {NAMES("LW_ORGANIZATION"), NULL},
    [TOKEN] = {NAMES("LW_API_TOKEN"), NULL},
    [SERVER_URL] = {NAMES("LW_API_SERVER_URL"), NULL},
};

struct env {
    const struct lwc_host *host;
};

/* A checked identity and where its secret is. */
struct credential {
    struct lwc_identity_copy identity;
    enum variable secret_in;
};

/* A missing file of $CREDENTIALS_DIRECTORY is a value that is not set. */
static enum lwc_code read_credential(const struct env *env, const char *dir, const char *file,
                                     struct lwc_buf *value, struct lwc_error *err)
{
    LWC_AUTO_FREE char *path = NULL;
    struct lwc_error why = {0};
    enum lwc_code code;

    if (asprintf(&path, "%s/%s", dir, file) < 0) {
        path = NULL;
        return lwc_fail_nomem(err);
    }
    env->host->depends(env->host->data, path);
    code = lwc_file_read(path, LWC_TRUST_CONTENT, LWC_SECRET_MAX, value, &why);
    if (code == LWC_E_NOT_FOUND) {
        return LWC_OK;
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, lwc_error_pass(err, code, &why), "CREDENTIALS_DIRECTORY");
    }
    lwc_buf_drop_newline(value);
    return LWC_OK;
}

/* The value of a variable in any of its forms; empty if it is not set. */
static enum lwc_code read_value(const struct env *env, enum variable variable,
                                struct lwc_buf *value, struct lwc_error *err)
{
    const char *name = variables[variable].name;
    const char *file_name = variables[variable].file_name;
    const char *text = lwc_host_setting(env->host, name);
    const char *path = lwc_host_setting(env->host, file_name);
    const char *dir = lwc_host_setting(env->host, "CREDENTIALS_DIRECTORY");

    lwc_buf_reset(value);
    if (text != NULL && path != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "%s and %s are both set", name, file_name);
    }
    if (text != NULL) {
        return lwc_buf_append(value, text, strlen(text), err);
    }
    if (path != NULL) {
        enum lwc_code code;

        env->host->depends(env->host->data, path);
        code = lwc_file_read_named(file_name, path, LWC_SECRET_MAX, value, err);

        lwc_buf_drop_newline(value);
        return code;
    }
    if (dir != NULL && variables[variable].credential != NULL) {
        return read_credential(env, dir, variables[variable].credential, value, err);
    }
    return LWC_OK;
}

static enum lwc_code is_present(const struct env *env, enum variable variable, bool *present_out,
                                struct lwc_error *err)
{
    LWC_AUTO_BUF value = NULL;
    enum lwc_code code = lwc_buf_new(256, &value, err);

    if (code == LWC_OK) {
        code = read_value(env, variable, value, err);
    }
    if (code == LWC_OK) {
        *present_out = lwc_buf_len(value) > 0;
    }
    return code;
}

/* A value that is no secret, into a buffer of @cap bytes. */
static enum lwc_code read_text(const struct env *env, enum variable variable, char *text,
                               size_t cap, struct lwc_error *err)
{
    LWC_AUTO_BUF value = NULL;
    enum lwc_code code = lwc_buf_new(256, &value, err);

    if (code == LWC_OK) {
        code = read_value(env, variable, value, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (lwc_buf_len(value) >= cap || strlen(lwc_buf_text(value)) != lwc_buf_len(value)) {
        return lwc_fail(err, LWC_E_INVALID, "%s: too long or not text", variables[variable].name);
    }
    memcpy(text, lwc_buf_text(value), lwc_buf_len(value) + 1);
    return LWC_OK;
}

static enum lwc_code fail_half_set(enum variable set, enum variable unset, struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_NOT_FOUND, "the environment is half set: %s without %s",
                    variables[set].name, variables[unset].name);
}

/* Which secret would answer?  A complete key comes before a ready token. */
static enum lwc_code choose_secret(const struct env *env, struct credential *credential,
                                   struct lwc_error *err)
{
    bool set[VARIABLE_COUNT] = {false};
    static const enum variable needed[] = {ACCOUNT, KEY, SECRET, TOKEN};

    for (size_t i = 0; i < LWC_ARRAY_LEN(needed); i++) {
        enum lwc_code code = is_present(env, needed[i], &set[needed[i]], err);

        if (code != LWC_OK) {
            return code;
        }
    }
    credential->secret_in = set[KEY] && set[SECRET] ? SECRET : TOKEN;
    if (set[credential->secret_in] && set[ACCOUNT]) {
        return LWC_OK;
    }
    if (set[credential->secret_in]) {
        return fail_half_set(credential->secret_in == SECRET ? KEY : TOKEN, ACCOUNT, err);
    }
    if (set[KEY]) {
        return fail_half_set(KEY, SECRET, err);
    }
    return set[SECRET] ? fail_half_set(SECRET, KEY, err) : LWC_E_NOT_FOUND;
}

static enum lwc_code parse_organization(const char *text, uint32_t *flags, struct lwc_error *err)
{
    static const struct {
        const char *word;
        bool is_on;
    } words[] = {{"", false},  {"true", true}, {"false", false}, {"1", true},
                 {"0", false}, {"yes", true},  {"no", false}};

    for (size_t i = 0; i < LWC_ARRAY_LEN(words); i++) {
        if (lwc_text_is(text, words[i].word)) {
            *flags |= words[i].is_on ? LWC_ID_ORG_ACCESS : 0;
            return LWC_OK;
        }
    }
    return lwc_fail(err, LWC_E_INVALID, "LW_ORGANIZATION: 'true' or 'false' expected");
}

static enum lwc_code fill_account(const struct env *env, struct lwc_identity_copy *identity,
                                  struct lwc_error *err)
{
    char text[512];
    enum lwc_code code = read_text(env, ACCOUNT, text, sizeof text, err);

    if (code == LWC_OK) {
        code = lwc_account_canonical(text, identity->account, err);
        return code == LWC_OK ? code : lwc_wrap(err, code, "LW_ACCOUNT");
    }
    return code;
}

static enum lwc_code fill_origin(const struct env *env, struct lwc_identity_copy *identity,
                                 struct lwc_error *err)
{
    char text[512];
    enum lwc_code code = read_text(env, SERVER_URL, text, sizeof text, err);

    if (code == LWC_OK && text[0] != '\0') {
        code = lwc_origin_canonical(text, identity->origin, err);
        return code == LWC_OK ? code : lwc_wrap(err, code, "LW_API_SERVER_URL");
    }
    return code;
}

static enum lwc_code fill_rest(const struct env *env, const struct credential *credential,
                               struct lwc_identity_copy *identity, struct lwc_error *err)
{
    char organization[16];
    enum lwc_code code =
        read_text(env, SUBACCOUNT, identity->sub_account, sizeof identity->sub_account, err);

    if (code == LWC_OK && credential->secret_in == SECRET) {
        code = read_text(env, KEY, identity->key_id, sizeof identity->key_id, err);
    }
    if (code == LWC_OK) {
        code = read_text(env, ORGANIZATION, organization, sizeof organization, err);
    }
    if (code == LWC_OK) {
        code = parse_organization(organization, &identity->id.flags, err);
    }
    return code;
}

/* LWC_E_NOT_FOUND: there is none, with a reason if the environment is half set. */
static enum lwc_code load_credential(const struct env *env, struct credential *credential,
                                     struct lwc_error *err)
{
    struct lwc_identity_copy text = {0};
    enum lwc_code code = choose_secret(env, credential, err);

    text.id = (struct lwc_identity){.profile = LWC_ENVIRONMENT,
                                    .account = text.account,
                                    .origin = text.origin,
                                    .key_id = text.key_id,
                                    .sub_account = text.sub_account};
    if (code != LWC_OK || (code = fill_account(env, &text, err)) != LWC_OK ||
        (code = fill_origin(env, &text, err)) != LWC_OK ||
        (code = fill_rest(env, credential, &text, err)) != LWC_OK) {
        return code;
    }
    text.id.kind = credential->secret_in == SECRET ? LWC_KIND_ACCESS_KEY : LWC_KIND_TOKEN;
    code = lwc_identity_copy(&text.id, &credential->identity, err);
    return code == LWC_OK ? code : lwc_wrap(err, code, "environment");
}

static enum lwc_code env_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                              void **state_out, struct lwc_error *err)
{
    struct env *env = NULL;

    if (argc > 0) {
        return lwc_fail(err, LWC_E_INVALID, "backend 'env' takes no argument '%s'", argv[0]);
    }
    env = calloc(1, sizeof *env);
    if (env == NULL) {
        return lwc_fail_nomem(err);
    }
    env->host = host;
    *state_out = env;
    return LWC_OK;
}

static void env_close(void *state)
{
    free(state);
}

static enum lwc_code env_list(void *state, const struct lwc_visitor *visitor, struct lwc_error *err)
{
    struct credential credential;
    enum lwc_code code = load_credential(state, &credential, err);

    return code == LWC_OK ? visitor->visit(visitor->data, &credential.identity.id, err) : code;
}

static enum lwc_code put_secret(const struct env *env, const struct credential *credential,
                                const struct lwc_sink *sink, struct lwc_error *err)
{
    LWC_AUTO_BUF value = NULL;
    enum lwc_code code = lwc_buf_new(256, &value, err);

    if (code == LWC_OK) {
        code = read_value(env, credential->secret_in, value, err);
    }
    if (code == LWC_OK && credential->secret_in == SECRET) {
        code = lwc_key_secret_check(lwc_buf_bytes(value), lwc_buf_len(value), err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "%s", variables[credential->secret_in].name);
    }
    return sink->put(sink->data, &credential->identity.id, lwc_buf_bytes(value), lwc_buf_len(value),
                     err);
}

static enum lwc_code env_find(void *state, const struct lwc_identity *query,
                              const struct lwc_sink *sink, struct lwc_error *err)
{
    struct credential credential;
    enum lwc_code code = load_credential(state, &credential, err);

    if (code != LWC_OK) {
        return code;
    }
    if (!lwc_identity_matches(query, &credential.identity.id)) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "the environment holds another credential");
    }
    return put_secret(state, &credential, sink, err);
}

const struct lwc_backend lwc_env_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = LWC_ENVIRONMENT,
    .summary = "LW_* variables, LW_*_FILE and systemd credentials",
    .caps = LWC_CAP_READ | LWC_CAP_LIST,
    .open = env_open,
    .close = env_close,
    .find = env_find,
    .list = env_list,
};
