/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/path.h"
#include "plugins/helper/journal.h"
#include "plugins/helper/journal_text.h"
#include "tests/support/tmpdir.h"

static int setup(void **state)
{
    const struct tmpdir *dir = NULL;

    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    dir = *state;
    return setenv("XDG_STATE_HOME", dir->path, 1);
}

static int64_t in_ms(int64_t ms)
{
    return lwc_clock_boot_ms(lwc_clock_system()) + ms;
}

static enum lwc_code try_open(const char *name, struct lwc_error *err)
{
    LWC_AUTO_JOURNAL journal = NULL;

    return lwc_journal_open("import", name, in_ms(20000), &journal, err);
}

/* The only file of a journal, below the state directory. */
static char *find_file(const struct tmpdir *dir, char path_out[TMPDIR_PATH_LEN])
{
    char command[TMPDIR_PATH_LEN + 64];
    FILE *found = NULL;
    size_t len = 0;

    (void)snprintf(command, sizeof command, "ls -d '%s'/lwcred/*.journal", dir->path);
    found = popen(command, "r");
    assert_non_null(found);
    assert_non_null(fgets(path_out, TMPDIR_PATH_LEN, found));
    assert_int_equal(pclose(found), 0);
    len = strlen(path_out);
    path_out[len - 1] = '\0';
    return path_out;
}

static void write_one(const char *name, const char *step, const char *profile)
{
    LWC_AUTO_JOURNAL journal = NULL;

    assert_int_equal(lwc_journal_open("import", name, in_ms(20000), &journal, NULL), LWC_OK);
    assert_int_equal(lwc_journal_set(journal, "profile", profile, NULL), LWC_OK);
    assert_int_equal(lwc_journal_write(journal, step, NULL), LWC_OK);
}

