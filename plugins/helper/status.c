/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/status.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/identity.h"
#include "base/text.h"

#define UNKNOWN "unknown"
#define NAME_LEN 640 /* a name, with escapes */

static bool has_user(const struct lwc_status *status)
{
    return status->profile != NULL && status->profile->has_accounts;
}

static bool is_org_access(const struct lwc_status *status)
{
    return (status->identity->flags & LWC_ID_ORG_ACCESS) != 0;
}

/* Lines for people. */

static void add_line(struct lwc_report *report, const char *title, const char *text)
{
    LWC_REPORT_ADD(report, "%s: ", title);
    lwc_report_add_text(report, text[0] != '\0' ? text : "-");
    LWC_REPORT_ADD(report, "\n");
}

static void add_user(struct lwc_report *report, const struct lwc_status *status)
{
    if (has_user(status)) {
        add_line(report, "user", status->profile->name);
    } else if (status->is_online) {
        add_line(report, "user", UNKNOWN ": the API tells it to members of an organization alone");
    } else {
        add_line(report, "user", UNKNOWN ": the API gave no answer");
    }
}

static void add_acts_on(struct lwc_report *report, const struct lwc_status *status)
{
    const struct lwc_scope *scope = &status->scope;

    if (scope->kind == LWC_SCOPE_ORGANIZATION) {
        LWC_REPORT_ADD(report, "acts on: the organization%s\n",
                       scope->is_certain ? "" : ", if this user is its admin");
    } else if (scope->kind == LWC_SCOPE_ACCOUNT) {
        LWC_REPORT_ADD(report, "acts on: account %s%s\n", scope->account,
                       scope->is_certain                          ? ""
                       : status->identity->sub_account[0] != '\0' ? ", not checked"
                                                                  : ", by the key's name");
    } else {
        add_line(report, "acts on", "the account in which the key was made, " UNKNOWN " here");
    }
}

static const char *describe_membership(const struct lwc_user_profile *profile)
{
    return !profile->has_accounts  ? ""
           : profile->is_org_admin ? " (you are its admin)"
           : profile->is_org_user  ? " (you may read all of it)"
                                   : " (you are no admin of it)";
}

static void add_organization(struct lwc_report *report, const struct lwc_status *status)
{
    const struct lwc_user_profile *profile = status->profile;

    if (profile == NULL) {
        add_line(report, "organization", UNKNOWN);
    } else if (!profile->is_organization) {
        add_line(report, "organization", "none");
    } else {
        LWC_REPORT_ADD(report, "organization: ");
        lwc_report_add_text(report, profile->url);
        LWC_REPORT_ADD(report, "%s\n", describe_membership(profile));
    }
}

static void add_credential(struct lwc_report *report, const struct lwc_status *status)
{
    const struct lwc_identity *identity = status->identity;

    add_line(report, "profile", identity->profile);
    add_line(report, "account", identity->account);
    add_line(report, "API at", lwc_identity_authority(identity));
    add_line(report, "key id", identity->key_id);
    add_line(report, "sub-account", identity->sub_account);
    add_line(report, "org access", is_org_access(status) ? "yes" : "no");
    add_line(report, "kind", lwc_kind_name(identity->kind));
    add_line(report, "backend", status->backend);
}

static void add_token(struct lwc_report *report, const struct lwc_status *status)
{
    char date[LWC_DATE_LEN];
    const int64_t minutes = status->expires_in / 60;

    if (!status->has_token) {
        add_line(report, "token", "none");
    } else if (status->expires_at == 0) {
        add_line(report, "token", "its end is " UNKNOWN);
    } else {
        lwc_date_format(status->expires_at, date);
        LWC_REPORT_ADD(report, "token: %" PRId64 " %s left, until %s\n",
                       minutes > 0 ? minutes : status->expires_in, minutes > 0 ? "min" : "s", date);
    }
}

static void add_rate_limit(struct lwc_report *report, const struct lwc_status *status)
{
    if (status->rate_remaining < 0) {
        add_line(report, "rate limit", UNKNOWN);
        return;
    }
    LWC_REPORT_ADD(report, "rate limit: %" PRId64, status->rate_remaining);
    if (status->rate_limit >= 0) {
        LWC_REPORT_ADD(report, " of %" PRId64, status->rate_limit);
    }
    LWC_REPORT_ADD(report, " calls like this one are left");
    if (status->rate_remaining == 0 && status->rate_reset_s >= 0) {
        LWC_REPORT_ADD(report, ", the next in %" PRId64 " s", status->rate_reset_s);
    }
    LWC_REPORT_ADD(report, "\n");
}

static void add_accounts(struct lwc_report *report, const struct lwc_user_profile *profile)
{
    char name[NAME_LEN];
    size_t width = 0;

    LWC_REPORT_ADD(report, "accounts: %zu\n", profile->count);
    for (size_t i = 0; i < profile->count; i++) {
        const size_t len = strlen(profile->accounts[i].name);

        width = len > width ? len : width;
    }
    for (size_t i = 0; i < profile->count; i++) {
        const struct lwc_user_account *account = &profile->accounts[i];

        LWC_REPORT_ADD(report, "  %-*s  %s%s\n", (int)width,
                       lwc_text_printable(name, sizeof name, account->name, strlen(account->name)),
                       account->is_admin ? "admin" : "user",
                       account->is_enabled ? "" : ", disabled");
    }
}

static void append_lines(struct lwc_report *report, const struct lwc_status *status)
{
    add_user(report, status);
    add_acts_on(report, status);
    add_organization(report, status);
    add_credential(report, status);
    add_token(report, status);
    add_rate_limit(report, status);
    if (has_user(status)) {
        add_accounts(report, status->profile);
    }
}

