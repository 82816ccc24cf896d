/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of entries hold what lives: each write removes what has ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/util.h"
#include "cache/entry.h"
#include "cache/place.h"
#include "tests/support/places.h"
#include "tests/support/tmpdir.h"

#define OTHER "lwcred/ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TEMP  \
    "lwcred/" \
    ".ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff-0123456789abcdef.tmp"

static int setup(void **state)
{
    (void)setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    return places_setup(state);
}

/* A file @name of place @i that changed, or ends, @offset_s from now. */
static void put(const struct tmpdir *dir, size_t i, const char *name, int64_t offset_s)
{
    char path[TMPDIR_PATH_LEN];
    const time_t at_s = (time_t)(time(NULL) + offset_s);
    const struct timespec times[2] = {{.tv_sec = at_s}, {.tv_sec = at_s}};
    FILE *file = fopen(places_below(dir, i, name, path), "we");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static bool is_there(const struct tmpdir *dir, size_t i, const char *name)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    return lstat(places_below(dir, i, name, path), &st) == 0;
}

static void written_file_says_when_its_entry_ends(void **state)
{
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        char path[TMPDIR_PATH_LEN];
        const time_t now_s = time(NULL);
        struct stat st;

        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(stat(places_below(*state, i, "lwcred/" PLACES_NAME, path), &st), 0);
        assert_true(st.st_mtim.tv_sec >= now_s + PLACES_LIFE_S);
        assert_true(st.st_mtim.tv_sec <= time(NULL) + PLACES_LIFE_S);
    }
}

static void write_removes_what_has_ended_and_nothing_else(void **state)
{
    static const struct {
        const char *what;
        const char *name;
        int64_t offset_s;
        bool stays;
    } cases[] = {
        {"an entry that lives", OTHER, 600, true},
        {"an entry of the longest life", OTHER, LWC_TTL_MAX, true},
        {"an entry whose writer is about to set its end", OTHER, -5, true},
        {"an entry that ended", OTHER, -120, false},
        {"an entry that ended long ago", OTHER, -1000000, false},
        {"an entry of another clock", OTHER, LWC_TTL_MAX + 1000, false},
        {"a file that is being written", TEMP, -120, true},
        {"a file that a dead writer left", TEMP, -1200, false},
        {"a lock", OTHER ".1", -1000000, true},
        {"another's file", "lwcred/README", -1000000, true},
        {"another's temporary file", "lwcred/.x.tmp", -1000000, true},
    };

    for (size_t i = 0; i < PLACES_COUNT; i++) {
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        for (size_t j = 0; j < LWC_ARRAY_LEN(cases); j++) {
            char path[TMPDIR_PATH_LEN];

            print_message("%s: %s\n", places_kinds[i].place->name, cases[j].what);
            put(*state, i, cases[j].name, cases[j].offset_s);
            assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
            assert_int_equal(is_there(*state, i, cases[j].name), cases[j].stays);
            assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_OK);
            (void)remove(places_below(*state, i, cases[j].name, path));
        }
    }
}

static void reading_removes_nothing(void **state)
{
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        put(*state, i, OTHER, -1000000);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_OK);
        assert_true(is_there(*state, i, OTHER));
    }
}

static void what_a_dead_link_or_directory_is_named_harms_nothing(void **state)
{
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        char path[TMPDIR_PATH_LEN];

        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(mkdir(places_below(*state, i, OTHER, path), 0700), 0);
        assert_int_equal(places_write(places_kinds[i].place, NULL), LWC_OK);
        assert_int_equal(places_read(places_kinds[i].place, NULL), LWC_OK);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(written_file_says_when_its_entry_ends),
        TEST(write_removes_what_has_ended_and_nothing_else),
        TEST(reading_removes_nothing),
        TEST(what_a_dead_link_or_directory_is_named_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
