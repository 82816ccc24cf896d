/* SPDX-License-Identifier: Apache-2.0 */
#include "base/append.h"
#include "conf/conf.h"
#include "conf/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum lwc_code parse(const char *text, struct lwc_conf **conf_out, struct lwc_error *err)
{
    return lwc_conf_parse(text, strlen(text), "stack", conf_out, err);
}

static void parse_good_file_gives_lines_and_arguments(void **state)
{
    LWC_AUTO_CONF conf = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(parse("# a comment\n"
                           "\n"
                           "lookup\tsufficient env # behind\r\n"
                           "  store required file path=~/k.lwc kdf=interactive\n"
                           "erase optional my-store-2",
                           &conf, &err),
                     LWC_OK);
    assert_int_equal(conf->count, 3);
    assert_int_equal(conf->lines[0].op, LWC_OP_LOOKUP);
    assert_string_equal(conf->lines[0].backend, "env");
    assert_int_equal(conf->lines[0].where.line, 3);
    assert_int_equal(conf->lines[0].argc, 0);
    assert_int_equal(conf->lines[1].op, LWC_OP_STORE);
    assert_int_equal(conf->lines[1].argc, 2);
    assert_string_equal(conf->lines[1].argv[0], "path=~/k.lwc");
    assert_string_equal(conf->lines[1].argv[1], "kdf=interactive");
    assert_int_equal(conf->lines[2].op, LWC_OP_ERASE);
    assert_string_equal(conf->source, "stack");
}

static void parse_bad_line_names_place_and_cure(void **state)
{
    static const struct {
        const char *text;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"look sufficient env\n", "stack:1:1: unknown operation 'look'",
         "one of: lookup, store, erase, include, set"},
        {"lokup sufficient env\n", "stack:1:1: unknown operation 'lokup'", "'lookup'"},
        {"\nlookup sufficent env\n", "stack:2:8: unknown control 'sufficent'", "'sufficient'"},
        {"lookup sufficient ../env\n", "stack:1:19: not a backend's name", "not given by path"},
        {"lookup sufficient Env\n", "stack:1:19: not a backend's name", "a-z"},
        {"lookup sufficient abcdefghijklmnopqrstuvwxyz0123456\n", "stack:1:19: not a backend's",
         ""},
        {"lookup sufficient\n", "stack:1:1: expected 'OPERATION CONTROL BACKEND'", ""},
        {"lookup sufficient env \x1b[2J\n", "stack:1:23: control byte \\x1b", "plain text"},
        {"lookup [sufficient] env\n", "stack:1:9: RETURN=ACTION expected", "success=done"},
        {"lookup required [env]\n", "stack:1:17: not a backend's name", ""},
        {"[lookup] required env\n", "stack:1:1: unknown operation 'lookup'", ""},
        {"set cache none\nset cache auto\n", "stack:2:5: 'cache' is set in line 1 already", ""},
        {"include\n", "stack:1:1: expected 'include FILE'", ""},
        {"lookup include a b\n", "stack:1:1: expected 'OPERATION include FILE'", ""},
        {"include common\n", "stack:1:9: no file can be included here", ""},
        {"\xef\xbb\xbflookup required env\n", "stack:1:1: the file begins with a byte order mark",
         "UTF-8"},
        {"lookup [success=1] env\n", "stack:1:8: 1 lookup lines are to be skipped, but 0 follow",
         "do not count"},
        {"lookup [success=1 \\\n  error=2] a\nstore required b\nlookup required c\n",
         "stack:1:8: 2 lookup lines are to be skipped, but 1 follow", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_conf *conf = NULL;
        struct lwc_error err = {0};

        print_message("%s", cases[i].text);
        assert_int_equal(parse(cases[i].text, &conf, &err), LWC_E_INVALID);
        assert_null(conf);
        assert_non_null(strstr(err.msg, cases[i].msg));
        assert_non_null(strstr(err.hint, cases[i].hint));
    }
}

static void parse_nul_in_line_is_refused(void **state)
{
    static const char text[] = "lookup sufficient en\0v\n";
    struct lwc_conf *conf = NULL;

    (void)state;
    assert_int_equal(lwc_conf_parse(text, sizeof text - 1, "stack", &conf, NULL), LWC_E_INVALID);
    assert_null(conf);
}

