/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/append.h"
#include "base/identity.h"
#include "base/util.h"
#include "plugins/format/formats.h"
#include "plugins/format/git_request.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

/*
 * git's verbs other than get.  git calls store after every success and erase after every 401,
 * mostly with a token from this helper, or with user and password of a repository's URL: neither
 * reaches an access key, unless the stack file says "set git-store proved".
 */

#define TRIES 99       /* for a free profile    */
#define LABEL_SHOWN 60 /* leaves room for "-99" */

/* The access key of a request, in the library's terms. */
struct request_key {
    char account[LWC_ORIGIN_MAX + 1];
    char key_id[LWC_KEY_ID_MAX + 1];
    struct lwc_slice secret;
};

static enum lwc_code read_request(struct lwc_app *app, struct lwc_git_request *request,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (isatty(STDIN_FILENO) == 1) {
        lwc_output_line("reading a git-credential request; an empty line ends it");
    }
    code = lwc_git_request_read(STDIN_FILENO, lwc_app_input_deadline_ms(app), request, err);
    return code == LWC_E_NOT_FOUND ? lwc_wrap(err, LWC_E_INVALID, "git request") : code;
}

/* Has the request the marks of a token, or of another helper's credential? */
static bool is_token(const struct lwc_git_request *request)
{
    return lwc_git_request_has(request, LWC_GIT_EPHEMERAL) ||
           lwc_git_request_has(request, LWC_GIT_AUTHTYPE) ||
           lwc_git_request_has(request, LWC_GIT_CREDENTIAL) ||
           lwc_git_request_is(request, LWC_GIT_USERNAME, LWC_TOKEN_USER);
}

/* Notes "set git-store proved" of the stack file: only then a request reaches a key. */
static void note_setting(void *data, const struct lwc_config_line *line)
{
    bool *is_proved = data;

    if (lwc_streq(line->operation, "set") && lwc_streq(line->name, "git-store")) {
        *is_proved = lwc_streq(line->argv[0], "proved");
    }
}

static enum lwc_code read_setting(struct lwc_app *app, bool *is_proved_out, struct lwc_error *err)
{
    enum lwc_code code = lwc_app_open(app, err);

    *is_proved_out = false;
    return code != LWC_OK ? code : lwc_config_lines(app->ctx, note_setting, is_proved_out, err);
}

/* Facts about the stored credentials that decide the profile of a new key. */
struct stored_ctx {
    const struct request_key *key;
    const char *wanted; /* the profile of --profile, or NULL               */
    bool has_any;
    bool has_key; /* the key id is stored, with this or another secret      */
    bool is_taken[TRIES];
};

/* The account's first label, "acme" of "acme.lacework.net"; from the second try on "acme-2". */
static void name_profile(const char *account, size_t number, char profile_out[LWC_PROFILE_MAX + 1])
{
    const int len = (int)strcspn(account, ".");

    if (number == 0) {
        (void)snprintf(profile_out, LWC_PROFILE_MAX + 1, "%.*s", len, account);
    } else {
        (void)snprintf(profile_out, LWC_PROFILE_MAX + 1, "%.*s-%zu",
                       len < LABEL_SHOWN ? len : LABEL_SHOWN, account, number + 1);
    }
}

static enum lwc_code note_stored(void *data, const struct lwc_identity *id, const char *backend,
                                 struct lwc_error *err)
{
    struct stored_ctx *stored = data;
    const struct request_key *key = stored->key;

    (void)backend;
    (void)err;
    if (lwc_streq(id->profile, "env")) {
        return LWC_OK;
    }
    stored->has_any = true;
    stored->has_key =
        stored->has_key || (id->kind == LWC_KIND_ACCESS_KEY && lwc_streq(id->key_id, key->key_id) &&
                            lwc_streq(id->account, key->account));
    for (size_t i = 0; i < TRIES; i++) {
        char profile[LWC_PROFILE_MAX + 1];

        name_profile(key->account, i, profile);
        stored->is_taken[i] = stored->is_taken[i] || lwc_streq(id->profile, profile);
    }
    return LWC_OK;
}

/*
 * Chooses the profile of a new key: that of --profile; "default" if nothing at all is stored; else
 * a free one named after the account.
 */
