/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/json_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/format/json_printer.h"

/* Text that the printer made of the events. */
struct copy {
    struct lwc_json_printer printer;
    char text[4096];
    size_t len;
    size_t fail_at; /* the event that fails; 0: none */
    size_t events;
};

static enum lwc_code append(void *data, const char *bytes, size_t len, bool is_markup,
                            struct lwc_error *err)
{
    struct copy *copy = data;

    (void)is_markup;
    (void)err;
    assert_true(copy->len + len < sizeof copy->text);
    memcpy(copy->text + copy->len, bytes, len);
    copy->len += len;
    copy->text[copy->len] = '\0';
    return LWC_OK;
}

static enum lwc_code print_event(void *data, enum lwc_json_event event, const char *bytes,
                                 size_t len, struct lwc_error *err)
{
    struct copy *copy = data;

    copy->events++;
    if (copy->events == copy->fail_at) {
        return lwc_fail(err, LWC_E_IO, "the reader fails");
    }
    return lwc_json_print(&copy->printer, event, bytes, len, err);
}

/* Reads @text in pieces of @step bytes. */
static enum lwc_code read_text(struct copy *copy, const char *text, size_t step,
                               struct lwc_error *err)
{
    const struct lwc_json_reader reader = {.data = copy, .event = print_event};
    struct lwc_json_stream stream = {.reader = &reader};
    const size_t len = strlen(text);
    enum lwc_code code = LWC_OK;

    copy->printer.data = copy;
    copy->printer.write = append;
    for (size_t at = 0; at < len && code == LWC_OK; at += step) {
        code = lwc_json_stream_feed(&stream, text + at, len - at < step ? len - at : step, err);
    }
    return code == LWC_OK ? lwc_json_stream_end(&stream, err) : code;
}

static void text_comes_out_as_it_went_in(void **state)
{
    static const struct {
        const char *text;
        const char *compact; /* NULL: the same */
    } cases[] = {
        {"{}", NULL},
        {"[]", NULL},
        {"0", NULL},
        {"-1.5e+10", NULL},
        {"true", NULL},
        {"\"\"", NULL},
        {"[[],{},\"\",null]", NULL},
        {"{\"a\":{\"b\":[1,2,{\"c\":false}]},\"d\":\"e\"}", NULL},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00Ff\"", NULL},
        {" [ 1 , { \"a\" : \"b\" } ] \n", "[1,{\"a\":\"b\"}]"},
        {"\"\xc3\xa9 and \x7f\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step < 9; step++) {
            struct copy copy = {.len = 0};
            struct lwc_error err = {0};

            if (read_text(&copy, cases[i].text, step, &err) != LWC_OK) {
                fail_msg("%s: %s", cases[i].text, err.msg);
            }
            assert_string_equal(copy.text,
                                cases[i].compact != NULL ? cases[i].compact : cases[i].text);
        }
    }
}

static void no_json_is_refused_at_its_byte(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "it ends too early, at byte 1"},
        {" ", "it ends too early"},
        {"{", "it ends too early"},
        {"[1", "it ends too early"},
        {"\"a", "it ends too early"},
        {"{\"a\"", "it ends too early"},
        {"[1,]", "no value at byte 4"},
        {"{\"a\":1,}", "no name at byte 8"},
        {"{a:1}", "no name at byte 2"},
        {"{\"a\" 1}", "no colon at byte 6"},
        {"[1 2]", "no comma at byte 4"},
        {"[1}", "a bracket too many at byte 3"},
        {"]", "no value at byte 1"},
        {"{\"a\":1]", "a bracket too many"},
        {"1 2", "more than one value at byte 3"},
        {"{}x", "more than one value"},
        {"01", "an unknown literal"},
        {"1.", "an unknown literal"},
        {"1e", "an unknown literal"},
        {"-", "an unknown literal"},
        {"+1", "no value"},
        {".5", "no value"},
        {"True", "no value"},
        {"nul", "an unknown literal"},
        {"nan", "an unknown literal"},
        {"\"\\x\"", "an unknown escape"},
        {"\"\\u12g4\"", "an unknown escape"},
        {"\"a\nb\"", "a control byte in a string"},
        {"\x01", "no value"},
        {"<html>", "no value at byte 1"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step < 9; step++) {
            struct copy copy = {.len = 0};
            struct lwc_error err = {0};

            if (read_text(&copy, cases[i].text, step, &err) != LWC_E_INVALID ||
                strstr(err.msg, cases[i].why) == NULL) {
                fail_msg("%s in steps of %zu: code %d, %s", cases[i].text, step, err.code, err.msg);
            }
        }
    }
}

static void levels_and_literals_are_limited(void **state)
{
    char text[2 * LWC_JSON_STREAM_DEPTH + 3] = "";
    char digits[LWC_JSON_STREAM_PLAIN + 2] = "";
    struct copy copy = {.len = 0};
    struct lwc_error err = {0};

    (void)state;
    memset(text, '[', LWC_JSON_STREAM_DEPTH);
    memset(text + LWC_JSON_STREAM_DEPTH, ']', LWC_JSON_STREAM_DEPTH);
    assert_int_equal(read_text(&copy, text, 7, &err), LWC_OK);
    assert_string_equal(copy.text, text);
    memset(text, '[', LWC_JSON_STREAM_DEPTH + 1);
    assert_int_equal(read_text(&copy, text, 7, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "too many levels"));
    memset(digits, '1', LWC_JSON_STREAM_PLAIN);
    copy = (struct copy){.len = 0};
    assert_int_equal(read_text(&copy, digits, 7, &err), LWC_OK);
    assert_string_equal(copy.text, digits);
    memset(digits, '1', LWC_JSON_STREAM_PLAIN + 1);
    assert_int_equal(read_text(&copy, digits, 7, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "too long"));
}

static void failure_of_the_reader_is_returned(void **state)
{
    struct copy count = {.len = 0};
    const char text[] = "{\"a\":[1,\"b\"]}";

    (void)state;
    assert_int_equal(read_text(&count, text, 100, NULL), LWC_OK);
    for (size_t i = 1; i <= count.events; i++) {
        struct copy copy = {.fail_at = i};
        struct lwc_error err = {0};

        assert_int_equal(read_text(&copy, text, 100, &err), LWC_E_IO);
        assert_int_equal(copy.events, i);
    }
}

static void pretty_text_has_a_line_for_each_item(void **state)
{
    struct copy copy = {.printer = {.is_pretty = true}};
    struct copy colored = {.printer = {.is_pretty = true, .is_color = true}};

    (void)state;
    assert_int_equal(read_text(&copy, "{\"a\":[1,{},[]],\"b\":\"c\"}", 3, NULL), LWC_OK);
    assert_string_equal(copy.text,
                        "{\n  \"a\": [\n    1,\n    {},\n    []\n  ],\n  \"b\": \"c\"\n}");
    assert_int_equal(read_text(&colored, "{\"a\":null}", 3, NULL), LWC_OK);
    assert_string_equal(colored.text, "{\n  \x1b[34m\"a\"\x1b[0m: \x1b[33mnull\x1b[0m\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_out_as_it_went_in),
        cmocka_unit_test(no_json_is_refused_at_its_byte),
        cmocka_unit_test(levels_and_literals_are_limited),
        cmocka_unit_test(failure_of_the_reader_is_returned),
        cmocka_unit_test(pretty_text_has_a_line_for_each_item),
    };

    return cmocka_run_group_tests_name("json_stream", tests, NULL, NULL);
}
