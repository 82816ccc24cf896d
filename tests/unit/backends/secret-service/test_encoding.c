/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include <lwcred/backend.h>

#include "backends/secret-service/encoding.h"
#include "base/text.h"
#include "base/util.h"

static void secret_of_an_access_key_is_its_own_line(void **state)
{
    LWC_AUTO_BUF line = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_encoding_encode("_0123abc", 8, &line, &err), LWC_OK);
    assert_string_equal(lwc_buf_text(line), "_0123abc");
}

static void other_bytes_become_base64(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *line;
    } cases[] = {
        {"f\n", 2, "base64:Zgo="},          {"\n", 1, "base64:Cg=="},
        {"a b", 3, "base64:YSBi"},          {"\0", 1, "base64:AA=="},
        {"\xff\xff\xff", 3, "base64:////"}, {"base64:YQ==", 11, "base64:YmFzZTY0OllRPT0="}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF line = NULL;
        LWC_AUTO_BUF back = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_encoding_encode(cases[i].bytes, cases[i].len, &line, &err), LWC_OK);
        assert_string_equal(lwc_buf_text(line), cases[i].line);
        assert_int_equal(lwc_encoding_decode(lwc_buf_bytes(line), lwc_buf_len(line), &back, &err),
                         LWC_OK);
        assert_true(lwc_buf_equal(back, cases[i].bytes, cases[i].len));
    }
}

/* Every length up to some groups, then the largest; every byte value. */
static void bytes_of_any_length_come_back_from_one_clean_line(void **state)
{
    static uint8_t bytes[LWC_SECRET_MAX];
    static const size_t lens[] = {
        1, 2, 3, 4, 5, 6, 255, 256, 257, LWC_SECRET_MAX - 1, LWC_SECRET_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(lens); i++) {
        LWC_AUTO_BUF line = NULL;
        LWC_AUTO_BUF back = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_encoding_encode(bytes, lens[i], &line, &err), LWC_OK);
        assert_true(lwc_text_is_graph(lwc_buf_text(line), lwc_buf_len(line)));
        assert_true(lwc_buf_len(line) <= LWC_CODING_MAX);
        assert_int_equal(lwc_encoding_decode(lwc_buf_bytes(line), lwc_buf_len(line), &back, &err),
                         LWC_OK);
        assert_true(lwc_buf_equal(back, bytes, lens[i]));
    }
}

static void line_that_somebody_typed_is_read(void **state)
{
    static const char *const lines[] = {"_0123", "_0123\n", "_0123\r\n",
                                        "base64:XzAxMjM=", "base64:XzAxMjM=\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines); i++) {
        LWC_AUTO_BUF back = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_encoding_decode(lines[i], strlen(lines[i]), &back, &err), LWC_OK);
        assert_true(lwc_buf_equal(back, "_0123", 5));
    }
}

static void what_is_no_line_of_ours_is_refused(void **state)
{
    static const char *const lines[] = {"",
                                        "\n",
                                        "a b",
                                        "a\nb",
                                        "a\n\n",
                                        "a\x7f",
                                        "a\xc3\xa9",
                                        "base64:",
                                        "base64:A",
                                        "base64:AA",
                                        "base64:AAA",
                                        "base64:A===",
                                        "base64:====",
                                        "base64:AB==",
                                        "base64:AAB=",
                                        "base64:AA=A",
                                        "base64:AA==AAAA",
                                        "base64:A*AA",
                                        "base64:AA-_",
                                        "base64:AAAA AAAA"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines); i++) {
        LWC_AUTO_BUF back = NULL;
        struct lwc_error err = {0};

        if (lwc_encoding_decode(lines[i], strlen(lines[i]), &back, &err) != LWC_E_CORRUPT ||
            back != NULL) {
            fail_msg("case %zu was taken", i);
        }
        assert_string_equal(err.msg, "its secret is not one that lwcred wrote");
    }
}

static void line_that_is_too_long_is_refused(void **state)
{
    static char line[LWC_CODING_MAX + 1];
    LWC_AUTO_BUF back = NULL;
    struct lwc_error err = {0};

    (void)state;
    memset(line, 'A', sizeof line);
    assert_int_equal(lwc_encoding_decode(line, sizeof line, &back, &err), LWC_E_CORRUPT);
    assert_int_equal(lwc_encoding_decode(line, LWC_SECRET_MAX + 1, &back, &err), LWC_E_CORRUPT);
    assert_null(back);
    assert_int_equal(lwc_encoding_decode(line, LWC_SECRET_MAX, &back, &err), LWC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_of_an_access_key_is_its_own_line),
        cmocka_unit_test(other_bytes_become_base64),
        cmocka_unit_test(bytes_of_any_length_come_back_from_one_clean_line),
        cmocka_unit_test(line_that_somebody_typed_is_read),
        cmocka_unit_test(what_is_no_line_of_ours_is_refused),
        cmocka_unit_test(line_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
