/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "cache/dependency.h"
#include "tests/support/tmpdir.h"

/* If not 0, stat() fails with it. */
static int stat_errno;

/* So many times stat() says that the file changed just now. */
static unsigned restless;

int __wrap_stat(const char *path, struct stat *st);
int __real_stat(const char *path, struct stat *st);

int __wrap_stat(const char *path, struct stat *st)
{
    if (stat_errno != 0) {
        errno = stat_errno;
        return -1;
    }
    if (__real_stat(path, st) != 0) {
        return -1;
    }
    if (restless > 0) {
        restless--;
        return clock_gettime(CLOCK_REALTIME_COARSE, &st->st_ctim);
    }
    return 0;
}

struct fixture {
    struct tmpdir *dir;
    struct lwc_dependencies dependencies;
    char path[TMPDIR_PATH_LEN]; /* of the file "keys", which is there */
};

static struct fixture fixture;

static int setup(void **state)
{
    stat_errno = 0;
    restless = 0;
    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    fixture.dir = *state;
    tmpdir_write(fixture.dir, "keys", "one", 3, 0600);
    (void)tmpdir_join(fixture.dir, "keys", fixture.path);
    fixture.dependencies = (struct lwc_dependencies){.file = NULL};
    lwc_dependencies_reset(&fixture.dependencies);
    return 0;
}

static const char *setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static const struct lwc_host host = {.setting = setting};

static bool hold(const struct lwc_dependencies *dependencies)
{
    return lwc_dependencies_hold(dependencies, &host);
}

static int teardown(void **state)
{
    stat_errno = 0;
    lwc_dependencies_clear(&fixture.dependencies);
    return tmpdir_teardown(state);
}

static void add(const char *name)
{
    char path[TMPDIR_PATH_LEN];

    lwc_dependencies_add(&fixture.dependencies, tmpdir_join(fixture.dir, name, path));
}

