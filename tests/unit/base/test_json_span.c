/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_span.h"

static struct lwc_json_span parse(const char *text)
{
    struct lwc_json_span value = {0};
    struct lwc_error err = {0};

    if (lwc_json_span_parse(text, strlen(text), &value, &err) != LWC_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static void assert_span(struct lwc_json_span span, const char *text)
{
    if (span.len != strlen(text) || memcmp(span.at, text, span.len) != 0) {
        fail_msg("expected %s, got %.*s", text, (int)span.len, span.at);
    }
}

static void values_are_found_without_the_blanks_around_them(void **state)
{
    static const struct {
        const char *text;
        const char *value;
        char type;
    } cases[] = {
        {" {\"a\" : [1,2]}\r\n", "{\"a\" : [1,2]}", '{'},
        {"\t[ ]", "[ ]", '['},
        {"\"a\\\"b\" ", "\"a\\\"b\"", '"'},
        {"-0.5e+7", "-0.5e+7", '0'},
        {"9", "9", '0'},
        {"true", "true", 't'},
        {" false", "false", 'f'},
        {"null\n", "null", 'n'},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        assert_span(parse(cases[i].text), cases[i].value);
        assert_int_equal(lwc_json_span_type(parse(cases[i].text)), cases[i].type);
    }
    assert_int_equal(lwc_json_span_type((struct lwc_json_span){0}), '\0');
}

static void text_that_is_no_json_is_refused_with_the_byte(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "it is empty"},
        {"  ", "it is cut short at line 1, byte 3"},
        {"{\"a\":1", "it is cut short at line 1, byte 7"},
        {"{\"a\":1,\n\n \"b\" 2}", "a key without a colon at line 3, byte 6"},
        {"{\"a\" 1}", "a key without a colon at line 1, byte 6"},
        {"{a:1}", "no string where one must be at line 1, byte 2"},
        {"[1,]", "a value that is none at line 1, byte 4"},
        {"{} {}", "text behind the value at line 1, byte 4"},
        {"01", "text behind the value at line 1, byte 2"},
        {"[1.]", "a bad number at line 1, byte 4"},
        {"\"\\u00zz\"", "a bad \\u escape at line 1, byte 6"},
        {"\"\\u0000\"", "a NUL in a string at line 1, byte 8"},
        {"\"\\x\"", "a bad escape in a string at line 1, byte 3"},
        {"\"a\nb\"", "a control byte in a string at line 1, byte 3"},
        {"// x\n{}", "a value that is none at line 1, byte 1"},
        {"{'a':1}", "no string where one must be at line 1, byte 2"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_json_span value = {0};
        struct lwc_error err = {0};

        assert_int_equal(lwc_json_span_parse(cases[i].text, strlen(cases[i].text), &value, &err),
                         LWC_E_INVALID);
        if (strstr(err.msg, cases[i].why) == NULL) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
        assert_null(value.at);
    }
}

static void nesting_ends_at_the_limit(void **state)
{
    (void)state;
    for (size_t depth = LWC_JSON_DEPTH; depth <= LWC_JSON_DEPTH + 1; depth++) {
        char text[2 * (LWC_JSON_DEPTH + 1) + 1] = {0};
        struct lwc_json_span value = {0};

        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(lwc_json_span_parse(text, 2 * depth, &value, NULL),
                         depth == LWC_JSON_DEPTH ? LWC_OK : LWC_E_INVALID);
    }
}

static void walks_visit_members_and_elements_in_order(void **state)
{
    struct lwc_json_walk walk =
        lwc_json_walk_begin(parse("{ \"a\" : 1 , \"b\":{\"c\":[2]},\"d\" :\"}\"}"));
    struct lwc_json_span name = {0};
    struct lwc_json_span value = {0};

    (void)state;
    assert_true(lwc_json_walk_next(&walk, &name, &value));
    assert_span(name, "\"a\"");
    assert_span(value, "1");
    assert_true(lwc_json_walk_next(&walk, &name, &value));
    assert_span(value, "{\"c\":[2]}");
    assert_true(lwc_json_walk_next(&walk, &name, &value));
    assert_span(name, "\"d\"");
    assert_span(value, "\"}\"");
    assert_false(lwc_json_walk_next(&walk, &name, &value));

    walk = lwc_json_walk_begin(parse("[ [ ] ,null]"));
    assert_true(lwc_json_walk_next(&walk, &name, &value));
    assert_null(name.at);
    assert_span(value, "[ ]");
    assert_true(lwc_json_walk_next(&walk, &name, &value));
    assert_span(value, "null");
    assert_false(lwc_json_walk_next(&walk, &name, &value));

    walk = lwc_json_walk_begin(parse("{ }"));
    assert_false(lwc_json_walk_next(&walk, &name, &value));
    walk = lwc_json_walk_begin(parse("\"text\""));
    assert_false(lwc_json_walk_next(&walk, &name, &value));
}

static void members_are_found_by_name_in_either_case(void **state)
{
    const struct lwc_json_span object =
        parse("{\"a\":0,\"AccessToken\":1,\"k\\u0065Y\":2,\"K\\u0065y\":3}");
    struct lwc_json_span name = {0};
    struct lwc_json_span value = {0};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(
        lwc_json_span_member(object, "accesstoken", LWC_JSON_FOLD, &name, &value, NULL), LWC_OK);
    assert_span(name, "\"AccessToken\"");
    assert_span(value, "1");
    assert_int_equal(
        lwc_json_span_member(object, "accesstoken", LWC_JSON_EXACT, &name, &value, NULL), LWC_OK);
    assert_null(name.at);
    assert_null(value.at);
    assert_int_equal(lwc_json_span_member(object, "keY", LWC_JSON_EXACT, NULL, &value, NULL),
                     LWC_OK);
    assert_span(value, "2");
    assert_int_equal(lwc_json_span_member(object, "key", LWC_JSON_FOLD, NULL, &value, &err),
                     LWC_E_INVALID);
    assert_string_equal(err.msg, "\"key\" is there twice");
    assert_int_equal(lwc_json_span_member(parse("[]"), "a", LWC_JSON_EXACT, NULL, &value, &err),
                     LWC_E_INVALID);
}

static void texts_are_decoded(void **state)
{
    static const struct {
        const char *json;
        const char *text; /* NULL: refused */
    } cases[] = {
        {"\"\"", ""},
        {"\"plain \xc3\xa9\"", "plain \xc3\xa9"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud83d\"", NULL},
        {"\"\\ud83dx\\ude00\"", NULL},
        {"\"\\ude00\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
        {"12", NULL},
        {"null", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_BUF out = NULL;
        enum lwc_code code = LWC_OK;

        assert_int_equal(lwc_buf_copy("x", 1, &out, NULL), LWC_OK);
        code = lwc_json_span_text(parse(cases[i].json), out, NULL);
        assert_int_equal(code, cases[i].text != NULL ? LWC_OK : LWC_E_INVALID);
        assert_string_equal(lwc_buf_text(out) + 1, cases[i].text != NULL ? cases[i].text : "");
    }
}

static void comparison_decodes_and_wants_the_whole_text(void **state)
{
    static const struct {
        const char *json;
        const char *text;
        enum lwc_json_case how;
        bool equal;
    } cases[] = {
        {"\"abc\"", "abc", LWC_JSON_EXACT, true},   {"\"abc\"", "ab", LWC_JSON_EXACT, false},
        {"\"ab\"", "abc", LWC_JSON_EXACT, false},   {"\"aBc\"", "abc", LWC_JSON_EXACT, false},
        {"\"aBc\"", "Abc", LWC_JSON_FOLD, true},    {"\"\\u0041bc\"", "abc", LWC_JSON_FOLD, true},
        {"\"\"", "", LWC_JSON_EXACT, true},         {"\"\\u00e1\"", "a", LWC_JSON_FOLD, false},
        {"\"\\ud83d\"", "", LWC_JSON_EXACT, false}, {"1", "1", LWC_JSON_EXACT, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        if (lwc_json_span_is(parse(cases[i].json), cases[i].text, cases[i].how) != cases[i].equal) {
            fail_msg("%s and %s", cases[i].json, cases[i].text);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_without_the_blanks_around_them),
        cmocka_unit_test(text_that_is_no_json_is_refused_with_the_byte),
        cmocka_unit_test(nesting_ends_at_the_limit),
        cmocka_unit_test(walks_visit_members_and_elements_in_order),
        cmocka_unit_test(members_are_found_by_name_in_either_case),
        cmocka_unit_test(texts_are_decoded),
        cmocka_unit_test(comparison_decodes_and_wants_the_whole_text),
    };

    return cmocka_run_group_tests_name("json_span", tests, NULL, NULL);
}
