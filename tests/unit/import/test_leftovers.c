/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/import/leftovers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

#define BASE ".config/lacework/"
#define BACKUP BASE "cfg_backups/.lacework.toml.20260101000000.1.bkp"
#define TOKEN BASE "cache/acme/standalone/ACME_01/token"

static char seen[4096];

static void note_path(void *data, const char *path, const struct lwc_error *why)
{
    const struct tmpdir *dir = data;
    const size_t used = strlen(seen);

    assert_null(why);
    assert_memory_equal(path, dir->path, strlen(dir->path));
    (void)snprintf(seen + used, sizeof seen - used, "%s ", path + strlen(dir->path) + 1);
}

static const char *visit(const struct tmpdir *dir, bool remove)
{
    union {
        const struct tmpdir *in;
        void *out;
    } data = {.in = dir};

    seen[0] = '\0';
    assert_int_equal(lwc_leftovers_visit(dir->path, remove, note_path, data.out, NULL), LWC_OK);
    return seen;
}

static void make_files(const struct tmpdir *dir)
{
    static const char *const dirs[] = {".config",
                                       ".config/lacework",
                                       BASE "cfg_backups",
                                       BASE "cache",
                                       BASE "cache/acme",
                                       BASE "cache/acme/standalone",
                                       BASE "cache/acme/standalone/ACME_01",
                                       "else",
                                       "else/s",
                                       "else/s/k"};
    static const char *const files[] = {BACKUP,
                                        BASE "cfg_backups/notes",
                                        TOKEN,
                                        BASE "cache/acme/standalone/ACME_01/other",
                                        BASE "cache/token",
                                        "else/s/k/token"};
    char from[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        tmpdir_mkdir(dir, dirs[i], 0700);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        tmpdir_write(dir, files[i], "x", 1, 0644);
    }
    assert_int_equal(symlink("../../../else", tmpdir_join(dir, BASE "cache/link", from)), 0);
    assert_int_equal(symlink("../../../else/s/k/token",
                             tmpdir_join(dir, BASE "cfg_backups/.lacework.toml.x", from)),
                     0);
}

static void files_of_ours_are_named_and_removed(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    assert_string_equal(visit(dir, true), "");
    make_files(dir);
    assert_string_equal(visit(dir, false), BACKUP " " TOKEN " ");
    assert_string_equal(visit(dir, true), BACKUP " " TOKEN " ");
    assert_string_equal(visit(dir, false), "");
    tmpdir_assert_text(dir, "else/s/k/token", "x");
    tmpdir_assert_text(dir, BASE "cfg_backups/notes", "x");
    tmpdir_assert_text(dir, BASE "cache/token", "x");
    assert_int_equal(access(tmpdir_join(dir, BASE "cfg_backups/.lacework.toml.x", path), F_OK), 0);
}

static void a_link_on_the_way_ends_the_walk(void **state)
{
    struct tmpdir *dir = *state;
    char from[TMPDIR_PATH_LEN];
    char to[TMPDIR_PATH_LEN];

    make_files(dir);
    assert_int_equal(
        rename(tmpdir_join(dir, ".config/lacework", from), tmpdir_join(dir, "moved", to)), 0);
    assert_int_equal(symlink(to, from), 0);
    assert_string_equal(visit(dir, true), "");
    tmpdir_assert_text(dir, "moved/cache/acme/standalone/ACME_01/token", "x");
}

static void what_others_own_is_left_alone(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    if (geteuid() != 0) { /* only root can make a file of another user */
        assert_string_equal(visit(dir, true), "");
        return;
    }
    make_files(dir);
    assert_int_equal(chown(tmpdir_join(dir, BACKUP, path), 12345, (gid_t)-1), 0);
    assert_int_equal(chown(tmpdir_join(dir, BASE "cache/acme", path), 12345, (gid_t)-1), 0);
    assert_string_equal(visit(dir, true), "");
    tmpdir_assert_text(dir, BACKUP, "x");
    tmpdir_assert_text(dir, TOKEN, "x");
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(files_of_ours_are_named_and_removed),
        WITH_DIR(a_link_on_the_way_ends_the_walk),
        WITH_DIR(what_others_own_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
