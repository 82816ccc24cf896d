/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"

#define L10 "abcdefghij"
#define L63 L10 L10 L10 L10 L10 L10 "abc"
#define P64 L10 L10 L10 L10 L10 L10 "abcd"

static const struct lwc_identity good = {
    .profile = "prod",
    .account = "acme.lacework.net",
    .origin = "",
    .key_id = "ACME_0123456789ABCDEF",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};

typedef enum lwc_code identity_check_fn(const char *text, struct lwc_error *err);

static void member_checks_keep_alphabets_and_lengths(void **state)
{
    static char long_text[1024];
    static const struct {
        const char *name;
        identity_check_fn *check;
        const char *text;
        enum lwc_code code;
    } cases[] = {
        {"profile", lwc_profile_check, "default", LWC_OK},
        {"profile all", lwc_profile_check, "0A.z_@-", LWC_OK},
        {"profile longest", lwc_profile_check, P64, LWC_OK},
        {"profile too long", lwc_profile_check, P64 "x", LWC_E_INVALID},
        {"profile empty", lwc_profile_check, "", LWC_E_INVALID},
        {"profile NULL", lwc_profile_check, NULL, LWC_E_INVALID},
        {"profile dot first", lwc_profile_check, ".x", LWC_E_INVALID},
        {"profile dash first", lwc_profile_check, "-x", LWC_E_INVALID},
        {"profile slash", lwc_profile_check, "a/b", LWC_E_INVALID},
        {"profile dots", lwc_profile_check, "../x", LWC_E_INVALID},
        {"profile escape", lwc_profile_check, "a\x1b[2J", LWC_E_INVALID},
        {"profile high", lwc_profile_check, "caf\xc3\xa9", LWC_E_INVALID},
        {"profile 1 KiB", lwc_profile_check, long_text, LWC_E_INVALID},
        {"key id", lwc_key_id_check, "ACME_0123:~!", LWC_OK},
        {"key id empty", lwc_key_id_check, "", LWC_E_INVALID},
        {"key id NULL", lwc_key_id_check, NULL, LWC_E_INVALID},
        {"key id blank", lwc_key_id_check, "a b", LWC_E_INVALID},
        {"key id quote", lwc_key_id_check, "a\"", LWC_E_INVALID},
        {"key id apostrophe", lwc_key_id_check, "a'", LWC_E_INVALID},
        {"key id backslash", lwc_key_id_check, "a\\n", LWC_E_INVALID},
        {"key id newline", lwc_key_id_check, "a\n", LWC_E_INVALID},
        {"key id DEL", lwc_key_id_check, "a\x7f", LWC_E_INVALID},
        {"key id high", lwc_key_id_check, "\xc3\xa9", LWC_E_INVALID},
        {"key id too long", lwc_key_id_check, long_text, LWC_E_INVALID},
        {"sub-account", lwc_sub_account_check, "my-sub.account", LWC_OK},
        {"sub-account none", lwc_sub_account_check, "", LWC_OK},
        {"sub-account CR", lwc_sub_account_check, "a\rb", LWC_E_INVALID},
        {"sub-account too long", lwc_sub_account_check, long_text, LWC_E_INVALID},
    };

    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].name);
        assert_int_equal(cases[i].check(cases[i].text, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_null(strchr(err.msg, '\x1b'));
    }
}

