/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <unistd.h>

#include <cmocka.h>

#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

static void sweep_takes_only_what_a_dead_replacement_left(void **state)
{
    static const struct {
        const char *name;
        bool stays;
    } cases[] = {
        {".keys.lwc-0123456789abcdef.tmp", false},
        {".keys.lwc-0123456789abcde.tmp", true},
        {".keys.lwc-0123456789abcdeX.tmp", true},
        {".other.lwc-0123456789abcdef.tmp", true},
        {"keys.lwc-0123456789abcdef.tmp", true},
        {".keys.lwc-0123456789abcdef.tmpx", true},
        {"keys.lwc", true},
        {"keys.lwc.prev", true},
    };
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char text[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        tmpdir_write(dir, cases[i].name, "x", 1, 0600);
    }
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "keys.lwc", text), &path, NULL), LWC_OK);
    lwc_file_sweep(&path);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(access(tmpdir_join(dir, cases[i].name, text), F_OK) == 0, cases[i].stays);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sweep_takes_only_what_a_dead_replacement_left, tmpdir_setup,
                                        tmpdir_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
