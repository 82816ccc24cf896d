/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The words of all lines as "a|b;c;", bracketed ones as "<b>", a fault as "!LINE:COLUMN;". */
static void split(const char *text, size_t len, char *out, size_t cap)
{
    struct lwc_lexer lexer = {.text = text, .len = len};
    struct lwc_words words;
    enum lwc_code code = LWC_OK;
    size_t at = 0;
    size_t used = 0;

    out[0] = '\0';
    while ((code = lwc_lexer_next(&lexer, &words, &at, NULL)) != LWC_E_NOT_FOUND) {
        unsigned line = 0;
        unsigned column = 0;

        if (code != LWC_OK) {
            lwc_lexer_place(&lexer, at, &line, &column);
            used += (size_t)snprintf(out + used, cap - used, "!%u:%u;", line, column);
            continue;
        }
        for (size_t i = 0; i < words.count; i++) {
            const struct lwc_word *word = &words.word[i];

            assert_int_equal(strlen(word->text), word->len);
            assert_true(word->bracketed || memcmp(text + word->from[0], word->text, 1) == 0);
            used += (size_t)snprintf(out + used, cap - used, word->bracketed ? "%s<%s>" : "%s%s",
                                     i > 0 ? "|" : "", word->text);
        }
        used += (size_t)snprintf(out + used, cap - used, ";");
    }
}

static void next_line_is_split_into_words(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", ""},
        {"\n\n  \n\t\n", ""},
        {"a b\tc", "a|b|c;"},
        {"a\nb\r\n\r\nc", "a;b;c;"},
        {"# all of it\n#\n", ""},
        {"a #b\nc", "a;c;"},
        {"a # b \\\nc", "a;c;"},
        {"a \\\nb", "a|b;"},
        {"a\\\n   b\\\r\n\tc\nd", "a|b|c;d;"},
        {"\\\n\\\na", "a;"},
        {"[x y]", "<x y>;"},
        {"a [x\ty] z", "a|<x\ty>|z;"},
        {"a [b [c\\] d#e] f", "a|<b [c] d#e>|f;"},
        {"a [x \\\n    y] z", "a|<x  y>|z;"},
        {"[\\]\\]]", "<]]>;"},
        {"[a\\b]", "<a\\b>;"},
        {"[a\\\\]]", "<a\\]>;"},
        {"a]b a[b a\\]b", "a]b|a[b|a\\]b;"},
        {"a\xc3\xa9 \xff", "a\xc3\xa9|\xff;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[256];

        split(cases[i].text, strlen(cases[i].text), words, sizeof words);
        assert_string_equal(words, cases[i].words);
    }
}

static void next_line_that_is_wrong_is_passed_over(void **state)
{
    static const struct {
        const char *text;
        size_t len; /* 0: up to the NUL */
        const char *words;
    } cases[] = {
        {"a [b\nc", 0, "!1:3;c;"},
        {"a [b \\\n c\nd", 0, "!1:3;d;"},
        {"a [b\\]\nc", 0, "!1:3;c;"},
        {"a []\nc", 0, "!1:3;c;"},
        {"a [b]c d\ne", 0, "!1:6;e;"},
        {"a [b]#\nc", 0, "!1:6;c;"},
        {"a b#c\nd", 0, "!1:4;d;"},
        {"a b\\ \nc", 0, "!1:4;c;"},
        {"a \\", 0, "!1:3;"},
        {"a\r\nb\rc\nd", 0, "a;!2:2;d;"},
        {"a\r", 0, "!1:2;"},
        {"a\0b\nc", 5, "!1:2;c;"},
        {"a # \x1b[2J\nc", 0, "!1:5;c;"},
        {"a \\\n  b\x7f\nc", 0, "!2:4;c;"},
        {"[a\x01]\nc", 0, "!1:3;c;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[256];
        const size_t len = cases[i].len > 0 ? cases[i].len : strlen(cases[i].text);

        split(cases[i].text, len, words, sizeof words);
        assert_string_equal(words, cases[i].words);
    }
}

static void next_line_that_is_too_long_is_refused(void **state)
{
    static char text[LWC_CONF_LINE_MAX + 8];
    char words[LWC_CONF_LINE_MAX + 64];
    size_t used = 0;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + LWC_CONF_LINE_MAX - 1, "\ny", 2);
    split(text, LWC_CONF_LINE_MAX + 1, words, sizeof words);
    assert_int_equal(strlen(words), LWC_CONF_LINE_MAX - 1 + strlen(";y;"));
    memcpy(text + LWC_CONF_LINE_MAX - 1, "x\ny", 3);
    split(text, LWC_CONF_LINE_MAX + 2, words, sizeof words);
    assert_string_equal(words, "!1:4096;y;");
    for (size_t i = 0; i <= LWC_WORDS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "w ");
    }
    split(text, used, words, sizeof words);
    assert_string_equal(words, "!1:71;");
    split(text, used - 2, words, sizeof words);
    assert_int_equal(strlen(words), 2 * LWC_WORDS_MAX);
}

static void place_is_found_forwards_and_backwards(void **state)
{
    static const char text[] = "ab\n\ncd\\\n e";
    static const unsigned places[][3] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1},
                                         {4, 3, 1}, {7, 3, 4}, {8, 4, 1}, {9, 4, 2},
                                         {1, 1, 2}, {9, 4, 2}, {4, 3, 1}};
    struct lwc_lexer lexer = {.text = text, .len = sizeof text - 1};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        unsigned line = 0;
        unsigned column = 0;

        lwc_lexer_place(&lexer, places[i][0], &line, &column);
        assert_int_equal(line, places[i][1]);
        assert_int_equal(column, places[i][2]);
    }
}

static void unknown_word_gets_the_nearest_or_all(void **state)
{
    static const char *const right[] = {"required", "optional"};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_word_unknown("word", "requird", 7, right, 2, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "unknown word 'requird'");
    assert_string_equal(err.hint, "did you mean 'required'?");
    assert_int_equal(lwc_word_unknown("word", "x\xff", 2, right, 2, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "unknown word 'x\\xff'");
    assert_string_equal(err.hint, "one of: required, optional");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_line_is_split_into_words),
        cmocka_unit_test(next_line_that_is_wrong_is_passed_over),
        cmocka_unit_test(next_line_that_is_too_long_is_refused),
        cmocka_unit_test(place_is_found_forwards_and_backwards),
        cmocka_unit_test(unknown_word_gets_the_nearest_or_all),
    };

    return cmocka_run_group_tests_name("conf_lexer", tests, NULL, NULL);
}