/* Every byte, at the start and behind it: NUL ends a text and is no part of it. */
static void alphabets_hold_these_bytes_and_no_other(void **state)
{
    static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char label[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    (void)state;
    for (int byte = 1; byte <= UINT8_MAX; byte++) {
        const char first[] = {(char)byte, 'a', '\0'};
        const char second[] = {'a', (char)byte, 'a', '\0'};
        bool is_alnum = strchr(alnum, byte) != NULL;
        bool is_plain = byte > ' ' && byte < 0x7f && strchr("\"'\\", byte) == NULL;

        print_message("byte 0x%02x\n", (unsigned)byte);
        assert_int_equal(lwc_profile_check(first, NULL) == LWC_OK, is_alnum);
        assert_int_equal(lwc_profile_check(second, NULL) == LWC_OK,
                         is_alnum || strchr("._@-", byte) != NULL);
        assert_int_equal(lwc_key_id_check(first, NULL) == LWC_OK, is_plain);
        assert_int_equal(lwc_sub_account_check(second, NULL) == LWC_OK, is_plain);
        assert_int_equal(lwc_host_is_canonical(second, false),
                         strchr(label, byte) != NULL || byte == '.');
    }
}

static const struct {
    const char *host;
    bool alone;
    bool with_port;
} host_cases[] = {
    {"acme.lacework.net", true, true},
    {"localhost", true, true},
    {"a-1.b", true, true},
    {"127.0.0.1", true, true},
    {"[::1]", true, true},
    {"[2001:db8::1]", true, true},
    {"[::ffff:1.2.3.4]", true, true},
    {L63 ".net", true, true},
    {L63 "." L63 "." L63 "." L10 L10 L10 L10 L10 L10 "a", true, true},
    {L63 "." L63 "." L63 "." L10 L10 L10 L10 L10 L10 "ab", false, false},
    {"acme.lacework.net:8443", false, true},
    {"[::1]:1", false, true},
    {"127.0.0.1:65535", false, true},
    {"a:443", false, false},
    {"a:0", false, false},
    {"a:080", false, false},
    {"a:65536", false, false},
    {"a:", false, false},
    {"a:+1", false, false},
    {"a:1:2", false, false},
    {"a:1 ", false, false},
    {"", false, false},
    {":80", false, false},
    {".", false, false},
    {"a.", false, false},
    {".a", false, false},
    {"a..b", false, false},
    {"-a.b", false, false},
    {"a-.b", false, false},
    {"Acme.lacework.net", false, false},
    {"a_b.net", false, false},
    {"a b", false, false},
    {"a/b", false, false},
    {"u@a", false, false},
    {"a%2e", false, false},
    {"a\n", false, false},
    {"caf\xc3\xa9.net", false, false},
    {L63 "d.net", false, false},
    {"256.0.0.1", false, false},
    {"1.2.3", false, false},
    {"127.0.0.01", false, false},
    {"0x7f.1", false, false},
    {"a.0x7f", false, false},
    {"2130706433", false, false},
    {"::1", false, false},
    {"[::1", false, false},
    {"[]", false, false},
    {"[::1]x", false, false},
    {"[::1]]", false, false},
    {"[::G]", false, false},
    {"[2001:DB8::1]", false, false},
    {"[fe80::1%eth0]", false, false},
    {"[1.2.3.4]", false, false},
    {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]", false, false},
};

static void host_is_canonical_judges_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(host_cases); i++) {
        print_message("'%s'\n", host_cases[i].host);
        assert_int_equal(lwc_host_is_canonical(host_cases[i].host, false), host_cases[i].alone);
        assert_int_equal(lwc_host_is_canonical(host_cases[i].host, true), host_cases[i].with_port);
    }
}

