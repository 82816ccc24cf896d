/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

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
    assert_int_equal(conf->lines[0].number, 3);
    assert_int_equal(conf->lines[0].argc, 0);
    assert_int_equal(conf->lines[1].op, LWC_OP_STORE);
    assert_int_equal(conf->lines[1].argc, 2);
    assert_string_equal(conf->lines[1].argv[0], "path=~/k.lwc");
    assert_string_equal(conf->lines[1].argv[1], "kdf=interactive");
    assert_int_equal(conf->lines[2].op, LWC_OP_ERASE);
    assert_string_equal(conf->source, "stack");
}

static void parse_control_words_give_their_actions(void **state)
{
    static const struct {
        const char *word;
        uint8_t success, not_found, unavailable, locked, error;
    } cases[] = {
        {"required", LWC_ACT_OK, LWC_ACT_BAD, LWC_ACT_BAD, LWC_ACT_BAD, LWC_ACT_BAD},
        {"requisite", LWC_ACT_OK, LWC_ACT_DIE, LWC_ACT_DIE, LWC_ACT_DIE, LWC_ACT_DIE},
        {"sufficient", LWC_ACT_DONE, LWC_ACT_IGNORE, LWC_ACT_IGNORE, LWC_ACT_DIE, LWC_ACT_DIE},
        {"optional", LWC_ACT_OK, LWC_ACT_IGNORE, LWC_ACT_IGNORE, LWC_ACT_IGNORE, LWC_ACT_IGNORE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_CONF conf = NULL;
        char text[64];

        print_message("%s\n", cases[i].word);
        snprintf(text, sizeof text, "lookup %s env\n", cases[i].word);
        assert_int_equal(parse(text, &conf, NULL), LWC_OK);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_SUCCESS], cases[i].success);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_NOT_FOUND], cases[i].not_found);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_UNAVAILABLE], cases[i].unavailable);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_LOCKED], cases[i].locked);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_DENIED], cases[i].locked);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_INVALID], cases[i].error);
        assert_int_equal(conf->lines[0].actions[LWC_OUT_ERROR], cases[i].error);
    }
}

static void parse_bad_line_names_place_and_cure(void **state)
{
    static const struct {
        const char *text;
        const char *msg;
        const char *hint;
    } cases[] = {
        {"look sufficient env\n", "stack:1:1: unknown operation 'look'",
         "one of: lookup, store, erase, set"},
        {"lokup sufficient env\n", "stack:1:1: unknown operation 'lokup'", "'lookup'"},
        {"\nlookup sufficent env\n", "stack:2:8: unknown control 'sufficent'", "'sufficient'"},
        {"lookup sufficient ../env\n", "stack:1:19: not a backend's name", "not given by path"},
        {"lookup sufficient Env\n", "stack:1:19: not a backend's name", "a-z"},
        {"lookup sufficient abcdefghijklmnopqrstuvwxyz0123456\n", "stack:1:19: not a backend's",
         ""},
        {"lookup sufficient\n", "stack:1: expected 'operation control backend'", ""},
        {"lookup sufficient env \x1b[2J\n", "stack:1:23: control byte", ""},
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
    assert_null(conf);
}

static void load_nothing_there_gives_the_built_in_stack(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_CONF conf = NULL;

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    assert_int_equal(lwc_conf_load(NULL, NULL, &conf, NULL), LWC_OK);
    assert_string_equal(conf->source, "built-in");
    assert_string_equal(conf->lines[0].backend, "env");
    assert_string_equal(conf->lines[1].backend, "file");
}

static void load_finds_the_service_before_the_default(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_CONF own = NULL;
    LWC_AUTO_CONF other = NULL;

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    tmpdir_mkdir(dir, "lwcred", 0700);
    tmpdir_mkdir(dir, "lwcred/stack.d", 0700);
    tmpdir_write(dir, "lwcred/stack.d/git", "lookup required one\n", 20, 0600);
    tmpdir_write(dir, "lwcred/stack.d/default", "lookup required two\n", 20, 0644);
    assert_int_equal(lwc_conf_load("git", NULL, &own, NULL), LWC_OK);
    assert_string_equal(own->lines[0].backend, "one");
    assert_int_equal(lwc_conf_load("cargo", NULL, &other, NULL), LWC_OK);
    assert_string_equal(other->lines[0].backend, "two");
}

static void load_refuses_what_others_can_write(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_conf *conf = NULL;
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "stack", "lookup required one\n", 20, 0666);
    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "stack", path), &conf, NULL),
                     LWC_E_UNSAFE);
    assert_null(conf);
}

static void load_named_file_that_is_missing_is_an_error(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_conf *conf = NULL;
    struct lwc_error err = {0};
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(lwc_conf_load(NULL, tmpdir_join(dir, "none", path), &conf, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "none"));
    assert_int_equal(lwc_conf_load("../default", NULL, &conf, NULL), LWC_E_INVALID);
    assert_null(conf);
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
        cmocka_unit_test(parse_control_words_give_their_actions),
        cmocka_unit_test(parse_bad_line_names_place_and_cure),
        cmocka_unit_test(parse_nul_in_line_is_refused),
        cmocka_unit_test(parse_too_much_is_refused),
        cmocka_unit_test_setup_teardown(load_nothing_there_gives_the_built_in_stack, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(load_finds_the_service_before_the_default, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(load_refuses_what_others_can_write, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(load_named_file_that_is_missing_is_an_error, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test(outcome_of_every_code_is_known),
    };

    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