static void set_mtime(const char *path, time_t s, long ns)
{
    const struct timespec times[2] = {{.tv_sec = s, .tv_nsec = ns}, {.tv_sec = s, .tv_nsec = ns}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void reset_makes_an_empty_complete_list(void **state)
{
    struct lwc_dependencies dependencies = {.count = 1};

    (void)state;
    lwc_dependencies_reset(&dependencies);
    assert_int_equal(dependencies.count, 0);
    assert_true(dependencies.is_complete);
    assert_true(hold(&dependencies));
}

static void add_remembers_what_stat_says(void **state)
{
    const struct lwc_dependency *file = NULL;
    struct stat st;

    (void)state;
    set_mtime(fixture.path, 1700000000, 123456789);
    add("keys");
    file = fixture.dependencies.file;
    assert_int_equal(stat(fixture.path, &st), 0);
    assert_true(fixture.dependencies.is_complete);
    assert_int_equal(fixture.dependencies.count, 1);
    assert_string_equal(file->path, fixture.path);
    assert_int_equal(file->dev, st.st_dev);
    assert_int_equal(file->ino, st.st_ino);
    assert_int_equal(file->size, 3);
    assert_true(file->mtime_ns == INT64_C(1700000000123456789));
    assert_true(file->ctime_ns == (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
    assert_true(hold(&fixture.dependencies));
}

static void add_of_an_absent_file_is_all_zero(void **state)
{
    const char *const names[] = {"absent", "absent/too", "keys/below-a-file"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        const struct lwc_dependency *file = NULL;

        print_message("%s\n", names[i]);
        errno = 0;
        add(names[i]);
        file = &fixture.dependencies.file[i];
        assert_int_equal(errno, 0);
        assert_true(fixture.dependencies.is_complete);
        assert_int_equal(fixture.dependencies.count, i + 1);
        assert_true(file->dev == 0 && file->ino == 0 && file->size == 0 && file->mtime_ns == 0 &&
                    file->ctime_ns == 0);
    }
    assert_true(hold(&fixture.dependencies));
}

static void add_of_the_same_path_keeps_the_first_look(void **state)
{
    (void)state;
    add("keys");
    tmpdir_write(fixture.dir, "keys", "longer", 6, 0600);
    add("keys");
    assert_int_equal(fixture.dependencies.count, 1);
    assert_true(fixture.dependencies.is_complete);
    assert_int_equal(fixture.dependencies.file[0].size, 3);
    assert_false(hold(&fixture.dependencies));
}

static void add_of_the_same_path_to_a_full_list_stays_complete(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i < LWC_DEPENDENCIES_MAX; i++) {
        (void)snprintf(name, sizeof name, "file%d", i);
        add(name);
    }
    add("file0");
    assert_int_equal(fixture.dependencies.count, LWC_DEPENDENCIES_MAX);
    assert_true(fixture.dependencies.is_complete);
    add("one-too-many");
    assert_int_equal(fixture.dependencies.count, LWC_DEPENDENCIES_MAX);
    assert_false(fixture.dependencies.is_complete);
    assert_false(hold(&fixture.dependencies));
}

static void add_of_an_unfit_path_is_incomplete(void **state)
{
    char longest[LWC_DEPENDENCY_PATH_MAX + 2];
    const struct {
        const char *name;
        const char *path;
        bool fits;
    } cases[] = {
        {"absolute", "/absent", true}, {"empty", "", false},       {"relative", "keys", false},
        {"dot", "./keys", false},      {"longest", longest, true}, {"too long", longest, false},
    };

    (void)state;
    memset(longest, '/', sizeof longest);
    longest[LWC_DEPENDENCY_PATH_MAX + 1] = '\0';
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        longest[LWC_DEPENDENCY_PATH_MAX] = cases[i].fits ? '\0' : '/';
        lwc_dependencies_reset(&fixture.dependencies);
        lwc_dependencies_add(&fixture.dependencies, cases[i].path);
        assert_int_equal(fixture.dependencies.is_complete, cases[i].fits);
        assert_int_equal(fixture.dependencies.count, cases[i].fits ? 1 : 0);
        assert_int_equal(hold(&fixture.dependencies), cases[i].fits);
    }
}

static void stat_that_fails_is_incomplete_and_does_not_hold(void **state)
{
    static const int errors[] = {EACCES, EIO, ELOOP, ENAMETOOLONG, ENOMEM, ESTALE};
    struct lwc_dependencies failed = {.file = NULL};

    (void)state;
    add("absent");
    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        print_message("%s\n", strerror(errors[i]));
        lwc_dependencies_reset(&failed);
        stat_errno = errors[i];
        lwc_dependencies_add(&failed, fixture.path);
        assert_false(failed.is_complete);
        assert_int_equal(failed.count, 0);
        assert_false(hold(&fixture.dependencies));
        stat_errno = 0;
        assert_false(hold(&failed));
        assert_true(hold(&fixture.dependencies));
    }
    lwc_dependencies_clear(&failed);
}

/* Changes of the file "keys". */

static void change_remove(void)
{
    assert_int_equal(unlink(fixture.path), 0);
}

static void change_size(void)
{
    tmpdir_write(fixture.dir, "keys", "longer", 6, 0600);
}

/* Time stamps may be as coarse as the timer's tick: the change is given one of its own. */
static void change_content(void)
{
    tmpdir_write(fixture.dir, "keys", "two", 3, 0600);
    set_mtime(fixture.path, 1700000001, 0);
}

static void change_mtime(void)
{
    set_mtime(fixture.path, 1700000000, 1);
}

static void change_for_another(void)
{
    char other[TMPDIR_PATH_LEN];

    tmpdir_write(fixture.dir, "other", "one", 3, 0600);
    assert_int_equal(rename(tmpdir_join(fixture.dir, "other", other), fixture.path), 0);
    set_mtime(fixture.path, 1700000000, 0);
}

static void change_nothing(void)
{
    int fd = open(fixture.path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void hold_sees_every_change(void **state)
{
    static const struct {
        const char *name;
        void (*change)(void);
        bool holds;
    } cases[] = {
        {"nothing", change_nothing, true}, {"removed", change_remove, false},
        {"size", change_size, false},      {"content", change_content, false},
        {"mtime", change_mtime, false},    {"another file", change_for_another, false},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        tmpdir_write(fixture.dir, "keys", "one", 3, 0600);
        set_mtime(fixture.path, 1700000000, 0);
        lwc_dependencies_reset(&fixture.dependencies);
        add("absent");
        add("keys");
        cases[i].change();
        assert_int_equal(hold(&fixture.dependencies), cases[i].holds);
    }
}

static void hold_sees_each_member(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } cases[] = {
        {"dev", offsetof(struct lwc_dependency, dev)},
        {"ino", offsetof(struct lwc_dependency, ino)},
        {"size", offsetof(struct lwc_dependency, size)},
        {"mtime", offsetof(struct lwc_dependency, mtime_ns)},
        {"ctime", offsetof(struct lwc_dependency, ctime_ns)},
    };

    (void)state;
    add("keys");
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        uint8_t *at = (uint8_t *)fixture.dependencies.file + cases[i].offset;

        print_message("%s\n", cases[i].name);
        *at ^= 1;
        assert_false(hold(&fixture.dependencies));
        *at ^= 1;
        assert_true(hold(&fixture.dependencies));
    }
}

static void hold_sees_a_file_that_appears(void **state)
{
    (void)state;
    add("later");
    assert_true(hold(&fixture.dependencies));
    tmpdir_write(fixture.dir, "later", "", 0, 0600);
    assert_false(hold(&fixture.dependencies));
}

static void hold_follows_links(void **state)
{
    char link[TMPDIR_PATH_LEN];

    (void)state;
    (void)tmpdir_join(fixture.dir, "link", link);
    tmpdir_write(fixture.dir, "other", "one", 3, 0600);
    assert_int_equal(symlink("keys", link), 0);
    add("link");
    assert_int_equal(fixture.dependencies.file[0].size, 3);
    assert_true(hold(&fixture.dependencies));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("other", link), 0);
    assert_false(hold(&fixture.dependencies));
}

