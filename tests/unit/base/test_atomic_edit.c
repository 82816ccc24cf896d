/* SPDX-License-Identifier: Apache-2.0 */
/* lwc_file_edit() and lwc_file_remove(): files of other programs. */
#include "base/safefile.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

/* Reads the file "f" or the link @name to it, as a caller does before an edit. */
static void read_file(const struct tmpdir *dir, const char *name, struct lwc_path *path,
                      struct stat *st)
{
    char text[TMPDIR_PATH_LEN];
    LWC_AUTO_CLOSE int fd = -1;

    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, name, text), path, NULL), LWC_OK);
    assert_int_equal(lwc_file_open(path, LWC_TRUST_CONTENT, &fd, st, NULL), LWC_OK);
}

static void mode_and_link_are_kept(void **state)
{
    static const mode_t modes[] = {0600, 0640, 0644, 0400};
    struct tmpdir *dir = *state;
    char link_path[TMPDIR_PATH_LEN];

    assert_int_equal(symlink("f", tmpdir_join(dir, "link", link_path)), 0);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct stat st;
        char text[TMPDIR_PATH_LEN];

        (void)unlink(tmpdir_join(dir, "f", text));
        tmpdir_write(dir, "f", "old", 3, modes[i]);
        read_file(dir, "link", &path, &st);
        assert_int_equal(lwc_file_edit(&path, &st, "new text", 8, NULL), LWC_OK);
        tmpdir_assert_text(dir, "f", "new text");
        assert_int_equal(lstat(link_path, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(stat(link_path, &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
        assert_int_equal(tmpdir_count(dir, "."), 2);
    }
}

static void a_file_that_changed_is_left_alone(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct stat st;
    char text[TMPDIR_PATH_LEN];
    struct lwc_error err = {0};

    tmpdir_write(dir, "f", "old", 3, 0600);
    read_file(dir, "f", &path, &st);
    tmpdir_write(dir, "f", "mine", 4, 0600);
    assert_int_equal(lwc_file_edit(&path, &st, "new", 3, &err), LWC_E_BUSY);
    assert_non_null(strstr(err.msg, "another program changed it"));
    assert_int_equal(lwc_file_remove(&path, &st, NULL), LWC_E_BUSY);
    tmpdir_assert_text(dir, "f", "mine");
    assert_int_equal(unlink(tmpdir_join(dir, "f", text)), 0);
    assert_int_equal(lwc_file_edit(&path, &st, "new", 3, NULL), LWC_E_BUSY);
    assert_int_equal(tmpdir_count(dir, "."), 0);
}

static void other_names_and_owners_are_refused(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct stat st;
    char one[TMPDIR_PATH_LEN];
    char two[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "f", "old", 3, 0600);
    assert_int_equal(link(tmpdir_join(dir, "f", one), tmpdir_join(dir, "g", two)), 0);
    read_file(dir, "f", &path, &st);
    assert_int_equal(lwc_file_edit(&path, &st, "new", 3, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_file_remove(&path, &st, NULL), LWC_E_INVALID);
    assert_int_equal(unlink(two), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(one, 12345, (gid_t)-1), 0);
        assert_int_equal(stat(one, &st), 0);
        assert_int_equal(lwc_file_edit(&path, &st, "new", 3, NULL), LWC_E_UNSAFE);
        assert_int_equal(chown(one, 0, (gid_t)-1), 0);
    }
    tmpdir_assert_text(dir, "f", "old");
    assert_int_equal(stat(one, &st), 0);
    assert_int_equal(lwc_file_remove(&path, &st, NULL), LWC_OK);
    assert_int_equal(tmpdir_count(dir, "."), 0);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct stat st;
    struct rlimit limit;
    struct rlimit none;
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    tmpdir_write(dir, "f", "old", 3, 0600);
    read_file(dir, "f", &path, &st);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 2, .rlim_max = limit.rlim_max};
    assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    code = lwc_file_edit(&path, &st, "longer than before", 18, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(code, LWC_E_IO);
    tmpdir_assert_text(dir, "f", "old");
    assert_int_equal(tmpdir_count(dir, "."), 1);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(mode_and_link_are_kept),
        WITH_DIR(a_file_that_changed_is_left_alone),
        WITH_DIR(other_names_and_owners_are_refused),
        WITH_DIR(a_full_disk_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
