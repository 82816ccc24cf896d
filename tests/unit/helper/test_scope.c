/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/helper/scope.h"

enum { ORG = LWC_ID_ORG_ACCESS };

static struct lwc_user_account all_accounts[] = {
    {"ACME", true, true}, {"DEV", true, true}, {"PROD", true, true}, {"LAB", true, false}};
static struct lwc_user_account dev_alone[] = {{"DEV", true, true}};
static struct lwc_user_account acme_alone[] = {{"ACME", true, true}};
static struct lwc_user_account alike[] = {{"ACMECORP-DEV", true, true},
                                          {"acmecorp.prod", true, true}};

static const struct lwc_user_profile org_admin = {.has_accounts = true,
                                                  .is_organization = true,
                                                  .is_org_admin = true,
                                                  .url = "acme.lacework.net",
                                                  .accounts = all_accounts,
                                                  .count = 4};
static const struct lwc_user_profile org_reader = {.has_accounts = true,
                                                   .is_organization = true,
                                                   .is_org_user = true,
                                                   .url = "https://ACME.fra.lacework.net/ui",
                                                   .accounts = all_accounts,
                                                   .count = 4};
static const struct lwc_user_profile sub_admin = {.has_accounts = true,
                                                  .is_organization = true,
                                                  .url = "acme.lacework.net",
                                                  .accounts = all_accounts + 1,
                                                  .count = 3};
static const struct lwc_user_profile dev_admin = {.has_accounts = true,
                                                  .is_organization = true,
                                                  .url = "acme.lacework.net",
                                                  .accounts = dev_alone,
                                                  .count = 1};
static const struct lwc_user_profile plain = {
    .has_accounts = true, .url = "acme.lacework.net", .accounts = acme_alone, .count = 1};
static const struct lwc_user_profile unlisted = {.has_accounts = true};
static const struct lwc_user_profile org_admin_alike = {.has_accounts = true,
                                                        .is_organization = true,
                                                        .is_org_admin = true,
                                                        .accounts = alike,
                                                        .count = 2};
static const struct lwc_user_profile not_told = {.is_organization = false};
static const struct lwc_user_profile member_not_told = {.is_organization = true,
                                                        .url = "acme.lacework.net"};

/* A call, and where it acts: "account NAME", "organization" or "unknown", "?" behind a guess. */
static const struct {
    const char *account;
    const char *key_id;
    const char *sub_account;
    uint32_t flags;
    const struct lwc_user_profile *profile;
    const char *expected;
    const char *warning; /* a part of the only one; NULL: none */
} cases[] = {
    /* organization admins */
    {"acme", "ACME_0", "", 0, &org_admin, "account acme?", NULL},
    {"acme", "ACME_0", "dev", 0, &org_admin, "account dev", NULL},
    {"acme", "ACME_0", "DEV", 0, &org_admin, "account dev", NULL},
    {"acme", "ACME_0", "acme", 0, &org_admin, "account acme", NULL},
    {"acme", "ACME_0", "lab", 0, &org_admin, "account lab", "disabled in account 'lab'"},
    {"acme", "ACME_0", "x", 0, &org_admin, "account x", "'x' is none of this user's accounts"},
    {"acme", "ACME_0", "", ORG, &org_admin, "organization", NULL},
    {"acme", "ACME_0", "dev", ORG, &org_admin, "organization", "'dev' has no effect"},
    {"acme", "DEV_0", "", 0, &org_admin, "account dev?", "made: 'dev', not 'acme'"},
    {"acme", "DEV_0", "prod", 0, &org_admin, "account prod", NULL},
    {"acme", "DEV_0", "", ORG, &org_admin, "organization", NULL},
    {"acme", "OTHER_0", "", 0, &org_admin, "unknown", "which the API does not tell"},
    {"acme", "ACM_0", "", 0, &org_admin, "unknown", "which the API does not tell"},
    {"acme", "acme_0", "", 0, &org_admin, "unknown", "which the API does not tell"},
    {"acme", "ACME", "", 0, &org_admin, "unknown", "which the API does not tell"},
    {"acme", "", "", 0, &org_admin, "unknown", "which the API does not tell"},
    {"acme.fra", "ACME_0", "", 0, &org_reader, "account acme?", NULL},
    {"acme", "ACME_0", "", ORG, &org_reader, "organization", NULL},
    /* accounts with the same first eight letters */
    {"acmecorp-dev", "ACMECORP_0", "", 0, &org_admin_alike, "unknown", "does not tell"},
    {"other", "ACMECORP_0", "", 0, &org_admin_alike, "unknown", "does not tell"},
    /* admins of sub-accounts */
    {"acme", "DEV_0", "dev", 0, &sub_admin, "account dev", NULL},
    {"acme", "DEV_0", "", 0, &sub_admin, "account dev?", "'dev', not 'acme'"},
    {"acme", "ACME_0", "acme", 0, &sub_admin, "account acme", "'acme' is none of"},
    {"acme", "DEV_0", "prod", ORG, &sub_admin, "account prod", "no admin of one"},
    {"acme", "ODD_0", "", 0, &dev_admin, "account dev", "'dev', not 'acme'"},
    /* users of one account */
    {"acme", "ACME_0", "", 0, &plain, "account acme", NULL},
    {"acme", "ODD_0", "", 0, &plain, "account acme", NULL},
    {"acme", "ACME_0", "acme", 0, &plain, "account acme", NULL},
    {"acme", "ACME_0", "dev", 0, &plain, "account dev", "'dev' is none of"},
    {"acme", "ACME_0", "", ORG, &plain, "account acme", "no admin of one"},
    {"acme", "ACME_0", "", 0, &unlisted, "account acme", NULL},
    /* the URL of another account, of a sub-account */
    {"other", "ACME_0", "dev", 0, &org_admin, "account dev", "for account 'other'"},
    {"dev", "ACME_0", "prod", 0, &org_admin, "account prod", "'dev' is a sub-account of"},
    {"other", "ACME_0", "", 0, &plain, "account acme", "calls it 'acme.lacework.net'"},
    /* an API that does not tell, or was not asked */
    {"acme", "ACME_0", "", 0, &not_told, "account acme", NULL},
    {"acme", "ACME_0", "dev", 0, &not_told, "account dev?", NULL},
    {"acme", "ACME_0", "", ORG, &not_told, "organization?", NULL},
    {"acme", "ACME_0", "", 0, &member_not_told, "unknown", NULL},
    {"acme", "ACME_0", "", 0, NULL, "unknown", NULL},
    {"acme", "ACME_0", "Dev", 0, NULL, "account dev?", NULL},
    {"acme", "ACME_0", "", ORG, NULL, "organization?", NULL},
    {"acme", "ACME_0", "dev", ORG, NULL, "organization?", "'dev' has no effect"},
};

