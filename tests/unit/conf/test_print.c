/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/parse.h"
#include "conf/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void text_of_a_stack_parses_to_the_same(void **state)
{
    static const struct {
        const char *line;
        const char *text; /* NULL: no line, but a setting */
    } cases[] = {
        {"lookup required env", "lookup [success=ok default=bad] env"},
        {"store [default=2 success=done] file a=b\nstore required x\nstore required y",
         "store [success=done default=2] file a=b"},
        {"erase optional x [a b] c", "erase [success=ok default=ignore] x [a b] c"},
        {"erase optional x [no-blank]", "erase [success=ok default=ignore] x no-blank"},
        {"erase optional x [\\]] []]\\] ]", NULL},
        {"erase optional x [ \\]]", "erase [success=ok default=ignore] x [ \\]]"},
        {"erase optional x a]b [a#b]", "erase [success=ok default=ignore] x a]b [a#b]"},
        {"erase optional x [[a]", "erase [success=ok default=ignore] x [[a]"},
        {"erase optional x [a\\b c]", "erase [success=ok default=ignore] x [a\\b c]"},
        {"erase optional x [a\\\\] b]", "erase [success=ok default=ignore] x [a\\\\] b]"},
        {"erase optional x [\t]", "erase [success=ok default=ignore] x [\t]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_CONF conf = NULL;
        LWC_AUTO_CONF again = NULL;
        LWC_AUTO_BUF out = NULL;
        struct lwc_error err = {0};
        enum lwc_code code = lwc_conf_parse(cases[i].line, strlen(cases[i].line), "f", &conf, &err);

        print_message("%s\n", cases[i].line);
        assert_int_equal(code, cases[i].text == NULL ? LWC_E_INVALID : LWC_OK);
        if (cases[i].text == NULL) {
            continue;
        }
        assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
        assert_int_equal(lwc_conf_text_line(out, &conf->lines[0], NULL), LWC_OK);
        assert_string_equal(lwc_buf_text(out), cases[i].text);
        if (conf->count == 1) {
            assert_int_equal(lwc_conf_parse(lwc_buf_text(out), lwc_buf_len(out), "f", &again, &err),
                             LWC_OK);
            assert_int_equal(again->lines[0].argc, conf->lines[0].argc);
            for (size_t j = 0; j < conf->lines[0].argc; j++) {
                assert_string_equal(again->lines[0].argv[j], conf->lines[0].argv[j]);
            }
        }
    }
}

static void text_of_settings_is_a_set_line(void **state)
{
    static const char text[] = "set min-valid 2m\nset cache sealed\n";
    LWC_AUTO_CONF conf = NULL;
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_conf_parse(text, sizeof text - 1, "f", &conf, NULL), LWC_OK);
    assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
    assert_int_equal(lwc_conf_text_setting(out, conf, LWC_SET_CACHE, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out), "set cache sealed");
    assert_int_equal(lwc_conf_text_setting(out, conf, LWC_SET_MIN_VALID, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out), "set cache sealedset min-valid 120");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_stack_parses_to_the_same),
        cmocka_unit_test(text_of_settings_is_a_set_line),
    };

    return cmocka_run_group_tests_name("conf_text", tests, NULL, NULL);
}
