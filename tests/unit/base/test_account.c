/* SPDX-License-Identifier: Apache-2.0 */
#include "base/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <lwcred.h>

static void account_known_forms_become_canonical(void **state)
{
    static const struct {
        const char *text;
        const char *host;
    } cases[] = {
        {"acme", "acme.lacework.net"},
        {"ACME", "acme.lacework.net"},
        {"acme.fra", "acme.fra.lacework.net"},
        {"abc.abc.corp", "abc.abc.corp.lacework.net"},
        {"acme.lacework.net", "acme.lacework.net"},
        {"Acme.Lacework.NET", "acme.lacework.net"},
        {"acme.lacework.net:443", "acme.lacework.net"},
        {"https://acme.lacework.net", "acme.lacework.net"},
        {"HTTPS://acme.lacework.net/", "acme.lacework.net"},
        {"http://acme.lacework.net", "acme.lacework.net"},
        {"https://acme.fra.lacework.net/ui/investigation/Dashboard?x=1#y", "acme.fra.lacework.net"},
        {"https://acme.lacework.net:443/ui", "acme.lacework.net"},
        {"acme.lacework.net/ui", "acme.lacework.net"},
        {"my-org-2", "my-org-2.lacework.net"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[LWC_ACCOUNT_MAX + 1];

        print_message("%s\n", cases[i].text);
        assert_int_equal(lwc_account_canonical(cases[i].text, host, NULL), LWC_OK);
        assert_string_equal(host, cases[i].host);
        assert_int_equal(lwc_account_parse(cases[i].text, host, NULL), LWC_OK);
        assert_string_equal(host, cases[i].host);
    }
}

static void account_other_forms_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "acme ",
        "https://",
        "https://acme",
        "acme/",
        "evil.com/",
        "evil.example.com",
        "acme.lacework.com",
        "https://evil.example/acme.lacework.net",
        "https://acme.lacework.net.evil.example/",
        "https://acme.lacework.net@evil.example/",
        "https://user:pw@acme.lacework.net/",
        "user@acme",
        "acme.lacework.net:8443",
        "acme.lacework.net.",
        "acme..lacework.net",
        ".lacework.net",
        "lacework.net.",
        "-acme",
        "acme-",
        "ac_me",
        "acme%2elacework.net",
        "acm\xc3\xa9",
        "acme\n",
        "a.b.c",
        "a.b.corp.d",
        "login",
        "https://login.lacework.net/ui?redirectUrl=x",
        "api.lacework.net",
        "api.fra.lacework.net",
        "[::1]",
        "127.0.0.1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    static char huge[5000];

    (void)state;
    memset(huge, 'a', sizeof huge - 1);
    for (size_t i = 0; i <= sizeof cases / sizeof cases[0]; i++) {
        const char *text = i < sizeof cases / sizeof cases[0] ? cases[i] : huge;
        char host[LWC_ACCOUNT_MAX + 1] = "untouched";
        struct lwc_error err = {0};

        print_message("'%.60s'\n", text);
        assert_int_equal(lwc_account_canonical(text, host, &err), LWC_E_INVALID);
        assert_string_equal(host, "untouched");
        assert_non_null(strstr(err.msg, "not an account"));
        assert_null(strchr(err.msg, '\n'));
    }
}

static void refusals_show_what_was_given_but_no_password(void **state)
{
    static const struct {
        enum lwc_code (*judge)(const char *text, char *out, struct lwc_error *err);
        const char *text;
        const char *msg;
    } cases[] = {
        {lwc_account_canonical, "acme ", "'acme' is not an account: a blank or newline in it"},
        {lwc_account_canonical, "acme\n",
         "'acme\\x0a' is not an account: a blank or newline in it"},
        {lwc_account_canonical, "https://u:hunter2@acme.lacework.net",
         "not an account: user information before an '@'"},
        {lwc_account_canonical, "u:hunter2@acme", "not an account: user information before an '@'"},
        {lwc_account_canonical, "acme/?token=hunter2@",
         "not an account: user information before an '@'"},
        {lwc_account_canonical, "_0123456789abcdef0123456789abcdef",
         "not an account: it begins with '_', as a secret does"},
        {lwc_origin_canonical, "https://x.example/api",
         "'https://x.example/api' is not an API address: https://HOST[:PORT] expected"},
        {lwc_origin_canonical, "https://me:hunter2@x.example",
         "an API address has no user name: https://HOST[:PORT] expected"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[LWC_ORIGIN_MAX + 1] = "";
        struct lwc_error err = {0};

        assert_int_equal(cases[i].judge(cases[i].text, out, &err), LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

static void origin_good_forms_become_canonical(void **state)
{
    static const struct {
        const char *url;
        const char *origin;
    } cases[] = {
        {"https://127.0.0.1:8443", "127.0.0.1:8443"},
        {"https://Proxy.Example/", "proxy.example"},
        {"HTTPS://proxy.example:443", "proxy.example"},
        {"https://[::1]:8443", "[::1]:8443"},
        {"https://localhost", "localhost"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char origin[LWC_ORIGIN_MAX + 1];

        print_message("%s\n", cases[i].url);
        assert_int_equal(lwc_origin_canonical(cases[i].url, origin, NULL), LWC_OK);
        assert_string_equal(origin, cases[i].origin);
        assert_int_equal(lwc_origin_parse(cases[i].url, origin, NULL), LWC_OK);
        assert_string_equal(origin, cases[i].origin);
    }
}

static void origin_other_forms_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "https://",
        "https:///",
        "127.0.0.1:8443",
        "http://127.0.0.1:8443",
        "ftp://x.example",
        "https://x.example/api",
        "https://x.example//",
        "https://x.example?y",
        "https://x.example#y",
        "https://user@x.example",
        "https://x.example:",
        "https://x.example:0",
        "https://x.example:65536",
        "https://x.example:08443",
        "https://x.example:8443:1",
        "https://x example",
        "https://x.example\r\nHost: y",
        "https://[::1",
        "https://[zz]:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char origin[LWC_ORIGIN_MAX + 1] = "untouched";

        print_message("'%s'\n", cases[i]);
        assert_int_equal(lwc_origin_canonical(cases[i], origin, NULL), LWC_E_INVALID);
        assert_string_equal(origin, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account_known_forms_become_canonical),
        cmocka_unit_test(account_other_forms_are_refused),
        cmocka_unit_test(refusals_show_what_was_given_but_no_password),
        cmocka_unit_test(origin_good_forms_become_canonical),
        cmocka_unit_test(origin_other_forms_are_refused),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
