/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/scope.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/util.h"

#define LABEL_LEN 64
#define KEY_PREFIX_LEN 8 /* letters and digits of the account's name in a key id, at most */

/* A judgement under way. */
struct scope_ctx {
    const struct lwc_identity *identity;
    const struct lwc_user_profile *profile;
    struct lwc_scope *scope;
    char primary[LABEL_LEN]; /* first label of the organization's host, or of the account */
};

static void add_warning(struct scope_ctx *ctx, const char *fmt, ...) LWC_PRINTF(2, 3);
static void add_warning(struct scope_ctx *ctx, const char *fmt, ...)
{
    char text[LWC_SCOPE_WARNING_LEN];
    va_list args;

    if (ctx->scope->warnings == LWC_SCOPE_WARNINGS_MAX) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    lwc_text_printable(ctx->scope->warning[ctx->scope->warnings++], LWC_SCOPE_WARNING_LEN, text,
                       strlen(text));
}

static void set_account(struct scope_ctx *ctx, const char *name, bool is_certain)
{
    char *account = ctx->scope->account;

    lwc_text_printable(account, sizeof ctx->scope->account, name, strlen(name));
    for (; *account != '\0'; account++) {
        *account = (char)tolower((unsigned char)*account);
    }
    ctx->scope->kind = LWC_SCOPE_ACCOUNT;
    ctx->scope->is_certain = is_certain;
}

/* Copies the first label of a host, "acme" of "https://ACME.fra.lacework.net". */
static void copy_label(const char *host, char label_out[static LABEL_LEN])
{
    const char *start = strncasecmp(host, "https://", 8) == 0 ? host + 8 : host;
    const size_t len = strcspn(start, ".:/");

    (void)snprintf(label_out, LABEL_LEN, "%.*s", (int)(len < LABEL_LEN ? len : LABEL_LEN - 1),
                   start);
}

/* Returns whether the key's id begins as keys of account @name do: its first letters and "_". */
static bool has_prefix_of(const char *key_id, const char *name)
{
    size_t len = 0;

    for (; *name != '\0' && len < KEY_PREFIX_LEN; name++) {
        if (!isalnum((unsigned char)*name)) {
            continue;
        }
        if (key_id[len] != toupper((unsigned char)*name)) {
            return false;
        }
        len++;
    }
    return len > 0 && key_id[len] == '_';
}

/* Finds the one account whose keys begin like this key; NULL for none and for several. */
static const char *find_maker(const struct scope_ctx *ctx)
{
    const struct lwc_user_profile *profile = ctx->profile;
    const char *found = has_prefix_of(ctx->identity->key_id, ctx->primary) ? ctx->primary : NULL;

    for (size_t i = 0; i < profile->count; i++) {
        const char *name = profile->accounts[i].name;

        if (!has_prefix_of(ctx->identity->key_id, name) || strcasecmp(name, ctx->primary) == 0) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = name;
    }
    return found;
}

static void check_sub_account(struct scope_ctx *ctx)
{
    const char *name = ctx->identity->sub_account;
    const struct lwc_user_account *account = lwc_user_profile_find(ctx->profile, name);

    if (account != NULL && !account->is_enabled) {
        add_warning(ctx, "this user is disabled in account '%s': calls will be refused", name);
    }
    if (account == NULL && !(ctx->profile->is_org_admin && strcasecmp(name, ctx->primary) == 0)) {
        add_warning(ctx,
                    "'%s' is none of this user's accounts: calls will be refused; is the "
                    "sub-account right?",
                    name);
    }
}

static void judge_sub_account(struct scope_ctx *ctx)
{
    const bool is_known = ctx->profile != NULL && ctx->profile->has_accounts;

    set_account(ctx, ctx->identity->sub_account, is_known);
    if (is_known) {
        check_sub_account(ctx);
    }
}

/* Warns where a call without a sub-account acts elsewhere than in the organization's account. */
static void set_maker(struct scope_ctx *ctx, const char *name, bool is_certain)
{
    set_account(ctx, name, is_certain);
    if (strcasecmp(name, ctx->primary) != 0) {
        add_warning(ctx,
                    "no sub-account is named, and calls act in the account in which the key was "
                    "made: '%s', not '%s'; --sub-account says which is meant",
                    ctx->scope->account, ctx->primary);
    }
}

static void judge_maker(struct scope_ctx *ctx)
{
    const struct lwc_user_profile *profile = ctx->profile;
    const char *found = NULL;

    if (!profile->is_organization) {
        set_account(ctx, profile->count == 1 ? profile->accounts[0].name : ctx->primary, true);
        return;
    }
    found = find_maker(ctx);
    if (profile->count == 1 && !profile->is_org_admin && !profile->is_org_user) {
        set_maker(ctx, profile->accounts[0].name, true);
    } else if (found != NULL) {
        set_maker(ctx, found, false);
    } else {
        add_warning(ctx, "no sub-account is named, and calls act in the account in which the key "
                         "was made, which the API does not tell: name it with --sub-account");
    }
}

/* Returns whether the organization answers; warns where the flag has another effect. */
static bool judge_organization(struct scope_ctx *ctx)
{
    const struct lwc_user_profile *profile = ctx->profile;
    const char *sub_account = ctx->identity->sub_account;

    if (profile != NULL && profile->has_accounts && !profile->is_org_admin &&
        !profile->is_org_user) {
        add_warning(ctx, "the organization is asked for, and this user is no admin of one: calls "
                         "will be refused, or act as without --org-access");
        return false;
    }
    ctx->scope->kind = LWC_SCOPE_ORGANIZATION;
    ctx->scope->is_certain = profile != NULL && profile->has_accounts;
    if (sub_account[0] != '\0') {
        add_warning(ctx,
                    "sub-account '%s' has no effect: calls act on the organization, which the "
                    "credential or --org-access asks for",
                    sub_account);
    }
    return true;
}

/* Compares the host of the credential with the one that the API calls the user's. */
static void check_host(struct scope_ctx *ctx)
{
    char own[LABEL_LEN];

    copy_label(ctx->identity->account, own);
    if (strcasecmp(own, ctx->primary) == 0) {
        return;
    }
    if (lwc_user_profile_find(ctx->profile, own) != NULL) {
        add_warning(ctx,
                    "'%s' is a sub-account of the organization '%s': store the key for account "
                    "'%s' with --sub-account %s",
                    own, ctx->primary, ctx->primary, own);
    } else {
        add_warning(ctx, "the credential is for account '%s', and the API calls it '%s'", own,
                    ctx->profile->url);
    }
}

static void set_primary(struct scope_ctx *ctx)
{
    const bool has_url = ctx->profile != NULL && ctx->profile->url[0] != '\0';

    copy_label(has_url ? ctx->profile->url : ctx->identity->account, ctx->primary);
    if (has_url) {
        check_host(ctx);
    }
}

void lwc_scope_judge(const struct lwc_identity *identity, const struct lwc_user_profile *profile,
                     struct lwc_scope *scope_out)
{
    struct scope_ctx ctx = {.identity = identity, .profile = profile, .scope = scope_out};

    *scope_out = (struct lwc_scope){.kind = LWC_SCOPE_UNKNOWN};
    set_primary(&ctx);
    if ((identity->flags & LWC_ID_ORG_ACCESS) != 0 && judge_organization(&ctx)) {
        return;
    }
    if (identity->sub_account[0] != '\0') {
        judge_sub_account(&ctx);
    } else if (profile != NULL && profile->has_accounts) {
        judge_maker(&ctx);
    } else if (profile != NULL && !profile->is_organization) {
        set_account(&ctx, ctx.primary, true);
    }
}
