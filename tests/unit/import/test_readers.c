/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/import: json.c, txt.c, env.c, lines.c and key.c. */
#include "plugins/import/readers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "_0123456789abcdef0123456789abcdef"
#define BOM "\xef\xbb\xbf"

typedef enum lwc_code reader_fn(const struct lwc_buf *text, struct lwc_import_key *key,
                                struct lwc_error *err);

static const struct {
    reader_fn *read;
    enum lwc_import_format format;
    const char *text;
    const char *account;
    const char *sub_account;
} good[] = {
    {lwc_import_read_json, LWC_IMPORT_JSON, "{\"keyId\":\"A_1\",\"secret\":\"" SECRET "\"}", "",
     ""},
    {lwc_import_read_json, LWC_IMPORT_JSON,
     BOM "\r\n{\"KEYID\":\"A_1\",\r\n\"Secret\":\"" SECRET "\",\"Account\":\"ACME.lacework.net\"}",
     "acme.lacework.net", ""},
    {lwc_import_read_json, LWC_IMPORT_JSON,
     "{\"subaccount\":\"Biz\",\"keyId\":\"A_1\",\"secret\":\"" SECRET
     "\",\"account\":\"acme.fra\"}",
     "acme.fra.lacework.net", "biz"},
    {lwc_import_read_json, LWC_IMPORT_JSON,
     "{\"SUBACCOUNT\":\"BIZ\",\"keyId\":\"A_1\",\"secret\":\"" SECRET "\",\"x\":{\"secret\":1}}",
     "", "biz"},
    {lwc_import_read_txt, LWC_IMPORT_TXT, "apiId: A_1\npassword: " SECRET "\n", "", ""},
    {lwc_import_read_txt, LWC_IMPORT_TXT,
     BOM "clientId for FortiManager Cloud: x:y\r\n\r\n APIID :A_1 \r\nPassword:\t" SECRET "\t\r\n",
     "", ""},
    {lwc_import_read_env, LWC_IMPORT_ENV,
     "LW_ACCOUNT=acme\nLW_API_KEY=A_1\nLW_API_SECRET=" SECRET "\n", "acme.lacework.net", ""},
    {lwc_import_read_env, LWC_IMPORT_ENV,
     BOM "# a=b\r\nexport LW_KEYID = \"A_1\" # b\r\nexport LW_SECRETKEY='" SECRET "'\r\nX\r\n", "",
     ""},
    {lwc_import_read_env, LWC_IMPORT_ENV,
     "lwKeyId=A_1\nlwSecretKey=" SECRET " # c\nLW_SUBACCOUNT=Biz\nLW_API_KEY=A_1", "", "biz"},
};

static void every_variant_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        LWC_AUTO_BUF text = NULL;
        LWC_AUTO_IMPORT_KEY key = {.secret = NULL};
        struct lwc_error err = {0};

        assert_int_equal(lwc_buf_copy(good[i].text, strlen(good[i].text), &text, NULL), LWC_OK);
        assert_int_equal(lwc_import_detect(good[i].text, strlen(good[i].text)), good[i].format);
        if (good[i].read(text, &key, &err) != LWC_OK) {
            fail_msg("%zu: %s", i, err.msg);
        }
        assert_string_equal(key.key_id, "A_1");
        assert_string_equal(lwc_buf_text(key.secret), SECRET);
        assert_string_equal(key.account, good[i].account);
        assert_string_equal(key.sub_account, good[i].sub_account);
    }
}

static const struct {
    reader_fn *read;
    const char *text;
    const char *why;
} bad[] = {
    {lwc_import_read_json, "", "JSON"},
    {lwc_import_read_json, "[1]", "line 1: an object expected"},
    {lwc_import_read_json, "{\"keyId\":\"A_1\"}", "the secret is missing"},
    {lwc_import_read_json, "{}", "key id and secret are missing"},
    {lwc_import_read_json, "{\"keyId\":\"A_1\",\n\"secret\":[]}", "line 2: secret: text expected"},
    {lwc_import_read_json, "{\"keyId\":\"A_1\",\n\"secret\" 1}", "line 2, byte 10"},
    {lwc_import_read_json, "{\"secret\":\"a\",\n\"Secret\":\"a\",\"keyId\":\"A_1\"}",
     "line 2: \"secret\" is there twice"},
    {lwc_import_read_json, "{\"secret\":\"a b\",\"keyId\":\"A_1\"}", "line 1: secret: "},
    {lwc_import_read_json, "{\"secret\":\"a\",\"keyId\":\"A 1\"}", "line 1: keyId: "},
    {lwc_import_read_json, "{\"secret\":\"a\",\"keyId\":\"A_1\",\n\n\"account\":\"e.com/\"}",
     "line 3: account: not the name"},
    {lwc_import_read_json, "{\"secret\":\"a\",\"keyId\":\"A_1\",\"subAccount\":\"a b\"}",
     "subAccount"},
    {lwc_import_read_txt, "apiId: A_1\n" SECRET "\n", "line 2: 'name: value' expected"},
    {lwc_import_read_txt, "apiId: A_1\napiid: A_2\npassword: x\n", "line 2: apiId: given twice"},
    {lwc_import_read_txt, "password: x\npassword: y\napiId: A_1\n",
     "line 2: password: given twice"},
    {lwc_import_read_txt, "apiId:\npassword: x\n", "the key id is missing"},
    {lwc_import_read_env, "LW_API_KEY=A_1\n", "the secret is missing"},
    {lwc_import_read_env, "LW_API_KEY=A_1\nLW_API_SECRET= #v\n", "the secret is missing"},
    {lwc_import_read_env, "LW_API_KEY=A_1\nLW_API_SECRET=\t# v\n", "the secret is missing"},
    {lwc_import_read_env, "LW_API_KEY='A_1\n", "line 1: a quote without its end"},
    {lwc_import_read_env, "LW_API_KEY=A_1\nLW_KEYID=A_2\nLW_API_SECRET=x", "line 2: the key id"},
    {lwc_import_read_env, "LW_API_KEY=A_1\nLW_API_SECRET=x\nLW_ORGANIZATION=2", "true or false"},
};