static enum lwc_code choose_profile(const struct stored_ctx *stored,
                                    char profile_out[LWC_PROFILE_MAX + 1], struct lwc_error *err)
{
    if (stored->wanted != NULL || !stored->has_any) {
        (void)snprintf(profile_out, LWC_PROFILE_MAX + 1, "%s",
                       stored->wanted != NULL ? stored->wanted : "default");
        return LWC_OK;
    }
    for (size_t i = 0; i < TRIES; i++) {
        name_profile(stored->key->account, i, profile_out);
        if (!stored->is_taken[i] && !lwc_streq(profile_out, "default") &&
            !lwc_streq(profile_out, "env")) {
            return LWC_OK;
        }
    }
    return lwc_fail(err, LWC_E_INVALID, "store: no free profile for account '%s'",
                    stored->key->account);
}

/* Stores a new key after an exchange has proved it; replaces no key. */
static enum lwc_code store_proved(struct lwc_app *app, const struct request_key *key,
                                  struct lwc_error *err)
{
    struct stored_ctx stored = {.key = key, .wanted = lwc_args_value(&app->args, &lwc_opt_profile)};
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    char profile[LWC_PROFILE_MAX + 1];
    struct lwc_identity id = LWC_IDENTITY_ANY;
    enum lwc_code code = lwc_list(app->ctx, NULL, note_stored, &stored, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "looking for a free profile");
    }
    if (stored.has_key) {
        lwc_app_trace(app, "store: key id %s is stored already, nothing kept", key->key_id);
        return LWC_OK;
    }
    code = choose_profile(&stored, profile, err);
    id.profile = profile;
    id.account = key->account;
    id.key_id = key->key_id;
    id.kind = LWC_KIND_ACCESS_KEY;
    if (code == LWC_OK) {
        code = lwc_key_prove(app->ctx, &id, key->secret.at, key->secret.len, err);
        code = lwc_wrap(err, code, "store: the key is not kept");
    }
    if (code == LWC_OK) {
        code = lwc_key_store(app->ctx, &id, key->secret.at, key->secret.len, NULL, 0, backend, err);
    }
    if (code == LWC_OK) {
        lwc_app_say(app, "stored profile '%s' (%s, key id %s) in backend '%s'", id.profile,
                    id.account, id.key_id, backend);
    }
    return code;
}

/* Accepts an account's own name only: for other origins users run add. */
static bool is_account_name(const char *account)
{
    char canonical[LWC_ACCOUNT_MAX + 1];

    return lwc_account_parse(account, canonical, NULL) == LWC_OK && lwc_streq(account, canonical);
}

static enum lwc_code check_key(const struct lwc_git_request *request, struct request_key *key,
                               struct lwc_error *err)
{
    const struct lwc_slice *name = &request->value[LWC_GIT_USERNAME];
    enum lwc_code code = LWC_OK;

    if (!lwc_git_request_key_id(request, key->key_id)) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID, "store: the username is no key id (%zu bytes)", name->len),
            "a key id looks like ACME_0123456789ABCDEF");
    }
    key->secret = request->value[LWC_GIT_PASSWORD];
    code = lwc_key_secret_check(key->secret.at, key->secret.len, err);
    return lwc_wrap(err, code, "store");
}

static enum lwc_code run_store(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    struct request_key key = {.account = ""};
    bool is_proved = false;
    enum lwc_code code = read_request(app, &request, err);

    if (code != LWC_OK) {
        return code;
    }
    if (is_token(&request) || !lwc_git_request_has(&request, LWC_GIT_USERNAME) ||
        !lwc_git_request_has(&request, LWC_GIT_PASSWORD) ||
        !lwc_git_request_account(&request, key.account) || !is_account_name(key.account)) {
        lwc_app_trace(app, "store: no access key in the request, nothing kept");
        return LWC_OK;
    }
    code = read_setting(app, &is_proved, err);
    if (code == LWC_OK && !is_proved) {
        lwc_app_trace(app, "store: ignored, as 'set git-store proved' is not in the stack file");
        return LWC_OK;
    }
    if (code == LWC_OK) {
        code = check_key(&request, &key, err);
    }
    return code != LWC_OK ? code : store_proved(app, &key, err);
}

/*
 * Forgets cached tokens: the one given as credential or password, or without either those of the
 * key, or of the host.
 */