static void identity_check_names_the_wrong_member(void **state)
{
    struct {
        const char *member; /* NULL: nothing is wrong */
        struct lwc_identity id;
    } cases[17];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        cases[i].id = good;
        cases[i].member = NULL;
    }
    n++;
    cases[n].id.origin = "localhost:8443";
    cases[n++].id.flags = LWC_ID_ORG_ACCESS;
    cases[n].id.kind = LWC_KIND_TOKEN;
    cases[n++].id.key_id = "";
    cases[n].member = "profile";
    cases[n++].id.profile = "";
    cases[n].member = "account";
    cases[n++].id.account = "";
    cases[n].member = "account";
    cases[n++].id.account = "acme.lacework.net:8443";
    cases[n].member = "account";
    cases[n++].id.account = NULL;
    cases[n].member = "origin";
    cases[n++].id.origin = "https://x";
    cases[n].member = "origin";
    cases[n++].id.origin = NULL;
    cases[n].member = "key id";
    cases[n++].id.key_id = "";
    cases[n].member = "key id";
    cases[n++].id.key_id = NULL;
    cases[n].member = "sub-account";
    cases[n++].id.sub_account = "a\nb";
    cases[n].member = "kind";
    cases[n++].id.kind = LWC_KIND_ANY;
    cases[n].id.kind = LWC_KIND_SCANNER_TOKEN;
    cases[n++].id.key_id = "";
    cases[n].member = "key id";
    cases[n].id.kind = LWC_KIND_RETIRED_KEY;
    cases[n++].id.key_id = "";
    cases[n].member = "kind";
    cases[n++].id.kind = LWC_KIND_RETIRED_KEY + 1;
    cases[n].member = "flags";
    cases[n++].id.flags = 1u << 7;
    assert_int_equal(n, LWC_ARRAY_LEN(cases));
    for (size_t i = 0; i < n; i++) {
        struct lwc_error err = {0};
        enum lwc_code code = lwc_identity_check(&cases[i].id, &err);

        print_message("case %zu: %s\n", i, err.msg);
        assert_int_equal(code, cases[i].member == NULL ? LWC_OK : LWC_E_INVALID);
        assert_true(cases[i].member == NULL || strstr(err.msg, cases[i].member) == err.msg);
    }
}

static void key_secret_check_says_what_is_wrong(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *words; /* NULL: fit */
    } cases[] = {
        {"_0123456789abcdef", 17, NULL},
        {"~!", 2, NULL},
        {"", 0, "empty"},
        {"hidden\n", 7, "newline"},
        {"hidden\r", 7, "newline"},
        {"hid den", 7, "blank"},
        {"hid\tden", 7, "blank"},
        {"\"hidden\"", 8, "quote"},
        {"'hidden'", 8, "quote"},
        {"hid\\den", 7, "backslash"},
        {"hid\0den", 7, "control"},
        {"hid\x1b"
         "den",
         7, "control"},
        {"hid\x7f"
         "den",
         7, "control"},
        {"hid\xc3\xa9"
         "den",
         8, "ASCII"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        enum lwc_code code = lwc_key_secret_check(cases[i].bytes, cases[i].len, &err);

        print_message("case %zu: %s\n", i, err.msg);
        assert_int_equal(code, cases[i].words == NULL ? LWC_OK : LWC_E_INVALID);
        assert_true(cases[i].words == NULL || strstr(err.msg, cases[i].words) != NULL);
        assert_null(strstr(err.msg, "hid"));
        assert_null(strstr(err.hint, "hid"));
    }
}

static void key_secret_check_caps_the_length(void **state)
{
    static char secret[LWC_SECRET_MAX + 1];
    struct lwc_error err = {0};

    (void)state;
    memset(secret, 's', sizeof secret);
    assert_int_equal(lwc_key_secret_check(secret, LWC_SECRET_MAX, &err), LWC_OK);
    assert_int_equal(lwc_key_secret_check(secret, LWC_SECRET_MAX + 1, &err), LWC_E_INVALID);
}

static void copy_holds_its_own_text(void **state)
{
    struct lwc_identity_copy copy;
    char profile[] = "prod";
    struct lwc_identity id = good;

    (void)state;
    id.profile = profile;
    id.origin = "localhost:8443";
    id.sub_account = "sub";
    id.flags = LWC_ID_ORG_ACCESS;
    assert_int_equal(lwc_identity_copy(&id, &copy, NULL), LWC_OK);
    profile[0] = 'X';
    assert_string_equal(copy.id.profile, "prod");
    assert_ptr_equal(copy.id.profile, copy.profile);
    assert_string_equal(copy.id.account, id.account);
    assert_string_equal(copy.id.origin, id.origin);
    assert_string_equal(copy.id.key_id, id.key_id);
    assert_string_equal(copy.id.sub_account, "sub");
    assert_int_equal(copy.id.kind, LWC_KIND_ACCESS_KEY);
    assert_int_equal(copy.id.flags, LWC_ID_ORG_ACCESS);
}