static void malformed_text_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        LWC_AUTO_BUF text = NULL;
        LWC_AUTO_IMPORT_KEY key = {.secret = NULL};
        struct lwc_error err = {0};

        assert_int_equal(lwc_buf_copy(bad[i].text, strlen(bad[i].text), &text, NULL), LWC_OK);
        assert_int_equal(bad[i].read(text, &key, &err), LWC_E_INVALID);
        if (strstr(err.msg, bad[i].why) == NULL || strstr(err.msg, SECRET) != NULL) {
            fail_msg("%zu: %s", i, err.msg);
        }
    }
}

static void variables_have_several_names(void **state)
{
    static const char *const names[][3] = {
        {"LW_API_KEY=A_1", "LW_API_SECRET=" SECRET, "LW_ACCOUNT=acme"},
        {"LW_KEYID=A_1", "LW_SECRETKEY=" SECRET, "lwAccount=acme"},
        {"lwKeyId=A_1", "lwSecretKey=" SECRET, "LACEWORK_ACCOUNT=acme"},
        {"LW_ACCESS_KEY_ID=A_1", "LW_SECRET_KEY=" SECRET, "LW_ACCOUNT=acme"},
        {"LACEWORK_API_KEY=A_1", "LACEWORK_API_SECRET=" SECRET, "LACEWORK_ACCOUNT=acme"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char room[5][80];
        char *variables[6] = {room[0], room[1], room[2], room[3], room[4], NULL};
        LWC_AUTO_IMPORT_KEY key = {.secret = NULL};

        (void)strcpy(room[0], "PATH=/bin");
        (void)strcpy(room[1], "nonsense");
        for (size_t j = 0; j < 3; j++) {
            (void)strcpy(room[2 + j], names[i][j]);
        }
        assert_int_equal(lwc_import_read_variables(variables, &key, NULL), LWC_OK);
        assert_string_equal(key.key_id, "A_1");
        assert_string_equal(key.account, "acme.lacework.net");
        assert_string_equal(lwc_buf_text(key.secret), SECRET);
    }
}

static void a_secret_is_emptied_in_a_file_of_variables(void **state)
{
    static const char *const cases[][2] = {
        {"# a\nLW_API_SECRET=" SECRET "\nX=1", "# a\nLW_API_SECRET=\nX=1"},
        {BOM "export LW_SECRETKEY = '" SECRET "' # b\r\nY=2\r\n",
         BOM "export LW_SECRETKEY = '' # b\r\nY=2\r\n"},
        {"LW_API_SECRET=" SECRET " # c\nlwSecretKey=\"" SECRET "\"",
         "LW_API_SECRET= # c\nlwSecretKey=\"\""},
        {"X=1\n", "X=1\n"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_BUF text = NULL;
        LWC_AUTO_BUF edited = NULL;
        LWC_AUTO_IMPORT_KEY key = {.secret = NULL};

        assert_int_equal(lwc_buf_copy(cases[i][0], strlen(cases[i][0]), &text, NULL), LWC_OK);
        assert_int_equal(lwc_buf_new(16, &edited, NULL), LWC_OK);
        assert_int_equal(lwc_import_empty_env(text, edited, NULL), LWC_OK);
        assert_string_equal(lwc_buf_text(edited), cases[i][1]);
        assert_int_equal(lwc_import_read_env(edited, &key, NULL), LWC_E_INVALID);
        assert_null(key.secret);
    }
}

static void other_files_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum lwc_import_format format;
    } cases[] = {
        {"", LWC_IMPORT_UNKNOWN},
        {"nonsense\n", LWC_IMPORT_UNKNOWN},
        {"# c\n\n[default]\n", LWC_IMPORT_LACEWORK_CLI},
        {"account = 'a'\n", LWC_IMPORT_LACEWORK_CLI},
        {"\t api_key = 'a'", LWC_IMPORT_LACEWORK_CLI},
        {"x\ny\nAPIID:a", LWC_IMPORT_TXT},
        {"\xff\xfe{\0", LWC_IMPORT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(lwc_import_detect(cases[i].text, strlen(cases[i].text)), cases[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_is_read),
        cmocka_unit_test(malformed_text_is_refused_with_its_line),
        cmocka_unit_test(variables_have_several_names),
        cmocka_unit_test(a_secret_is_emptied_in_a_file_of_variables),
        cmocka_unit_test(other_files_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
