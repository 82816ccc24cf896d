/* SPDX-License-Identifier: Apache-2.0 */
#include "module/needs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "remote/child.h"
#include "stack/backend.h"
#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"

static unsigned starts;

enum lwc_code __real_lwc_child_start(lwc_child_locate *locate, const char *dir, const char *name,
                                     struct lwc_child *child_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_child_start(lwc_child_locate *locate, const char *dir, const char *name,
                                     struct lwc_child *child_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_child_start(lwc_child_locate *locate, const char *dir, const char *name,
                                     struct lwc_child *child_out, struct lwc_error *err)
{
    starts++;
    return __real_lwc_child_start(locate, dir, name, child_out, err);
}

static void only_what_any_host_understands_is_valid(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
    } cases[] = {
        {"toy: A", true},     {"session bus: A_1 B/c/d  E", true},
        {"toy:A", true},      {"", false},
        {"toy", false},       {": A", false},
        {"toy:", false},      {"toy: ", false},
        {"toy: a", false},    {"toy: /etc/passwd", false},
        {"toy: A/", false},   {"toy: A=b", false},
        {"toy: A\nB", false}, {"to\033y: A", false},
    };
    char text[2 * LWC_BACKEND_NEEDS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].text);
        assert_int_equal(lwc_needs_are_valid(cases[i].text), cases[i].is_valid);
    }
    memset(text, 'A', sizeof text);
    memcpy(text, "toy: ", 5);
    text[LWC_BACKEND_NEEDS_MAX] = '\0';
    assert_true(lwc_needs_are_valid(text));
    text[LWC_BACKEND_NEEDS_MAX] = 'A';
    text[LWC_BACKEND_NEEDS_MAX + 1] = '\0';
    assert_false(lwc_needs_are_valid(text));
}

/* Lists what the module "needy" holds, which is nothing; a host is started for it, or not. */
static void list_needy(enum lwc_code code, const char *msg)
{
    struct stacks stacks;
    struct lwc_error err = {0};
    const struct lwc_visitor visitor = {0};
    struct lwc_stack_backend *backend = NULL;

    stacks_open(&stacks, "lookup required needy\n");
    starts = 0;
    backend = lwc_backend_new(&stacks.conf->lines[0], &stacks.host, true);
    assert_non_null(backend);
    assert_int_equal(lwc_backend_list(backend, &visitor, &err), code);
    assert_int_equal(starts, code == LWC_OK);
    assert_non_null(strstr(err.msg, msg));
    lwc_backend_free(&backend);
    stacks_close(&stacks);
}

static void where_nothing_is_there_no_host_is_started(void **state)
{
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    unsetenv("NEEDY_TOY");
    unsetenv("NEEDY_BOX");
    list_needy(LWC_E_UNAVAILABLE, "there is no toy: NEEDY_TOY is not set, NEEDY_BOX is not set");
    setenv("NEEDY_TOY", "", 1);
    setenv("NEEDY_BOX", dir->path, 1);
    list_needy(LWC_E_UNAVAILABLE, "there is no toy: NEEDY_TOY is not set, NEEDY_BOX holds no toy");
    setenv("NEEDY_BOX", "/dev/null", 1);
    list_needy(LWC_E_UNAVAILABLE, "NEEDY_BOX holds no toy");
    setenv("NEEDY_BOX", dir->path, 1);
    assert_int_equal(mkdir(tmpdir_join(dir, "toy", path), 0700), 0);
    list_needy(LWC_OK, "");
    unsetenv("NEEDY_BOX");
    setenv("NEEDY_TOY", "x", 1);
    list_needy(LWC_OK, "");
}

/* A loop of links tells nothing of what is there: the backend is asked. */
static void what_cannot_be_looked_at_may_be_there(void **state)
{
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    unsetenv("NEEDY_TOY");
    setenv("NEEDY_BOX", dir->path, 1);
    assert_int_equal(symlink("toy", tmpdir_join(dir, "toy", path)), 0);
    list_needy(LWC_OK, "");
    unsetenv("NEEDY_BOX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_any_host_understands_is_valid),
        cmocka_unit_test_setup_teardown(where_nothing_is_there_no_host_is_started, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_looked_at_may_be_there, tmpdir_setup,
                                        tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("needs", tests, NULL, NULL);
}
