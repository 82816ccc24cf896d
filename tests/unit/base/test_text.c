/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/append.h"
#include "tests/support/arena.h"

#include "base/text.h"

#define ROW(text) (text), sizeof(text) - 1

static int sodium_calls_left = -1;

void *__wrap_sodium_malloc(size_t len);
void *__real_sodium_malloc(size_t len);

void *__wrap_sodium_malloc(size_t len)
{
    if (sodium_calls_left == 0) {
        return NULL;
    }
    sodium_calls_left -= sodium_calls_left > 0 ? 1 : 0;
    return __real_sodium_malloc(len);
}

static void printable_makes_text_harmless(void **state)
{
    static const struct {
        const char *name;
        const char *in;
        size_t len;
        const char *out;
    } cases[] = {
        {"plain", ROW("hello"), "hello"},
        {"empty", ROW(""), ""},
        {"ends trimmed", ROW("  a b  "), "a b"},
        {"blanks only", ROW("    "), ""},
        {"runs of blanks", ROW("a   b    c"), "a b c"},
        {"escape sequence", ROW("\x1b[31mred"), "\\x1b[31mred"},
        {"newline and tab", ROW("a\n\tb"), "a\\x0a\\x09b"},
        {"NUL inside", ROW("a\0b"), "a\\x00b"},
        {"DEL", ROW("\x7f"), "\\x7f"},
        {"C1 as UTF-8",
         ROW("\xc2\x9b"
             "2J"),
         "\\xc2\\x9b"
         "2J"},
        {"C1 raw",
         ROW("\x9b"
             "2J"),
         "\\x9b"
         "2J"},
        {"UTF-8 of 2, 3, 4 bytes", ROW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"overlong slash", ROW("\xc0\xaf"), "\\xc0\\xaf"},
        {"overlong of 3", ROW("\xe0\x80\xaf"), "\\xe0\\x80\\xaf"},
        {"surrogate", ROW("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
        {"beyond Unicode", ROW("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
        {"cut sequence", ROW("a\xe2\x82"), "a\\xe2\\x82"},
        {"lone continuation", ROW("\x80z"), "\\x80z"},
        {"right-to-left override",
         ROW("a\xe2\x80\xae"
             "b"),
         "a\\xe2\\x80\\xae"
         "b"},
        {"zero width space",
         ROW("a\xe2\x80\x8b"
             "b"),
         "a\\xe2\\x80\\x8b"
         "b"},
        {"line separator", ROW("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"},
        {"arabic letter mark", ROW("\xd8\x9c"), "\\xd8\\x9c"},
    };
    char out[128];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_ptr_equal(lwc_text_printable(out, sizeof out, cases[i].in, cases[i].len), out);
        assert_string_equal(out, cases[i].out);
    }
}

static void printable_beyond_the_room_is_cut_with_dots(void **state)
{
    static const struct {
        size_t cap;
        const char *in;
        const char *out;
    } cases[] = {
        {1, "abc", ""},           {2, "abc", "."},
        {3, "abc", ".."},         {4, "abc", "abc"},
        {4, "abcd", "..."},       {7, "abcdef", "abcdef"},
        {7, "abcdefg", "abc..."}, {7, "ab  cdefg", "ab..."},
        {7, "ab     ", "ab"},     {8, "abc\n", "abc\\x0a"},
        {8, "abcd\n", "abcd..."}, {8, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9..."},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char out[10] = "#########";

        print_message("%zu of %s\n", cases[i].cap, cases[i].in);
        lwc_text_printable(out, cases[i].cap, cases[i].in, strlen(cases[i].in));
        assert_string_equal(out, cases[i].out);
        assert_int_equal(out[cases[i].cap], '#');
    }
}

static void printable_without_room_writes_nothing(void **state)
{
    char out[1] = {'#'};

    (void)state;
    lwc_text_printable(out, 0, "abc", 3);
    assert_int_equal(out[0], '#');
}

typedef bool judge_fn(const char *text, size_t len);

static void judges_tell_alphabets_apart(void **state)
{
    static const struct {
        const char *name;
        judge_fn *judge;
        const char *text;
        size_t len;
        bool answer;
    } cases[] = {
        {"graph all", lwc_text_is_graph, ROW("!azAZ09~"), true},
        {"graph blank", lwc_text_is_graph, ROW("a b"), false},
        {"graph DEL", lwc_text_is_graph, ROW("a\x7f"), false},
        {"graph high", lwc_text_is_graph, ROW("\xc3\xa9"), false},
        {"graph NUL", lwc_text_is_graph, ROW("a\0"), false},
        {"control none", lwc_text_has_control, ROW("a b~\xc3\xa9"), false},
        {"control NUL", lwc_text_has_control, ROW("a\0b"), true},
        {"control CR", lwc_text_has_control, ROW("a\r"), true},
        {"control LF", lwc_text_has_control, ROW("\n"), true},
        {"control US", lwc_text_has_control, ROW("\x1f"), true},
        {"control DEL", lwc_text_has_control, ROW("\x7f"), true},
        {"token", lwc_text_is_b64token, ROW("_09azAZ-._~+/"), true},
        {"token padded", lwc_text_is_b64token, ROW("abc=="), true},
        {"token pad inside", lwc_text_is_b64token, ROW("a=b"), false},
        {"token pad alone", lwc_text_is_b64token, ROW("=="), false},
        {"token empty", lwc_text_is_b64token, ROW(""), false},
        {"token blank", lwc_text_is_b64token, ROW("a b"), false},
        {"token newline", lwc_text_is_b64token, ROW("ab\n"), false},
        {"token NUL", lwc_text_is_b64token, ROW("ab\0"), false},
        {"token quote", lwc_text_is_b64token, ROW("a\"b"), false},
        {"token colon", lwc_text_is_b64token, ROW("a:b"), false},
        {"token star", lwc_text_is_b64token, ROW("a*"), false},
        {"token high", lwc_text_is_b64token, ROW("\xc3\xa9"), false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(cases[i].judge(cases[i].text, cases[i].len), cases[i].answer);
    }
}

static void parse_number_takes_digits_up_to_max(void **state)
{
    static const struct {
        const char *text;
        int64_t max;
        int64_t number; /* -1: refused */
    } cases[] = {
        {"0", 10, 0},
        {"10", 10, 10},
        {"11", 10, -1},
        {"007", 10, 7},
        {"", 10, -1},
        {"-1", 10, -1},
        {"+1", 10, -1},
        {" 1", 10, -1},
        {"1 ", 10, -1},
        {"0x1", 10, -1},
        {"1.0", 10, -1},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
        {"9223372036854775808", INT64_MAX, -1},
        {"99999999999999999999999999", INT64_MAX, -1},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        int64_t number = -1;
        bool taken =
            lwc_text_parse_number(cases[i].text, strlen(cases[i].text), cases[i].max, &number);

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(taken, cases[i].number >= 0);
        assert_true(number == cases[i].number);
    }
}

static void is_and_begins_ignore_the_case_of_ascii_alone(void **state)
{
    static const struct {
        const char *text;
        const char *word;
        bool is;
        bool begins;
    } cases[] = {
        {"true", "true", true, true},
        {"tRUE", "true", true, true},
        {"", "", true, true},
        {"", "true", false, false},
        {"tru", "true", false, false},
        {"trues", "true", false, true},
        {"HTTPS://x", "https://", false, true},
        {"HTTP:/", "http://", false, false},
        {"[", "{", false, false},
        {"@", "`", false, false},
        {"\xc3\x80", "\xc3\xa0", false, false},
        {"truE\xc3", "true", false, true},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("'%s' and '%s'\n", cases[i].text, cases[i].word);
        assert_int_equal(lwc_text_is(cases[i].text, cases[i].word), cases[i].is);
        assert_int_equal(lwc_text_begins(cases[i].text, cases[i].word), cases[i].begins);
    }
}

static void span_and_reach_count_as_in_libc(void **state)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "b", "cab", "/", "//a/", "\xff/a"};
    static const char *const sets[] = {"", "a", "ab", "/", "\xff"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        for (size_t j = 0; j < LWC_ARRAY_LEN(sets); j++) {
            print_message("'%s' and '%s'\n", texts[i], sets[j]);
            assert_int_equal(lwc_text_span(texts[i], sets[j]), strspn(texts[i], sets[j]));
            assert_int_equal(lwc_text_reach(texts[i], sets[j]), strcspn(texts[i], sets[j]));
        }
    }
}

static void parse_duration_takes_suffixes_up_to_ten_years(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } cases[] = {
        {"0", 0},          {"90", 90},
        {"90s", 90},       {"5m", 300},
        {"24h", 86400},    {"3650d", INT64_C(315360000)},
        {"3651d", -1},     {"315360000", INT64_C(315360000)},
        {"315360001", -1}, {"", -1},
        {"s", -1},         {"5ms", -1},
        {"5 m", -1},       {"m5", -1},
        {"-5m", -1},       {"1.5h", -1},
        {"5w", -1},        {"5M", -1},
        {"1h30m", -1},     {"99999999999999999999d", -1},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        int64_t seconds = -1;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(lwc_text_parse_duration(cases[i].text, &seconds), cases[i].seconds >= 0);
        assert_true(seconds == cases[i].seconds);
    }
}

static void append_json_escapes(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"", "\"\""},
        {"plain /path", "\"plain /path\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b\xc3",
         "\"a\\ufffdb\\ufffd\""},
        {"\xe2\x80\xa8\xc2\x85", "\"\\u2028\\u0085\""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF out = NULL;

        print_message("case %zu\n", i);
        assert_int_equal(lwc_buf_copy("x:", 2, &out, NULL), LWC_OK);
        assert_int_equal(lwc_text_append_json(out, cases[i].in, NULL), LWC_OK);
        assert_string_equal(lwc_buf_text(out) + 2, cases[i].out);
    }
}

static void append_formats_behind_what_is_there(void **state)
{
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_copy("a=", 2, &out, NULL), LWC_OK);
    assert_int_equal(lwc_text_append(out, NULL, "%s%c%d", "token", '\n', 42), LWC_OK);
    assert_int_equal(lwc_text_append(out, NULL, "%s", ""), LWC_OK);
    assert_string_equal(lwc_buf_text(out), "a=token\n42");
    assert_int_equal(lwc_buf_len(out), 10);
}

static void append_of_long_text_is_whole(void **state)
{
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(0, &out, NULL), LWC_OK);
    assert_int_equal(lwc_text_append(out, NULL, "%100000d|", 7), LWC_OK);
    assert_int_equal(lwc_buf_len(out), 100001);
    assert_string_equal(lwc_buf_text(out) + 99998, " 7|");
}

