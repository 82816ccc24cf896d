/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of a ~/.lacework.toml: their values, and the reasons to refuse them. */
#include "backends/lacework-cli/profiles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define PATH "/home/x/.lacework.toml"
#define SECRET "_0123456789abcdef0123456789abcdef"
#define KEYS "api_key = 'ACME_01'\napi_secret = '" SECRET "'\n"
#define TOKEN "api_token = '_token'\n"
#define TEN(text) text text text text text text text text text text

static enum lwc_code parse(const char *text, struct lwc_profiles **profiles, struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;

    assert_int_equal(lwc_buf_copy(text, strlen(text), &content, NULL), LWC_OK);
    return lwc_profiles_parse(PATH, content, profiles, err);
}

static void parse_ok(const char *text, struct lwc_profiles **profiles)
{
    struct lwc_error err = {0};

    print_message("%s\n", text);
    if (parse(text, profiles, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
}

/* "PROFILE ACCOUNT KEY_ID SUB_ACCOUNT KIND FLAGS SECRET;" for each that is an answer. */
static enum lwc_code write_secret(void *data, const struct lwc_identity *id, const void *bytes,
                                  size_t len, struct lwc_error *err)
{
    char *text = data;
    const size_t used = strlen(text);

    (void)err;
    (void)snprintf(text + used, 1024 - used, "%s %s %s %s %u %u %.*s;", id->profile, id->account,
                   id->key_id, id->sub_account, id->kind, id->flags, (int)len, (const char *)bytes);
    return LWC_OK;
}

static void assert_answers(const char *text, const char *expected)
{
    LWC_AUTO_PROFILES profiles = NULL;
    char written[1024] = "";
    const struct lwc_sink sink = {.data = written, .put = write_secret};

    parse_ok(text, &profiles);
    for (size_t i = 0; i < lwc_profiles_count(profiles); i++) {
        struct lwc_identity_copy identity;
        struct lwc_error err = {0};

        if (lwc_profiles_identity(profiles, i, &identity, &err) != LWC_OK) {
            fail_msg("%s", err.msg);
        }
        assert_string_equal(identity.id.origin, "");
        assert_int_equal(lwc_profiles_secret(profiles, i, &identity.id, &sink, NULL), LWC_OK);
    }
    assert_string_equal(written, expected);
}

static void every_variant_of_the_file_is_read(void **state)
{
    static const struct {
        const char *text;
        const char *answers;
    } cases[] = {
        {"", ""},
        {"# nothing\n", ""},
        {"[default]\n", ""},
        {"[other]\nversion = 2\ncolor = 'red'\n", ""},
        {"[default]\n  account = \"acme\"\n  api_key = \"ACME_01\"\n  api_secret = \"" SECRET
         "\"\n  version = 2\n",
         "default acme.lacework.net ACME_01  1 0 " SECRET ";"},
        /* what writes it this way: version 1, and version 0.1 without a table */
        {"[default]\naccount = 'acme'\n" KEYS "version = 1\n",
         "default acme.lacework.net ACME_01  1 0 " SECRET ";"},
        {"[default]\naccount = 'acme'\n" KEYS,
         "default acme.lacework.net ACME_01  1 0 " SECRET ";"},
        {"account = 'acme'\n" KEYS, "default acme.lacework.net ACME_01  1 0 " SECRET ";"},
        {"account = 'acme'\n" KEYS "[b]\naccount = 'b'\n" TOKEN,
         "default acme.lacework.net ACME_01  1 0 " SECRET ";b b.lacework.net   2 0 _token;"},
        /* accounts in each form */
        {"[a]\naccount = 'https://ACME.fra.lacework.net/ui'\n" TOKEN,
         "a acme.fra.lacework.net   2 0 _token;"},
        {"[a]\naccount = 'acme.lacework.net:443'\n" TOKEN, "a acme.lacework.net   2 0 _token;"},
        {"[a]\naccount = 'acme'\nsubaccount = 'Prod-1'\n" TOKEN,
         "a acme.lacework.net  Prod-1 2 0 _token;"},
        {"[a]\naccount = 'acme'\nsubaccount = ''\n" TOKEN, "a acme.lacework.net   2 0 _token;"},
        /* a whole key comes before a token, a token before half a key */
        {"[a]\naccount = 'acme'\n" KEYS TOKEN, "a acme.lacework.net ACME_01  1 0 " SECRET ";"},
        {"[a]\naccount = 'acme'\napi_key = 'ACME_01'\n" TOKEN, "a acme.lacework.net   2 0 _token;"},
        {"[a]\naccount = 'acme'\napi_key = ''\napi_secret = ''\n" TOKEN,
         "a acme.lacework.net   2 0 _token;"},
        /* the organization */
        {"organization = true\n[a]\naccount = 'acme'\n" TOKEN, "a acme.lacework.net   2 1 _token;"},
        {"organization = false\n[a]\naccount = 'acme'\n" TOKEN "[b]\naccount = 'b'\n" TOKEN
         "organization = true\n",
         "a acme.lacework.net   2 0 _token;b b.lacework.net   2 1 _token;"},
        /* names */
        {"[my.prod]\naccount = 'acme'\n" TOKEN, "my.prod acme.lacework.net   2 0 _token;"},
        {"['my.prod']\naccount = 'acme'\n" TOKEN, "my.prod acme.lacework.net   2 0 _token;"},
        {"[my]\naccount = 'a'\n" TOKEN "[my.prod]\naccount = 'b'\n" TOKEN,
         "my a.lacework.net   2 0 _token;my.prod b.lacework.net   2 0 _token;"},
        {"[Prod]\nAccount = 'acme'\nAPI_Token = '_token'\n",
         "Prod acme.lacework.net   2 0 _token;"},
        {"[\"a@b-c_d\"]\naccount = 'acme'\n" TOKEN, "a@b-c_d acme.lacework.net   2 0 _token;"},
        {"a = { account = 'acme', api_token = '_token' }\n", "a acme.lacework.net   2 0 _token;"},
        {"a.account = 'acme'\na.api_token = '_token'\n", "a acme.lacework.net   2 0 _token;"},
        /* what is around */
        {"\xef\xbb\xbf[a]\r\naccount = 'acme' # text\r\napi_token = '_token'\r\nextra = [1, 2]\r\n",
         "a acme.lacework.net   2 0 _token;"},
        {"x = 1979-05-27\n[[list]]\naccount = 'no'\n[a]\naccount = 'acme'\n" TOKEN,
         "a acme.lacework.net   2 0 _token;"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        assert_answers(cases[i].text, cases[i].answers);
    }
}

static const struct {
    const char *text;
    const char *msg;
} no_answers[] = {
    {"[a]\naccount = 'acme'\napi_key = 'K'\n", PATH ":2: profile 'a' lacks api_secret"},
    {"[a]\naccount = 'acme'\napi_secret = '" SECRET "'\n", "profile 'a' lacks api_key"},
    {"[a]\naccount = 'acme'\n", "profile 'a' lacks api_key, api_secret"},
    {"[a]\n" KEYS, "profile 'a' lacks account"},
    {"[a]\naccount = ''\n" KEYS, "profile 'a' lacks account"},
    {"[a]\nsubaccount = 'x'\n", "profile 'a' lacks account, api_key, api_secret"},
    {"account = 'acme'\n", PATH ":1: profile 'default' lacks api_key, api_secret"},
    {"[a]\naccount = 'acme'\napi_key = 'K'\napi_secret = 5\n", "api_secret: text expected"},
    {"[a]\naccount = []\n" KEYS, "account: text expected"},
    {"[a]\naccount = 'acme'\napi_token = 1.5\n", "api_token: text expected"},
    {"[a]\naccount = 'acme'\nsubaccount = true\n" TOKEN, "subaccount: text expected"},
    {"[a]\naccount = 'acme'\nversion = 'x'\n" TOKEN, "version: a number expected"},
    {"[a]\naccount = 'acme'\nversion = 3\n" TOKEN, "version: 1 or 2 expected"},
    {"[a]\naccount = 'acme'\nversion = 0\n" TOKEN, "version: 1 or 2 expected"},
    {"[a]\naccount = 'acme'\norganization = 'yes'\n" TOKEN, "organization: true or false expected"},
    {"organization = 1\n[a]\naccount = 'acme'\n" TOKEN, "organization: true or false expected"},
    {"[a]\naccount = 'acme'\nAccount = 'evil'\n" TOKEN, "account is there twice"},
    {"[a]\naccount = 'acme'\napi_token = \"x\\u0000y\"\n", "api_token: a NUL in it"},
    {"[a]\naccount = 'a.evil.com'\n" TOKEN, "account: not the name of one"},
    {"[a]\naccount = 'http://evil.com/.lacework.net'\n" TOKEN, "account: not the name of one"},
    {"[a]\naccount = 'Secret!0123456789'\n" TOKEN, "account: not the name of one"},
    {"[a]\naccount = 'acme'\napi_key = 'two words'\napi_secret = 'x'\n", "key id"},
    {"[a]\naccount = 'acme'\nsubaccount = \"a\\nb\"\n" TOKEN, "sub-account"},
    {"[a]\naccount = 'acme'\nsubaccount = '" TEN("0123456789ABCDEF") "'\n" TOKEN,
     "subaccount: longer than 128 bytes"},
    {"[a]\naccount = '" TEN(TEN("0123456789")) "'\n" TOKEN, "account: longer than 511 bytes"},
    {"['" SECRET "']\naccount = 'acme'\n" TOKEN, "name cannot be used here"},
    {"['a b']\naccount = 'acme'\n" TOKEN, PATH ":2: the profile's name cannot be used here"},
    {"[\"\xc3\xa9\"]\naccount = 'acme'\n" TOKEN, "name cannot be used here"},
    {"[\"a\\u0000\"]\naccount = 'acme'\n" TOKEN, "name cannot be used here"},
    {"['" TEN("0123456789") "']\naccount = 'acme'\n" TOKEN, "name cannot be used here"},
    {"['']\naccount = 'acme'\n" TOKEN, "name cannot be used here"},
    {"[env]\naccount = 'acme'\n" TOKEN, "'env' is kept for the environment"},
    {"[a.b]\naccount = 'acme'\n['a.b']\n" TOKEN, "profile 'a.b' is there twice"},
    {"account = 'acme'\n[default]\n" TOKEN,
     "profile 'default' is there twice: keys before the first table are that profile, too"},
};

static void a_profile_that_is_no_answer_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(no_answers); i++) {
        LWC_AUTO_PROFILES profiles = NULL;
        struct lwc_identity_copy identity;

        parse_ok(no_answers[i].text, &profiles);
        assert_true(lwc_profiles_count(profiles) > 0);
        for (size_t number = 0; number < lwc_profiles_count(profiles); number++) {
            struct lwc_error err = {0};

            assert_int_equal(lwc_profiles_identity(profiles, number, &identity, &err),
                             LWC_E_NOT_FOUND);
            assert_int_equal(err.code, LWC_E_NOT_FOUND);
            print_message("  %s\n  (%s)\n", err.msg, err.hint);
            assert_non_null(strstr(err.msg, no_answers[i].msg));
            assert_non_null(strstr(err.msg, PATH));
            assert_null(strstr(err.msg, "0123456"));
            assert_null(strstr(err.hint, "0123456"));
        }
    }
}

static void one_bad_profile_leaves_the_others(void **state)
{
    LWC_AUTO_PROFILES profiles = NULL;
    struct lwc_identity_copy identity;

    (void)state;
    parse_ok("[a]\naccount = 'a.evil.com'\n" TOKEN "[b]\naccount = 'b'\n" TOKEN, &profiles);
    assert_int_equal(lwc_profiles_count(profiles), 2);
    assert_int_equal(lwc_profiles_identity(profiles, 0, &identity, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_profiles_identity(profiles, 1, &identity, NULL), LWC_OK);
    assert_string_equal(lwc_profiles_name(profiles, 1), "b");
}

static void a_secret_that_is_none_is_refused_and_not_shown(void **state)
{
    static const struct {
        const char *text;
        const char *msg;
    } cases[] = {
        {"[a]\naccount = 'acme'\napi_key = 'K'\napi_secret = '\"" SECRET "\"'\n", ":4: api_secret"},
        {"[a]\naccount = 'acme'\napi_key = 'K'\napi_secret = '" SECRET " '\n", ":4: api_secret"},
        {"[a]\naccount = 'acme'\napi_key = 'K'\napi_secret = \"" SECRET "\\n\"\n",
         ":4: api_secret"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PROFILES profiles = NULL;
        struct lwc_identity_copy identity;
        struct lwc_error err = {0};
        char written[1024] = "";
        const struct lwc_sink sink = {.data = written, .put = write_secret};

        parse_ok(cases[i].text, &profiles);
        assert_int_equal(lwc_profiles_identity(profiles, 0, &identity, NULL), LWC_OK);
        assert_int_equal(lwc_profiles_secret(profiles, 0, &identity.id, &sink, &err),
                         LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_null(strstr(err.msg, SECRET));
        assert_string_equal(written, "");
    }
}

static void malformed_text_is_an_error_with_file_and_line(void **state)
{
    static const struct {
        const char *text;
        const char *msg;
    } cases[] = {
        {"[a]\napi_secret = " SECRET "\n", PATH ":2:14: not TOML"},
        {"[a]\napi_secret = '" SECRET, PATH ":2:48: the file ends too early"},
        {"[a]\n[b]\n[a]\n", PATH ":3:1: a table or key that is there already"},
        {"[\xc3\xa9]\n", PATH ": not TOML"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PROFILES profiles = NULL;
        struct lwc_error err = {0};

        assert_int_equal(parse(cases[i].text, &profiles, &err), LWC_E_INVALID);
        assert_null(profiles);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

/* Text of @count profiles, each with one key. */
static char *make_many(size_t count)
{
    const size_t size = count * 32 + 1;
    char *text = calloc(1, size);
    size_t used = 0;

    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, size - used, "[p%zu]\naccount = 'a'\n", i);
    }
    return text;
}

static void number_of_profiles_has_a_limit(void **state)
{
    LWC_AUTO_FREE char *most = make_many(LWC_PROFILES_MAX);
    LWC_AUTO_FREE char *more = make_many(LWC_PROFILES_MAX + 1);
    LWC_AUTO_PROFILES profiles = NULL;
    LWC_AUTO_PROFILES none = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(parse(most, &profiles, NULL), LWC_OK);
    assert_int_equal(lwc_profiles_count(profiles), LWC_PROFILES_MAX);
    assert_int_equal(parse(more, &none, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, PATH ": more than 1000 profiles");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_of_the_file_is_read),
        cmocka_unit_test(a_profile_that_is_no_answer_says_why),
        cmocka_unit_test(one_bad_profile_leaves_the_others),
        cmocka_unit_test(a_secret_that_is_none_is_refused_and_not_shown),
        cmocka_unit_test(malformed_text_is_an_error_with_file_and_line),
        cmocka_unit_test(number_of_profiles_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
