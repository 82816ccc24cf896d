/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions over stack files. */
#include <lwcred.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/modules.h"
#include "tests/support/tmpdir.h"

#define NOTES_LEN 1024

static void note(char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(char *text, const char *fmt, ...)
{
    const size_t used = strlen(text);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text + used, NOTES_LEN - used, fmt, args);
    va_end(args);
}

static void on_finding(void *data, const struct lwc_config_finding *finding)
{
    assert_int_equal(finding->size, sizeof *finding);
    assert_non_null(strstr(finding->file, "/stack"));
    note(data, "%c%u:%u %.24s;", finding->is_fault ? 'E' : 'W', finding->line, finding->column,
         finding->what->msg);
}

static enum lwc_code check(const struct tmpdir *dir, const char *text, uint32_t flags,
                           char notes[NOTES_LEN])
{
    char path[TMPDIR_PATH_LEN];
    const struct lwc_options options = {
        .size = sizeof options, .flags = flags, .config = tmpdir_join(dir, "stack", path)};

    notes[0] = '\0';
    tmpdir_write(dir, "stack", text, strlen(text), 0600);
    return lwc_config_check(&options, on_finding, notes, NULL);
}

static void check_tells_faults_or_else_what_is_useless(void **state)
{
    struct tmpdir *dir = *state;
    static const struct {
        const char *text;
        uint32_t flags;
        enum lwc_code code;
        const char *notes;
    } cases[] = {
        {"lookup sufficient answer\nstore required answer\n", 0, LWC_OK, ""},
        {"", 0, LWC_OK, ""},
        {"lokup required answer\nstore [] answer\n", 0, LWC_E_INVALID,
         "E1:1 unknown operation 'lokup;E2:7 nothing in the brackets;"},
        {"lookup [default=die] answer\nlokup required answer\n", 0, LWC_E_INVALID,
         "E2:1 unknown operation 'lokup;"},
        {"lookup sufficient nowhere\nlookup [default=done] answer\nlookup required nowhere\n", 0,
         LWC_OK, "W3:1 this line is never reach;W1:1 backend 'nowhere' is not;"},
        {"store required env\nerase optional env\nlookup required env\n", 0, LWC_OK,
         "W1:1 backend 'env' cannot sto;W2:1 backend 'env' cannot era;"},
        {"lookup required bad-major\n", 0, LWC_OK, "W1:1 "},
        {"lookup required blocking dri=/x\nstore required blocking dir=/x\n", 0, LWC_E_INVALID,
         "E1:1 backend 'blocking': bloc;"},
        {"lookup required needy\n", 0, LWC_OK, ""},
        {"lookup required blocking timeout=2s at=open fault=crash\n", 0, LWC_OK,
         "W1:1 backend 'blocking' crash;"},
        {"lookup required answer\n", LWC_OPEN_NO_EXTERNAL, LWC_OK,
         "W1:1 backend 'answer' is not ;"},
    };

    modules_use_test_ones();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char notes[NOTES_LEN];

        print_message("%s", cases[i].text);
        assert_int_equal(check(dir, cases[i].text, cases[i].flags, notes), cases[i].code);
        assert_int_equal(strncmp(notes, cases[i].notes, strlen(cases[i].notes)), 0);
        assert_true(cases[i].notes[0] != '\0' || notes[0] == '\0');
    }
}

static void check_of_what_cannot_be_read_fails_without_findings(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char notes[NOTES_LEN] = "";
    struct lwc_error err = {0};
    const struct lwc_options missing = {.size = sizeof missing,
                                        .config = tmpdir_join(dir, "none", path)};
    const struct lwc_options bad_service = {.size = sizeof bad_service, .service = "a/b"};
    const struct lwc_options no_size = {.service = "a"};

    assert_int_equal(lwc_config_check(&missing, on_finding, notes, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "none"));
    assert_int_equal(lwc_config_check(&bad_service, on_finding, notes, &err), LWC_E_INVALID);
    assert_int_equal(lwc_config_check(&no_size, on_finding, notes, &err), LWC_E_INVALID);
    tmpdir_write(dir, "none", "", 0, 0666);
    assert_int_equal(lwc_config_check(&missing, on_finding, notes, &err), LWC_E_UNSAFE);
    assert_string_equal(notes, "");
}

static void check_of_the_built_in_stack_finds_nothing(void **state)
{
    struct tmpdir *dir = *state;
    char notes[NOTES_LEN] = "";

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    assert_int_equal(lwc_config_check(NULL, on_finding, notes, NULL), LWC_OK);
    assert_string_equal(notes, "");
}

static void on_line(void *data, const struct lwc_config_line *line)
{
    assert_int_equal(line->size, sizeof *line);
    assert_int_equal(line->control == NULL, strcmp(line->operation, "set") == 0);
    note(data, "%u|%s|%s|%s|%s", line->line, line->operation,
         line->control != NULL ? line->control : "", line->name, line->text);
    for (size_t i = 0; i < line->argc; i++) {
        note(data, "|%s", line->argv[i]);
    }
    note(data, "\n");
}

static void lines_are_told_with_their_parts(void **state)
{
    struct tmpdir *dir = *state;
    static const char text[] = "# stack\nlookup optional answer [a b] c\nset min-valid 2m\n"
                               "set cache none\n";
    char path[TMPDIR_PATH_LEN];
    const struct lwc_options options = {.size = sizeof options,
                                        .config = tmpdir_join(dir, "stack", path)};
    struct lwc_context *ctx = NULL;
    char notes[NOTES_LEN] = "";

    tmpdir_write(dir, "stack", text, sizeof text - 1, 0600);
    assert_int_equal(lwc_open(&options, &ctx, NULL), LWC_OK);
    assert_int_equal(lwc_config_lines(ctx, on_line, notes, NULL), LWC_OK);
    assert_string_equal(notes, "4|set||cache|set cache none|none\n"
                               "3|set||min-valid|set min-valid 120|120\n"
                               "2|lookup|[success=ok default=ignore]|answer|"
                               "lookup [success=ok default=ignore] answer [a b] c|a b|c\n");
    assert_string_equal(lwc_config_source(ctx), path);
    lwc_close(&ctx);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(check_tells_faults_or_else_what_is_useless),
        IN_DIR(check_of_what_cannot_be_read_fails_without_findings),
        IN_DIR(check_of_the_built_in_stack_finds_nothing),
        IN_DIR(lines_are_told_with_their_parts),
    };

    return cmocka_run_group_tests_name("core_config", tests, NULL, NULL);
}
