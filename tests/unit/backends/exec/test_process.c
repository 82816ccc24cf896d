/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

#define SH "#!/bin/sh\n"

/* A run of a script in a directory of its own. */
struct trial {
    int64_t timeout_ms;
    const char *withheld;
    struct lwc_buf *answer;
    struct lwc_error err;
};

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return strcmp(name, "HOME") == 0 ? "/the/home" : NULL;
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 60000;
}

static enum lwc_code run_path(struct trial *trial, const char *path, const char *request)
{
    static const struct lwc_host host = {.setting = host_setting,
                                         .remaining_ms = host_remaining_ms};
    char name[TMPDIR_PATH_LEN];
    char operation[] = "get";
    char *argv[] = {name, operation, NULL};
    const struct lwc_process program = {
        .host = &host, .path = path, .argv = argv, .timeout_ms = trial->timeout_ms};
    LWC_AUTO_BUF out = NULL;

    snprintf(name, sizeof name, "%s", path);
    if (trial->answer == NULL) {
        assert_int_equal(lwc_buf_new(16, &trial->answer, NULL), LWC_OK);
    }
    assert_int_equal(lwc_buf_copy(request, strlen(request), &out, NULL), LWC_OK);
    memset(&trial->err, 0, sizeof trial->err);
    return lwc_process_run(&program, out, trial->withheld, trial->answer, &trial->err);
}

static enum lwc_code run_script(struct trial *trial, const struct tmpdir *dir, const char *script,
                                mode_t mode)
{
    char path[TMPDIR_PATH_LEN];

    tmpdir_write(dir, "helper", script, strlen(script), mode);
    return run_path(trial, tmpdir_join(dir, "helper", path), "host=h\n\n");
}

static void run_hands_over_the_request_and_nothing_else(void **state)
{
    static const char script[] =
        SH "cat; echo \"$1 $#\"; pwd; env | sed 's/=.*//' | sort | tr '\\n' ' '; echo\n"
           "ls -1 /proc/self/fd | tr '\\n' ' '; (exec </dev/tty) 2>/dev/null && echo terminal\n"
           "exit 0\n";
    struct trial trial = {.timeout_ms = 30000};
    int leaked = dup(STDIN_FILENO);

    assert_true(leaked > 2);
    assert_int_equal(run_script(&trial, *state, script, 0700), LWC_OK);
    assert_int_equal(close(leaked), 0);
    assert_string_equal(lwc_buf_text(trial.answer),
                        "host=h\n\nget 1\n/\nGIT_TERMINAL_PROMPT HOME PATH PWD \n0 1 2 3 ");
    lwc_buf_free(&trial.answer);
}

static void run_that_goes_wrong_says_how(void **state)
{
    static const struct {
        const char *script;
        mode_t mode;
        enum lwc_code code;
        const char *reason;
    } cases[] = {
        {SH "exit 1\n", 0700, LWC_E_FAILED, "it failed with exit status 1"},
        {SH "echo 'no \033[31mbus' >&2; echo more >&2; exit 3\n", 0700, LWC_E_FAILED,
         "exit status 3: no \\x1b[31mbus"},
        {SH "echo 'got s3cret' >&2; exit 3\n", 0700, LWC_E_FAILED, "exit status 3"},
        {SH "kill -SEGV $$\n", 0700, LWC_E_FAILED, "it crashed (SIGSEGV)"},
        {SH "echo password=s3cret; kill -KILL $$\n", 0700, LWC_E_FAILED, "it crashed (SIGKILL)"},
        {SH "while :; do echo 0123456789012345678901234567890123456789; done\n", 0700,
         LWC_E_INVALID, "more than 81920 bytes"},
        {SH "exit 0\n", 0600, LWC_E_INVALID, "is not executable"},
        {SH "exit 0\n", 0702, LWC_E_UNSAFE, "can be written by others"},
        {SH "exit 0\n", 0720, LWC_E_UNSAFE, "can be written by others"},
        /* Under valgrind that is a crash: it cannot start them either. */
        {"#!/no/such/interpreter\n", 0700, LWC_E_FAILED, "helper'"},
        {"no program", 0700, LWC_E_FAILED, "helper'"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trial trial = {.timeout_ms = 30000, .withheld = "s3cret"};

        print_message("%zu: %s\n", i, cases[i].reason);
        assert_int_equal(run_script(&trial, *state, cases[i].script, cases[i].mode), cases[i].code);
        assert_non_null(strstr(trial.err.msg, cases[i].reason));
        assert_null(strstr(trial.err.msg, "s3cret"));
        lwc_buf_free(&trial.answer);
    }
}

/* Both the program and what it started are gone when the call returns: the answer ends in time. */
static void run_that_hangs_is_ended_with_its_group(void **state)
{
    static const char *const scripts[] = {
        SH "sleep 1000\n",
        SH "sleep 1000 & sleep 1000\n",
        SH "trap '' TERM INT HUP; echo password=x; while :; do sleep 1000; done\n",
        SH "exec >&- 2>&- <&-; sleep 1000\n",
    };

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct trial trial = {.timeout_ms = 300};

        assert_int_equal(run_script(&trial, *state, scripts[i], 0700), LWC_E_FAILED);
        assert_non_null(strstr(trial.err.msg, "did not answer in time"));
        lwc_buf_free(&trial.answer);
    }
}

