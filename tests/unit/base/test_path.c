/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "tests/support/tmpdir.h"

/* The file with this inode seems to belong to uid; 0: the true owner. */
static ino_t lie_about;
static uid_t lie_uid;
static bool we_are_root;
static int mkdirat_errno; /* 0: as is; EEXIST: another process is faster */

int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_lstat(const char *path, struct stat *st);
int __real_lstat(const char *path, struct stat *st);
uid_t __wrap_geteuid(void);
uid_t __real_geteuid(void);
int __wrap_mkdirat(int fd, const char *name, mode_t mode);
int __real_mkdirat(int fd, const char *name, mode_t mode);

static int lie_in(int result, struct stat *st)
{
    if (result == 0 && lie_about != 0 && st->st_ino == lie_about) {
        st->st_uid = lie_uid;
    }
    return result;
}

int __wrap_fstat(int fd, struct stat *st)
{
    return lie_in(__real_fstat(fd, st), st);
}

int __wrap_lstat(const char *path, struct stat *st)
{
    return lie_in(__real_lstat(path, st), st);
}

uid_t __wrap_geteuid(void)
{
    return we_are_root ? 0 : __real_geteuid();
}

int __wrap_mkdirat(int fd, const char *name, mode_t mode)
{
    if (mkdirat_errno == EEXIST) {
        (void)__real_mkdirat(fd, name, mode);
    }
    if (mkdirat_errno != 0) {
        errno = mkdirat_errno;
        return -1;
    }
    return __real_mkdirat(fd, name, mode);
}

static int setup(void **state)
{
    lie_about = 0;
    we_are_root = false;
    mkdirat_errno = 0;
    return tmpdir_setup(state);
}

static void lie(const struct tmpdir *dir, const char *name, uid_t uid)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    assert_int_equal(lstat(tmpdir_join(dir, name, path), &st), 0);
    lie_about = st.st_ino;
    lie_uid = uid;
}

static void link_to(const struct tmpdir *dir, const char *target, const char *name)
{
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(symlink(target, tmpdir_join(dir, name, path)), 0);
}

/* A small tree: real/inner/, file, and what each test adds. */
static void make_tree(const struct tmpdir *dir)
{
    tmpdir_mkdir(dir, "real", 0755);
    tmpdir_mkdir(dir, "real/inner", 0700);
    tmpdir_mkdir(dir, "sticky", 01777);
    tmpdir_mkdir(dir, "open", 0777);
    tmpdir_mkdir(dir, "group", 0770);
    tmpdir_write(dir, "file", "x", 1, 0600);
    tmpdir_write(dir, "open/file", "x", 1, 0600);
    link_to(dir, "real/inner", "link");
    link_to(dir, "../file", "sticky/link");
    link_to(dir, "real/new", "dangling");
    link_to(dir, "nowhere/new", "lost");
    link_to(dir, "loop2", "loop1");
    link_to(dir, "loop1", "loop2");
    link_to(dir, "self/x", "self");
    link_to(dir, "real/", "slash");
    link_to(dir, "/", "root");
}

