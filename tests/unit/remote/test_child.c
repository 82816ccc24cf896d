/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/paths.h"
#include "module/module.h"
#include "tests/support/host_fixture.h"
#include "tests/support/tmpdir.h"

#define PROGRAM "lwcred-backend-host"

static struct lwc_child start(void)
{
    struct lwc_child child = LWC_CHILD_NONE;

    assert_int_equal(lwc_child_start(lwc_module_path, lwc_libexec_dir, PROGRAM, &child, NULL),
                     LWC_OK);
    assert_true(child.pid > 0);
    assert_true(lwc_child_is_idle(&child));
    return child;
}

static void an_ended_child_is_reaped_and_without_a_cause(void **state)
{
    struct lwc_child child = start();
    char cause[LWC_CHILD_CAUSE_LEN] = "x";
    pid_t pid = child.pid;

    (void)state;
    lwc_child_end(&child, cause);
    assert_string_equal(cause, "");
    assert_int_equal(child.pid, 0);
    assert_int_equal(child.fd, -1);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    lwc_child_end(&child, cause);
    assert_int_equal(host_fixture_children(), 0);
}

static void a_killed_child_is_not_idle_and_has_a_cause(void **state)
{
    struct lwc_child child = start();
    char cause[LWC_CHILD_CAUSE_LEN];

    (void)state;
    assert_int_equal(kill(child.pid, SIGKILL), 0);
    while (lwc_child_is_idle(&child)) {
        usleep(1000);
    }
    lwc_child_end(&child, cause);
    assert_string_equal(cause, "crashed (SIGKILL)");
    assert_int_equal(host_fixture_children(), 0);
}

static void a_stopped_child_is_killed(void **state)
{
    struct lwc_child child = start();

    (void)state;
    assert_int_equal(kill(child.pid, SIGSTOP), 0);
    lwc_child_end(&child, NULL);
    assert_int_equal(host_fixture_children(), 0);
}

static void a_child_that_somebody_else_reaped_is_no_trouble(void **state)
{
    struct lwc_child child = start();
    char cause[LWC_CHILD_CAUSE_LEN];

    (void)state;
    assert_int_equal(kill(child.pid, SIGKILL), 0);
    assert_int_equal(waitpid(-1, NULL, 0), child.pid);
    lwc_child_end(&child, cause);
    assert_string_equal(cause, "");
}

static void a_program_that_ignores_sigchld_is_no_trouble(void **state)
{
    struct sigaction before;
    struct sigaction after;
    struct lwc_child child;

    (void)state;
    (void)signal(SIGCHLD, SIG_IGN);
    assert_int_equal(sigaction(SIGCHLD, NULL, &before), 0);
    child = start();
    lwc_child_end(&child, NULL);
    assert_int_equal(sigaction(SIGCHLD, NULL, &after), 0);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    assert_int_equal(host_fixture_children(), 0);
    (void)signal(SIGCHLD, SIG_DFL);
}

/* The kernel tells a child when the thread that started it ends, not only the process. */
static void *start_in_thread(void *data)
{
    *(struct lwc_child *)data = start();
    return NULL;
}

static void the_end_of_the_thread_that_started_it_is_not_its_end(void **state)
{
    struct lwc_child child;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, start_in_thread, &child), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    usleep(200000);
    assert_true(lwc_child_is_idle(&child));
    lwc_child_end(&child, NULL);
}

