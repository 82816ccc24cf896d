/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/seen.h"
#include "base/util.h"
#include "tests/support/storebed.h"

#define ID_HEX "0123456789abcdef0123456789abcdef"

static const uint8_t id[LWC_FORMAT_ID_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                              0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

static void note(struct bed *bed, uint64_t generation)
{
    struct lwc_seen seen = {.host = &bed->host};

    lwc_seen_note(&seen, "/the/store", id, generation);
}

static void note_remembers_the_highest_generation(void **state)
{
    struct bed *bed = *state;

    note(bed, 7);
    tmpdir_assert_text(&bed->dir, ".local/state/lwcred/" ID_HEX, "7\n");
    note(bed, 7);
    note(bed, 9);
    tmpdir_assert_text(&bed->dir, ".local/state/lwcred/" ID_HEX, "9\n");
    assert_int_equal(bed->warnings, 0);
    note(bed, 8);
    tmpdir_assert_text(&bed->dir, ".local/state/lwcred/" ID_HEX, "9\n");
    assert_int_equal(bed->warnings, 1);
    assert_non_null(strstr(bed->log, "/the/store"));
    assert_non_null(strstr(bed->log, "generation 8, last seen 9"));
    note(bed, INT64_MAX);
    note(bed, INT64_MAX);
    assert_int_equal(bed->warnings, 1);
}

static void note_uses_the_state_directory_that_is_set(void **state)
{
    struct bed *bed = *state;
    char path[TMPDIR_PATH_LEN];

    bed_set(bed, "XDG_STATE_HOME", "relative/is/ignored");
    note(bed, 1);
    tmpdir_assert_text(&bed->dir, ".local/state/lwcred/" ID_HEX, "1\n");
    bed_set(bed, "XDG_STATE_HOME", tmpdir_join(&bed->dir, "state", path));
    note(bed, 2);
    tmpdir_assert_text(&bed->dir, "state/lwcred/" ID_HEX, "2\n");
}

static void note_without_a_place_is_silent(void **state)
{
    struct bed *bed = *state;

    bed_set(bed, "HOME", NULL);
    note(bed, 1);
    assert_string_equal(bed->log, "");
    assert_int_equal(tmpdir_count(&bed->dir, "."), 0);
}

static void note_that_cannot_be_kept_complains_once(void **state)
{
    struct bed *bed = *state;
    struct lwc_seen seen = {.host = &bed->host};

    tmpdir_write(&bed->dir, ".local", "", 0, 0600);
    lwc_seen_note(&seen, "/the/store", id, 1);
    lwc_seen_note(&seen, "/the/store", id, 2);
    assert_int_equal(bed->warnings, 1);
    assert_non_null(strstr(bed->log, "cannot remember"));
}

static void note_over_garbage_starts_anew(void **state)
{
    static const char *const garbage[] = {"",    "\n", "x\n", "-5\n", "99999999999999999999\n",
                                          "8 \n"};
    struct bed *bed = *state;

    note(bed, 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(garbage); i++) {
        tmpdir_write(&bed->dir, ".local/state/lwcred/" ID_HEX, garbage[i], strlen(garbage[i]),
                     0600);
        note(bed, 3);
        tmpdir_assert_text(&bed->dir, ".local/state/lwcred/" ID_HEX, "3\n");
    }
    assert_int_equal(bed->warnings, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(note_remembers_the_highest_generation),
        TEST(note_uses_the_state_directory_that_is_set),
        TEST(note_without_a_place_is_silent),
        TEST(note_that_cannot_be_kept_complains_once),
        TEST(note_over_garbage_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
