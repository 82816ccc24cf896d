/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "net/json.h"

#define ROW(text) (text), sizeof(text) - 1

static bool parses(const char *text, size_t len, struct lwc_error *err)
{
    LWC_AUTO_JSON json = NULL;
    enum lwc_code code = lwc_json_parse(text, len, &json, err);

    assert_true((code == LWC_OK) == (json != NULL));
    assert_true(code == LWC_OK || code == LWC_E_INVALID);
    return code == LWC_OK;
}

static void parse_valid_text_is_taken(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {ROW("{}")},
        {ROW("[]")},
        {ROW(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : null } \n")},
        {ROW("\"text\"")},
        {ROW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"")},
        {ROW("0")},
        {ROW("-0")},
        {ROW("-12.50e+3")},
        {ROW("1E9")},
        {ROW("1e-9")},
        {ROW("true")},
        {ROW("false")},
        {ROW("null")},
        {ROW("[[],{},[{}]]")},
        {ROW("{\"a\":{\"a\":1},\"b\":{\"a\":1}}")},
        {ROW("{\"a\":1,\"A\":1}")},
        {ROW("{\"\":1}")},
        {ROW("\"\x7f\xc3\xa9\"")},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        if (!parses(cases[i].text, cases[i].len, &err)) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
    }
}

static const struct {
    const char *text;
    size_t len;
    const char *why;
} invalid[] = {
    {ROW(""), "it is empty"},
    {ROW(" "), "it is cut short"},
    {ROW("{"), "it is cut short"},
    {ROW("{\"KEY"), "it is cut short"},
    {ROW("{\"KEY\""), "it is cut short"},
    {ROW("{\"KEY\":"), "it is cut short"},
    {ROW("{\"KEY\":1"), "it is cut short"},
    {ROW("{\"KEY\":1,"), "it is cut short"},
    {ROW("{\"KEY\":1,}"), "no string where one must be"},
    {ROW("{KEY:1}"), "no string where one must be"},
    {ROW("{'KEY':1}"), "no string where one must be"},
    {ROW("{\"KEY\" 1}"), "a key without a colon"},
    {ROW("{\"KEY\":1 \"b\":2}"), "a missing comma or bracket"},
    {ROW("[1 2]"), "a missing comma or bracket"},
    {ROW("[1,]"), "a value that is none"},
    {ROW("[1}"), "a missing comma or bracket"},
    {ROW("[,]"), "a value that is none"},
    {ROW("{} {}"), "text behind the value"},
    {ROW("{}KEY"), "text behind the value"},
    {ROW("{}\0"), "text behind the value"},
    {ROW("\0"), "a value that is none"},
    {ROW("KEY"), "a value that is none"},
    {ROW("tru"), "a value that is none"},
    {ROW("nullKEY"), "text behind the value"},
    {ROW("NaN"), "a value that is none"},
    {ROW("// KEY\n1"), "a value that is none"},
    {ROW("\xef\xbb\xbf{}"), "a value that is none"},
    {ROW("01"), "text behind the value"},
    {ROW("+1"), "a value that is none"},
    {ROW(".5"), "a value that is none"},
    {ROW("1."), "it is cut short"},
    {ROW("1e"), "it is cut short"},
    {ROW("1e+-1"), "a bad number"},
    {ROW("[1.]"), "a bad number"},
    {ROW("[-]"), "a bad number"},
    {ROW("-"), "it is cut short"},
    {ROW("\"KEY\n\""), "a control byte in a string"},
    {ROW("\"KEY\0\""), "a control byte in a string"},
    {ROW("\"\x1f\""), "a control byte in a string"},
    {ROW("\"\\KEY\""), "a bad escape in a string"},
    {ROW("\"\\"), "it is cut short"},
    {ROW("\"\\u12G4\""), "a bad \\u escape"},
    {ROW("\"\\u123"), "it is cut short"},
    {ROW("\"\\u0000\""), "a NUL in a string"},
    {ROW("{\"KEY\\u0000\":1}"), "a NUL in a string"},
    {ROW("\"\\ud800\""), "half of a surrogate pair"},
    {ROW("\"\\ude00\\ud83d\""), "half of a surrogate pair"},
    {ROW("{\"KEY\":1,\"KEY\":1}"), "a key twice in one object"},
    {ROW("{\"KEY\":1,\"b\":2,\"\\u004bEY\":3}"), "a key twice in one object"},
    {ROW("[1,{\"KEY\":[{\"b\":1,\"b\":2}]}]"), "a key twice in one object"},
    {ROW("{\"\":1,\"\":1}"), "a key twice in one object"},
};

