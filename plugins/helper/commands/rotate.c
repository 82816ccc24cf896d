/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/identity.h"
#include "plugins/helper/journal.h"
#include "plugins/helper/key_entry.h"
#include "plugins/helper/program.h"
#include "plugins/helper/report.h"
#include "plugins/helper/shared_options.h"

/*
 * A new access key in place of an old one.  Keys are made and disabled in the console alone, so the
 * command does what lies between:
 *
 *     proved    the API takes the new key
 *     retired   the old key is kept, under PROFILE@old, where it answers no request
 *     switched  the profile has the new key
 *
 * The journal names the key ids.  Until "switched" the old key answers, then the new one; a run that
 * is killed is finished by the next, which asks for the new key again if it was not stored.  With
 * --verify-disabled the old key is tried, and removed once the API refuses it.
 */

#define OLD_SUFFIX "@old"
#define OPERATION "rotate"

static const struct lwc_option opt_verify_disabled = {
    .name = "verify-disabled",
    .help = "check that the API refuses the old key, and forget it",
};

struct rotate_ctx {
    struct lwc_app *app;
    const char *profile;
    char old_profile[LWC_PROFILE_MAX + 1];
    struct lwc_journal *journal;
    struct lwc_key_entry key;
    struct lwc_identity_copy current;
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char old_key_id[LWC_KEY_ID_MAX + 1];
    char old_backend[LWC_BACKEND_NAME_MAX + 1]; /* another one after a migration of either key */
    bool has_current;
    bool has_old;
    bool is_done;
};

static void rotate_ctx_clear(struct rotate_ctx *ctx)
{
    lwc_key_entry_clear(&ctx->key);
    lwc_journal_close(&ctx->journal);
}

static enum lwc_code read_options(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const char *profile = lwc_args_value(&ctx->app->args, &lwc_opt_profile);

    ctx->profile = profile != NULL ? profile : "default";
    if (strlen(ctx->profile) + strlen(OLD_SUFFIX) > LWC_PROFILE_MAX) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID,
                                 "profile '%s': too long for " OLD_SUFFIX " behind it",
                                 ctx->profile),
                        "give it a shorter name with 'rename'");
    }
    (void)snprintf(ctx->old_profile, sizeof ctx->old_profile, "%s" OLD_SUFFIX, ctx->profile);
    return lwc_key_entry_begin(&ctx->key, ctx->app, false, err);
}

/* Two rotations of a profile wait for each other. */
static enum lwc_code open_journal(struct rotate_ctx *ctx, struct lwc_error *err)
{
    return lwc_journal_open(OPERATION, ctx->profile, lwc_app_deadline_ms(ctx->app), &ctx->journal,
                            err);
}

static enum lwc_code note_credential(void *data, const struct lwc_identity *identity,
                                     const char *backend, struct lwc_error *err)
{
    struct rotate_ctx *ctx = data;

    if (lwc_streq(identity->profile, ctx->old_profile) && !ctx->has_old) {
        ctx->has_old = true;
        (void)snprintf(ctx->old_key_id, sizeof ctx->old_key_id, "%s", identity->key_id);
        (void)snprintf(ctx->old_backend, sizeof ctx->old_backend, "%s", backend);
        return identity->kind == LWC_KIND_RETIRED_KEY
                   ? LWC_OK
                   : lwc_fail(err, LWC_E_INVALID, "profile '%s' is taken by another credential",
                              ctx->old_profile);
    }
    if (!lwc_streq(identity->profile, ctx->profile) || ctx->has_current) {
        return LWC_OK;
    }
    if (identity->kind != LWC_KIND_ACCESS_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is no access key", ctx->profile);
    }
    ctx->has_current = true;
    (void)snprintf(ctx->backend, sizeof ctx->backend, "%s", backend);
    return lwc_identity_copy(identity, &ctx->current, err);
}

static enum lwc_code find_keys(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const char *const profiles[] = {ctx->profile, ctx->old_profile};
    enum lwc_code code = lwc_app_open(ctx->app, err);

    for (size_t i = 0; code == LWC_OK && i < LWC_ARRAY_LEN(profiles); i++) {
        const struct lwc_query query = {.size = sizeof query, .profile = profiles[i]};

        code = lwc_list(ctx->app->ctx, &query, note_credential, ctx, err);
    }
    if (code == LWC_OK && !ctx->has_current) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "no credential with profile '%s'", ctx->profile);
    }
    return code;
}

static void advise_disabling(const struct rotate_ctx *ctx, const char *old_key_id)
{
    lwc_app_say(ctx->app,
                "now disable key id %s in the Lacework console (Settings > API keys), then run "
                "'lw-credential-helper rotate %s --verify-disabled'",
                old_key_id, ctx->profile);
}