/* A rewrite within the tick of the last one would leave the same time behind. */
static void add_of_a_file_that_just_changed_looks_again(void **state)
{
    (void)state;
    restless = 1;
    add("keys");
    assert_int_equal(restless, 0);
    assert_true(fixture.dependencies.is_complete);
    assert_true(hold(&fixture.dependencies));
}

static void add_of_a_file_that_never_rests_is_incomplete(void **state)
{
    (void)state;
    restless = 1000;
    add("keys");
    assert_false(fixture.dependencies.is_complete);
    assert_int_equal(fixture.dependencies.count, 0);
}

static void add_leaves_no_time_that_a_rewrite_could_have(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        tmpdir_write(fixture.dir, "keys", "one", 3, 0600);
        lwc_dependencies_reset(&fixture.dependencies);
        add("keys");
        tmpdir_write(fixture.dir, "keys", "two", 3, 0600);
        assert_false(hold(&fixture.dependencies));
    }
}

static void add_of_a_file_from_the_future_is_complete(void **state)
{
    (void)state;
    set_mtime(fixture.path, 4000000000, 0);
    add("keys");
    assert_true(fixture.dependencies.is_complete);
    assert_true(hold(&fixture.dependencies));
}

static void note(const char *name)
{
    lwc_dependencies_note(&fixture.dependencies, name, getenv(name));
}

static void noted_setting_holds_while_it_stays(void **state)
{
    static const char *const values[] = {"red", "", NULL};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(values); i++) {
        struct lwc_dependencies noted = {.file = NULL};

        print_message("%s\n", values[i] != NULL ? values[i] : "none");
        unsetenv("TEAM");
        if (values[i] != NULL) {
            setenv("TEAM", values[i], 1);
        }
        lwc_dependencies_reset(&noted);
        lwc_dependencies_note(&noted, "TEAM", getenv("TEAM"));
        assert_true(noted.is_complete);
        for (size_t j = 0; j < LWC_ARRAY_LEN(values); j++) {
            unsetenv("TEAM");
            if (values[j] != NULL) {
                setenv("TEAM", values[j], 1);
            }
            assert_int_equal(hold(&noted), i == j);
        }
        lwc_dependencies_clear(&noted);
    }
    unsetenv("TEAM");
}

static void noted_settings_outlive_a_reset_and_a_copy(void **state)
{
    struct lwc_dependencies copy = {.file = NULL};

    (void)state;
    setenv("TEAM", "red", 1);
    note("TEAM");
    note("TEAM");
    add("keys");
    lwc_dependencies_reset(&fixture.dependencies);
    add("later");
    assert_int_equal(fixture.dependencies.variable_count, 1);
    assert_true(lwc_dependencies_copy(&fixture.dependencies, &copy));
    lwc_dependencies_clear(&fixture.dependencies);
    assert_int_equal(copy.count, 1);
    assert_true(hold(&copy));
    setenv("TEAM", "blue", 1);
    assert_false(hold(&copy));
    unsetenv("TEAM");
    lwc_dependencies_clear(&copy);
}

