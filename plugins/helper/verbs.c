/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"
#include "command.h"
#include "output.h"
#include "plugins/format/formats.h"
#include "plugins/format/git_request.h"

/*
 * git's verbs other than get.  git calls store after every success and erase after every 401,
 * mostly with the token that it had from us: neither may touch an access key then.
 */

/* What a request says about an access key, in the library's words. */
struct key {
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

/* The marks of a token, or of a credential that some other helper made. */
static bool is_token(const struct lwc_git_request *request)
{
    return lwc_git_request_has(request, LWC_GIT_EPHEMERAL) ||
           lwc_git_request_has(request, LWC_GIT_AUTHTYPE) ||
           lwc_git_request_has(request, LWC_GIT_CREDENTIAL) ||
           lwc_git_request_is(request, LWC_GIT_USERNAME, LWC_TOKEN_USER);
}

/* The search for a profile in which a new key may go. */
struct place {
    const struct key *key;
    bool same; /* the key id is there already: found                                      */
    bool default_taken;
    struct lwc_identity_copy found;
};

static enum lwc_code visit(void *data, const struct lwc_identity *id, const char *backend,
                           struct lwc_error *err)
{
    struct place *place = data;

    (void)backend;
    if (lwc_streq(id->profile, "default")) {
        place->default_taken = true;
    }
    if (place->same || lwc_streq(id->profile, "env") || id->kind != LWC_KIND_ACCESS_KEY ||
        !lwc_streq(id->key_id, place->key->key_id) ||
        !lwc_streq(id->account, place->key->account)) {
        return LWC_OK;
    }
    place->same = true;
    return lwc_identity_copy(id, &place->found, err);
}

/* The account's first label: "acme" of "acme.lacework.net". */
static void first_label(const char *account, char profile_out[LWC_PROFILE_MAX + 1])
{
    (void)snprintf(profile_out, LWC_PROFILE_MAX + 1, "%.*s", (int)strcspn(account, "."), account);
}

static enum lwc_code keep(struct lwc_app *app, const struct key *key,
                          const struct lwc_identity *identity, uint32_t flags,
                          struct lwc_error *err)
{
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    enum lwc_code code = lwc_key_store(app->ctx, identity, key->secret.at, key->secret.len, NULL,
                                       flags, backend, err);

    if (code == LWC_E_INVALID) {
        return lwc_hint(err, code,
                        "'lw-credential-helper add --profile NAME' stores it under "
                        "another name");
    }
    if (code == LWC_OK) {
        lwc_app_say(app, "stored profile '%s' (%s, key id %s) in backend '%s'", identity->profile,
                    identity->account, identity->key_id, backend);
    }
    return code;
}

/* The same key id again replaces in its profile; else "default" if free, else the label. */
static enum lwc_code place_key(struct lwc_app *app, const struct key *key, struct lwc_error *err)
{
    struct place place = {.key = key};
    char label[LWC_PROFILE_MAX + 1];
    const char *wanted = app->args.option[LWC_OPT_PROFILE];
    struct lwc_identity id = LWC_IDENTITY_ANY;
    enum lwc_code code = lwc_list(app->ctx, NULL, visit, &place, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "looking for a free profile");
    }
    if (place.same && (wanted == NULL || lwc_streq(wanted, place.found.profile))) {
        return keep(app, key, &place.found.id, LWC_STORE_REPLACE, err);
    }
    first_label(key->account, label);
    id.profile = wanted != NULL ? wanted : (place.default_taken ? label : "default");
    id.account = key->account;
    id.key_id = key->key_id;
    id.kind = LWC_KIND_ACCESS_KEY;
    return keep(app, key, &id, 0, err);
}

/* Only an account's own name: another origin needs the user's word, see add. */
static bool is_account(const char *account)
{
    char canonical[LWC_ACCOUNT_MAX + 1];

    return lwc_account_parse(account, canonical, NULL) == LWC_OK && lwc_streq(account, canonical);
}

static enum lwc_code check_key(const struct lwc_git_request *request, struct key *key,
                               struct lwc_error *err)
{
    const struct lwc_slice *name = &request->value[LWC_GIT_USERNAME];
    enum lwc_code code = LWC_OK;