/* JSON; null is unknown. */

static void add_number(struct lwc_report *report, const char *name, int64_t number, bool is_known)
{
    if (is_known) {
        LWC_REPORT_ADD(report, "\"%s\":%" PRId64, name, number);
    } else {
        LWC_REPORT_ADD(report, "\"%s\":null", name);
    }
}

static void add_flag(struct lwc_report *report, const char *name, bool flag, bool is_known)
{
    LWC_REPORT_ADD(report, ",\"%s\":%s", name, is_known ? LWC_TRUTH(flag) : "null");
}

static void add_text_or_null(struct lwc_report *report, const char *name, const char *text)
{
    LWC_REPORT_ADD(report, ",\"%s\":", name);
    if (lwc_is_set(text)) {
        lwc_report_add_text(report, text);
    } else {
        LWC_REPORT_ADD(report, "null");
    }
}

static void add_user_members(struct lwc_report *report, const struct lwc_status *status)
{
    const struct lwc_user_profile *profile = status->profile;
    const bool is_known = has_user(status);

    add_text_or_null(report, "user", is_known ? profile->name : NULL);
    add_flag(report, "orgAccount", profile != NULL && profile->is_organization, profile != NULL);
    add_text_or_null(report, "url", profile != NULL ? profile->url : NULL);
    add_flag(report, "orgAdmin", is_known && profile->is_org_admin, is_known);
    add_flag(report, "orgUser", is_known && profile->is_org_user, is_known);
    LWC_REPORT_ADD(report, ",\"accounts\":%s", is_known ? "[" : "null");
    for (size_t i = 0; is_known && i < profile->count; i++) {
        const struct lwc_user_account *account = &profile->accounts[i];
        const struct lwc_member members[] = {
            {.name = "name", .text = account->name},
            {.name = "admin", .literal = LWC_TRUTH(account->is_admin)},
            {.name = "enabled", .literal = LWC_TRUTH(account->is_enabled)},
        };

        LWC_REPORT_ADD(report, i == 0 ? "" : ",");
        lwc_report_add_object(report, members, LWC_ARRAY_LEN(members));
    }
    LWC_REPORT_ADD(report, is_known ? "]" : "");
}

static void add_scope_member(struct lwc_report *report, const struct lwc_scope *scope)
{
    static const char *const kinds[] = {[LWC_SCOPE_UNKNOWN] = UNKNOWN,
                                        [LWC_SCOPE_ACCOUNT] = "account",
                                        [LWC_SCOPE_ORGANIZATION] = "organization"};

    LWC_REPORT_ADD(report, ",\"actsOn\":{\"kind\":\"%s\"", kinds[scope->kind]);
    add_text_or_null(report, "account", scope->account);
    LWC_REPORT_ADD(report, ",\"certain\":%s}", LWC_TRUTH(scope->is_certain));
}

static void add_credential_members(struct lwc_report *report, const struct lwc_status *status)
{
    const struct lwc_identity *identity = status->identity;
    const struct lwc_member members[] = {
        {.name = "profile", .text = identity->profile},
        {.name = "account", .text = identity->account},
        {.name = "origin", .text = lwc_identity_authority(identity)},
        {.name = "keyId", .text = identity->key_id},
        {.name = "subAccount", .text = identity->sub_account},
        {.name = "kind", .text = lwc_kind_name(identity->kind)},
        {.name = "backend", .text = status->backend},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(members); i++) {
        LWC_REPORT_ADD(report, ",");
        lwc_report_add_member(report, members[i].name, members[i].text);
    }
    add_flag(report, "orgAccess", is_org_access(status), true);
}

static void add_token_members(struct lwc_report *report, const struct lwc_status *status)
{
    char date[LWC_DATE_LEN] = "";
    const bool is_known = status->has_token && status->expires_at != 0;

    if (is_known) {
        lwc_date_format(status->expires_at, date);
    }
    add_text_or_null(report, "expiresAt", date);
    LWC_REPORT_ADD(report, ",");
    add_number(report, "expiresIn", status->expires_in, is_known);
}

static void add_rate_member(struct lwc_report *report, const struct lwc_status *status)
{
    LWC_REPORT_ADD(report, ",\"rateLimit\":{");
    add_number(report, "limit", status->rate_limit, status->rate_limit >= 0);
    LWC_REPORT_ADD(report, ",");
    add_number(report, "remaining", status->rate_remaining, status->rate_remaining >= 0);
    LWC_REPORT_ADD(report, ",");
    add_number(report, "resetIn", status->rate_reset_s, status->rate_reset_s >= 0);
    LWC_REPORT_ADD(report, "}");
}

static void append_object(struct lwc_report *report, const struct lwc_status *status)
{
    LWC_REPORT_ADD(report, "{\"online\":%s", LWC_TRUTH(status->is_online));
    add_user_members(report, status);
    add_scope_member(report, &status->scope);
    add_credential_members(report, status);
    add_token_members(report, status);
    add_rate_member(report, status);
    LWC_REPORT_ADD(report, ",\"warnings\":[");
    for (size_t i = 0; i < status->scope.warnings; i++) {
        LWC_REPORT_ADD(report, i == 0 ? "" : ",");
        lwc_report_add_text(report, status->scope.warning[i]);
    }
    LWC_REPORT_ADD(report, "]}\n");
}

void lwc_status_append(struct lwc_report *report, const struct lwc_status *status)
{
    if (report->json) {
        append_object(report, status);
    } else {
        append_lines(report, status);
    }
}
