/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/tmpdir.h"
#include "token/witness.h"

/* If not 0, stat() fails with it. */
static int stat_errno;

int __wrap_stat(const char *path, struct stat *st);
int __real_stat(const char *path, struct stat *st);

int __wrap_stat(const char *path, struct stat *st)
{
    if (stat_errno != 0) {
        errno = stat_errno;
        return -1;
    }
    return __real_stat(path, st);
}

struct bench {
    struct tmpdir *dir;
    struct lwc_witnesses witnesses;
    char path[TMPDIR_PATH_LEN]; /* of the file "keys", which is there */
};

static struct bench bench;

static int setup(void **state)
{
    stat_errno = 0;
    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    bench.dir = *state;
    tmpdir_write(bench.dir, "keys", "one", 3, 0600);
    (void)tmpdir_join(bench.dir, "keys", bench.path);
    bench.witnesses = (struct lwc_witnesses){.file = NULL};
    lwc_witnesses_reset(&bench.witnesses);
    /* From here on its files stay where they are, and tests point at them. */
    return lwc_witnesses_next(&bench.witnesses) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    stat_errno = 0;
    lwc_witnesses_clear(&bench.witnesses);
    return tmpdir_teardown(state);
}

static void add(const char *name)
{
    char path[TMPDIR_PATH_LEN];

    lwc_witnesses_add(&bench.witnesses, tmpdir_join(bench.dir, name, path));
}

