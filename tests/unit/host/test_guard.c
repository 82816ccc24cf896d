/* SPDX-License-Identifier: Apache-2.0 */
#include "host/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * A guard in a child of the test.  Each live process below it holds the write end of a pipe: end of
 * file means that all have ended.
 */
struct guarded {
    pid_t pid;
    int socket_fd;
    int alive_fd;
};

static int alive_end; /* in the child */

static struct guarded guard_start(lwc_guard_work *work)
{
    struct guarded guarded = {.pid = -1};
    int ends[2];
    int alive[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(alive), 0);
    guarded.pid = fork();
    assert_true(guarded.pid >= 0);
    if (guarded.pid == 0) {
        (void)close(ends[0]);
        (void)close(alive[0]);
        alive_end = alive[1];
        (void)setsid();
        _exit(lwc_guard_run(ends[1], work));
    }
    (void)close(ends[1]);
    (void)close(alive[1]);
    guarded.socket_fd = ends[0];
    guarded.alive_fd = alive[0];
    return guarded;
}

/* Returns the exit status, once no process is alive. */
static int guard_end(struct guarded *guarded)
{
    char byte = 0;
    int status = 0;

    while (read(guarded->alive_fd, &byte, 1) > 0) {
    }
    assert_int_equal(waitpid(guarded->pid, &status, 0), guarded->pid);
    (void)close(guarded->alive_fd);
    if (guarded->socket_fd >= 0) {
        (void)close(guarded->socket_fd);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Wait until the work tells that it has begun. */
static void begun(const struct guarded *guarded)
{
    char byte = 0;

    assert_int_equal(read(guarded->alive_fd, &byte, 1), 1);
}

static void tell(void)
{
    if (write(alive_end, "x", 1) != 1) {
        _exit(99);
    }
}

static void sleep_on(void)
{
    for (;;) {
        (void)pause();
    }
}

static int work_status(int fd)
{
    (void)fd;
    return 7;
}

static int work_crash(int fd)
{
    (void)signal(SIGSEGV, SIG_DFL);
    (void)raise(SIGSEGV);
    return fd;
}

static int work_sleep(int fd)
{
    tell();
    sleep_on();
    return fd;
}

static int work_stop(int fd)
{
    tell();
    (void)kill(0, SIGSTOP);
    return fd;
}

/* Children everywhere: in its group, in a group and a session of their own, orphaned, stopped. */
static int work_litter(int fd)
{
    for (int i = 0; i < 4; i++) {
        if (fork() != 0) {
            continue;
        }
        if (i == 1) {
            (void)setpgid(0, 0);
        }
        if (i == 2) {
            (void)setsid();
        }
        if (i == 3 && fork() != 0) {
            _exit(0);
        }
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGHUP, SIG_IGN);
        if (i == 1) {
            (void)raise(SIGSTOP);
        }
        sleep_on();
    }
    tell();
    return fd;
}

static int work_litter_and_sleep(int fd)
{
    (void)work_litter(fd);
    sleep_on();
    return fd;
}

static void the_status_is_the_workers(void **state)
{
    struct guarded guarded = guard_start(work_status);

    (void)state;
    assert_int_equal(guard_end(&guarded), 7);
    guarded = guard_start(work_crash);
    assert_int_equal(guard_end(&guarded), 128 + SIGSEGV);
}

static void the_callers_end_ends_all(void **state)
{
    static lwc_guard_work *const works[] = {work_sleep, work_stop, work_litter_and_sleep};

    (void)state;
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        struct guarded guarded = guard_start(works[i]);

        begun(&guarded);
        assert_int_equal(close(guarded.socket_fd), 0);
        guarded.socket_fd = -1;
        assert_int_equal(guard_end(&guarded), 0);
    }
}

static void the_workers_end_ends_what_it_began(void **state)
{
    struct guarded guarded = guard_start(work_litter);

    (void)state;
    (void)guard_end(&guarded);
}

static void a_polite_signal_ends_all(void **state)
{
    struct guarded guarded = guard_start(work_litter_and_sleep);

    (void)state;
    begun(&guarded);
    assert_int_equal(kill(guarded.pid, SIGTERM), 0);
    assert_int_equal(guard_end(&guarded), 0);
}

/* The kernel also sends the signal when only the thread that started the guard has ended. */
static void a_hangup_while_the_caller_lives_ends_nothing(void **state)
{
    struct guarded guarded = guard_start(work_sleep);

    (void)state;
    begun(&guarded);
    assert_int_equal(kill(guarded.pid, SIGHUP), 0);
    (void)usleep(200000);
    assert_int_equal(waitpid(guarded.pid, NULL, WNOHANG), 0);
    assert_int_equal(close(guarded.socket_fd), 0);
    guarded.socket_fd = -1;
    assert_int_equal(guard_end(&guarded), 0);
}

/* The worker, even a stopped one, goes with a guard that could do nothing more. */
static void a_killed_guard_takes_the_worker_along(void **state)
{
    struct guarded guarded = guard_start(work_stop);

    (void)state;
    begun(&guarded);
    assert_int_equal(kill(guarded.pid, SIGKILL), 0);
    assert_int_equal(guard_end(&guarded), -SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_the_workers),
        cmocka_unit_test(the_callers_end_ends_all),
        cmocka_unit_test(the_workers_end_ends_what_it_began),
        cmocka_unit_test(a_polite_signal_ends_all),
        cmocka_unit_test(a_hangup_while_the_caller_lives_ends_nothing),
        cmocka_unit_test(a_killed_guard_takes_the_worker_along),
    };

    (void)alarm(100); /* ends the test if a process is left */
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
