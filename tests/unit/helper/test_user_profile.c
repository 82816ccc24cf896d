/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/helper/user_profile.h"

#define ACCOUNT(name) "{\"accountName\":\"" name "\",\"admin\":true,\"userEnabled\":1}"

static enum lwc_code parse(const char *text, struct lwc_user_profile *profile_out,
                           struct lwc_error *err)
{
    return lwc_user_profile_parse(text, strlen(text), profile_out, err);
}

static void whole_profile_is_read(void **state)
{
    LWC_AUTO_USER_PROFILE profile = {.has_accounts = false};

    (void)state;
    assert_int_equal(
        parse("{\"data\":[{\"username\":\"jane@example.com\",\"orgAccount\":true,"
              "\"url\":\"acmeorg.lacework.net\",\"orgAdmin\":true,\"orgUser\":false,\"new\":[{}],"
              "\"accounts\":[{\"admin\":true,\"accountName\":\"ACME\",\"custGuid\":\"A_1\","
              "\"userGuid\":\"A_2\",\"userEnabled\":1},"
              "{\"admin\":false,\"accountName\":\"d\\u00e9v\",\"userEnabled\":0}]}],"
              "\"paging\":null}\n",
              &profile, NULL),
        LWC_OK);
    assert_true(profile.has_accounts && profile.is_organization && profile.is_org_admin);
    assert_false(profile.is_org_user);
    assert_string_equal(profile.name, "jane@example.com");
    assert_string_equal(profile.url, "acmeorg.lacework.net");
    assert_int_equal(profile.count, 2);
    assert_string_equal(profile.accounts[0].name, "ACME");
    assert_true(profile.accounts[0].is_admin && profile.accounts[0].is_enabled);
    assert_string_equal(profile.accounts[1].name, "d\303\251v");
    assert_false(profile.accounts[1].is_admin || profile.accounts[1].is_enabled);
    assert_ptr_equal(lwc_user_profile_find(&profile, "acme"), &profile.accounts[0]);
    assert_null(lwc_user_profile_find(&profile, "acm"));
    assert_null(lwc_user_profile_find(&profile, ""));
}

static void other_forms_are_read_as_well(void **state)
{
    static const char *const texts[] = {
        "{\"data\":{}}",
        "{\"data\":[{}]}",
        "{\"data\":[{\"username\":null,\"url\":null,\"orgAdmin\":null,\"accounts\":null}]}",
        "{\"data\":[{\"orgAdmin\":0,\"orgUser\":false,\"accounts\":[]}]}",
        "{\"ok\":true,\"message\":\"SUCCESS\",\"data\":[{}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        LWC_AUTO_USER_PROFILE profile = {.count = 7};

        print_message("%s\n", texts[i]);
        assert_int_equal(parse(texts[i], &profile, NULL), LWC_OK);
        assert_true(profile.has_accounts);
        assert_false(profile.is_organization || profile.is_org_admin || profile.is_org_user);
        assert_string_equal(profile.name, "");
        assert_string_equal(profile.url, "");
        assert_int_equal(profile.count, 0);
    }
}

static void unusable_replies_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "unusable reply: not valid JSON"},
        {"{\"data\":[{}]", "unusable reply: "},
        {"{\"data\":[{}]}x", "unusable reply: "},
        {"<html>", "unusable reply: "},
        {"[{\"data\":[{}]}]", "unusable reply: no JSON object"},
        {"\"data\"", "unusable reply: no JSON object"},
        {"{}", "unusable reply: \"data\" holds no object"},
        {"{\"data\":null}", "unusable reply: \"data\" holds no object"},
        {"{\"data\":[]}", "unusable reply: \"data\" holds no object"},
        {"{\"data\":[[{}]]}", "unusable reply: \"data\" holds no object"},
        {"{\"data\":[\"x\"]}", "unusable reply: \"data\" holds no object"},
        {"{\"data\":{},\"data\":{}}", "unusable reply: \"data\" is there twice"},
        {"{\"data\":[{\"url\":\"a\",\"url\":\"b\"}]}", "unusable reply: \"url\" is there twice"},
        {"{\"data\":[{\"username\":1}]}", "unusable reply: \"username\" is no short text"},
        {"{\"data\":[{\"username\":\"\\ud800\"}]}",
         "unusable reply: \"username\" is no short text"},
        {"{\"data\":[{\"orgAdmin\":\"true\"}]}",
         "unusable reply: \"orgAdmin\" is neither true nor false"},
        {"{\"data\":[{\"orgAdmin\":2}]}", "unusable reply: \"orgAdmin\" is neither true nor false"},
        {"{\"data\":[{\"orgAdmin\":10}]}",
         "unusable reply: \"orgAdmin\" is neither true nor false"},
        {"{\"data\":[{\"orgUser\":{}}]}", "unusable reply: \"orgUser\" is neither true nor false"},
        {"{\"data\":[{\"accounts\":{}}]}",
         "unusable reply: \"accounts\" is no array, or too long a one"},
        {"{\"data\":[{\"accounts\":\"[]\"}]}",
         "unusable reply: \"accounts\" is no array, or too long a one"},
        {"{\"data\":[{\"accounts\":[[]]}]}", "unusable reply: an account that is no object"},
        {"{\"data\":[{\"accounts\":[null]}]}", "unusable reply: an account that is no object"},
        {"{\"data\":[{\"accounts\":[{}]}]}", "unusable reply: an account without a name"},
        {"{\"data\":[{\"accounts\":[" ACCOUNT("A") "," ACCOUNT("") "]}]}",
         "unusable reply: an account without a name"},
        {"{\"data\":[{\"accounts\":[{\"accountName\":\"A\",\"admin\":[]}]}]}",
         "unusable reply: \"admin\" is neither true nor false"},
        {"{\"data\":[{\"accounts\":[{\"accountName\":\"A\",\"userEnabled\":\"1\"}]}]}",
         "unusable reply: \"userEnabled\" is neither true nor false"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_user_profile profile = {.count = 7};
        struct lwc_error err = {0};

        assert_int_equal(parse(cases[i].text, &profile, &err), LWC_E_NETWORK);
        print_message("%s: %s\n", cases[i].text, err.msg);
        assert_int_equal(err.code, LWC_E_NETWORK);
        assert_ptr_equal(strstr(err.msg, cases[i].message), err.msg);
        assert_int_equal(profile.count, 7);
    }
}