static void resolve_walks_to_the_canonical_place(void **state)
{
    static const struct {
        const char *text;
        const char *place; /* NULL: refused with code and sys */
        enum lwc_code code;
        int sys;
    } cases[] = {
        {"file", "file", LWC_OK, 0},
        {"new", "new", LWC_OK, 0},
        {"./real/.//inner/./x", "real/inner/x", LWC_OK, 0},
        {"real/../file", "file", LWC_OK, 0},
        {"link/x", "real/inner/x", LWC_OK, 0},
        {"link/../x", "real/x", LWC_OK, 0},
        {"link/../../link/x", "real/inner/x", LWC_OK, 0},
        {"slash/x", "real/x", LWC_OK, 0},
        {"dangling", "real/new", LWC_OK, 0},
        {"sticky/x", "sticky/x", LWC_OK, 0},
        {"sticky/link", "file", LWC_OK, 0},
        {"sticky/../link/x", "real/inner/x", LWC_OK, 0},
        {"missing/x", NULL, LWC_E_NOT_FOUND, ENOENT},
        {"lost", NULL, LWC_E_NOT_FOUND, ENOENT},
        {"loop1", NULL, LWC_E_INVALID, ELOOP},
        {"loop1/x", NULL, LWC_E_INVALID, ELOOP},
        {"self", NULL, LWC_E_INVALID, ELOOP},
        {"file/x", NULL, LWC_E_INVALID, ENOTDIR},
        {"file/..", NULL, LWC_E_INVALID, ENOTDIR},
        {"file/", NULL, LWC_E_INVALID, ENOTDIR},
        {"real/", NULL, LWC_E_INVALID, EISDIR},
        {"real/.", NULL, LWC_E_INVALID, EISDIR},
        {"real/..", NULL, LWC_E_INVALID, EISDIR},
        {"slash", NULL, LWC_E_INVALID, EISDIR},
        {"root", NULL, LWC_E_INVALID, EISDIR},
        {"open/file", NULL, LWC_E_UNSAFE, 0},
        {"open/new", NULL, LWC_E_UNSAFE, 0},
        {"open/../file", NULL, LWC_E_UNSAFE, 0},
        {"group/new", NULL, LWC_E_UNSAFE, 0},
    };
    const struct tmpdir *dir = *state;

    make_tree(dir);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct lwc_error err = {0};
        char text[TMPDIR_PATH_LEN];
        char place[TMPDIR_PATH_LEN];
        char found[LWC_PATH_TEXT_LEN];

        print_message("%s\n", cases[i].text);
        assert_int_equal(lwc_path_resolve(tmpdir_join(dir, cases[i].text, text), &path, &err),
                         cases[i].code);
        assert_int_equal(err.sys, cases[i].sys);
        assert_int_equal(path.dir_fd >= 0, cases[i].place != NULL);
        if (cases[i].place != NULL) {
            assert_string_equal(lwc_path_text(&path, found),
                                tmpdir_join(dir, cases[i].place, place));
        }
    }
}

static void resolve_of_unsafe_directory_names_it_and_the_cure(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    char text[TMPDIR_PATH_LEN];
    char open_dir[TMPDIR_PATH_LEN];

    make_tree(dir);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "open/file", text), &path, &err),
                     LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, tmpdir_join(dir, "open", open_dir)));
    assert_non_null(strstr(err.hint, "chmod go-w"));
    assert_non_null(strstr(err.hint, open_dir));
}

static void resolve_knows_a_directory_that_others_share(void **state)
{
    static const struct {
        const char *text;
        bool shared;
    } cases[] = {{"sticky/x", true}, {"sticky/link", false}, {"real/x", false}, {"file", false}};
    const struct tmpdir *dir = *state;

    make_tree(dir);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct lwc_error err = {0};
        char text[TMPDIR_PATH_LEN];

        print_message("%s\n", cases[i].text);
        assert_int_equal(lwc_path_resolve(tmpdir_join(dir, cases[i].text, text), &path, &err),
                         LWC_OK);
        assert_int_equal(path.shared, cases[i].shared);
        assert_int_equal(lwc_path_unshared_check(&path, &err),
                         cases[i].shared ? LWC_E_UNSAFE : LWC_OK);
    }
}

/* An entry of the sticky directory, or a directory on the way, belongs to another user. */
static void resolve_past_foreign_owner_is_unsafe(void **state)
{
    static const struct {
        const char *foreign;
        const char *text;
        enum lwc_code code;
    } cases[] = {
        {"real", "real/x", LWC_E_UNSAFE},
        {"real", "link/x", LWC_E_UNSAFE},
        {"real/inner", "link/../x", LWC_E_UNSAFE},
        {"sticky", "sticky/x", LWC_E_UNSAFE},
        {"sticky/link", "sticky/link", LWC_E_UNSAFE},
        {"link", "link/x", LWC_OK}, /* only root or we can have put it there */
        {"real", "file", LWC_OK},
    };
    const struct tmpdir *dir = *state;

    make_tree(dir);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct lwc_error err = {0};
        char text[TMPDIR_PATH_LEN];

        print_message("%s of someone else, %s\n", cases[i].foreign, cases[i].text);
        lie(dir, cases[i].foreign, 54321);
        assert_int_equal(lwc_path_resolve(tmpdir_join(dir, cases[i].text, text), &path, &err),
                         cases[i].code);
        assert_int_equal(lwc_is_set(err.hint), cases[i].code == LWC_E_UNSAFE);
    }
}

static void resolve_past_directory_of_root_is_trusted(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char text[TMPDIR_PATH_LEN];

    make_tree(dir);
    lie(dir, "real", 0);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "real/x", text), &path, NULL), LWC_OK);
}