static void set_mtime(const char *path, time_t s, long ns)
{
    const struct timespec times[2] = {{.tv_sec = s, .tv_nsec = ns}, {.tv_sec = s, .tv_nsec = ns}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void reset_makes_an_empty_complete_list(void **state)
{
    struct lwc_witnesses witnesses = {.count = 1};

    (void)state;
    lwc_witnesses_reset(&witnesses);
    assert_int_equal(witnesses.count, 0);
    assert_true(witnesses.is_complete);
    assert_true(lwc_witnesses_hold(&witnesses));
}

static void add_remembers_what_stat_says(void **state)
{
    const struct lwc_witness *file = &bench.witnesses.file[0];
    struct stat st;

    (void)state;
    set_mtime(bench.path, 1700000000, 123456789);
    add("keys");
    assert_int_equal(stat(bench.path, &st), 0);
    assert_true(bench.witnesses.is_complete);
    assert_int_equal(bench.witnesses.count, 1);
    assert_string_equal(file->path, bench.path);
    assert_int_equal(file->dev, st.st_dev);
    assert_int_equal(file->ino, st.st_ino);
    assert_int_equal(file->size, 3);
    assert_true(file->mtime_ns == INT64_C(1700000000123456789));
    assert_true(file->ctime_ns == (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
    assert_true(lwc_witnesses_hold(&bench.witnesses));
}

static void add_of_an_absent_file_is_all_zero(void **state)
{
    const char *const names[] = {"absent", "absent/too", "keys/below-a-file"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        const struct lwc_witness *file = &bench.witnesses.file[i];

        print_message("%s\n", names[i]);
        errno = 0;
        add(names[i]);
        assert_int_equal(errno, 0);
        assert_true(bench.witnesses.is_complete);
        assert_int_equal(bench.witnesses.count, i + 1);
        assert_true(file->dev == 0 && file->ino == 0 && file->size == 0 && file->mtime_ns == 0 &&
                    file->ctime_ns == 0);
    }
    assert_true(lwc_witnesses_hold(&bench.witnesses));
}

static void add_of_the_same_path_keeps_the_first_look(void **state)
{
    (void)state;
    add("keys");
    tmpdir_write(bench.dir, "keys", "longer", 6, 0600);
    add("keys");
    assert_int_equal(bench.witnesses.count, 1);
    assert_true(bench.witnesses.is_complete);
    assert_int_equal(bench.witnesses.file[0].size, 3);
    assert_false(lwc_witnesses_hold(&bench.witnesses));
}

static void add_of_the_same_path_to_a_full_list_stays_complete(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i < LWC_WITNESSES_MAX; i++) {
        (void)snprintf(name, sizeof name, "file%d", i);
        add(name);
    }
    add("file0");
    assert_int_equal(bench.witnesses.count, LWC_WITNESSES_MAX);
    assert_true(bench.witnesses.is_complete);
    add("one-too-many");
    assert_int_equal(bench.witnesses.count, LWC_WITNESSES_MAX);
    assert_false(bench.witnesses.is_complete);
    assert_false(lwc_witnesses_hold(&bench.witnesses));
}

static void add_of_an_unfit_path_is_incomplete(void **state)
{
    char longest[LWC_WITNESS_PATH_MAX + 2];
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
    longest[LWC_WITNESS_PATH_MAX + 1] = '\0';
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        longest[LWC_WITNESS_PATH_MAX] = cases[i].fits ? '\0' : '/';
        lwc_witnesses_reset(&bench.witnesses);
        lwc_witnesses_add(&bench.witnesses, cases[i].path);
        assert_int_equal(bench.witnesses.is_complete, cases[i].fits);
        assert_int_equal(bench.witnesses.count, cases[i].fits ? 1 : 0);
        assert_int_equal(lwc_witnesses_hold(&bench.witnesses), cases[i].fits);
    }
}

static void stat_that_fails_is_incomplete_and_does_not_hold(void **state)
{
    static const int errors[] = {EACCES, EIO, ELOOP, ENAMETOOLONG, ENOMEM, ESTALE};
    struct lwc_witnesses failed = {.file = NULL};

    (void)state;
    add("absent");
    for (size_t i = 0; i < LWC_ARRAY_LEN(errors); i++) {
        print_message("%s\n", strerror(errors[i]));
        lwc_witnesses_reset(&failed);
        stat_errno = errors[i];
        lwc_witnesses_add(&failed, bench.path);
        assert_false(failed.is_complete);
        assert_int_equal(failed.count, 0);
        assert_false(lwc_witnesses_hold(&bench.witnesses));
        stat_errno = 0;
        assert_false(lwc_witnesses_hold(&failed));
        assert_true(lwc_witnesses_hold(&bench.witnesses));
    }
    lwc_witnesses_clear(&failed);
}

/* What can happen to the file "keys". */

static void change_remove(void)
{
    assert_int_equal(unlink(bench.path), 0);
}

static void change_size(void)
{
    tmpdir_write(bench.dir, "keys", "longer", 6, 0600);
}

/* Time stamps may be as coarse as the timer's tick: the change is given one of its own. */
static void change_content(void)
{
    tmpdir_write(bench.dir, "keys", "two", 3, 0600);
    set_mtime(bench.path, 1700000001, 0);
}

static void change_mtime(void)
{
    set_mtime(bench.path, 1700000000, 1);
}

static void change_for_another(void)
{
    char other[TMPDIR_PATH_LEN];

    tmpdir_write(bench.dir, "other", "one", 3, 0600);
    assert_int_equal(rename(tmpdir_join(bench.dir, "other", other), bench.path), 0);
    set_mtime(bench.path, 1700000000, 0);
}

static void change_nothing(void)
{
    int fd = open(bench.path, O_RDONLY | O_CLOEXEC);

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
        tmpdir_write(bench.dir, "keys", "one", 3, 0600);
        set_mtime(bench.path, 1700000000, 0);
        lwc_witnesses_reset(&bench.witnesses);
        add("absent");
        add("keys");
        cases[i].change();
        assert_int_equal(lwc_witnesses_hold(&bench.witnesses), cases[i].holds);
    }
}

static void hold_sees_each_member(void **state)
{
    struct lwc_witness *file = &bench.witnesses.file[0];
    struct {
        const char *name;
        uint8_t *at;
    } cases[] = {
        {"dev", (uint8_t *)&file->dev},        {"ino", (uint8_t *)&file->ino},
        {"size", (uint8_t *)&file->size},      {"mtime", (uint8_t *)&file->mtime_ns},
        {"ctime", (uint8_t *)&file->ctime_ns},
    };

    (void)state;
    add("keys");
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        *cases[i].at ^= 1;
        assert_false(lwc_witnesses_hold(&bench.witnesses));
        *cases[i].at ^= 1;
        assert_true(lwc_witnesses_hold(&bench.witnesses));
    }
}

static void hold_sees_a_file_that_appears(void **state)
{
    (void)state;
    add("later");
    assert_true(lwc_witnesses_hold(&bench.witnesses));
    tmpdir_write(bench.dir, "later", "", 0, 0600);
    assert_false(lwc_witnesses_hold(&bench.witnesses));
}

static void hold_follows_links(void **state)
{
    char link[TMPDIR_PATH_LEN];

    (void)state;
    (void)tmpdir_join(bench.dir, "link", link);
    tmpdir_write(bench.dir, "other", "one", 3, 0600);
    assert_int_equal(symlink("keys", link), 0);
    add("link");
    assert_int_equal(bench.witnesses.file[0].size, 3);
    assert_true(lwc_witnesses_hold(&bench.witnesses));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("other", link), 0);
    assert_false(lwc_witnesses_hold(&bench.witnesses));
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