static bool is_running(long pid)
{
    char path[64];
    char state = 'X';
    bool is_known = false;
    FILE *file = NULL;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    file = fopen(path, "re");
    if (file != NULL) {
        is_known = fscanf(file, "%*d %*s %c", &state) == 1;
        (void)fclose(file);
    }
    return is_known && state != 'X' && state != 'Z';
}

static void run_that_leaves_a_daemon_behind_is_answered_and_the_daemon_ended(void **state)
{
    static const char script[] = SH "sleep 20 & echo $! >\"$0.pid\"; echo password=x\n";
    struct trial trial = {.timeout_ms = 15000};
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    long pid = 0;
    FILE *file = NULL;

    assert_int_equal(run_script(&trial, dir, script, 0700), LWC_OK);
    assert_string_equal(lwc_buf_text(trial.answer), "password=x\n");
    lwc_buf_free(&trial.answer);
    file = fopen(tmpdir_join(dir, "helper.pid", path), "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pid), 1);
    assert_int_equal(fclose(file), 0);
    assert_true(pid > 1);
    /* Its end is init's to see; until then it is a zombie. */
    for (int tries = 0; tries < 200 && is_running(pid); tries++) {
        (void)usleep(50000);
    }
    assert_false(is_running(pid));
}

/* More than a socket holds, to a program that reads none of it. */
static void run_that_reads_nothing_is_no_failure(void **state)
{
    static char request[1024 * 1024];
    struct trial trial = {.timeout_ms = 30000};
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    memset(request, 'a', sizeof request - 1);
    tmpdir_write(dir, "helper", SH "echo password=x\n", strlen(SH "echo password=x\n"), 0700);
    assert_int_equal(run_path(&trial, tmpdir_join(dir, "helper", path), request), LWC_OK);
    assert_string_equal(lwc_buf_text(trial.answer), "password=x\n");
    lwc_buf_free(&trial.answer);
}

static void run_of_what_is_no_program_is_refused(void **state)
{
    const struct tmpdir *dir = *state;
    struct trial trial = {.timeout_ms = 30000};
    char path[TMPDIR_PATH_LEN];

    tmpdir_mkdir(dir, "sub", 0777);
    tmpdir_write(dir, "sub/helper", SH, strlen(SH), 0700);
    assert_int_equal(run_path(&trial, "/no/such/helper", ""), LWC_E_UNAVAILABLE);
    assert_non_null(strstr(trial.err.msg, "'/no/such/helper' is not installed"));
    assert_int_equal(run_path(&trial, dir->path, ""), LWC_E_INVALID);
    assert_int_equal(mkfifo(tmpdir_join(dir, "fifo", path), 0700), 0);
    assert_int_equal(run_path(&trial, path, ""), LWC_E_INVALID);
    assert_int_equal(run_path(&trial, tmpdir_join(dir, "sub/helper", path), ""), LWC_E_UNSAFE);
    lwc_buf_free(&trial.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(run_hands_over_the_request_and_nothing_else, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(run_that_goes_wrong_says_how, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(run_that_hangs_is_ended_with_its_group, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(
            run_that_leaves_a_daemon_behind_is_answered_and_the_daemon_ended, tmpdir_setup,
            tmpdir_teardown),
        cmocka_unit_test_setup_teardown(run_that_reads_nothing_is_no_failure, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(run_of_what_is_no_program_is_refused, tmpdir_setup,
                                        tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