/* Finishes a run that was killed behind the switch. */
static enum lwc_code resume_switched(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const char *new_key_id = lwc_journal_field(ctx->journal, "new");
    const char *old_key_id = lwc_journal_field(ctx->journal, "old");

    if (new_key_id == NULL || old_key_id == NULL || !ctx->has_old ||
        !lwc_streq(new_key_id, ctx->current.id.key_id) ||
        (ctx->key.key_id[0] != '\0' && !lwc_streq(ctx->key.key_id, new_key_id))) {
        return LWC_OK;
    }
    lwc_app_say(ctx->app,
                "the rotation that was interrupted is complete: profile '%s' has key id "
                "%s",
                ctx->profile, new_key_id);
    advise_disabling(ctx, old_key_id);
    ctx->is_done = true;
    return lwc_journal_finish(ctx->journal, err);
}

/* An old key that has not been refused yet must not be forgotten for the next one. */
static enum lwc_code refuse_unverified(struct rotate_ctx *ctx, struct lwc_error *err)
{
    if (ctx->is_done || !ctx->has_old || lwc_streq(ctx->old_key_id, ctx->current.id.key_id)) {
        return LWC_OK;
    }
    return lwc_hint(
        err,
        lwc_fail(err, LWC_E_INVALID,
                 "the key before, key id %s, has not been checked since it was replaced",
                 ctx->old_key_id),
        "'rotate %s --verify-disabled' checks and forgets it; 'remove %s' forgets it", ctx->profile,
        ctx->old_profile);
}

static enum lwc_code ask_key(struct rotate_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (ctx->is_done) {
        return LWC_OK;
    }
    if (!lwc_app_no_prompt(ctx->app) && ctx->key.key_id[0] == '\0') {
        lwc_app_say(ctx->app,
                    "make a new key for account %s in the Lacework console (Settings > API keys); "
                    "a user may have 20 keys: if that fails, delete one that is not used",
                    ctx->current.id.account);
    }
    code = lwc_key_entry_ask_id(&ctx->key, err);
    if (code == LWC_OK && lwc_streq(ctx->key.key_id, ctx->current.id.key_id)) {
        code = lwc_fail(err, LWC_E_INVALID, "key id %s: profile '%s' has it already",
                        ctx->key.key_id, ctx->profile);
    }
    return code == LWC_OK ? lwc_key_entry_ask_secret(&ctx->key, err) : code;
}

/* Returns the profile with the new key. */
static struct lwc_identity new_identity(const struct rotate_ctx *ctx)
{
    struct lwc_identity id = ctx->current.id;

    id.key_id = ctx->key.key_id;
    return id;
}

static enum lwc_code prove_key(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_identity id = new_identity(ctx);
    enum lwc_code code = lwc_key_prove(ctx->app->ctx, &id, lwc_buf_bytes(ctx->key.secret),
                                       lwc_buf_len(ctx->key.secret), err);

    return lwc_wrap(err, code, "the new key is not used");
}

static enum lwc_code write_step(struct rotate_ctx *ctx, const char *step, struct lwc_error *err)
{
    enum lwc_code code = lwc_journal_set(ctx->journal, "old", ctx->current.id.key_id, err);

    if (code == LWC_OK) {
        code = lwc_journal_set(ctx->journal, "new", ctx->key.key_id, err);
    }
    return code == LWC_OK ? lwc_journal_write(ctx->journal, step, err) : code;
}

static enum lwc_code retire_old(struct rotate_ctx *ctx, struct lwc_error *err)
{
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_RETIRE | LWC_COPY_RESUME,
                            .profile = ctx->profile,
                            .backend = ctx->backend,
                            .new_profile = ctx->old_profile,
                            .new_backend = ctx->backend};
    enum lwc_code code = write_step(ctx, "proved", err);

    return code == LWC_OK ? lwc_key_copy(ctx->app->ctx, ctx->app->ctx, &copy, err) : code;
}

static enum lwc_code switch_key(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_identity id = new_identity(ctx);
    const void *secret = lwc_buf_bytes(ctx->key.secret);
    const size_t len = lwc_buf_len(ctx->key.secret);
    char backend[LWC_BACKEND_NAME_MAX + 1];
    enum lwc_code code = write_step(ctx, "retired", err);

    if (code == LWC_OK) {
        code = lwc_key_store(ctx->app->ctx, &id, secret, len, ctx->backend, LWC_STORE_REPLACE,
                             backend, err);
    }
    if (code == LWC_OK) {
        code = lwc_key_compare(ctx->app->ctx, &id, secret, len, ctx->backend, backend, err);
    }
    if (code == LWC_OK) {
        code = write_step(ctx, "switched", err);
    }
    return code;
}

static enum lwc_code report_rotation(struct rotate_ctx *ctx, struct lwc_error *err)
{
    struct lwc_report report = lwc_report_begin(ctx->app, err);
    enum lwc_code code = lwc_journal_finish(ctx->journal, err);