static void copy_of_unfit_identity_is_refused_untouched(void **state)
{
    struct lwc_identity_copy copy = {.profile = "before"};
    struct lwc_identity id = good;

    (void)state;
    id.account = "ACME";
    assert_int_equal(lwc_identity_copy(&id, &copy, NULL), LWC_E_INVALID);
    assert_string_equal(copy.profile, "before");
}

static void place_writes_the_strings_one_behind_the_other(void **state)
{
    static const char text[] = "prod\0acme.lacework.net\0localhost:8443\0ACME_0123456789ABCDEF\0";
    char room[sizeof text + 1];
    struct lwc_identity placed;
    struct lwc_identity id = good;

    (void)state;
    id.origin = "localhost:8443";
    id.flags = LWC_ID_ORG_ACCESS;
    memset(room, 'x', sizeof room);
    assert_int_equal(lwc_identity_text_len(&id), sizeof text);
    lwc_identity_place(&id, room, &placed);
    assert_memory_equal(room, text, sizeof text);
    assert_int_equal(room[sizeof text], 'x');
    assert_ptr_equal(placed.profile, room);
    assert_string_equal(placed.account, id.account);
    assert_string_equal(placed.origin, id.origin);
    assert_string_equal(placed.key_id, id.key_id);
    assert_ptr_equal(placed.sub_account, room + sizeof text - 1);
    assert_int_equal(placed.kind, LWC_KIND_ACCESS_KEY);
    assert_int_equal(placed.flags, LWC_ID_ORG_ACCESS);
}

static void matches_every_set_member(void **state)
{
    static const struct lwc_identity held = {
        .profile = "prod",
        .account = "acme.lacework.net",
        .origin = "localhost:8443",
        .key_id = "KEY",
        .sub_account = "sub",
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = LWC_ID_ORG_ACCESS,
    };
    const struct {
        const char *name;
        struct lwc_identity query;
        bool answer;
    } cases[] = {
        {"any", LWC_IDENTITY_ANY, true},
        {"NULL is any", {.kind = LWC_KIND_ANY}, true},
        {"itself", held, true},
        {"profile", {.profile = "prod"}, true},
        {"other profile", {.profile = "prod2"}, false},
        {"case of profile", {.profile = "Prod"}, false},
        {"account", {.account = "acme.lacework.net"}, true},
        {"origin as account", {.account = "localhost:8443"}, true},
        {"other account", {.account = "evil.lacework.net"}, false},
        {"origin", {.origin = "localhost:8443"}, true},
        {"other origin", {.origin = "localhost:8444"}, false},
        {"key id", {.key_id = "KEY"}, true},
        {"other key id", {.key_id = "key"}, false},
        {"sub-account selects nothing", {.sub_account = "other"}, true},
        {"kind", {.kind = LWC_KIND_ACCESS_KEY}, true},
        {"other kind", {.kind = LWC_KIND_TOKEN}, false},
        {"a retired key is no access key", {.kind = LWC_KIND_RETIRED_KEY}, false},
        {"one wrong of two", {.profile = "prod", .key_id = "x"}, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_identity_matches(&cases[i].query, &held), cases[i].answer);
    }
}

static void authority_is_origin_else_account(void **state)
{
    struct lwc_identity id = good;

    (void)state;
    assert_string_equal(lwc_identity_authority(&id), "acme.lacework.net");
    id.origin = "localhost:8443";
    assert_string_equal(lwc_identity_authority(&id), "localhost:8443");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(member_checks_keep_alphabets_and_lengths),
        cmocka_unit_test(alphabets_hold_these_bytes_and_no_other),
        cmocka_unit_test(host_is_canonical_judges_forms),
        cmocka_unit_test(identity_check_names_the_wrong_member),
        cmocka_unit_test(key_secret_check_says_what_is_wrong),
        cmocka_unit_test(key_secret_check_caps_the_length),
        cmocka_unit_test(copy_holds_its_own_text),
        cmocka_unit_test(copy_of_unfit_identity_is_refused_untouched),
        cmocka_unit_test(place_writes_the_strings_one_behind_the_other),
        cmocka_unit_test(matches_every_set_member),
        cmocka_unit_test(authority_is_origin_else_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