static void parse_invalid_text_is_refused_and_not_quoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(invalid); i++) {
        struct lwc_error err = {0};

        if (parses(invalid[i].text, invalid[i].len, &err)) {
            fail_msg("%s: taken", invalid[i].text);
        }
        if (strstr(err.msg, invalid[i].why) == NULL || strstr(err.msg, "KEY") != NULL) {
            fail_msg("%s: %s", invalid[i].text, err.msg);
        }
    }
}

/* "[[...]]", @depth deep; owned by the caller. */
static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 1);

    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void parse_depth_is_limited(void **state)
{
    LWC_AUTO_FREE char *deepest = nested(LWC_JSON_DEPTH);
    LWC_AUTO_FREE char *deeper = nested(LWC_JSON_DEPTH + 1);
    LWC_AUTO_FREE char *abyss = nested(500000);
    struct lwc_error err = {0};

    (void)state;
    assert_true(parses(deepest, strlen(deepest), &err));
    assert_false(parses(deeper, strlen(deeper), &err));
    assert_non_null(strstr(err.msg, "nested too deeply"));
    assert_false(parses(abyss, strlen(abyss), &err));
}

static void parse_length_is_limited(void **state)
{
    LWC_AUTO_FREE char *text = malloc(LWC_JSON_MAX + 1);
    struct lwc_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, ' ', LWC_JSON_MAX + 1);
    text[0] = '1';
    assert_true(parses(text, LWC_JSON_MAX, &err));
    assert_false(parses(text, LWC_JSON_MAX + 1, &err));
    assert_non_null(strstr(err.msg, "too long"));
}

static void parse_very_many_keys_ends(void **state)
{
    size_t cap = LWC_JSON_MAX;
    LWC_AUTO_FREE char *text = malloc(cap);
    struct lwc_error err = {0};
    size_t len = 0;
    unsigned key = 0;

    (void)state;
    assert_non_null(text);
    for (text[len++] = '{'; len < cap - 64; key++) {
        len += (size_t)snprintf(text + len, cap - len, "\"%x\":0,", key);
    }
    text[len - 1] = '}';
    assert_true(parses(text, len, &err));
    text[len - 1] = ',';
    len += (size_t)snprintf(text + len, cap - len, "\"0\":0}");
    assert_false(parses(text, len, &err));
}

static void parse_reads_no_byte_behind_the_end(void **state)
{
    static const char text[] = "{\"a\":[1,\"b\\u00e9\"],\"c\":true}";

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        LWC_AUTO_FREE char *exact = malloc(len > 0 ? len : 1);
        struct lwc_error err = {0};

        assert_non_null(exact);
        memcpy(exact, text, len);
        assert_int_equal(parses(exact, len, &err), len == sizeof text - 1);
    }
}