static void describe(const struct lwc_scope *scope, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s%s%s",
                   scope->kind == LWC_SCOPE_ORGANIZATION ? "organization"
                   : scope->kind == LWC_SCOPE_ACCOUNT    ? "account "
                                                         : "unknown",
                   scope->account,
                   scope->is_certain || scope->kind == LWC_SCOPE_UNKNOWN ? "" : "?");
}

static void call_acts_where_role_and_headers_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char account[64];
        char found[300];
        struct lwc_scope scope;
        const struct lwc_identity identity = {.profile = "p",
                                              .account = account,
                                              .origin = "localhost:8443",
                                              .key_id = cases[i].key_id,
                                              .sub_account = cases[i].sub_account,
                                              .flags = cases[i].flags};

        (void)snprintf(account, sizeof account, "%s.lacework.net", cases[i].account);
        lwc_scope_judge(&identity, cases[i].profile, &scope);
        describe(&scope, found, sizeof found);
        print_message("case %zu: %s\n", i, scope.warnings > 0 ? scope.warning[0] : "");
        assert_string_equal(found, cases[i].expected);
        assert_int_equal(scope.warnings, cases[i].warning != NULL);
        if (cases[i].warning != NULL) {
            assert_non_null(strstr(scope.warning[0], cases[i].warning));
        }
    }
}

static void several_warnings_are_given(void **state)
{
    const struct lwc_identity identity = {.profile = "p",
                                          .account = "other.lacework.net",
                                          .origin = "",
                                          .key_id = "DEV_0",
                                          .sub_account = "",
                                          .flags = ORG};
    struct lwc_scope scope;

    (void)state;
    lwc_scope_judge(&identity, &sub_admin, &scope);
    assert_int_equal(scope.warnings, 3);
    assert_non_null(strstr(scope.warning[0], "for account 'other'"));
    assert_non_null(strstr(scope.warning[1], "no admin of one"));
    assert_non_null(strstr(scope.warning[2], "'dev', not 'acme'"));
    assert_string_equal(scope.account, "dev");
    assert_false(scope.is_certain);
}

static void text_from_outside_is_made_printable_and_fits(void **state)
{
    struct lwc_user_account odd[] = {{"\033]0;x", true, true}};
    struct lwc_user_profile profile = {.has_accounts = true, .accounts = odd, .count = 1};
    struct lwc_identity identity = {.profile = "p",
                                    .account = "acme.lacework.net",
                                    .origin = "",
                                    .key_id = "K",
                                    .sub_account = "",
                                    .flags = 0};
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
    struct lwc_scope scope;

    (void)state;
    memset(profile.url, '\n', LWC_USER_TEXT_MAX);
    memset(sub_account, 's', LWC_SUB_ACCOUNT_MAX);
    sub_account[LWC_SUB_ACCOUNT_MAX] = '\0';
    lwc_scope_judge(&identity, &profile, &scope);
    assert_string_equal(scope.account, "\\x1b]0;x");
    assert_int_equal(scope.warnings, 1);
    assert_null(strchr(scope.warning[0], '\n'));
    identity.sub_account = sub_account;
    identity.flags = ORG;
    lwc_scope_judge(&identity, &profile, &scope);
    assert_string_equal(scope.account, sub_account);
    assert_int_equal(scope.warnings, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_acts_where_role_and_headers_say),
        cmocka_unit_test(several_warnings_are_given),
        cmocka_unit_test(text_from_outside_is_made_printable_and_fits),
    };

    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
