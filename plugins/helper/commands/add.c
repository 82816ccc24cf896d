/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/identity.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/key_entry.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

static enum lwc_code check_kind(const char *value, struct lwc_error *err)
{
    return lwc_streq(value, "access-key") || lwc_streq(value, "scanner-token")
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "access-key or scanner-token");
}

static const struct lwc_option opt_kind = {
    .name = "kind",
    .value = "KIND",
    .help = "access-key, or scanner-token for LW_ACCESS_TOKEN of the inline scanner",
    .check = check_kind,
};

/* An access key, or a token that is only kept, on its way into a backend. */
struct add {
    struct lwc_app *app;
    struct lwc_identity id; /* its texts lie in argv or in the arrays below               */
    char account[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    struct lwc_key_entry key;
    const char *backend;
    uint32_t flags;
    char stored_in[LWC_BACKEND_NAME_MAX + 1];
    char held_in[LWC_BACKEND_NAME_MAX + 1]; /* backend that has the profile already, or "" */
};

static void add_clear(struct add *add)
{
    lwc_key_entry_clear(&add->key);
}

static const char *get_option(const struct add *add, const struct lwc_option *option)
{
    return lwc_args_value(&add->app->args, option);
}

static const char *get_option_or(const struct add *add, const struct lwc_option *option,
                                 const char *otherwise)
{
    return get_option(add, option) != NULL ? get_option(add, option) : otherwise;
}

/* Checks all that can be checked without a question. */
static enum lwc_code read_options(struct add *add, struct lwc_error *err)
{
    const char *url = get_option(add, &lwc_opt_api_url);

    add->id = (struct lwc_identity){
        .profile = get_option_or(add, &lwc_opt_profile, "default"),
        .account = add->app->account,
        .origin = add->origin,
        .key_id = get_option_or(add, &lwc_opt_key_id, ""),
        .sub_account = get_option_or(add, &lwc_opt_sub_account, ""),
        .kind = lwc_streq(get_option_or(add, &opt_kind, ""), "scanner-token")
                    ? LWC_KIND_SCANNER_TOKEN
                    : LWC_KIND_ACCESS_KEY,
        .flags = get_option(add, &lwc_opt_org_access) != NULL ? LWC_ID_ORG_ACCESS : 0,
    };
    add->backend = get_option(add, &lwc_opt_backend);
    add->flags = get_option(add, &lwc_opt_replace) != NULL ? LWC_STORE_REPLACE : 0;
    if (lwc_streq(add->id.profile, "env")) {
        return lwc_fail(err, LWC_E_INVALID, "profile 'env': kept for environment credentials");
    }
    if (lwc_kind_is_kept(add->id.kind) && lwc_is_set(add->id.key_id)) {
        return lwc_fail(err, LWC_E_INVALID, "option --key-id: a scanner token has none");
    }
    if (url != NULL && lwc_origin_parse(url, add->origin, err) != LWC_OK) {
        return LWC_E_INVALID;
    }
    return lwc_key_entry_begin(&add->key, add->app, lwc_kind_is_kept(add->id.kind), err);
}

/* Reads the secret's file before a passphrase is asked for. */
static enum lwc_code read_secret_file(struct add *add, struct lwc_error *err)
{
    return lwc_key_entry_read_file(&add->key, err);
}

/* Checks, before the secret is asked for, that the backend can store it. */
static enum lwc_code probe_backend(struct add *add, struct lwc_error *err)
{
    enum lwc_code code = lwc_app_open(add->app, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_key_probe(add->app->ctx, &add->id, add->backend, add->flags, add->stored_in, err);
}

static enum lwc_code complete_account(struct add *add, struct lwc_error *err)
{
    LWC_AUTO_BUF answer = NULL;
    enum lwc_code code = LWC_OK;