static void parse_too_much_is_refused(void **state)
{
    static char lines[LWC_CONF_LINES_MAX + 1][24];
    static char args[4096] = "lookup optional env";
    struct lwc_conf *conf = NULL;
    size_t used = strlen(args);

    (void)state;
    for (size_t i = 0; i <= LWC_CONF_LINES_MAX; i++) {
        memcpy(lines[i], "lookup optional env    \n", sizeof lines[i]);
    }
    assert_int_equal(lwc_conf_parse(lines[0], sizeof lines, "stack", &conf, NULL), LWC_E_INVALID);
    for (size_t i = 0; i <= LWC_CONF_ARGS_MAX; i++) {
        used += (size_t)snprintf(args + used, sizeof args - used, " a%zu", i);
    }
    assert_int_equal(lwc_conf_parse(args, used, "stack", &conf, NULL), LWC_E_INVALID);
    memset(args, 'x', sizeof args);
    memcpy(args, "lookup optional env ", 20);
    assert_int_equal(lwc_conf_parse(args, LWC_CONF_REST_MAX + 8, "stack", &conf, NULL),
                     LWC_E_INVALID);
    assert_null(conf);
    assert_int_equal(lwc_conf_parse(args, LWC_CONF_REST_MAX + 7, "stack", &conf, NULL), LWC_OK);
    lwc_conf_free(&conf);
    assert_null(conf);
}

/* --- files in memory, for includes */

struct file {
    const char *name;
    const char *text;
};

/* @data is a table of files that ends with a NULL. */
static enum lwc_code read_memory(void *data, const char *from, const char *name,
                                 struct lwc_buf *content, char **path_out, struct lwc_error *err)
{
    (void)from;
    for (const struct file *file = data; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
            *path_out = strdup(name);
            assert_non_null(*path_out);
            return lwc_buf_append(content, file->text, strlen(file->text), err);
        }
    }
    return lwc_fail(err, LWC_E_NOT_FOUND, "%s is not there", name);
}

static enum lwc_code parse_files(const struct file *files, lwc_conf_fault_fn *fault, void *data,
                                 struct lwc_conf **conf_out, struct lwc_error *err)
{
    struct file *unconst = NULL;
    struct lwc_conf_input input = {.read = read_memory, .fault = fault};

    memcpy(&unconst, &files, sizeof unconst);
    input.data = data != NULL ? data : unconst;
    return lwc_conf_parse_from(&input, files[0].text, strlen(files[0].text), files[0].name,
                               files[0].name, conf_out, err);
}

static void include_takes_lines_and_settings_in_place(void **state)
{
    static const struct file files[] = {
        {"top", "set cache none\ninclude inner\nlookup required c\nset min-valid 60\n"},
        {"inner", "lookup required a\nset cache keyring\nset min-valid 30\nstore required b\n"},
        {NULL, NULL},
    };
    LWC_AUTO_CONF conf = NULL;

    (void)state;
    assert_int_equal(parse_files(files, NULL, NULL, &conf, NULL), LWC_OK);
    assert_int_equal(conf->count, 3);
    assert_string_equal(conf->lines[0].backend, "a");
    assert_string_equal(conf->lines[0].where.file, "inner");
    assert_string_equal(conf->lines[1].backend, "b");
    assert_string_equal(conf->lines[2].backend, "c");
    assert_string_equal(conf->lines[2].where.file, "top");
    assert_int_equal(conf->lines[2].where.line, 3);
    assert_int_equal(conf->cache, LWC_CACHE_KEYRING);
    assert_int_equal(conf->min_valid_s, 60);
    assert_string_equal(conf->set[LWC_SET_CACHE].file, "inner");
}

