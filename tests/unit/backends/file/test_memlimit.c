/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/file/memlimit.h"
#include "base/util.h"
#include "tests/support/tmpdir.h"

static void limit_is_read_as_the_kernel_writes_it(void **state)
{
    static const struct {
        const char *content;
        uint64_t kib;
    } cases[] = {
        {"268435456\n", 262144},
        {"268435456", 262144},
        {"1023\n", 0},
        {"9223372036854771712\n", 9007199254740988},
        {"max\n", UINT64_MAX},
        {"", UINT64_MAX},
        {"\n", UINT64_MAX},
        {"-1\n", UINT64_MAX},
        {"99999999999999999999999999\n", UINT64_MAX},
        {"1000000000000000000000000000000000000000\n", UINT64_MAX},
    };
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        tmpdir_write(dir, "memory.max", cases[i].content, strlen(cases[i].content), 0600);
        if (lwc_memlimit_limit_kib(tmpdir_join(dir, "memory.max", path)) != cases[i].kib) {
            fail_msg("'%s'", cases[i].content);
        }
    }
    assert_true(lwc_memlimit_limit_kib(tmpdir_join(dir, "absent", path)) == UINT64_MAX);
    assert_true(lwc_memlimit_limit_kib(dir->path) == UINT64_MAX);
}

static void spare_is_at_most_half_of_the_machine(void **state)
{
    uint64_t machine_kib =
        (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;

    (void)state;
    assert_true(lwc_memlimit_spare_kib() > 0);
    assert_true(lwc_memlimit_spare_kib() <= machine_kib / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(limit_is_read_as_the_kernel_writes_it, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test(spare_is_at_most_half_of_the_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
