/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/util.h"

/* The child's stdout and stderr are one file without a name, its stdin is empty. */
static void child_run(sandbox_fn *trial, void *data, int output, int report)
{
    struct sandbox_verdict verdict = {0};
    int null = open("/dev/null", O_RDONLY);

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setpgid(0, 0) != 0 || null < 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0) {
        _exit(127);
    }
    (void)close(null);
    (void)close(output);
    trial(data, &verdict);
    (void)fflush(NULL);
    _exit(write(report, &verdict, sizeof verdict) == (ssize_t)sizeof verdict ? 0 : 127);
}

static void output_read(int output, char text_out[SANDBOX_TEXT_LEN])
{
    char bytes[SANDBOX_TEXT_LEN];
    ssize_t len = pread(output, bytes, sizeof bytes, 0);

    lwc_text_printable(text_out, SANDBOX_TEXT_LEN, bytes, len > 0 ? (size_t)len : 0);
}

/* Did the whole verdict come in time? */
static bool report_read(int report, int64_t timeout_ms, struct sandbox_verdict *verdict)
{
    struct pollfd wait = {.fd = report, .events = POLLIN};
    int ready = 0;

    do {
        ready = poll(&wait, 1, (int)timeout_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        (void)snprintf(verdict->said, sizeof verdict->said, "did not return within %d s",
                       (int)(timeout_ms / 1000));
        return false;
    }
    return read(report, verdict, sizeof *verdict) == (ssize_t)sizeof *verdict;
}

/* The child is dead: of what, if it said nothing? */
static void epitaph(int status, struct sandbox_verdict *verdict)
{
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

    verdict->kept = false;
    if (verdict->said[0] != '\0') {
        return;
    }
    if (WIFSIGNALED(status)) {
        (void)snprintf(verdict->said, sizeof verdict->said, "crashed (SIG%s)",
                       name != NULL ? name : "?");
    } else {
        (void)snprintf(verdict->said, sizeof verdict->said, "ended the process with exit status %d",
                       WEXITSTATUS(status));
    }
}

static int status_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* Leaves the child dead and its group with it. */
static void child_watch(pid_t pid, int report, int64_t timeout_ms, struct sandbox_verdict *verdict)
{
    struct sandbox_verdict judged = {0};
    bool came = report_read(report, timeout_ms, &judged);
    int status = 0;

    if (judged.said[0] != '\0' && !came) {
        (void)kill(-pid, SIGKILL);
    }
    status = status_of(pid);
    (void)kill(-pid, SIGKILL);
    *verdict = judged;
    if (!came) {
        epitaph(status, verdict);
    }
}

bool sandbox_run(sandbox_fn *trial, void *data, int64_t timeout_ms,
                 struct sandbox_verdict *verdict_out)
{
    LWC_AUTO_CLOSE int output = memfd_create("output", MFD_CLOEXEC);
    LWC_AUTO_CLOSE int report = -1;
    int ends[2];
    pid_t pid = -1;

    if (output < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    report = ends[0];
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        child_run(trial, data, output, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        return false;
    }
    (void)setpgid(pid, pid);
    child_watch(pid, report, timeout_ms, verdict_out);
    output_read(output, verdict_out->printed);
    return true;
}