static enum lwc_code forget_tokens(struct lwc_app *app, const struct lwc_git_request *request,
                                   const struct request_key *key, struct lwc_error *err)
{
    const enum lwc_git_key given =
        lwc_git_request_has(request, LWC_GIT_CREDENTIAL) ? LWC_GIT_CREDENTIAL : LWC_GIT_PASSWORD;
    const struct lwc_slice *token = &request->value[given];
    const char *what = token->at != NULL        ? "the token, if it is cached"
                       : key->key_id[0] != '\0' ? "the cached tokens of the key"
                                                : "the cached tokens of the host";

    lwc_app_trace(app, "erase: forgetting %s", what);
    return lwc_token_forget(app->ctx, key->account, key->key_id, token->at, token->len, err);
}

struct erase_ctx {
    const struct lwc_app *app;
    const struct request_key *key;
};

static void note_removed(void *data, const char *backend, const struct lwc_error *why)
{
    const struct erase_ctx *ctx = data;

    if (why == NULL) {
        lwc_app_say(ctx->app, "removed key id %s (%s) from backend '%s'", ctx->key->key_id,
                    ctx->key->account, backend);
    }
}

/* LWC_E_NOT_FOUND: it is no stored key, or another secret is stored. */
static enum lwc_code remove_key(struct lwc_app *app, const struct request_key *key,
                                struct lwc_error *err)
{
    struct erase_ctx ctx = {.app = app, .key = key};
    struct lwc_query query = lwc_app_query(app);

    query.account = key->account;
    query.key_id = key->key_id;
    return lwc_key_remove(app->ctx, &query, key->secret.at, key->secret.len, NULL, note_removed,
                          &ctx, err);
}

/*
 * Removes a key only where the stack file lets git do so, and against its secret.  Asks for no
 * passphrase: a server's 401 is enough to come here.
 */
static enum lwc_code erase_for_request(struct lwc_app *app, const struct lwc_git_request *request,
                                       struct request_key *key, struct lwc_error *err)
{
    bool is_proved = false;
    struct lwc_error kept = {0};
    enum lwc_code removed = LWC_E_NOT_FOUND;
    enum lwc_code code = LWC_OK;

    app->is_silent = true;
    code = read_setting(app, &is_proved, err);
    if (code != LWC_OK) {
        return code;
    }
    if (!is_token(request)) {
        (void)lwc_git_request_key_id(request, key->key_id);
    }
    key->secret = request->value[LWC_GIT_PASSWORD];
    if (is_proved && key->key_id[0] != '\0' && key->secret.at != NULL) {
        removed = remove_key(app, key, &kept);
    }
    code = removed != LWC_OK ? forget_tokens(app, request, key, err) : LWC_OK;
    if (code != LWC_OK || removed == LWC_OK || removed == LWC_E_NOT_FOUND) {
        return code;
    }
    *err = kept;
    return removed;
}

static enum lwc_code run_erase(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    struct request_key key = {.account = ""};
    enum lwc_code code = read_request(app, &request, err);

    if (code != LWC_OK) {
        return code;
    }
    if (request.empty) {
        return lwc_fail(err, LWC_E_INVALID, "erase: empty request, nothing erased");
    }
    if (!lwc_git_request_account(&request, key.account)) {
        lwc_app_trace(app, "erase: no host that could be ours, nothing erased");
        return LWC_OK;
    }
    return erase_for_request(app, &request, &key, err);
}

static enum lwc_code run_capability(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    enum lwc_code code = lwc_buf_new(64, &out, err);

    (void)app;
    if (code == LWC_OK) {
        code = lwc_text_append(out, err, "version 0\ncapability authtype\n");
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}

const struct lwc_command lwc_store_command = {
    .name = "store",
    .summary = "git-credential: what git was given; ignored by default",
    .operands = "<REQUEST",
    .is_git_verb = true,
    .text = "With 'set git-store proved' in the stack file an access key is kept, once an\n"
            "exchange has proved it: username is the key id, password the secret.",
    .example = "store <request.txt",
    .run = run_store,
};

const struct lwc_command lwc_erase_command = {
    .name = "erase",
    .summary = "git-credential: forget a cached token",
    .operands = "<REQUEST",
    .is_git_verb = true,
    .text = "Forgets the cached token that is given; with a key id as username alone, those of\n"
            "the key; with a host alone, all of the host.  Removes no key, unless the stack\n"
            "file says 'set git-store proved' and the password is its secret.",
    .example = "erase <request.txt",
    .run = run_erase,
};

const struct lwc_command lwc_capability_command = {
    .name = "capability",
    .summary = "git-credential: what this helper can do",
    .is_git_verb = true,
    .example = "capability",
    .run = run_capability,
};