    if (!lwc_is_set(add->id.account)) {
        code = lwc_key_entry_ask_missing(add->app, "--account",
                                         "Lacework account (such as acme, or acme.lacework.net)",
                                         LWC_PROMPT_ECHO, &answer, err);
        if (code == LWC_OK) {
            code = lwc_account_parse(lwc_buf_text(answer), add->account, err);
        }
        if (code != LWC_OK) {
            return code;
        }
        add->id.account = add->account;
    }
    if (lwc_streq(add->origin, add->id.account)) {
        add->origin[0] = '\0';
    }
    return LWC_OK;
}

static enum lwc_code complete_key_id(struct add *add, struct lwc_error *err)
{
    add->id.key_id = add->key.key_id;
    return lwc_key_entry_ask_id(&add->key, err);
}

static enum lwc_code complete_secret(struct add *add, struct lwc_error *err)
{
    return lwc_key_entry_ask_secret(&add->key, err);
}

static enum lwc_code prove_key(struct add *add, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_kind_is_kept(add->id.kind)) {
        return LWC_OK;
    }
    if (get_option(add, &lwc_opt_no_verify) != NULL) {
        return LWC_OK;
    }
    code = lwc_key_prove(add->app->ctx, &add->id, lwc_buf_bytes(add->key.secret),
                         lwc_buf_len(add->key.secret), err);
    if (code == LWC_OK) {
        return code;
    }
    code = lwc_wrap(err, code, "the key is not stored");
    if (code == LWC_E_NETWORK && err != NULL && err->hint[0] == '\0') {
        return lwc_hint(err, code, "--no-verify stores a key without trying it");
    }
    return code;
}

static enum lwc_code note_holder(void *data, const struct lwc_identity *identity,
                                 const char *backend, struct lwc_error *err)
{
    struct add *add = data;

    (void)identity;
    (void)err;
    if (add->held_in[0] == '\0') {
        (void)snprintf(add->held_in, sizeof add->held_in, "%s", backend);
    }
    return LWC_OK;
}

/* Finds the backend that holds the profile already, for the report; ignores failures. */
static enum lwc_code find_holder(struct add *add, struct lwc_error *err)
{
    const struct lwc_query query = {.size = sizeof query, .profile = add->id.profile};
    struct lwc_error why = {0};

    (void)err;
    if ((add->flags & LWC_STORE_REPLACE) != 0 &&
        lwc_list(add->app->ctx, &query, note_holder, add, &why) != LWC_OK) {
        lwc_app_trace(add->app, "looking for profile '%s': %s", add->id.profile, why.msg);
    }
    return LWC_OK;
}

static enum lwc_code store_key(struct add *add, struct lwc_error *err)
{
    return lwc_key_store(add->app->ctx, &add->id, lwc_buf_bytes(add->key.secret),
                         lwc_buf_len(add->key.secret), add->backend, add->flags, add->stored_in,
                         err);
}

static enum lwc_code print_report(struct add *add, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    enum lwc_code code = LWC_OK;

    lwc_app_say(add->app, "%s profile '%s' (%s, %s%s) in backend '%s'",
                lwc_streq(add->held_in, add->stored_in) ? "replaced" : "stored", add->id.profile,
                add->id.account, lwc_is_set(add->id.key_id) ? "key id " : "scanner token",
                add->id.key_id, add->stored_in);
    if (!lwc_args_has(&add->app->args, &lwc_opt_json)) {
        return LWC_OK;
    }
    code = lwc_buf_new(512, &out, err);
    if (code == LWC_OK) {
        code = lwc_json_append_identity(out, &add->id, add->stored_in, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(out, err, "\n");
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}

static enum lwc_code run_add(struct lwc_app *app, struct lwc_error *err)
{
    static enum lwc_code (*const steps[])(struct add *, struct lwc_error *) = {
        read_options,    read_secret_file, probe_backend, complete_account, complete_key_id,
        complete_secret, prove_key,        find_holder,   store_key,        print_report,
    };
    LWC_AUTO(struct add, add_clear) add = {.app = app};

    for (size_t i = 0; i < LWC_ARRAY_LEN(steps); i++) {
        enum lwc_code code = steps[i](&add, err);

        if (code != LWC_OK) {
            return code;
        }
    }
    return LWC_OK;
}

const struct lwc_command lwc_add_command = {
    .name = "add",
    .summary = "store an access key",
    .options = LWC_OPTIONS(&lwc_opt_key_id, &opt_kind, &lwc_opt_secret_file, &lwc_opt_secret_stdin,
                           &lwc_opt_sub_account, &lwc_opt_org_access, &lwc_opt_backend,
                           &lwc_opt_api_url, &lwc_opt_no_verify, &lwc_opt_replace),
    .text = "Asks for what is missing, the secret without echo, and proves the key by one\n"
            "exchange before it is stored.  A scanner token is kept as it is.",
    .example = "add --profile prod --account acme --key-id ACME_0123456789ABCDEF",
    .run = run_add,
};