/* sudo with the user's HOME: nothing of root's may be left there. */
static void resolve_as_root_below_a_users_home_is_unsafe(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    struct lwc_error err = {0};
    char text[TMPDIR_PATH_LEN];

    make_tree(dir);
    we_are_root = true;
    lie(dir, ".", 1000);
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "file", text), &path, &err), LWC_E_UNSAFE);
    assert_non_null(strstr(err.msg, "uid 1000"));
    assert_non_null(strstr(err.hint, "sudo"));
}

static void resolve_follows_forty_links_and_no_more(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_PATH refused = LWC_PATH_INIT;
    struct lwc_error err = {0};
    char text[TMPDIR_PATH_LEN];
    char name[16];
    char target[16] = "file";

    for (int i = 1; i <= 41; i++) {
        (void)snprintf(name, sizeof name, "l%d", i);
        link_to(dir, target, name);
        memcpy(target, name, sizeof name);
    }
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "l40", text), &path, &err), LWC_OK);
    assert_string_equal(path.name, "file");
    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "l41", text), &refused, &err),
                     LWC_E_INVALID);
    assert_int_equal(err.sys, ELOOP);
}

static void resolve_of_relative_path_starts_at_the_working_directory(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char expected[TMPDIR_PATH_LEN];
    char found[LWC_PATH_TEXT_LEN];
    enum lwc_code code = LWC_OK;

    make_tree(dir);
    assert_int_equal(chdir(tmpdir_join(dir, "real/inner", expected)), 0);
    code = lwc_path_resolve("../../file", &path, NULL);
    assert_int_equal(fchdir(here), 0);
    assert_int_equal(code, LWC_OK);
    assert_string_equal(lwc_path_text(&path, found), tmpdir_join(dir, "file", expected));
}

static void resolve_in_removed_working_directory_is_refused(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char gone[TMPDIR_PATH_LEN];
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    tmpdir_mkdir(dir, "gone", 0700);
    assert_int_equal(chdir(tmpdir_join(dir, "gone", gone)), 0);
    assert_int_equal(rmdir(gone), 0);
    code = lwc_path_resolve("file", &path, &err);
    assert_int_equal(fchdir(here), 0);
    assert_int_equal(code, LWC_E_NOT_FOUND);
}

static void resolve_of_tilde_uses_home(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_FREE char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;
    char expected[TMPDIR_PATH_LEN];
    char found[LWC_PATH_TEXT_LEN];
    struct lwc_error err = {0};

    assert_int_equal(setenv("HOME", dir->path, 1), 0);
    assert_int_equal(lwc_path_resolve("~/x", &path, &err), LWC_OK);
    assert_string_equal(lwc_path_text(&path, found), tmpdir_join(dir, "x", expected));
    lwc_path_clear(&path);
    assert_int_equal(setenv("HOME", "relative", 1), 0);
    assert_int_equal(lwc_path_resolve("~/x", &path, &err), LWC_E_INVALID);
    assert_int_equal(setenv("HOME", "", 1), 0);
    assert_int_equal(lwc_path_resolve("~/x", &path, &err), LWC_E_INVALID);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(lwc_path_resolve("~/x", &path, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "HOME"));
    assert_int_equal(home != NULL ? setenv("HOME", home, 1) : 0, 0);
}

static void resolve_of_overlong_text_is_invalid(void **state)
{
    static const size_t lens[] = {256, LWC_PATH_MAX - 1, LWC_PATH_MAX, 3 * LWC_PATH_MAX};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lens); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        LWC_AUTO_FREE char *text = calloc(1, lens[i] + 2);
        struct lwc_error err = {0};

        assert_non_null(text);
        memset(text, 'a', lens[i] + 1);
        text[0] = '/';
        text[lens[i] + 1] = '\0';
        assert_int_equal(lwc_path_resolve(text, &path, &err), LWC_E_INVALID);
        assert_int_equal(err.sys, ENAMETOOLONG);
        assert_int_equal(path.dir_fd, -1);
    }
}

static void resolve_of_empty_text_or_root_is_invalid(void **state)
{
    static const char *const texts[] = {"", "/", "//", "/.", "/.."};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        LWC_AUTO_PATH path = LWC_PATH_INIT;
        struct lwc_error err = {0};

        print_message("'%s'\n", texts[i]);
        assert_int_equal(lwc_path_resolve(texts[i], &path, &err), LWC_E_INVALID);
        assert_int_equal(path.dir_fd, -1);
    }
}

