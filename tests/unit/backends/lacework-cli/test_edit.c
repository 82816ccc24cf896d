/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/lacework-cli/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const keys[] = {"api_secret", "api_token"};

static enum lwc_code edit(const char *text, size_t table_id, struct lwc_buf **edited_out,
                          struct lwc_error *err)
{
    LWC_AUTO_BUF whole = NULL;

    assert_int_equal(lwc_buf_copy(text, strlen(text), &whole, NULL), LWC_OK);
    assert_int_equal(lwc_buf_new(16, edited_out, NULL), LWC_OK);
    return lwc_edit_empty("FILE", whole, table_id, keys, 2, *edited_out, err);
}

/* The tables of a text are counted from 0, the top, in the order of their names. */
static const struct {
    const char *name;
    const char *text;
    size_t table_id;
    const char *edited;
} cases[] = {
    {"as the CLI writes it",
     "[default]\n  account = \"acme\"\n  api_key = \"A\"\n  api_secret = \"_s\"\n  version = 2\n",
     1, "[default]\n  account = \"acme\"\n  api_key = \"A\"\n  api_secret = \"\"\n  version = 2\n"},
    {"comments and other keys stay", "# a\n[p] # b\napi_secret = '_s' # c\nother = [1, 2] # d\n", 1,
     "# a\n[p] # b\napi_secret = \"\" # c\nother = [1, 2] # d\n"},
    {"at the top", "api_secret='_s'\n[p]\napi_secret='_t'\n", 0,
     "api_secret=\"\"\n[p]\napi_secret='_t'\n"},
    {"one of two profiles", "[a]\napi_secret = '_s'\n[b]\napi_secret = '_s'\n", 2,
     "[a]\napi_secret = '_s'\n[b]\napi_secret = \"\"\n"},
    {"a token, too", "[a]\napi_token = '_t'\napi_secret = '_s'\n", 1,
     "[a]\napi_token = \"\"\napi_secret = \"\"\n"},
    {"an inline table", "p = { api_key = 'k', api_secret = '_s', version = 2 }\n", 1,
     "p = { api_key = 'k', api_secret = \"\", version = 2 }\n"},
    {"a dotted key", "p.api_key = 'k'\np.api_secret = '_s'\n", 1,
     "p.api_key = 'k'\np.api_secret = \"\"\n"},
    {"a quoted key", "[p]\n\"api_secret\" = '_s'\n", 1, "[p]\n\"api_secret\" = \"\"\n"},
    {"a key of another case", "[p]\nAPI_Secret = '_s'\n", 1, "[p]\nAPI_Secret = \"\"\n"},
    {"an escaped quote", "[p]\napi_secret = \"_\\\"s\" # \"\n", 1, "[p]\napi_secret = \"\" # \"\n"},
    {"a backslash at the end", "[p]\napi_secret = '_s\\'\n", 1, "[p]\napi_secret = \"\"\n"},
    {"a long string", "[p]\napi_secret = \"\"\"\n_s\"\" \\\"\"\" \"\"\"\"\"\nversion = 2\n", 1,
     "[p]\napi_secret = \"\"\nversion = 2\n"},
    {"a long literal string", "[p]\napi_secret = '''_s'\n''' # x\n", 1,
     "[p]\napi_secret = \"\" # x\n"},
    {"CRLF", "[p]\r\napi_secret = '_s'\r\nversion = 2\r\n", 1,
     "[p]\r\napi_secret = \"\"\r\nversion = 2\r\n"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "api_secret = '_s'\n",
     0,
     "\xef\xbb\xbf"
     "api_secret = \"\"\n"},
    {"letters of several bytes in front", "\"\xc3\xa4\xe2\x82\xac\" = { api_secret = '_s' }\n", 1,
     "\"\xc3\xa4\xe2\x82\xac\" = { api_secret = \"\" }\n"},
    {"no newline at the end", "[p]\napi_secret = '_s'", 1, "[p]\napi_secret = \"\""},
    {"empty already", "[p]\napi_secret = ''\n", 1, "[p]\napi_secret = \"\"\n"},
    {"none there", "[p]\napi_key = 'k'\n", 1, "[p]\napi_key = 'k'\n"},
    {"no text", "[p]\napi_secret = 12\n", 1, "[p]\napi_secret = 12\n"},
};

static void secret_alone_is_emptied(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_BUF edited = NULL;
        struct lwc_error err = {0};

        if (edit(cases[i].text, cases[i].table_id, &edited, &err) != LWC_OK) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
        if (strcmp(lwc_buf_text(edited), cases[i].edited) != 0) {
            fail_msg("%s: '%s'", cases[i].name, lwc_buf_text(edited));
        }
    }
}

static void bad_texts_are_refused(void **state)
{
    static const char *const texts[] = {"[p\n", "api_secret = '_s\n", "a = 1\na = 2\n"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        LWC_AUTO_BUF edited = NULL;
        struct lwc_error err = {0};

        assert_int_equal(edit(texts[i], 0, &edited, &err), LWC_E_INVALID);
        assert_int_equal(lwc_buf_len(edited), 0);
        assert_non_null(strstr(err.msg, "FILE: the secret cannot be taken out"));
        assert_null(strstr(err.msg, "_s"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_alone_is_emptied),
        cmocka_unit_test(bad_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
