/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in program.h. */
#include "backends/exec/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "backends/exec/complaint.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"

#define CHUNK 4096

/* How long an end goes unseen: while stdout is open, which it closes mostly; and after that. */
#define NAP_OPEN_MS 100
#define NAP_CLOSED_MS 5

#define STATUS_UNSEEN (-1)

/* Variables that a helper needs to find its own place; it gets no other of our environment. */
static const char *const passed[] = {
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "GNUPGHOME",
    "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS",
};
static const char *const fixed[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "GIT_TERMINAL_PROMPT=0",
};

struct environment {
    char *entry[LWC_ARRAY_LEN(passed) + LWC_ARRAY_LEN(fixed) + 1];
    size_t count;
};

/* The three sockets to a running program; -1 where a direction is done. */
struct running {
    pid_t pid;
    int in;
    int out;
    int err;
    int64_t end_ms;
    const struct lwc_buf *request;
    size_t sent;
    struct lwc_buf *answer;
    struct lwc_complaint complaint;
};

/* Our ends and the program's, of stdin, stdout and stderr. */
struct ends {
    int ours[3];
    int theirs[3];
};

static void environment_clear(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++) {
        free(environment->entry[i]);
    }
}

static bool environment_fill(const struct lwc_host *host, struct environment *environment)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(passed); i++) {
        const char *value = host->setting(host->data, passed[i]);
        char *entry = NULL;

        if (value == NULL) {
            continue;
        }
        if (asprintf(&entry, "%s=%s", passed[i], value) < 0) {
            return false;
        }
        environment->entry[environment->count++] = entry;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(fixed); i++) {
        environment->entry[environment->count] = strdup(fixed[i]);
        if (environment->entry[environment->count++] == NULL) {
            return false;
        }
    }
    return true;
}

static void ends_clear(struct ends *ends)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(ends->ours); i++) {
        lwc_auto_close_(&ends->ours[i]);
        lwc_auto_close_(&ends->theirs[i]);
    }
}

/* Sockets, not pipes: writing to a program that has gone raises no signal then. */
static bool ends_make(struct ends *ends)
{
    *ends = (struct ends){.ours = {-1, -1, -1}, .theirs = {-1, -1, -1}};
    for (size_t i = 0; i < LWC_ARRAY_LEN(ends->ours); i++) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
            return false;
        }
        ends->ours[i] = pair[0];
        ends->theirs[i] = pair[1];
        if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
    }
    return shutdown(ends->theirs[0], SHUT_WR) == 0;
}