static void steps_outlive_the_process_that_wrote_them(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_JOURNAL journal = NULL;
    char path[TMPDIR_PATH_LEN];
    struct stat st;

    assert_int_equal(lwc_journal_open("import", "/a b", in_ms(20000), &journal, NULL), LWC_OK);
    assert_string_equal(lwc_journal_step(journal), "");
    assert_null(lwc_journal_field(journal, "profile"));
    lwc_journal_close(&journal);
    assert_int_equal(tmpdir_count(dir, "lwcred"), 0);

    write_one("/a b", "stored", "prod");
    assert_int_equal(stat(find_file(dir, path), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(lwc_journal_open("import", "/a b", in_ms(20000), &journal, NULL), LWC_OK);
    assert_string_equal(lwc_journal_step(journal), "stored");
    assert_string_equal(lwc_journal_field(journal, "profile"), "prod");
    assert_int_equal(lwc_journal_set(journal, "profile", NULL, NULL), LWC_OK);
    assert_null(lwc_journal_field(journal, "profile"));
    assert_int_equal(lwc_journal_finish(journal, NULL), LWC_OK);
    assert_string_equal(lwc_journal_step(journal), "");
    assert_int_equal(lwc_journal_finish(journal, NULL), LWC_OK);
    lwc_journal_close(&journal);
    assert_int_equal(tmpdir_count(dir, "lwcred"), 0);
}

static void other_names_and_operations_are_other_journals(void **state)
{
    struct tmpdir *dir = *state;
    LWC_AUTO_JOURNAL other = NULL;

    write_one("a", "stored", "prod");
    assert_int_equal(lwc_journal_open("import", "b", in_ms(20000), &other, NULL), LWC_OK);
    assert_string_equal(lwc_journal_step(other), "");
    lwc_journal_close(&other);
    assert_int_equal(lwc_journal_open("rename", "a", in_ms(20000), &other, NULL), LWC_OK);
    assert_string_equal(lwc_journal_step(other), "");
    assert_true(tmpdir_count(dir, "lwcred") > 0);
}

static void a_second_process_waits_and_is_refused_in_the_end(void **state)
{
    LWC_AUTO_JOURNAL journal = NULL;
    pid_t child = -1;
    int status = 0;

    (void)state;
    assert_int_equal(lwc_journal_open("import", "a", in_ms(20000), &journal, NULL), LWC_OK);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct lwc_journal *mine = NULL;
        struct lwc_error err = {0};
        const enum lwc_code code = lwc_journal_open("import", "a", in_ms(50), &mine, &err);

        lwc_journal_close(&mine);
        _exit(code == LWC_E_BUSY && strstr(err.msg, "'import' of 'a' is under way") != NULL ? 0
                                                                                            : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    /* The next one goes on where this one ends, although the lock's file is removed. */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct lwc_journal *mine = NULL;
        const enum lwc_code code = lwc_journal_open("import", "a", in_ms(60000), &mine, NULL);

        lwc_journal_close(&mine);
        _exit((int)code);
    }
    lwc_journal_close(&journal);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void damage_is_named_and_never_obeyed(void **state)
{
    static const struct {
        const char *text;
        enum lwc_code code;
        const char *word;
    } cases[] = {
        {"", LWC_E_CORRUPT, "line 1"},
        {"nonsense\n", LWC_E_CORRUPT, "line 1"},
        {"lwcred-journal 2\nx\n", LWC_E_TOO_NEW, "newer"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\n", LWC_E_CORRUPT, "line 5"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\nend", LWC_E_CORRUPT, "line 5"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\nend\n\n", LWC_E_CORRUPT, "more"},
        {"lwcred-journal 1\noperation import\nname a\nstep X\nend\n", LWC_E_CORRUPT, "line 4"},
        {"lwcred-journal 1\noperation import\nstep x\nend\n", LWC_E_CORRUPT, "line 3"},
        {"lwcred-journal 1\noperation import\nname b\nstep x\nend\n", LWC_E_CORRUPT, "else"},
        {"lwcred-journal 1\noperation rename\nname a\nstep x\nend\n", LWC_E_CORRUPT, "else"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\nfield p q\nfield p r\nend\n",
         LWC_E_CORRUPT, "twice"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\nfield p\nend\n", LWC_E_CORRUPT,
         "line 5"},
        {"lwcred-journal 1\noperation import\nname a\nstep x\nfield p a\tb\nend\n", LWC_E_CORRUPT,
         "line 5"},
        {"lwcred-journal 1\r\n", LWC_E_CORRUPT, "line 1"},
    };
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    write_one("a", "stored", "prod");
    find_file(dir, path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_error err = {0};

        tmpdir_write(dir, path + strlen(dir->path) + 1, cases[i].text, strlen(cases[i].text), 0600);
        assert_int_equal(try_open("a", &err), cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].word));
        assert_non_null(strstr(err.msg, path));
        assert_true(cases[i].code != LWC_E_CORRUPT || strstr(err.hint, "rm '") != NULL);
        tmpdir_assert_text(dir, path + strlen(dir->path) + 1, cases[i].text);
    }
}

static void fields_are_capped_and_lines(void **state)
{
    LWC_AUTO_JOURNAL journal = NULL;
    char name[32];
    char *longest = malloc(LWC_JOURNAL_VALUE_MAX + 2);

    (void)state;
    assert_non_null(longest);
    memset(longest, 'x', LWC_JOURNAL_VALUE_MAX + 1);
    longest[LWC_JOURNAL_VALUE_MAX + 1] = '\0';
    assert_int_equal(lwc_journal_open("import", "a", in_ms(20000), &journal, NULL), LWC_OK);
    assert_int_equal(lwc_journal_set(journal, "p", longest, NULL), LWC_E_INVALID);
    longest[LWC_JOURNAL_VALUE_MAX] = '\0';
    for (int i = 0; i < LWC_JOURNAL_FIELDS_MAX; i++) {
        (void)snprintf(name, sizeof name, "field-%d", i);
        assert_int_equal(lwc_journal_set(journal, name, longest, NULL), LWC_OK);
    }
    assert_int_equal(lwc_journal_set(journal, "p", "q", NULL), LWC_E_INVALID);
    assert_int_equal(lwc_journal_set(journal, "field-1", "", NULL), LWC_OK);
    assert_int_equal(lwc_journal_set(journal, "field-2", "a\nb", NULL), LWC_E_INVALID);
    assert_int_equal(lwc_journal_set(journal, "Field", "a", NULL), LWC_E_INVALID);
    assert_int_equal(lwc_journal_write(journal, "", NULL), LWC_E_INVALID);
    assert_int_equal(lwc_journal_write(journal, "all", NULL), LWC_OK);
    lwc_journal_close(&journal);
    assert_int_equal(lwc_journal_open("import", "a", in_ms(20000), &journal, NULL), LWC_OK);
    assert_string_equal(lwc_journal_field(journal, "field-1"), "");
    assert_string_equal(lwc_journal_field(journal, "field-31"), longest);
    free(longest);
    assert_int_equal(lwc_journal_open("Import", "a", in_ms(0), &journal, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_journal_open("import", "a\nb", in_ms(0), &journal, NULL), LWC_E_INVALID);
}

static void a_file_that_others_could_have_made_is_unsafe(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char real[TMPDIR_PATH_LEN];
    char lwcred[TMPDIR_PATH_LEN];

    write_one("a", "stored", "prod");
    find_file(dir, path);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(try_open("a", NULL), LWC_OK);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
        assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    }
    tmpdir_join(dir, "real", real);
    assert_int_equal(rename(path, real), 0);
    assert_int_equal(symlink(real, path), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(real, path), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
    assert_int_equal(rmdir(path), 0);
    tmpdir_join(dir, "lwcred", lwcred);
    assert_int_equal(chmod(lwcred, 0755), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
    assert_int_equal(chmod(lwcred, 0700), 0);
}

static void a_lock_that_is_a_link_is_unsafe(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    write_one("a", "stored", "prod");
    find_file(dir, path);
    (void)strcpy(strrchr(path, '.'), ".lock");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_UNSAFE);
}

static void a_home_that_does_not_exist_is_not_made(void **state)
{
    struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;

    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    assert_int_equal(setenv("HOME", tmpdir_join(dir, "nowhere", path), 1), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    tmpdir_mkdir(dir, "nowhere", 0700);
    assert_int_equal(try_open("a", NULL), LWC_OK);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(try_open("a", NULL), LWC_E_INVALID);
    if (home != NULL) {
        assert_int_equal(setenv("HOME", home, 1), 0);
    }
    free(home);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(steps_outlive_the_process_that_wrote_them),
        WITH_DIR(other_names_and_operations_are_other_journals),
        WITH_DIR(a_second_process_waits_and_is_refused_in_the_end),
        WITH_DIR(damage_is_named_and_never_obeyed),
        WITH_DIR(fields_are_capped_and_lines),
        WITH_DIR(a_file_that_others_could_have_made_is_unsafe),
        WITH_DIR(a_lock_that_is_a_link_is_unsafe),
        WITH_DIR(a_home_that_does_not_exist_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
