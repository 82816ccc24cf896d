/* SPDX-License-Identifier: Apache-2.0 */
/* toml++ behind its C border: what it reads, where it says no, what stays in memory. */
#include "backends/lacework-cli/toml.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define TEN(text) text text text text text text text text text text
#define HUNDRED(text) TEN(TEN(text))

/* Which call of malloc() by the code under test fails; 0: none. */
static size_t fail_at;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return fail_at > 0 && --fail_at == 0 ? NULL : __real_malloc(size);
}

/* Blocks passed to free() while it is watched, and those that contain a part of the needle. */
static char needle[65];
static bool is_watching;
static size_t freed_blocks;
static size_t freed_needles;

void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block)
{
    if (is_watching && block != NULL) {
        freed_blocks++;
        freed_needles += memmem(block, malloc_usable_size(block), needle + 8, 20) != NULL;
    }
    __real_free(block);
}

struct listing {
    char text[4096];
};

/* "TABLE_ID TABLE|KEY=VALUE@LINE;" for each entry. */
static void write_entry(void *data, const struct lwc_toml_entry *entry)
{
    struct listing *listing = data;
    const size_t used = strlen(listing->text);
    char number[32] = "?";

    if (entry->kind == LWC_TOML_NUMBER || entry->kind == LWC_TOML_BOOLEAN) {
        (void)snprintf(number, sizeof number, "%s%lld", entry->kind == LWC_TOML_BOOLEAN ? "b" : "",
                       (long long)entry->number);
    }
    (void)snprintf(listing->text + used, sizeof listing->text - used, "%zu %s|%s=%s@%u;",
                   entry->table_id, entry->table, entry->key,
                   entry->kind == LWC_TOML_TEXT ? entry->text : number, entry->line);
}

static enum lwc_toml_end parse(const char *text, struct lwc_toml **toml,
                               struct lwc_toml_fault *fault)
{
    return lwc_toml_parse(text, strlen(text), toml, fault);
}