static void include_for_an_operation_takes_its_lines_only(void **state)
{
    static const struct file files[] = {
        {"top", "lookup include inner\nlookup required c\n"},
        {"inner", "lookup required a\nset cache none\nstore required b\n"
                  "store include more\nlookup include more\ninclude more\n"},
        {"more", "lookup optional d\nstore optional e\n"},
        {NULL, NULL},
    };
    LWC_AUTO_CONF conf = NULL;
    char backends[16] = "";

    (void)state;
    assert_int_equal(parse_files(files, NULL, NULL, &conf, NULL), LWC_OK);
    for (size_t i = 0; i < conf->count; i++) {
        assert_int_equal(conf->lines[i].op, LWC_OP_LOOKUP);
        strcat(backends, conf->lines[i].backend);
    }
    assert_string_equal(backends, "addc");
    assert_int_equal(conf->cache, LWC_CACHE_AUTO);
    assert_null(conf->set[LWC_SET_CACHE].file);
}

static void include_that_is_wrong_names_the_way_to_it(void **state)
{
    static const struct {
        struct file files[4];
        const char *msg;
    } cases[] = {
        {{{"top", "include b\n"}, {"b", "\ninclude c\n"}, {"c", "include b\n"}},
         "top:1:9: b:2:9: c:1:9: the file includes itself: top -> b -> c -> b"},
        {{{"top", "include top\n"}}, "top:1:9: the file includes itself: top -> top"},
        {{{"top", "\n  include gone\n"}}, "top:2:11: include: gone is not there"},
        {{{"top", "include b\n"}, {"b", "lookup requird x\n"}},
         "top:1:9: b:1:8: unknown control 'requird'"},
        {{{"top", "store include b\n"}, {"b", "lookup requird x\n"}},
         "top:1:15: b:1:8: unknown control 'requird'"},
        {{{"top", "include b\nlookup required z\n"}, {"b", "lookup [success=2] x\n"}},
         "b:1:8: 2 lookup lines are to be skipped, but 1 follow"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_conf *conf = NULL;
        struct lwc_error err = {0};

        assert_int_equal(parse_files(cases[i].files, NULL, NULL, &conf, &err), LWC_E_INVALID);
        assert_string_equal(err.msg, cases[i].msg);
        assert_null(conf);
    }
}

static void skip_reaches_over_the_end_of_an_included_file(void **state)
{
    static const struct file files[] = {
        {"top", "include b\nlookup required z\n"},
        {"b", "lookup [success=1] x\n"},
        {NULL, NULL},
    };
    LWC_AUTO_CONF conf = NULL;

    (void)state;
    assert_int_equal(parse_files(files, NULL, NULL, &conf, NULL), LWC_OK);
    assert_int_equal(conf->lines[0].actions[LWC_OUT_SUCCESS], LWC_ACT_SKIP + 1);
    assert_int_equal(conf->lines[0].actions[LWC_OUT_ERROR], LWC_ACT_BAD);
}

/* Files that include the next one: "1" to "9", as many as depth says. */
static enum lwc_code read_deep(void *data, const char *from, const char *name,
                               struct lwc_buf *content, char **path_out, struct lwc_error *err)
{
    const int depth = *(const int *)data;
    const int number = atoi(name);

    (void)from;
    *path_out = strdup(name);
    return number == depth ? lwc_text_append(content, err, "lookup required env\n")
                           : lwc_text_append(content, err, "include %d\n", number + 1);
}

static void include_is_bounded_in_depth_and_number(void **state)
{
    int depth = LWC_CONF_DEPTH_MAX;
    const struct lwc_conf_input input = {.data = &depth, .read = read_deep};
    static char wide[(LWC_CONF_FILES_MAX + 1) * 10];
    struct lwc_conf *conf = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_conf_parse_from(&input, "include 1\n", 10, "0", "0", &conf, NULL), LWC_OK);
    assert_int_equal(conf->count, 1);
    lwc_conf_free(&conf);
    depth++;
    assert_int_equal(lwc_conf_parse_from(&input, "include 1\n", 10, "0", "0", &conf, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "more than 8 deep: 0 -> 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8"));
    depth = 1;
    for (size_t i = 0; i <= LWC_CONF_FILES_MAX; i++) {
        memcpy(wide + 10 * i, "include 1\n", 10);
    }
    assert_int_equal(lwc_conf_parse_from(&input, wide, sizeof wide - 10, "0", "0", &conf, NULL),
                     LWC_OK);
    assert_int_equal(conf->count, LWC_CONF_FILES_MAX);
    lwc_conf_free(&conf);
    assert_int_equal(lwc_conf_parse_from(&input, wide, sizeof wide, "0", "0", &conf, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "more than 64 files"));
    assert_null(conf);
}

