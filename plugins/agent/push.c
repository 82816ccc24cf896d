/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/push.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"

/* Fills a pipe, which holds far more than a token, so that no write can meet a closed end. */
static enum lwc_code fill_pipe(const char *token, size_t len, int *fd_out, struct lwc_error *err)
{
    LWC_AUTO_CLOSE int read_fd = -1;
    LWC_AUTO_CLOSE int write_fd = -1;
    int fds[2] = {-1, -1};
    enum lwc_code code = LWC_OK;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "pipe");
    }
    read_fd = fds[0];
    write_fd = fds[1];
    code = lwc_fd_write(write_fd, token, len, err);
    if (code == LWC_OK) {
        code = lwc_fd_write(write_fd, "\n", 1, err);
    }
    if (code == LWC_OK) {
        *fd_out = LWC_TAKE_FD(read_fd);
    }
    return code;
}

/* Signals that this program ignores are as usual in the command. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t usual;

    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGXFSZ);
    return posix_spawnattr_setsigdefault(attributes, &usual) != 0 ||
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF) != 0;
}

/* Returns whether a variable leads to our own secrets, which the command has no need of. */
static bool is_withheld(const char *entry)
{
    static const char *const names[] = {
        "LW_API_KEY",      "LW_API_KEY_FILE",   "LW_API_SECRET",          "LW_API_SECRET_FILE",
        "LW_API_TOKEN",    "LW_API_TOKEN_FILE", "LWCRED_PASSPHRASE_FILE", "LWCRED_PASSPHRASE_FD",
        "LWCRED_KEY_FILE",
    };
    const size_t len = strcspn(entry, "=");

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        if (strlen(names[i]) == len && memcmp(entry, names[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns our environment without those variables; its entries are ours, its array the caller's. */
static char **make_environment(void)
{
    char **environment = NULL;
    size_t count = 0;
    size_t kept = 0;

    while (environ[count] != NULL) {
        count++;
    }
    environment = calloc(count + 1, sizeof *environment);
    for (size_t i = 0; environment != NULL && i < count; i++) {
        if (!is_withheld(environ[i])) {
            environment[kept++] = environ[i];
        }
    }
    return environment;
}

static int spawn_shell(const char *command, int input, char *const *environment, pid_t *pid_out)
{
    char shell[] = "sh";
    char flag[] = "-c";
    char *const argv[] = {shell, flag, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int sys = ENOMEM;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attributes) == 0) {
        if (set_signals(&attributes) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) == 0 &&
            posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) == 0) {
            sys = posix_spawn(pid_out, "/bin/sh", &actions, &attributes, argv, environment);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return sys;
}

static enum lwc_code await_end(pid_t pid, struct lwc_error *err)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return lwc_fail_sys(err, LWC_E_IO, errno, "waiting for the command");
        }
    }
    if (WIFSIGNALED(status)) {
        return lwc_fail(err, LWC_E_FAILED, "the command was ended by signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status) == 0
               ? LWC_OK
               : lwc_fail(err, LWC_E_FAILED, "the command ended with status %d",
                          WEXITSTATUS(status));
}

enum lwc_code lwc_agent_push(const char *command, const char *token, size_t len, mode_t mask,
                             struct lwc_error *err)
{
    LWC_AUTO_FREE char **environment = make_environment();
    LWC_AUTO_CLOSE int input = -1;
    pid_t pid = -1;
    mode_t ours = 0;
    int sys = 0;
    enum lwc_code code = LWC_OK;

    if (environment == NULL) {
        return lwc_fail_nomem(err);
    }
    code = fill_pipe(token, len, &input, err);
    if (code != LWC_OK) {
        return code;
    }
    ours = umask(mask);
    sys = spawn_shell(command, input, environment, &pid);
    (void)umask(ours);
    return sys == 0 ? await_end(pid, err)
                    : lwc_fail_sys(err, LWC_E_FAILED, sys, "cannot start /bin/sh");
}
