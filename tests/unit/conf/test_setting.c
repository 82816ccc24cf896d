/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum lwc_code parse(const char *text, struct lwc_conf *conf, enum lwc_setting *setting,
                           size_t *at, struct lwc_error *err)
{
    static struct lwc_words words;
    struct lwc_lexer lexer = {.text = text, .len = strlen(text)};

    assert_int_equal(lwc_lexer_next(&lexer, &words, at, err), LWC_OK);
    return lwc_setting_parse(&words, conf, setting, at, err);
}

static void parse_setting_takes_its_value(void **state)
{
    static const struct {
        const char *text;
        enum lwc_setting setting;
        enum lwc_cache_mode cache;
        int64_t min_valid_s;
        const char *value;
    } cases[] = {
        {"set cache auto", LWC_SET_CACHE, LWC_CACHE_AUTO, 0, "auto"},
        {"set cache keyring", LWC_SET_CACHE, LWC_CACHE_KEYRING, 0, "keyring"},
        {"set cache runtime", LWC_SET_CACHE, LWC_CACHE_RUNTIME, 0, "runtime"},
        {"set cache sealed", LWC_SET_CACHE, LWC_CACHE_SEALED, 0, "sealed"},
        {"set cache none", LWC_SET_CACHE, LWC_CACHE_NONE, 0, "none"},
        {"set min-valid 1", LWC_SET_MIN_VALID, LWC_CACHE_AUTO, 1, "1"},
        {"set min-valid 5m", LWC_SET_MIN_VALID, LWC_CACHE_AUTO, 300, "300"},
        {"set min-valid 1d", LWC_SET_MIN_VALID, LWC_CACHE_AUTO, 86400, "86400"},
        {"set git-store off", LWC_SET_GIT_STORE, LWC_CACHE_AUTO, 0, "off"},
        {"set git-store proved", LWC_SET_GIT_STORE, LWC_CACHE_AUTO, 0, "proved"},
        {"set tcp-fast-open on", LWC_SET_FAST_OPEN, LWC_CACHE_AUTO, 0, "on"},
        {"set tcp-fast-open off", LWC_SET_FAST_OPEN, LWC_CACHE_AUTO, 0, "off"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_conf conf = {.source = NULL};
        enum lwc_setting setting = LWC_SET_COUNT;
        char value[LWC_SETTING_TEXT_LEN];
        size_t at = 0;

        print_message("%s\n", cases[i].text);
        assert_int_equal(parse(cases[i].text, &conf, &setting, &at, NULL), LWC_OK);
        assert_int_equal(setting, cases[i].setting);
        assert_int_equal(conf.cache, cases[i].cache);
        assert_int_equal(conf.min_valid_s, cases[i].min_valid_s);
        assert_string_equal(lwc_setting_text(&conf, setting, value), cases[i].value);
    }
}

static void parse_setting_that_is_wrong_names_the_place(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"set", 0, "expected 'set NAME VALUE'", ""},
        {"set cache", 0, "expected 'set NAME VALUE'", ""},
        {"set cache none none", 0, "expected 'set NAME VALUE'", ""},
        {"set cash none", 4, "unknown setting 'cash'", "cache"},
        {"set [cache] none", 4, "unknown setting", "without the brackets"},
        {"set cache disk", 10, "unknown cache 'disk'", "auto, keyring, runtime, sealed, none"},
        {"set cache key-ring", 10, "unknown cache", "'keyring'"},
        {"set tcp-fast-open yes", 18, "unknown tcp-fast-open 'yes'", "off, on"},
        {"set git-store on", 14, "unknown git-store 'on'", "off, proved"},
        {"set git-store prove", 14, "unknown git-store 'prove'", "'proved'"},
        {"set git_store proved", 4, "unknown setting 'git_store'", "'git-store'"},
        {"set min-valid 0", 14, "1 s to 24 h", "5m"},
        {"set min-valid 25h", 14, "1 s to 24 h", "5m"},
        {"set min-valid -1", 14, "1 s to 24 h", "5m"},
        {"set min-valid 99999999999999999999", 14, "1 s to 24 h", "5m"},
        {"set min_valid 5", 4, "unknown setting 'min_valid'", "'min-valid'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_conf conf = {.source = NULL};
        enum lwc_setting setting = LWC_SET_COUNT;
        struct lwc_error err = {0};
        size_t at = 0;

        print_message("%s\n", cases[i].text);
        assert_int_equal(parse(cases[i].text, &conf, &setting, &at, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_non_null(strstr(err.hint, cases[i].hint));
        assert_int_equal(at, cases[i].at);
    }
}

static void every_mode_has_a_word_and_every_word_a_mode(void **state)
{
    static const char *const wrong[] = {"", "AUTO", "disk", "keyrings"};
    enum lwc_cache_mode mode = LWC_CACHE_AUTO;

    (void)state;
    for (size_t i = LWC_CACHE_AUTO; i <= LWC_CACHE_NONE; i++) {
        assert_true(lwc_cache_mode_parse(lwc_cache_mode_name((enum lwc_cache_mode)i), &mode));
        assert_int_equal(mode, i);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(lwc_cache_mode_parse(wrong[i], &mode));
    }
    assert_int_equal(mode, LWC_CACHE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_setting_takes_its_value),
        cmocka_unit_test(parse_setting_that_is_wrong_names_the_place),
        cmocka_unit_test(every_mode_has_a_word_and_every_word_a_mode),
    };

    return cmocka_run_group_tests_name("conf_setting", tests, NULL, NULL);
}