static void at_follows_a_path(void **state)
{
    static const char text[] = "{\"a\":{\"b\":{\"c\":\"deep\"},\"B\":\"upper\"},\"list\":[\"x\"],"
                               "\"empty\":\"\",\"number\":1,\"null\":null}";
    static const struct {
        const char *path;
        const char *text;
        bool found;
    } cases[] = {
        {"a.b.c", "deep", true}, {"a.B", "upper", true},   {"a.b", NULL, true},
        {"empty", "", true},     {"number", NULL, true},   {"null", NULL, true},
        {"list", NULL, true},    {"A", NULL, false},       {"a.x", NULL, false},
        {"list.0", NULL, false}, {"empty.x", NULL, false}, {"a.b.c.d", NULL, false},
        {"x.y", NULL, false},
    };
    LWC_AUTO_JSON json = NULL;
    char long_path[1000];

    (void)state;
    assert_int_equal(lwc_json_parse(text, sizeof text - 1, &json, NULL), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_json *found = lwc_json_at(json, cases[i].path);
        const char *value = lwc_json_text(found);

        if ((found != NULL) != cases[i].found || (value != NULL) != (cases[i].text != NULL) ||
            (value != NULL && !lwc_streq(value, cases[i].text))) {
            fail_msg("%s: %s", cases[i].path, value != NULL ? value : "no text");
        }
    }
    memset(long_path, 'a', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    assert_null(lwc_json_at(json, long_path));
    assert_null(lwc_json_at(NULL, "a"));
    assert_null(lwc_json_text(NULL));
}

static void kinds_are_told_apart(void **state)
{
    LWC_AUTO_JSON json = NULL;

    (void)state;
    assert_int_equal(lwc_json_parse(ROW("{\"o\":{},\"a\":[]}"), &json, NULL), LWC_OK);
    assert_true(lwc_json_is_object(json));
    assert_true(lwc_json_is_object(lwc_json_at(json, "o")));
    assert_false(lwc_json_is_object(lwc_json_at(json, "a")));
    assert_true(lwc_json_is_array(lwc_json_at(json, "a")));
    assert_false(lwc_json_is_array(json));
    assert_false(lwc_json_is_object(NULL));
    assert_false(lwc_json_is_array(NULL));
}

static void free_takes_nothing_and_clears_the_pointer(void **state)
{
    struct lwc_json *json = NULL;

    (void)state;
    lwc_json_free(NULL);
    lwc_json_free(&json);
    assert_int_equal(lwc_json_parse(ROW("{\"a\":[{}]}"), &json, NULL), LWC_OK);
    lwc_json_free(&json);
    assert_null(json);
}

/* A program's own allocator for cJSON: it knows its blocks, and looks at what it gets back. */
static void *arena[64];
static size_t arena_count;
static size_t unwiped;
size_t malloc_usable_size(void *block);

static void *arena_take(size_t len)
{
    assert_true(arena_count < sizeof arena / sizeof arena[0]);
    arena[arena_count] = calloc(1, len);
    return arena[arena_count++];
}

static void arena_give(void *block)
{
    size_t i = 0;

    while (i < arena_count && arena[i] != block) {
        i++;
    }
    if (block != NULL && i == arena_count) {
        fail_msg("a block comes back that the program did not give out");
    }
    if (block != NULL) {
        unwiped += memmem(block, malloc_usable_size(block), "_secret", 7) != NULL;
        arena[i] = arena[--arena_count];
        free(block);
    }
}

static void hooks_of_the_program_stay_and_texts_are_wiped(void **state)
{
    cJSON_Hooks hooks = {.malloc_fn = arena_take, .free_fn = arena_give};
    struct lwc_json *json = NULL;
    cJSON *own = NULL;

    (void)state;
    cJSON_InitHooks(&hooks);
    own = cJSON_Parse("{\"a\":[1,\"b\"]}");
    assert_non_null(own);
    assert_int_equal(
        lwc_json_parse(ROW("{\"token\":\"_secret1\",\"_secret2\":[\"_secret3\"]}"), &json, NULL),
        LWC_OK);
    lwc_json_free(&json);
    assert_int_equal(unwiped, 0);
    cJSON_Delete(own);
    assert_int_equal(arena_count, 0);
    cJSON_InitHooks(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_valid_text_is_taken),
        cmocka_unit_test(parse_invalid_text_is_refused_and_not_quoted),
        cmocka_unit_test(parse_depth_is_limited),
        cmocka_unit_test(parse_length_is_limited),
        cmocka_unit_test(parse_very_many_keys_ends),
        cmocka_unit_test(parse_reads_no_byte_behind_the_end),
        cmocka_unit_test(at_follows_a_path),
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(free_takes_nothing_and_clears_the_pointer),
        cmocka_unit_test(hooks_of_the_program_stay_and_texts_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
