/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define NOW_S 1000

static void ask_is_written_line_by_line(void **state)
{
    static const struct {
        struct lwc_ask ask;
        const char *text; /* NULL: refused */
    } cases[] = {
        {{.host = "a.lacework.net"}, "protocol=https\nhost=a.lacework.net\n\n"},
        {{.host = "h:8443", .username = "U"}, "protocol=https\nhost=h:8443\nusername=U\n\n"},
        {{.host = "h", .username = "", .password = "p=q", .password_len = 3},
         "protocol=https\nhost=h\npassword=p=q\n\n"},
        {{.host = "h\nhost=evil"}, NULL},
        {{.host = "h", .username = "U\r"}, NULL},
        {{.host = "h", .password = "p\nq", .password_len = 3}, NULL},
        {{.host = "h", .password = "p\0q", .password_len = 3}, NULL},
        {{.host = "h", .password = "p\x7f", .password_len = 2}, NULL},
    };
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(16, &out, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};
        enum lwc_code code = lwc_ask_write(&cases[i].ask, out, &err);

        print_message("%zu\n", i);
        if (cases[i].text == NULL) {
            assert_int_equal(code, LWC_E_INVALID);
            assert_null(strstr(err.msg, "evil"));
            continue;
        }
        assert_int_equal(code, LWC_OK);
        assert_string_equal(lwc_buf_text(out), cases[i].text);
    }
}

static enum lwc_code answer_to(const char *text, size_t len, struct lwc_buf **kept,
                               struct lwc_exec_answer *answer, struct lwc_error *err)
{
    static const struct lwc_ask asked = {.host = "a.lacework.net", .username = "ACME_01"};

    assert_int_equal(lwc_buf_copy(text, len, kept, NULL), LWC_OK);
    return lwc_exec_answer_read(&asked, *kept, NOW_S, answer, err);
}

static void answer_with_both_is_taken(void **state)
{
    static const struct {
        const char *text;
        const char *username;
        const char *password; /* NULL: nothing is held */
        bool is_refused;
    } cases[] = {
        {"username=ACME_01\npassword=_0\n", "ACME_01", "_0", false},
        {"password=_0\n", "ACME_01", "_0", false},
        {"protocol=https\nhost=a.lacework.net\nusername=ACME_01\npassword=_=0\n\n", "ACME_01",
         "_=0", false},
        {"capability[]=authtype\npassword=_0\nnew-key=x\nnew-key=y\n", "ACME_01", "_0", false},
        {"password=_0\n\npassword=_1\nrubbish", "ACME_01", "_0", false},
        {"password=_0\npassword_expiry_utc=1001\n", "ACME_01", "_0", false},
        {"password=_0\npassword_expiry_utc=1000\n", "ACME_01", NULL, false},
        {"password=_0\npassword_expiry_utc=soon\n", "ACME_01", NULL, false},
        {"username=ACME_01\n", "ACME_01", NULL, false},
        {"password=\n", "ACME_01", NULL, false},
        {"", "ACME_01", NULL, false},
        {"\n", "ACME_01", NULL, false},
        {"quit=1\n", "ACME_01", NULL, true},
        {"quit=true\n", "ACME_01", NULL, true},
        {"quit=0\npassword=_0\n", "ACME_01", "_0", false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF kept = NULL;
        struct lwc_exec_answer answer = {0};
        struct lwc_error err = {0};

        print_message("%zu\n", i);
        assert_int_equal(answer_to(cases[i].text, strlen(cases[i].text), &kept, &answer, &err),
                         LWC_OK);
        assert_string_equal(answer.username, cases[i].username);
        assert_int_equal(answer.is_refused, cases[i].is_refused);
        if (cases[i].password == NULL) {
            assert_null(answer.password);
            continue;
        }
        assert_int_equal(answer.password_len, strlen(cases[i].password));
        assert_memory_equal(answer.password, cases[i].password, answer.password_len);
    }
}

static void answer_without_any_name_is_nothing(void **state)
{
    static const struct lwc_ask asked = {.host = "h"};
    LWC_AUTO_BUF kept = NULL;
    struct lwc_exec_answer answer = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("password=_0\n", 12, &kept, NULL), LWC_OK);
    assert_int_equal(lwc_exec_answer_read(&asked, kept, NOW_S, &answer, NULL), LWC_OK);
    assert_null(answer.password);
}

static void answer_that_breaks_the_rules_is_refused(void **state)
{
#define CASE(text, reason)             \
    {                                  \
        text, sizeof(text) - 1, reason \
    }
    static const struct {
        const char *text;
        size_t len;
        const char *reason;
    } cases[] = {
        CASE("passwo", "middle of a line"),
        CASE("username=ACME_01\npassword=s3cret", "middle of a line"),
        CASE("hello world\n", "without '='"),
        CASE("=s3cret\n", "without '='"),
        CASE("password=s3cret\r\n", "control byte"),
        CASE("password=s3\0cret\n", "control byte"),
        CASE("password=s3cret\npassword=s3cret\n", "password twice"),
        CASE("host=evil.example\npassword=s3cret\n", "another host"),
        CASE("host=a.lacework.net:8443\npassword=s3cret\n", "another host"),
        CASE("host=\npassword=s3cret\n", "another host"),
        CASE("protocol=http\npassword=s3cret\n", "another protocol"),
        CASE("username=ACME_02\npassword=s3cret\n", "another user name"),
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF kept = NULL;
        struct lwc_exec_answer answer = {.password = "untouched"};
        struct lwc_error err = {0};

        print_message("%zu\n", i);
        assert_int_equal(answer_to(cases[i].text, cases[i].len, &kept, &answer, &err),
                         LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].reason));
        assert_null(strstr(err.msg, "s3cret"));
        assert_string_equal(answer.password, "untouched");
    }
}

static void answer_with_too_long_a_name_is_refused(void **state)
{
    static const struct lwc_ask asked = {.host = "h"};
    LWC_AUTO_BUF kept = NULL;
    struct lwc_exec_answer answer = {0};
    struct lwc_error err = {0};
    char text[LWC_KEY_ID_MAX + 64];

    (void)state;
    (void)snprintf(text, sizeof text, "username=%0*d\npassword=_0\n", LWC_KEY_ID_MAX + 1, 0);
    assert_int_equal(lwc_buf_copy(text, strlen(text), &kept, NULL), LWC_OK);
    assert_int_equal(lwc_exec_answer_read(&asked, kept, NOW_S, &answer, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "too long a user name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_is_written_line_by_line),
        cmocka_unit_test(answer_with_both_is_taken),
        cmocka_unit_test(answer_without_any_name_is_nothing),
        cmocka_unit_test(answer_that_breaks_the_rules_is_refused),
        cmocka_unit_test(answer_with_too_long_a_name_is_refused),
    };

    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