/* In a process of its own, for its descriptors are closed. */
static void closed_standard_descriptors_are_no_trouble(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        struct lwc_child child = LWC_CHILD_NONE;
        char cause[LWC_CHILD_CAUSE_LEN];

        for (int fd = 0; fd < 3; fd++) {
            (void)close(fd);
        }
        if (lwc_child_start(lwc_module_path, lwc_libexec_dir, PROGRAM, &child, NULL) != LWC_OK) {
            _exit(1);
        }
        usleep(100000);
        if (!lwc_child_is_idle(&child)) {
            _exit(2);
        }
        if (child.fd <= STDERR_FILENO || fcntl(STDIN_FILENO, F_GETFD) >= 0 ||
            (fcntl(child.fd, F_GETFD) & FD_CLOEXEC) == 0) {
            _exit(4);
        }
        lwc_child_end(&child, cause);
        _exit(cause[0] != '\0' ? 3 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void copy_program(const struct tmpdir *dir, mode_t mode)
{
    static char bytes[16 * 1024 * 1024];
    char path[TMPDIR_PATH_LEN];
    FILE *from = NULL;
    size_t len = 0;

    (void)snprintf(path, sizeof path, "%s/" PROGRAM, lwc_libexec_dir);
    from = fopen(path, "re");
    assert_non_null(from);
    len = fread(bytes, 1, sizeof bytes, from);
    assert_true(len > 0 && len < sizeof bytes);
    assert_int_equal(fclose(from), 0);
    tmpdir_write(dir, PROGRAM, bytes, len, mode);
}

static void what_is_no_trusted_program_is_not_started(void **state)
{
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];
    struct lwc_child child = LWC_CHILD_NONE;
    struct lwc_error err = {0};

    assert_int_equal(lwc_child_start(lwc_module_path, dir->path, PROGRAM, &child, &err),
                     LWC_E_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "is not installed"));
    copy_program(dir, 0777);
    assert_int_equal(lwc_child_start(lwc_module_path, dir->path, PROGRAM, &child, &err),
                     LWC_E_UNSAFE);
    assert_int_equal(chmod(tmpdir_join(dir, PROGRAM, path), 0644), 0);
    assert_int_equal(lwc_child_start(lwc_module_path, dir->path, PROGRAM, &child, &err),
                     LWC_E_FAILED);
    assert_non_null(strstr(err.msg, "cannot start"));
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(chmod(dir->path, 0777), 0);
    assert_int_equal(lwc_child_start(lwc_module_path, dir->path, PROGRAM, &child, &err),
                     LWC_E_UNSAFE);
    assert_int_equal(chmod(dir->path, 0700), 0);
    assert_int_equal(unlink(path), 0);
    tmpdir_write(dir, PROGRAM, "#!/bin/sh\n", 10, 0755);
    assert_int_equal(lwc_child_start(lwc_module_path, dir->path, PROGRAM, &child, &err),
                     LWC_E_INVALID);
    assert_int_equal(child.pid, 0);
    assert_int_equal(host_fixture_children(), 0);
}

/* errno of the next call, or 0: make it. */
static int socketpair_sys;
static int spawn_sys;

int __real_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2])
{
    errno = socketpair_sys;
    return socketpair_sys != 0 ? -1 : __real_socketpair(domain, type, protocol, ends);
}

int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    return spawn_sys != 0 ? spawn_sys
                          : __real_posix_spawn(pid, path, actions, attributes, argv, envp);
}

static void a_start_without_resources_is_no_absence(void **state)
{
    static const struct {
        int socketpair_sys;
        int spawn_sys;
        enum lwc_code code;
    } cases[] = {
        {EMFILE, 0, LWC_E_IO},           {ENFILE, 0, LWC_E_IO},     {ENOBUFS, 0, LWC_E_IO},
        {0, EMFILE, LWC_E_IO},           {0, ENOMEM, LWC_E_IO},     {0, EAGAIN, LWC_E_IO},
        {0, ENOENT, LWC_E_UNAVAILABLE},  {0, EACCES, LWC_E_FAILED}, {0, ENOEXEC, LWC_E_FAILED},
        {EAFNOSUPPORT, 0, LWC_E_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_child child = LWC_CHILD_NONE;
        struct lwc_error err = {0};

        socketpair_sys = cases[i].socketpair_sys;
        spawn_sys = cases[i].spawn_sys;
        assert_int_equal(lwc_child_start(lwc_module_path, lwc_libexec_dir, PROGRAM, &child, &err),
                         cases[i].code);
        assert_int_equal(err.sys, socketpair_sys != 0 ? socketpair_sys : spawn_sys);
        assert_int_equal(child.pid, 0);
    }
    socketpair_sys = 0;
    spawn_sys = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_child_is_reaped_and_without_a_cause),
        cmocka_unit_test(a_killed_child_is_not_idle_and_has_a_cause),
        cmocka_unit_test(a_stopped_child_is_killed),
        cmocka_unit_test(a_child_that_somebody_else_reaped_is_no_trouble),
        cmocka_unit_test(a_program_that_ignores_sigchld_is_no_trouble),
        cmocka_unit_test(the_end_of_the_thread_that_started_it_is_not_its_end),
        cmocka_unit_test(closed_standard_descriptors_are_no_trouble),
        cmocka_unit_test(a_start_without_resources_is_no_absence),
        cmocka_unit_test_setup_teardown(what_is_no_trusted_program_is_not_started, tmpdir_setup,
                                        tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