static void text_at_the_root_has_one_slash(void **state)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char found[LWC_PATH_TEXT_LEN];

    (void)state;
    assert_int_equal(lwc_path_resolve("/../lwcred-missing", &path, NULL), LWC_OK);
    assert_string_equal(lwc_path_text(&path, found), "/lwcred-missing");
}

static void assert_private_dir(const struct tmpdir *dir, const char *name)
{
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    assert_int_equal(lstat(tmpdir_join(dir, name, path), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 07777u, 0700);
}

static void dir_make_makes_what_is_missing_private(void **state)
{
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];
    mode_t before = umask(0);
    enum lwc_code code = lwc_dir_make(tmpdir_join(dir, "a/b/../c/", text), NULL);

    umask(before);
    assert_int_equal(code, LWC_OK);
    assert_private_dir(dir, "a");
    assert_private_dir(dir, "a/b");
    assert_private_dir(dir, "a/c");
    assert_int_equal(lwc_dir_make(text, NULL), LWC_OK);
}

static void dir_make_through_links_makes_the_target(void **state)
{
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];

    make_tree(dir);
    assert_int_equal(lwc_dir_make(tmpdir_join(dir, "dangling/x", text), NULL), LWC_OK);
    assert_private_dir(dir, "real/new");
    assert_private_dir(dir, "real/new/x");
}

static void dir_make_with_a_faster_neighbour_succeeds(void **state)
{
    const struct tmpdir *dir = *state;
    char text[TMPDIR_PATH_LEN];

    mkdirat_errno = EEXIST;
    assert_int_equal(lwc_dir_make(tmpdir_join(dir, "a/b", text), NULL), LWC_OK);
    assert_private_dir(dir, "a/b");
}

static void dir_make_that_cannot_is_refused(void **state)
{
    static const struct {
        const char *text;
        int sys;
        enum lwc_code code;
    } cases[] = {
        {"file/x", 0, LWC_E_INVALID}, {"file", 0, LWC_E_INVALID},  {"open/x", 0, LWC_E_UNSAFE},
        {"group", 0, LWC_E_UNSAFE},   {"loop1", 0, LWC_E_INVALID}, {"x/y", EROFS, LWC_E_IO},
        {"x/y", ENOSPC, LWC_E_IO},
    };
    const struct tmpdir *dir = *state;

    make_tree(dir);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char text[TMPDIR_PATH_LEN];
        struct lwc_error err = {0};

        print_message("%s\n", cases[i].text);
        mkdirat_errno = cases[i].sys;
        assert_int_equal(lwc_dir_make(tmpdir_join(dir, cases[i].text, text), &err), cases[i].code);
        assert_int_not_equal(access(tmpdir_join(dir, "open/x", text), F_OK), 0);
    }
}

static void sync_of_a_directory_succeeds(void **state)
{
    const struct tmpdir *dir = *state;
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char text[TMPDIR_PATH_LEN];

    assert_int_equal(lwc_path_resolve(tmpdir_join(dir, "x", text), &path, NULL), LWC_OK);
    assert_int_equal(lwc_path_sync(&path, NULL), LWC_OK);
}

static void sync_without_a_directory_is_io(void **state)
{
    char gone[] = "/gone";
    const struct lwc_path path = {.dir_fd = -1, .dir = gone};
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_path_sync(&path, &err), LWC_E_IO);
    assert_int_equal(err.sys, EBADF);
    assert_non_null(strstr(err.msg, "/gone"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resolve_walks_to_the_canonical_place),
        TEST(resolve_of_unsafe_directory_names_it_and_the_cure),
        TEST(resolve_knows_a_directory_that_others_share),
        TEST(resolve_past_foreign_owner_is_unsafe),
        TEST(resolve_past_directory_of_root_is_trusted),
        TEST(resolve_as_root_below_a_users_home_is_unsafe),
        TEST(resolve_follows_forty_links_and_no_more),
        TEST(resolve_of_relative_path_starts_at_the_working_directory),
        TEST(resolve_in_removed_working_directory_is_refused),
        TEST(resolve_of_tilde_uses_home),
        TEST(resolve_of_overlong_text_is_invalid),
        TEST(resolve_of_empty_text_or_root_is_invalid),
        TEST(text_at_the_root_has_one_slash),
        TEST(dir_make_makes_what_is_missing_private),
        TEST(dir_make_through_links_makes_the_target),
        TEST(dir_make_with_a_faster_neighbour_succeeds),
        TEST(dir_make_that_cannot_is_refused),
        TEST(sync_of_a_directory_succeeds),
        TEST(sync_without_a_directory_is_io),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