/* Checks the program like a module: no other user can change it between check and start. */
static enum lwc_code program_check(const char *text, char path_out[LWC_PATH_TEXT_LEN],
                                   struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st;
    enum lwc_code code = lwc_path_resolve(text, &path, err);

    if (code == LWC_OK) {
        code = lwc_file_open(&path, LWC_TRUST_CONTENT, &fd, &st, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s' is not installed", text);
    }
    if (code == LWC_OK && (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
        code = lwc_fail(err, LWC_E_INVALID, "'%s' is not executable", text);
        return lwc_hint_command(err, code, "chmod +x", text);
    }
    if (code == LWC_OK) {
        lwc_path_text(&path, path_out);
    }
    return code;
}

static int attributes_fill(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK);
}

/* The sockets are above 2: a process that runs a backend has descriptors 0 to 2 open. */
static int actions_fill(posix_spawn_file_actions_t *actions, const struct ends *ends)
{
    int sys = 0;

    for (int i = 0; i < 3 && sys == 0; i++) {
        sys = posix_spawn_file_actions_adddup2(actions, ends->theirs[i], i);
    }
    if (sys == 0) {
        sys = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    }
    return sys != 0 ? sys : posix_spawn_file_actions_addchdir_np(actions, "/");
}

static int spawn_program(const struct lwc_process *program, const char *path,
                         const struct ends *ends, char *const *environment, pid_t *pid_out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int sys = posix_spawn_file_actions_init(&actions);

    if (sys != 0) {
        return sys;
    }
    sys = posix_spawnattr_init(&attributes);
    if (sys != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return sys;
    }
    sys = attributes_fill(&attributes);
    if (sys == 0) {
        sys = actions_fill(&actions, ends);
    }
    if (sys == 0) {
        sys = posix_spawn(pid_out, path, &actions, &attributes, program->argv, environment);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return sys;
}

static int64_t count_left_ms(const struct running *running)
{
    int64_t left = running->end_ms - lwc_clock_boot_ms(lwc_clock_system());

    return left > 0 ? left : 0;
}

/* A program that does not read all of its request is within its rights. */
static void send_some(struct running *running)
{
    size_t len = lwc_buf_len(running->request) - running->sent;
    ssize_t sent = send(running->in, lwc_buf_bytes(running->request) + running->sent, len,
                        MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent > 0) {
        running->sent += (size_t)sent;
    }
    if ((sent < 0 && errno != EAGAIN && errno != EINTR) ||
        running->sent == lwc_buf_len(running->request)) {
        lwc_auto_close_(&running->in);
        running->in = -1;
    }
}

/* Keeps the beginning and takes all of it, so that the program never waits to write. */
static void hear_complaint(struct running *running)
{
    char chunk[CHUNK];
    ssize_t len = read(running->err, chunk, sizeof chunk);

    if (len > 0) {
        lwc_complaint_add(&running->complaint, chunk, (size_t)len);
    } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        lwc_auto_close_(&running->err);
        running->err = -1;
    }
    lwc_wipe(chunk, sizeof chunk);
}

static enum lwc_code take_answer(struct running *running, struct lwc_error *err)
{
    uint8_t *room = lwc_buf_reserve(running->answer, CHUNK);
    ssize_t len = 0;

    if (room == NULL) {
        return lwc_fail_nomem(err);
    }
    len = read(running->out, room, CHUNK);
    if (len > 0) {
        lwc_buf_grow(running->answer, (size_t)len);
    } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
        lwc_auto_close_(&running->out);
        running->out = -1;
    }
    return lwc_buf_len(running->answer) <= LWC_PROGRAM_ANSWER_MAX
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "it answered with more than %zu bytes",
                          LWC_PROGRAM_ANSWER_MAX);
}

/* Serves each descriptor that is ready. */
static enum lwc_code serve_ready(struct running *running, int timeout_ms, struct lwc_error *err)
{
    struct pollfd fds[] = {
        {.fd = running->in, .events = POLLOUT},
        {.fd = running->out, .events = POLLIN},
        {.fd = running->err, .events = POLLIN},
    };
    enum lwc_code code = LWC_OK;

    if (poll(fds, LWC_ARRAY_LEN(fds), timeout_ms) < 0 && errno != EINTR) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "poll");
    }
    if (fds[0].revents != 0) {
        send_some(running);
    }
    if (fds[1].revents != 0) {
        code = take_answer(running, err);
    }
    if (fds[2].revents != 0) {
        hear_complaint(running);
    }
    return code;
}

/* Reads all that was written before the end; does not wait for other holders of the sockets. */
static enum lwc_code drain_output(struct running *running, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;
    size_t before = 0;

    do {
        before = lwc_buf_len(running->answer);
        if (running->out >= 0) {
            code = take_answer(running, err);
        }
        if (running->err >= 0) {
            hear_complaint(running);
        }
    } while (code == LWC_OK && lwc_buf_len(running->answer) > before);
    return code;
}

/* It stays a zombie, so that its number cannot be another's when its group is killed. */
static bool has_ended(const struct running *running)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)running->pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0) {
        return errno != EINTR;
    }
    return info.si_pid != 0;
}

static enum lwc_code exchange_bytes(struct running *running, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK && !has_ended(running)) {
        int64_t left = count_left_ms(running);
        int64_t nap = running->out >= 0 ? NAP_OPEN_MS : NAP_CLOSED_MS;