static void merge_adds_what_is_not_known(void **state)
{
    struct lwc_dependencies other = {.file = NULL};

    (void)state;
    setenv("TEAM", "red", 1);
    add("keys");
    lwc_dependencies_reset(&other);
    lwc_dependencies_note(&other, "TEAM", "red");
    assert_true(lwc_dependencies_merge(&other, &fixture.dependencies));
    assert_true(lwc_dependencies_merge(&other, &fixture.dependencies));
    assert_int_equal(other.count, 1);
    assert_int_equal(other.variable_count, 1);
    assert_true(lwc_dependencies_merge(&fixture.dependencies, &other));
    assert_int_equal(fixture.dependencies.count, 1);
    assert_int_equal(fixture.dependencies.variable_count, 1);
    tmpdir_write(fixture.dir, "keys", "longer", 6, 0600);
    assert_false(hold(&other));
    lwc_dependencies_clear(&other);
    unsetenv("TEAM");
}

static void merge_into_a_full_list_fails(void **state)
{
    struct lwc_dependencies other = {.file = NULL};
    char name[16];

    (void)state;
    lwc_dependencies_reset(&other);
    for (int i = 0; i < LWC_DEPENDENCIES_MAX; i++) {
        (void)snprintf(name, sizeof name, "file%d", i);
        add(name);
    }
    lwc_dependencies_add(&other, "/another");
    assert_false(lwc_dependencies_merge(&fixture.dependencies, &other));
    lwc_dependencies_clear(&other);
}

static void setting_that_changes_under_a_backend_is_incomplete_for_good(void **state)
{
    (void)state;
    setenv("TEAM", "red", 1);
    note("TEAM");
    setenv("TEAM", "blue", 1);
    note("TEAM");
    assert_false(fixture.dependencies.is_complete);
    lwc_dependencies_reset(&fixture.dependencies);
    assert_false(fixture.dependencies.is_complete);
    unsetenv("TEAM");
}

static void unfit_or_too_many_settings_are_incomplete(void **state)
{
    char name[LWC_VARIABLE_NAME_MAX + 2];

    (void)state;
    memset(name, 'N', sizeof name - 1);
    name[LWC_VARIABLE_NAME_MAX] = '\0';
    note(name);
    for (int i = 1; i < LWC_VARIABLES_MAX; i++) {
        (void)snprintf(name, sizeof name, "NAME%d", i);
        note(name);
    }
    assert_true(fixture.dependencies.is_complete);
    note("NAME1");
    assert_true(fixture.dependencies.is_complete);
    note("ONE_TOO_MANY");
    assert_false(fixture.dependencies.is_complete);
    lwc_dependencies_clear(&fixture.dependencies);
    lwc_dependencies_reset(&fixture.dependencies);
    memset(name, 'N', sizeof name - 1);
    name[LWC_VARIABLE_NAME_MAX + 1] = '\0';
    note(name);
    assert_false(fixture.dependencies.is_complete);
    lwc_dependencies_clear(&fixture.dependencies);
    lwc_dependencies_reset(&fixture.dependencies);
    note("");
    assert_false(fixture.dependencies.is_complete);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reset_makes_an_empty_complete_list),
        TEST(add_remembers_what_stat_says),
        TEST(add_of_an_absent_file_is_all_zero),
        TEST(add_of_the_same_path_keeps_the_first_look),
        TEST(add_of_the_same_path_to_a_full_list_stays_complete),
        TEST(add_of_an_unfit_path_is_incomplete),
        TEST(stat_that_fails_is_incomplete_and_does_not_hold),
        TEST(hold_sees_every_change),
        TEST(hold_sees_each_member),
        TEST(hold_sees_a_file_that_appears),
        TEST(hold_follows_links),
        TEST(add_of_a_file_that_just_changed_looks_again),
        TEST(add_of_a_file_that_never_rests_is_incomplete),
        TEST(add_leaves_no_time_that_a_rewrite_could_have),
        TEST(add_of_a_file_from_the_future_is_complete),
        TEST(noted_setting_holds_while_it_stays),
        TEST(noted_settings_outlive_a_reset_and_a_copy),
        TEST(merge_adds_what_is_not_known),
        TEST(merge_into_a_full_list_fails),
        TEST(setting_that_changes_under_a_backend_is_incomplete_for_good),
        TEST(unfit_or_too_many_settings_are_incomplete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