    if (!lwc_git_request_key_id(request, key->key_id)) {
        code =
            lwc_fail(err, LWC_E_INVALID, "store: the username is no key id (%zu bytes)", name->len);
        return lwc_hint(err, code, "a key id looks like ACME_0123456789ABCDEF");
    }
    key->secret = request->value[LWC_GIT_PASSWORD];
    code = lwc_key_secret_check(key->secret.at, key->secret.len, err);
    return code == LWC_OK ? code : lwc_wrap(err, code, "store");
}

enum lwc_code lwc_verb_store(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    struct key key = {.account = ""};
    enum lwc_code code = read_request(app, &request, err);

    if (code != LWC_OK) {
        return code;
    }
    if (is_token(&request) || !lwc_git_request_has(&request, LWC_GIT_USERNAME) ||
        !lwc_git_request_has(&request, LWC_GIT_PASSWORD) ||
        !lwc_git_request_account(&request, key.account) || !is_account(key.account)) {
        lwc_app_trace(app, "store: no access key in the request, nothing kept");
        return LWC_OK;
    }
    code = check_key(&request, &key, err);
    if (code == LWC_OK) {
        code = lwc_app_open(app, err);
    }
    return code != LWC_OK ? code : place_key(app, &key, err);
}

/* What of the cache is forgotten: one token, or with NULL all of the host. */
static enum lwc_code forget(struct lwc_app *app, const struct key *key,
                            const struct lwc_slice *token, struct lwc_error *err)
{
    const bool has_token = token != NULL && token->at != NULL;

    lwc_app_trace(app, "erase: forgetting %s",
                  has_token ? "the token, if it is cached" : "the cached tokens of the host");
    return lwc_token_forget(app->ctx, key->account, has_token ? token->at : NULL,
                            has_token ? token->len : 0, err);
}

/* LWC_E_NOT_FOUND: it is no stored key, or another secret is stored. */
static enum lwc_code remove_key(struct lwc_app *app, const struct key *key, struct lwc_error *err)
{
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    struct lwc_query query = lwc_app_query(app);
    enum lwc_code code = LWC_OK;

    query.account = key->account;
    query.key_id = key->key_id;
    code = lwc_key_remove(app->ctx, &query, key->secret.at, key->secret.len, NULL, backend, err);
    if (code == LWC_OK) {
        lwc_app_say(app, "removed key id %s (%s) from backend '%s'", key->key_id, key->account,
                    backend);
    }
    return code;
}

/* A token is forgotten; a key is removed; a password or key id that is none changes nothing. */
static enum lwc_code erase(struct lwc_app *app, const struct lwc_git_request *request,
                           struct key *key, struct lwc_error *err)
{
    const enum lwc_git_key given =
        lwc_git_request_has(request, LWC_GIT_CREDENTIAL) ? LWC_GIT_CREDENTIAL : LWC_GIT_PASSWORD;
    const struct lwc_slice *token =
        lwc_git_request_has(request, given) ? &request->value[given] : NULL;
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (!is_token(request) && lwc_git_request_key_id(request, key->key_id)) {
        key->secret = request->value[LWC_GIT_PASSWORD];
        code = remove_key(app, key, err);
    }
    if (code != LWC_E_NOT_FOUND) {
        return code;
    }
    if (err != NULL) {
        *err = (struct lwc_error){0};
    }
    if (key->key_id[0] != '\0' && token == NULL) {
        lwc_app_trace(app, "erase: no such key, nothing erased");
        return LWC_OK;
    }
    return forget(app, key, token, err);
}

enum lwc_code lwc_verb_erase(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    struct key key = {.account = ""};
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
    code = lwc_app_open(app, err);
    return code == LWC_OK ? erase(app, &request, &key, err) : code;
}

enum lwc_code lwc_verb_capability(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_SECRET out = NULL;
    enum lwc_code code = lwc_secret_new(64, &out, err);

    (void)app;
    if (code == LWC_OK) {
        code = lwc_text_append(out, err, "version 0\ncapability authtype\n");
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}
