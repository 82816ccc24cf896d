/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in guard.h. */
#include "host/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/text.h"
#include "base/util.h"

#define STATUS_FAILED 1
#define STATUS_SIGNALLED 128
#define CHILDREN_LEN 4096
#define PARENT_DIED SIGHUP
#define PID_MAX (1 << 22)

/*
 * worker       its process; 0 once reaped.
 * caller       the parent process as long as it lives.
 * status       exit status of the worker.
 * caller_gone  the caller ended first: status says nothing.
 */
struct guard {
    int socket_fd;
    int signal_fd;
    pid_t caller;
    pid_t worker;
    int status;
    bool caller_gone;
};

static const int watched[] = {SIGCHLD, SIGTERM, SIGINT, PARENT_DIED};

static bool watch_signals(struct guard *guard)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < LWC_ARRAY_LEN(watched); i++) {
        (void)sigaddset(&set, watched[i]);
    }
    guard->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return guard->signal_fd >= 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0;
}

/*
 * Runs the worker in a group of its own, so that signals of the backend to its group miss the guard.
 * The worker dies with the guard.
 */
static void run_worker(const struct guard *guard, pid_t guard_pid, lwc_guard_work *work)
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)close(guard->signal_fd);
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        getppid() != guard_pid || sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
        _exit(STATUS_FAILED);
    }
    _exit(work(guard->socket_fd));
}

/* Reaps all children that have ended. */
static void reap_children(struct guard *guard)
{
    int status = 0;
    pid_t pid = 0;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == guard->worker) {
            guard->worker = 0;
            guard->status =
                WIFSIGNALED(status) ? STATUS_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
}

/*
 * Reads the pending signals.  The kernel sends PARENT_DIED also when only the thread that started
 * this process ends; the parent's process id is then the same as before.
 */
static bool is_told_to_end(struct guard *guard)
{
    struct signalfd_siginfo info;

    while (read(guard->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
            (info.ssi_signo == PARENT_DIED && getppid() != guard->caller)) {
            return true;
        }
    }
    return false;
}

static void wait_for_end(struct guard *guard)
{
    struct pollfd polled[] = {
        {.fd = guard->signal_fd, .events = POLLIN},
        {.fd = guard->socket_fd, .events = POLLRDHUP},
    };
    bool ended = false;

    while (!ended) {
        if (poll(polled, LWC_ARRAY_LEN(polled), -1) < 0 && errno != EINTR) {
            return;
        }
        guard->caller_gone = is_told_to_end(guard) || polled[1].revents != 0;
        reap_children(guard);
        ended = guard->caller_gone || guard->worker == 0;
    }
}

/* Kills the children that /proc lists.  Returns false if the list cannot be read. */
static bool kill_children(void)
{
    char list[CHILDREN_LEN];
    char path[64];
    LWC_AUTO_CLOSE int fd = -1;
    ssize_t len = 0;
    char *rest = list;
    char *word = NULL;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd >= 0 ? read(fd, list, sizeof list - 1) : -1;
    if (len < 0) {
        return false;
    }
    list[len] = '\0';
    while ((word = strsep(&rest, " ")) != NULL && rest != NULL) { /* the last word may be cut */
        int64_t pid = 0;

        if (lwc_text_parse_number(word, strlen(word), PID_MAX, &pid) && pid > 1) {
            (void)kill((pid_t)pid, SIGKILL);
        }
    }
    return true;
}

/*
 * Kills all descendants.  This process is a subreaper: orphans become its children, so that killing
 * children until none is left reaches every descendant.
 */
static void kill_descendants(struct guard *guard)
{
    if (guard->worker != 0) {
        (void)kill(-guard->worker, SIGKILL);
        (void)kill(guard->worker, SIGKILL);
    }
    while (kill_children() && waitpid(-1, NULL, 0) >= 0) {
    }
}

int lwc_guard_run(int fd, lwc_guard_work *work)
{
    struct guard guard = {.socket_fd = fd, .caller = getppid()};
    pid_t guard_pid = getpid();

    if (!watch_signals(&guard) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, PARENT_DIED, 0, 0, 0) != 0) {
        return STATUS_FAILED;
    }
    guard.worker = fork();
    if (guard.worker < 0) {
        return STATUS_FAILED;
    }
    if (guard.worker == 0) {
        run_worker(&guard, guard_pid, work);
    }
    wait_for_end(&guard);
    kill_descendants(&guard);
    return guard.caller_gone ? 0 : guard.status;
}