    if (code == LWC_OK && report.json) {
        const struct lwc_member members[] = {
            {.name = "profile", .text = ctx->profile},
            {.name = "keyId", .text = ctx->key.key_id},
            {.name = "oldKeyId", .text = ctx->current.id.key_id},
            {.name = "oldProfile", .text = ctx->old_profile},
            {.name = "backend", .text = ctx->backend},
        };

        lwc_report_add_object(&report, members, LWC_ARRAY_LEN(members));
        LWC_REPORT_ADD(&report, "\n");
        code = lwc_report_write(&report);
    }
    lwc_report_clear(&report);
    if (code == LWC_OK) {
        lwc_app_say(ctx->app, "profile '%s' has key id %s now, in backend '%s'", ctx->profile,
                    ctx->key.key_id, ctx->backend);
        advise_disabling(ctx, ctx->current.id.key_id);
    }
    return code;
}

static enum lwc_code replace_key(struct rotate_ctx *ctx, struct lwc_error *err)
{
    static enum lwc_code (*const steps[])(struct rotate_ctx *, struct lwc_error *) = {
        prove_key, retire_old, switch_key, report_rotation};
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; code == LWC_OK && !ctx->is_done && i < LWC_ARRAY_LEN(steps); i++) {
        code = steps[i](ctx, err);
    }
    return code;
}

static enum lwc_code read_secret_file(struct rotate_ctx *ctx, struct lwc_error *err)
{
    return lwc_key_entry_read_file(&ctx->key, err);
}

static enum lwc_code run_steps(struct rotate_ctx *ctx, struct lwc_error *err)
{
    static enum lwc_code (*const steps[])(struct rotate_ctx *, struct lwc_error *) = {
        read_secret_file,  open_journal, find_keys,   resume_switched,
        refuse_unverified, ask_key,      replace_key,
    };
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; code == LWC_OK && i < LWC_ARRAY_LEN(steps); i++) {
        code = steps[i](ctx, err);
    }
    return code;
}

static enum lwc_code forget_old(struct rotate_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_query query = {.size = sizeof query, .profile = ctx->old_profile};
    enum lwc_code code =
        lwc_key_remove(ctx->app->ctx, &query, NULL, 0, ctx->old_backend, NULL, NULL, err);

    if (code == LWC_OK) {
        code = lwc_journal_finish(ctx->journal, err); /* of a run that was killed at its end */
    }
    if (code == LWC_OK) {
        lwc_app_say(ctx->app, "the API refuses key id %s; profile '%s' is removed", ctx->old_key_id,
                    ctx->old_profile);
    }
    return code;
}

/*
 * The API, or a proxy before it, may refuse every key just now: only where it takes the new one is
 * the old one disabled.
 */
static enum lwc_code check_current(const struct rotate_ctx *ctx, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = lwc_key_try(ctx->app->ctx, ctx->profile, &why);

    if (code == LWC_OK) {
        return LWC_OK;
    }
    code = lwc_error_pass(err, code, &why);
    return lwc_wrap(err, code, "the old key is kept: the new one, key id %s, gives no token either",
                    ctx->current.id.key_id);
}

static enum lwc_code verify_disabled(struct rotate_ctx *ctx, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = open_journal(ctx, err);

    if (code == LWC_OK) {
        code = find_keys(ctx, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (!ctx->has_old) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_NOT_FOUND, "profile '%s' has no old key", ctx->profile),
                        "'rotate %s' replaces its key", ctx->profile);
    }
    if (lwc_streq(ctx->old_key_id, ctx->current.id.key_id)) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID,
                     "the rotation of profile '%s' was interrupted: key id %s is in use",
                     ctx->profile, ctx->old_key_id),
            "run 'rotate %s' again", ctx->profile);
    }
    code = lwc_key_try(ctx->app->ctx, ctx->old_profile, &why);
    if (code == LWC_E_REFUSED) {
        code = check_current(ctx, err);
        return code == LWC_OK ? forget_old(ctx, err) : code;
    }
    if (code == LWC_OK) {
        code = lwc_fail(err, LWC_E_INVALID, "the API still takes key id %s", ctx->old_key_id);
        return lwc_hint(err, code, "disable it in the Lacework console, and run this again");
    }
    return lwc_error_pass(err, code, &why);
}

static enum lwc_code run_rotate(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct rotate_ctx, rotate_ctx_clear) ctx = {.app = app};
    enum lwc_code code = read_options(&ctx, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_args_has(&app->args, &opt_verify_disabled) ? verify_disabled(&ctx, err)
                                                          : run_steps(&ctx, err);
}

const struct lwc_command lwc_rotate_command = {
    .name = "rotate",
    .summary = "put a new access key in place of an old one",
    .options = LWC_OPTIONS(&lwc_opt_key_id, &lwc_opt_secret_file, &lwc_opt_secret_stdin,
                           &opt_verify_disabled),
    .operands = "[NAME]",
    .operands_max = 1,
    .has_profile_operand = true,
    .text = "NAME is the profile, as with --profile.  Proves the new key, keeps the old one as\n"
            "NAME@old, where it answers no request, and switches.  Disable the old key in the\n"
            "Lacework console then; --verify-disabled checks that, and forgets it.  Run it again\n"
            "after an interruption.",
    .example = "rotate prod --key-id ACME_0123456789ABCDEF",
    .run = run_rotate,
};