static void parse_reads_every_form_of_a_file(void **state)
{
    static const struct {
        const char *text;
        const char *entries;
    } cases[] = {
        {"", ""},
        {"\n\r\n# nothing\r\n", ""},
        {"[empty]\n", ""},
        {"a = 'x'", "0 |a=x@1;"},
        {"\xef\xbb\xbf"
         "a = 'x'",
         "0 |a=x@1;"},
        {"[t]\r\na = \"x\" # text\r\nb = 2\r\n", "1 t|a=x@2;1 t|b=2@3;"},
        {"[t]\n\"a\" = \"x\\ty\\u00e9\"\n'b' = 'c:\\d'\n", "1 t|a=x\ty\xc3\xa9@2;1 t|b=c:\\d@3;"},
        {"[t]\na = \"\"\"\nx\ny\"\"\"\nb = '''z'''\n", "1 t|a=x\ny@2;1 t|b=z@5;"},
        {"t = { a = 'x', b = true }", "1 t|a=x@1;1 t|b=b1@1;"},
        {"t.a = 'x'\nt.b = false", "1 t|a=x@1;1 t|b=b0@2;"},
        {"[my.t]\na = 1\n[my]\nb = 2", "1 my|b=2@4;2 my.t|a=1@2;"},
        {"['my.t']\na = 1", "1 my.t|a=1@2;"},
        {"[ my . \"t u\" ]\na = 1", "2 my.t u|a=1@2;"},
        {"a = 'x'\n[t]\na = 'y'", "0 |a=x@1;1 t|a=y@3;"},
        {"a = []\nb = 1.5\nc = 1979-05-27\n[[d]]\ne = 1", "0 |a=?@1;0 |b=?@2;0 |c=?@3;0 |d=?@4;"},
        {"a = 9223372036854775807\nb = -1", "0 |a=9223372036854775807@1;0 |b=-1@2;"},
        {"[\"a\\u0000b\"]\nc = 1", "1 a\1b|c=1@2;"},
        {"\"a\\u0000b\" = 1", "0 |=1@1;"},
        {"a = \"\"\"x\\\n  \xc3\xa9\xe3\x81\x82\"\"\"", "0 |a=x\xc3\xa9\xe3\x81\x82@1;"},
        {"[\"\xc3\xa9\"]\na = 1", "1 \xc3\xa9|a=1@2;"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct listing listing = {""};
        struct lwc_toml *toml = NULL;
        struct lwc_toml_fault fault = {0};
        const enum lwc_toml_end end = parse(cases[i].text, &toml, &fault);

        print_message("%zu: %s\n", i, cases[i].text);
        assert_int_equal(end, cases[i].entries != NULL ? LWC_TOML_DONE : LWC_TOML_MALFORMED);
        if (cases[i].entries != NULL) {
            assert_int_equal(lwc_toml_visit(toml, write_entry, &listing), LWC_TOML_DONE);
            assert_string_equal(listing.text, cases[i].entries);
        }
        lwc_toml_free(&toml);
        assert_null(toml);
    }
}

static void parse_says_where_and_why_in_words_of_its_own(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *why;
    } cases[] = {
        {"[t]\na = SECRET\n", 2, "not TOML"},
        {"[t]\na = \"SECRET\n", 2, "not TOML"},
        {"[t]\nSECRET\n", 2, "not TOML"},
        {"[t]\na = 'SECRET", 2, "the file ends too early"},
        {"[t]\na = 'x' SECRET\n", 2, "not TOML"},
        {"[t]\n[SECRET]\n[SECRET]\n", 3, "a table or key that is there already"},
        {"[t]\na = 1\na = 2\n", 3, "a table or key that is there already"},
        {"a = 1\n[a]\n", 2, "a table or key that is there already"},
        {"[t]\na = '\xff'\n", 2, "not UTF-8"},
        {"[t]\na = '\xed\xa0\x80'\n", 2, "not UTF-8"},
        {"[t\n", 1, "not TOML"},
        {"[\xc3\xa9]\n", 0, "not TOML"},
        {"\xc3\xa9 = 1\n", 1, "not TOML"},
        {"a = \xe3\x81\x82\n", 1, "not TOML"},
        {"a = 1 \xe3\x81\x82\n", 1, "not TOML"},
        {"a = {b = {c = {d = {e = {f = {g = {h = {i = 1}}}}}}}}", 1, "nested too deep"},
        {"a = " HUNDRED("["), 1, "nested too deep"},
        {"\n\n[" HUNDRED("a.") TEN("a.") TEN("a.") TEN("a.") "a]", 3,
         "more than 128 dots in a line"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_toml *toml = NULL;
        struct lwc_toml_fault fault = {0};

        print_message("%zu: %s\n", i, cases[i].text);
        assert_int_equal(parse(cases[i].text, &toml, &fault), LWC_TOML_MALFORMED);
        assert_null(toml);
        print_message("%u:%u: %s\n", fault.line, fault.column, fault.why);
        assert_int_equal(fault.line, cases[i].line);
        assert_int_equal(fault.column > 0, fault.line > 0);
        assert_string_equal(fault.why, cases[i].why);
    }
}

static void parse_refuses_a_nul_in_the_text(void **state)
{
    static const char text[] = "a = 1\n\0b = 2\n";
    struct lwc_toml *toml = NULL;
    struct lwc_toml_fault fault = {0};

    (void)state;
    assert_int_equal(lwc_toml_parse(text, sizeof text - 1, &toml, &fault), LWC_TOML_MALFORMED);
    assert_int_equal(fault.line, 2);
}

/* The deepest tree that the limits allow, many times over in one file. */
static void deepest_tree_is_built_visited_and_freed(void **state)
{
    static char text[1024 * 1024];
    const size_t room = sizeof text - 1024;
    size_t used = 0;
    struct lwc_toml *toml = NULL;
    struct lwc_toml_fault fault = {0};
    struct listing listing = {""};

    (void)state;
    for (size_t i = 0; used < room; i++) {
        used += (size_t)snprintf(
            text + used, sizeof text - used,
            "[t%zu." HUNDRED("a.") "a]\n" HUNDRED("b.") "b = [\n{ " HUNDRED("c.") "c = 1}]\n", i);
    }
    assert_int_equal(lwc_toml_parse(text, used, &toml, &fault), LWC_TOML_DONE);
    assert_int_equal(lwc_toml_visit(toml, write_entry, &listing), LWC_TOML_DONE);
    lwc_toml_free(&toml);
}

static void every_failed_allocation_is_an_answer(void **state)
{
    static const char text[] = "[default]\naccount = 'acme'\napi_secret = "
                               "'_0123456789abcdef0123456789abcdef'\n[a.b.c]\nd = [1, 2]\n";
    enum lwc_toml_end end = LWC_TOML_NO_MEMORY;
    size_t failed = 0;

    (void)state;
    for (size_t at = 1; end != LWC_TOML_DONE; at++) {
        struct lwc_toml *toml = NULL;
        struct lwc_toml_fault fault = {0};
        struct listing listing = {""};

        fail_at = at;
        end = lwc_toml_parse(text, sizeof text - 1, &toml, &fault);
        assert_int_not_equal(end, LWC_TOML_MALFORMED);
        if (end == LWC_TOML_DONE) {
            end = lwc_toml_visit(toml, write_entry, &listing);
        }
        fail_at = 0;
        failed += end == LWC_TOML_NO_MEMORY;
        lwc_toml_free(&toml);
    }
    assert_true(failed > 10);
}

/* Builds the needle anew for each search, so that no constant of the test is found. */
static void make_text(char *text, size_t size, const char *end)
{
    for (size_t i = 0; i + 1 < sizeof needle; i++) {
        needle[i] = (char)('A' + (i * 7 + 3) % 26);
    }
    (void)snprintf(text, size, "[t]\napi_secret = \"%s\"\nb = '''%s'''\n\"%s\" = 1\n%s", needle,
                   needle, needle, end);
}

static void no_block_is_freed_with_a_secret_in_it(void **state)
{
    static const char *const ends[] = {"", "x = [1, 2\n", "\"abc\\q", "[t]\n"};
    char text[1024];

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(ends); i++) {
        struct lwc_toml *toml = NULL;
        struct lwc_toml_fault fault = {0};
        enum lwc_toml_end end = LWC_TOML_DONE;

        make_text(text, sizeof text, ends[i]);
        freed_blocks = freed_needles = 0;
        is_watching = true;
        end = parse(text, &toml, &fault);
        lwc_toml_free(&toml);
        is_watching = false;
        assert_int_equal(end, i == 0 ? LWC_TOML_DONE : LWC_TOML_MALFORMED);
        assert_true(freed_blocks > 5);
        assert_int_equal(freed_needles, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_reads_every_form_of_a_file),
        cmocka_unit_test(parse_says_where_and_why_in_words_of_its_own),
        cmocka_unit_test(parse_refuses_a_nul_in_the_text),
        cmocka_unit_test(deepest_tree_is_built_visited_and_freed),
        cmocka_unit_test(every_failed_allocation_is_an_answer),
        cmocka_unit_test(no_block_is_freed_with_a_secret_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