static void append_beyond_cap_is_invalid_and_changes_nothing(void **state)
{
    LWC_AUTO_BUF out = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("a", 1, &out, NULL), LWC_OK);
    assert_int_equal(lwc_text_append(out, &err, "%*d", (int)LWC_BUF_CAP, 7), LWC_E_INVALID);
    assert_string_equal(lwc_buf_text(out), "a");
}

static void append_without_memory_changes_nothing(void **state)
{
    LWC_AUTO_BUF out = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_copy("a", 1, &out, NULL), LWC_OK);
    arena_fill();
    sodium_calls_left = 0;
    assert_int_equal(lwc_text_append(out, &err, "%s", "0123456789"), LWC_E_IO);
    assert_string_equal(lwc_buf_text(out), "a");
    sodium_calls_left = 1;
    assert_int_equal(lwc_text_append_json(out, "0123456789", &err), LWC_E_IO);
    assert_string_equal(lwc_buf_text(out), "a");
    sodium_calls_left = -1;
    arena_drain();
}

static void nearest_finds_slips_only(void **state)
{
    static const char *const words[] = {"list", "show", "remove", "required", "get"};
    static const struct {
        const char *word;
        const char *nearest;
    } cases[] = {
        {"lst", "list"},
        {"lists", "list"},
        {"remvoe", "remove"},
        {"requird", "required"},
        {"show", "show"},
        {"xyz", NULL},
        {"", NULL},
        {"ge", NULL},
        {"gte", "get"},
        {"egt", "get"},
        {"hsow", "show"},
        {"ilts", NULL},
        {"tge", NULL},
        {"removal", "remove"},
        {"rqrd", NULL},
        {"an-endless-word-an-endless-word-an-endless-word-an-endless-word-1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const char *found = lwc_text_nearest(cases[i].word, words, LWC_ARRAY_LEN(words));

        print_message("'%s': %s\n", cases[i].word, found != NULL ? found : "none");
        assert_true((found == NULL) == (cases[i].nearest == NULL));
        assert_string_equal(found != NULL ? found : "",
                            cases[i].nearest != NULL ? cases[i].nearest : "");
    }
}

static void yes_and_no_are_words_in_any_case(void **state)
{
    static const struct {
        const char *word;
        bool yes;
        bool no;
    } cases[] = {
        {"1", true, false},   {"true", true, false},      {"YES", true, false},
        {"On", true, false},  {"0", false, true},         {"False", false, true},
        {"no", false, true},  {"OFF", false, true},       {"", false, false},
        {"2", false, false},  {"t", false, false},        {"yes ", false, false},
        {NULL, false, false}, {"disabled", false, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("'%s'\n", cases[i].word != NULL ? cases[i].word : "NULL");
        assert_true(lwc_text_is_yes(cases[i].word) == cases[i].yes);
        assert_true(lwc_text_is_no(cases[i].word) == cases[i].no);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_makes_text_harmless),
        cmocka_unit_test(printable_beyond_the_room_is_cut_with_dots),
        cmocka_unit_test(printable_without_room_writes_nothing),
        cmocka_unit_test(judges_tell_alphabets_apart),
        cmocka_unit_test(parse_number_takes_digits_up_to_max),
        cmocka_unit_test(is_and_begins_ignore_the_case_of_ascii_alone),
        cmocka_unit_test(span_and_reach_count_as_in_libc),
        cmocka_unit_test(parse_duration_takes_suffixes_up_to_ten_years),
        cmocka_unit_test(yes_and_no_are_words_in_any_case),
        cmocka_unit_test(append_json_escapes),
        cmocka_unit_test(append_formats_behind_what_is_there),
        cmocka_unit_test(append_of_long_text_is_whole),
        cmocka_unit_test(append_beyond_cap_is_invalid_and_changes_nothing),
        cmocka_unit_test(append_without_memory_changes_nothing),
        cmocka_unit_test(nearest_finds_slips_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