        if (left == 0) {
            return lwc_hint(err, lwc_fail(err, LWC_E_FAILED, "it did not answer in time"),
                            "timeout=DURATION in the stack file gives it more");
        }
        code = serve_ready(running, (int)(left < nap ? left : nap), err);
    }
    return code == LWC_OK ? drain_output(running, err) : code;
}

static enum lwc_code report_status(const struct running *running, int status, const char *withheld,
                                   struct lwc_error *err)
{
    char complaint[LWC_COMPLAINT_LEN + 2];
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

    if (status == STATUS_UNSEEN) {
        return lwc_fail(err, LWC_E_FAILED, "its end was not seen");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return LWC_OK;
    }
    lwc_complaint_show(&running->complaint, withheld, running->answer, complaint);
    if (WIFSIGNALED(status)) {
        return lwc_fail(err, LWC_E_FAILED, "it crashed (SIG%s)%s", name != NULL ? name : "?",
                        complaint);
    }
    return lwc_fail(err, LWC_E_FAILED, "it failed with exit status %d%s", WEXITSTATUS(status),
                    complaint);
}

static int reap_program(const struct running *running)
{
    int status = 0;

    (void)kill(-running->pid, SIGKILL);
    while (waitpid(running->pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return STATUS_UNSEEN;
        }
    }
    return status;
}

static enum lwc_code attend_program(const struct lwc_process *program, pid_t pid, struct ends *ends,
                                    const struct lwc_buf *request, const char *withheld,
                                    struct lwc_buf *answer, struct lwc_error *err)
{
    int64_t left = program->host->remaining_ms(program->host->data);
    int64_t timeout_ms = left < program->timeout_ms ? left : program->timeout_ms;
    struct running running = {
        .pid = pid,
        .in = LWC_TAKE_FD(ends->ours[0]),
        .out = LWC_TAKE_FD(ends->ours[1]),
        .err = LWC_TAKE_FD(ends->ours[2]),
        .end_ms = lwc_clock_boot_ms(lwc_clock_system()) + timeout_ms,
        .request = request,
        .answer = answer,
    };
    enum lwc_code code = exchange_bytes(&running, err);
    int status = reap_program(&running);

    lwc_auto_close_(&running.in);
    lwc_auto_close_(&running.out);
    lwc_auto_close_(&running.err);
    if (code == LWC_OK) {
        code = report_status(&running, status, withheld, err);
    }
    lwc_wipe(&running.complaint, sizeof running.complaint);
    return code;
}

enum lwc_code lwc_process_run(const struct lwc_process *program, const struct lwc_buf *request,
                              const char *withheld, struct lwc_buf *answer, struct lwc_error *err)
{
    LWC_AUTO(struct environment, environment_clear) environment = {0};
    LWC_AUTO(struct ends, ends_clear) ends = {{-1, -1, -1}, {-1, -1, -1}};
    char path[LWC_PATH_TEXT_LEN];
    pid_t pid = -1;
    int sys = 0;
    enum lwc_code code = program_check(program->path, path, err);

    lwc_buf_reset(answer);
    if (code != LWC_OK) {
        return code;
    }
    if (!environment_fill(program->host, &environment)) {
        return lwc_fail_nomem(err);
    }
    if (!ends_make(&ends)) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "no socket for '%s'", program->path);
    }
    sys = spawn_program(program, path, &ends, environment.entry, &pid);
    if (sys != 0) {
        return lwc_fail_sys(err, LWC_E_FAILED, sys, "cannot start '%s'", program->path);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(ends.theirs); i++) {
        lwc_auto_close_(&ends.theirs[i]);
        ends.theirs[i] = -1;
    }
    code = attend_program(program, pid, &ends, request, withheld, answer, err);
    return code == LWC_OK ? LWC_OK : lwc_wrap(err, code, "'%s'", program->path);
}