/* --- all faults, not only the first */

struct faults {
    char text[1024];
};

static void note_fault(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    struct faults *faults = data;
    size_t used = strlen(faults->text);

    assert_non_null(strchr(what->msg, ' '));
    (void)snprintf(faults->text + used, sizeof faults->text - used, "%s:%u:%u ", where->file,
                   where->line, where->column);
}

static void parse_with_a_listener_tells_every_fault(void **state)
{
    static const char text[] = "lokup required env\n"
                               "lookup [success=done \\\n"
                               "        sucess=ok] env\n"
                               "lookup required fine\n"
                               "lookup required env \x01 again\n"
                               "lookup [ open\n"
                               "set min-valid never\n"
                               "lookup required env\n"
                               "lookup required";
    struct faults faults = {.text = ""};
    const struct lwc_conf_input input = {.data = &faults, .fault = note_fault};
    struct lwc_conf *conf = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_conf_parse_from(&input, text, sizeof text - 1, "f", "f", &conf, &err),
                     LWC_E_INVALID);
    assert_null(conf);
    assert_string_equal(faults.text, "f:1:1 f:3:9 f:5:21 f:6:8 f:7:15 f:9:1 ");
    assert_non_null(strstr(err.msg, "f: "));
}

static void parse_text_of_any_length_is_bounded(void **state)
{
    static char text[LWC_CONF_FILE_MAX + 1];
    LWC_AUTO_CONF conf = NULL;
    struct lwc_conf *none = NULL;
    struct lwc_error err = {0};

    (void)state;
    memset(text, '\n', sizeof text);
    assert_int_equal(lwc_conf_parse(text, LWC_CONF_FILE_MAX, "f", &conf, NULL), LWC_OK);
    assert_int_equal(lwc_conf_parse(text, sizeof text, "f", &none, &err), LWC_E_INVALID);
    assert_string_equal(err.msg, "f:1:1: more than 65536 bytes");
    assert_null(none);
}

static void outcome_of_every_code_is_known(void **state)
{
    static const struct {
        enum lwc_code code;
        enum lwc_outcome outcome;
    } cases[] = {
        {LWC_OK, LWC_OUT_SUCCESS},
        {LWC_E_INTERNAL, LWC_OUT_ERROR},
        {LWC_E_INVALID, LWC_OUT_INVALID},
        {LWC_E_NOT_FOUND, LWC_OUT_NOT_FOUND},
        {LWC_E_LOCKED, LWC_OUT_LOCKED},
        {LWC_E_DENIED, LWC_OUT_DENIED},
        {LWC_E_CORRUPT, LWC_OUT_ERROR},
        {LWC_E_TOO_NEW, LWC_OUT_ERROR},
        {LWC_E_UNAVAILABLE, LWC_OUT_UNAVAILABLE},
        {LWC_E_IO, LWC_OUT_ERROR},
        {LWC_E_BUSY, LWC_OUT_ERROR},
        {LWC_E_UNSAFE, LWC_OUT_ERROR},
        {(enum lwc_code)200, LWC_OUT_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(lwc_outcome_of(cases[i].code), cases[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_good_file_gives_lines_and_arguments),
        cmocka_unit_test(parse_bad_line_names_place_and_cure),
        cmocka_unit_test(parse_nul_in_line_is_refused),
        cmocka_unit_test(parse_too_much_is_refused),
        cmocka_unit_test(include_takes_lines_and_settings_in_place),
        cmocka_unit_test(include_for_an_operation_takes_its_lines_only),
        cmocka_unit_test(include_that_is_wrong_names_the_way_to_it),
        cmocka_unit_test(skip_reaches_over_the_end_of_an_included_file),
        cmocka_unit_test(include_is_bounded_in_depth_and_number),
        cmocka_unit_test(parse_with_a_listener_tells_every_fault),
        cmocka_unit_test(parse_text_of_any_length_is_bounded),
        cmocka_unit_test(outcome_of_every_code_is_known),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
