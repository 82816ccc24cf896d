/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The control of "lookup CONTROL env"; *at is where in that a fault is. */
static enum lwc_code parse(const char *control, uint16_t actions[LWC_OUT_COUNT], size_t *at,
                           struct lwc_error *err)
{
    static struct lwc_words words;
    char line[512];
    struct lwc_lexer lexer = {.text = line};

    lexer.len = (size_t)snprintf(line, sizeof line, "%s", control);
    assert_int_equal(lwc_lexer_next(&lexer, &words, at, err), LWC_OK);
    assert_int_equal(words.count, 1);
    return lwc_control_parse(&words.word[0], actions, at, err);
}

static void parse_control_gives_an_action_for_each_outcome(void **state)
{
    enum { I = LWC_ACT_IGNORE, O = LWC_ACT_OK, D = LWC_ACT_DONE, B = LWC_ACT_BAD, X = LWC_ACT_DIE };
    static const struct {
        const char *control;
        uint16_t actions[LWC_OUT_COUNT]; /* success not_found locked denied unavailable ... */
        const char *text;
    } cases[] = {
        {"required", {O, B, B, B, B, B, B}, "[success=ok default=bad]"},
        {"requisite", {O, X, X, X, X, X, X}, "[success=ok default=die]"},
        {"sufficient",
         {D, I, X, X, I, X, X},
         "[success=done not_found=ignore unavailable=ignore default=die]"},
        {"optional", {O, I, I, I, I, I, I}, "[success=ok default=ignore]"},
        {"[success=done]", {D, B, B, B, B, B, B}, "[success=done default=bad]"},
        {"[default=die]", {X, X, X, X, X, X, X}, "[default=die]"},
        {"[default=ok success=1]", {LWC_ACT_SKIP + 1, O, O, O, O, O, O}, "[success=1 default=ok]"},
        {"[ error=3  locked=256\tdenied=done ]",
         {B, B, LWC_ACT_SKIP + 256, D, B, B, LWC_ACT_SKIP + 3},
         "[success=bad not_found=bad locked=256 denied=done unavailable=bad invalid=bad "
         "default=3]"},
        {"[success=ok not_found=done \\\n locked=bad denied=die unavailable=ignore \\\n"
         " invalid=1 error=2 default=3]",
         {O, D, B, X, I, LWC_ACT_SKIP + 1, LWC_ACT_SKIP + 2},
         "[success=ok not_found=done locked=bad denied=die unavailable=ignore invalid=1 "
         "default=2]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t actions[LWC_OUT_COUNT];
        uint16_t again[LWC_OUT_COUNT];
        char text[LWC_CONTROL_TEXT_LEN];
        size_t at = 0;

        print_message("%s\n", cases[i].control);
        assert_int_equal(parse(cases[i].control, actions, &at, NULL), LWC_OK);
        assert_memory_equal(actions, cases[i].actions, sizeof actions);
        assert_string_equal(lwc_control_text(actions, text), cases[i].text);
        assert_int_equal(parse(text, again, &at, NULL), LWC_OK);
        assert_memory_equal(again, actions, sizeof actions);
    }
}

static void parse_control_that_is_wrong_names_word_and_place(void **state)
{
    static const struct {
        const char *control;
        size_t at;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"suficient", 0, "unknown control 'suficient'", "did you mean 'sufficient'?"},
        {"REQUIRED", 0, "unknown control 'REQUIRED'", "[RETURN=ACTION ...]"},
        {"include-it", 0, "unknown control", "one of: required, requisite, sufficient, optional"},
        {"[required]", 1, "RETURN=ACTION expected", "default=die"},
        {"[success =ok]", 1, "RETURN=ACTION expected", ""},
        {"[success= ok]", 9, "unknown action ''", "one of: ignore, ok, done, bad, die, a number"},
        {"[sucess=ok]", 1, "unknown return word 'sucess'", "did you mean 'success'?"},
        {"[=ok]", 1, "unknown return word ''",
         "one of: success, not_found, locked, denied, unavailable, invalid, error, default"},
        {"[success=ok error=ignored]", 18, "unknown action 'ignored'", "did you mean 'ignore'?"},
        {"[success=reset]", 9, "unknown action 'reset'", ""},
        {"[success=ok default=die success=ok]", 24, "'success' is there twice", ""},
        {"[default=ok default=ok]", 12, "'default' is there twice", ""},
        {"[success=0]", 9, "0 lines cannot be skipped", "'ignore'"},
        {"[success=257]", 9, "unknown action '257'", ""},
        {"[success=-1]", 9, "unknown action '-1'", ""},
        {"[success=1x]", 9, "unknown action '1x'", ""},
        {"[success=ok=ok]", 9, "unknown action 'ok=ok'", ""},
        {"[success=]", 8, "unknown action ''", ""},
        {"[ ]", 1, "nothing in the brackets", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t actions[LWC_OUT_COUNT];
        struct lwc_error err = {0};
        size_t at = 0;

        print_message("%s\n", cases[i].control);
        assert_int_equal(parse(cases[i].control, actions, &at, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_non_null(strstr(err.hint, cases[i].hint));
        assert_int_equal(at, cases[i].at);
    }
}

static void words_mean_what_they_are_said_to_mean(void **state)
{
    const struct lwc_control_word *word = NULL;
    size_t count = 0;

    (void)state;
    for (; (word = lwc_control_word_at(count)) != NULL; count++) {
        uint16_t by_word[LWC_OUT_COUNT];
        uint16_t by_list[LWC_OUT_COUNT];
        char list[LWC_CONTROL_TEXT_LEN];
        char text[LWC_CONTROL_TEXT_LEN];
        size_t at = 0;

        (void)snprintf(list, sizeof list, "[%s]", word->meaning);
        assert_int_equal(parse(word->word, by_word, &at, NULL), LWC_OK);
        assert_int_equal(parse(list, by_list, &at, NULL), LWC_OK);
        assert_memory_equal(by_word, by_list, sizeof by_word);
        assert_string_equal(lwc_control_text(by_word, text), list);
    }
    assert_int_equal(count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_control_gives_an_action_for_each_outcome),
        cmocka_unit_test(parse_control_that_is_wrong_names_word_and_place),
        cmocka_unit_test(words_mean_what_they_are_said_to_mean),
    };

    return cmocka_run_group_tests_name("conf_control", tests, NULL, NULL);
}