/* Returns "{"data":[{BEFORE" , @count times @text, "AFTER}]}", to be freed. */
static char *repeat(const char *before, const char *text, size_t count, const char *after)
{
    char *all = calloc(1, 64 + strlen(before) + strlen(text) * count + strlen(after));
    char *at = all;

    assert_non_null(all);
    at = stpcpy(stpcpy(at, "{\"data\":[{"), before);
    for (size_t i = 0; i < count; i++) {
        at = stpcpy(at, text);
    }
    (void)stpcpy(stpcpy(at, after), "}]}");
    return all;
}

static void limits_are_held(void **state)
{
    static const struct {
        const char *before;
        const char *text;
        size_t count;
        const char *after;
        enum lwc_code code;
    } cases[] = {
        {"\"username\":\"", "x", LWC_USER_TEXT_MAX, "\"", LWC_OK},
        {"\"username\":\"", "x", LWC_USER_TEXT_MAX + 1, "\"", LWC_E_NETWORK},
        {"\"username\":\"", "\\u0041", LWC_USER_TEXT_MAX, "\"", LWC_OK},
        {"\"username\":\"", "\\u0041", LWC_USER_TEXT_MAX + 1, "\"", LWC_E_NETWORK},
        {"\"accounts\":[{\"accountName\":\"", "x", LWC_SUB_ACCOUNT_MAX, "\"}]", LWC_OK},
        {"\"accounts\":[{\"accountName\":\"", "x", LWC_SUB_ACCOUNT_MAX + 1, "\"}]", LWC_E_NETWORK},
        {"\"accounts\":[", "{\"accountName\":\"A\"},", 9999, "{\"accountName\":\"A\"}]", LWC_OK},
        {"\"accounts\":[", "{\"accountName\":\"A\"},", 10000, "{\"accountName\":\"A\"}]",
         LWC_E_NETWORK},
        {"\"x\":\"", "x", LWC_USER_REPLY_MAX - 20, "\"", LWC_OK},
        {"\"x\":\"", "x", LWC_USER_REPLY_MAX, "\"", LWC_E_NETWORK},
        {"\"x\":", "[", 70, "", LWC_E_NETWORK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_USER_PROFILE profile = {.has_accounts = false};
        char *text = repeat(cases[i].before, cases[i].text, cases[i].count, cases[i].after);

        print_message("%s %zu\n", cases[i].before, cases[i].count);
        assert_int_equal(parse(text, &profile, NULL), cases[i].code);
        free(text);
    }
}

static void organization_is_read_alone(void **state)
{
    static const char good[] =
        "{\"data\":[{\"orgAccount\":true,\"orgAccountUrl\":\"acmeorg.lacework.net\"}]}";
    static const char none[] = "{\"data\":[{\"orgAccount\":false}]}";
    static const char bad[] = "{\"data\":[{\"orgAccount\":\"no\"}]}";
    LWC_AUTO_USER_PROFILE profile = {.has_accounts = false};

    (void)state;
    assert_int_equal(lwc_user_organization_parse(good, sizeof good - 1, &profile, NULL), LWC_OK);
    assert_true(profile.is_organization);
    assert_false(profile.has_accounts);
    assert_string_equal(profile.url, "acmeorg.lacework.net");
    assert_int_equal(lwc_user_organization_parse(none, sizeof none - 1, &profile, NULL), LWC_OK);
    assert_false(profile.is_organization);
    assert_string_equal(profile.url, "");
    assert_int_equal(lwc_user_organization_parse(bad, sizeof bad - 1, &profile, NULL),
                     LWC_E_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_profile_is_read),
        cmocka_unit_test(other_forms_are_read_as_well),
        cmocka_unit_test(unusable_replies_are_refused),
        cmocka_unit_test(limits_are_held),
        cmocka_unit_test(organization_is_read_alone),
    };

    return cmocka_run_group_tests_name("user_profile", tests, NULL, NULL);
}
