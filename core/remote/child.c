/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in child.h. */
#include "remote/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/descriptors.h"

#define CHILD_END_MS 3000
#define NAP_MS_MAX 20
#define STATUS_SIGNALLED 128 /* exit status of a guard whose worker was killed by a signal */

/*
 * The variables of the child's environment.  All others, LW_API_SECRET above all, stay with the
 * caller: a module asks for them by name.
 */
static const char *const passed[] = {
    "HOME",                     /* a store's own files, and the configuration of a helper     */
    "USER",                     /* the same, of programs that look people up by name          */
    "LOGNAME",                  /*                                                            */
    "XDG_CONFIG_HOME",          /* configuration of a helper, such as git's                   */
    "XDG_DATA_HOME",            /* a keyring's files                                          */
    "XDG_CACHE_HOME",           /* sockets of helpers, such as git-credential-cache           */
    "XDG_RUNTIME_DIR",          /* the bus, where no address is given                         */
    "DBUS_SESSION_BUS_ADDRESS", /* the bus                                                    */
    "DISPLAY",                  /* where a prompter may open its window                       */
    "WAYLAND_DISPLAY",          /*                                                            */
    "XAUTHORITY",               /*                                                            */
    "XDG_CURRENT_DESKTOP",      /* which prompter                                             */
    "LANG",                     /* language of the prompter                                   */
    "LANGUAGE",                 /*                                                            */
    "LC_ALL",                   /*                                                            */
    "LC_CTYPE",                 /*                                                            */
    "LC_MESSAGES",              /*                                                            */
};
#define PATH_FIXED "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *lwc_child_variable(size_t index)
{
    return index < LWC_ARRAY_LEN(passed) ? passed[index] : NULL;
}

/* NULL-terminated, with room for PATH_FIXED. */
struct child_environment {
    char *entry[LWC_ARRAY_LEN(passed) + 2];
    size_t count;
};

static void clear_environment(struct child_environment *environment)
{
    for (size_t i = 0; i < environment->count; i++) {
        free(environment->entry[i]);
    }
}
#define AUTO_ENVIRONMENT LWC_AUTO(struct child_environment, clear_environment)

static bool fill_environment(struct child_environment *environment)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(passed); i++) {
        const char *value = secure_getenv(passed[i]);
        char *entry = NULL;

        if (value == NULL) {
            continue;
        }
        if (asprintf(&entry, "%s=%s", passed[i], value) < 0) {
            return false;
        }
        environment->entry[environment->count++] = entry;
    }
    environment->entry[environment->count] = strdup(PATH_FIXED);
    return environment->entry[environment->count++] != NULL;
}

static void clear_file_actions(posix_spawn_file_actions_t *actions)
{
    (void)posix_spawn_file_actions_destroy(actions);
}
#define AUTO_FILE_ACTIONS LWC_AUTO(posix_spawn_file_actions_t, clear_file_actions)

static void clear_attributes(posix_spawnattr_t *attributes)
{
    (void)posix_spawnattr_destroy(attributes);
}
#define AUTO_ATTRIBUTES LWC_AUTO(posix_spawnattr_t, clear_attributes)

/* Moves the socket first: it may be one of 0 to 2, where the calling program has closed them. */
static int fill_file_actions(posix_spawn_file_actions_t *actions, int fd)
{
    int sys = posix_spawn_file_actions_adddup2(actions, fd, LWC_CHILD_FD);

    for (int i = 0; i < LWC_CHILD_FD && sys == 0; i++) {
        sys = posix_spawn_file_actions_addopen(actions, i, "/dev/null",
                                               i == 0 ? O_RDONLY : O_WRONLY, 0);
    }
    if (sys == 0) {
        sys = posix_spawn_file_actions_addclosefrom_np(actions, LWC_CHILD_FD + 1);
    }
    return sys != 0 ? sys : posix_spawn_file_actions_addchdir_np(actions, "/");
}

static int fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;
    int sys = 0;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    sys = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETSIGMASK);
    if (sys == 0) {
        sys = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return sys != 0 ? sys : posix_spawnattr_setsigmask(attributes, &none);
}

/* posix_spawn() shares this process's memory until the program is in place: no copy of a secret. */
static int spawn_program(const char *path, int fd, char *const *environment, pid_t *pid_out)
{
    AUTO_FILE_ACTIONS actions;
    AUTO_ATTRIBUTES attributes;
    char *argv[] = {(char *)(uintptr_t)path, NULL};
    int sys = 0;

    (void)posix_spawn_file_actions_init(&actions); /* neither can fail in glibc */
    (void)posix_spawnattr_init(&attributes);
    if ((sys = fill_file_actions(&actions, fd)) != 0 || (sys = fill_attributes(&attributes)) != 0) {
        return sys;
    }
    return posix_spawn(pid_out, path, &actions, &attributes, argv, environment);
}

/* Tells an absent program and a lack of resources from a file that cannot be run. */
static enum lwc_code get_start_code(int sys)
{
    switch (sys) {
    case ENOENT:
        return LWC_E_UNAVAILABLE;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case EIO:
        return LWC_E_IO;
    default:
        return LWC_E_FAILED;
    }
}

static void read_limits(struct rlimit limits_out[LWC_CHILD_LIMITS])
{
    static const __rlimit_resource_t kinds[LWC_CHILD_LIMITS] = {
        RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_NPROC, RLIMIT_FSIZE};

    memset(limits_out, 0, LWC_CHILD_LIMITS * sizeof limits_out[0]);
    for (size_t i = 0; i < LWC_CHILD_LIMITS; i++) {
        (void)getrlimit(kinds[i], &limits_out[i]);
    }
}

enum lwc_code lwc_child_start(lwc_child_locate *locate, const char *dir, const char *name,
                              struct lwc_child *child_out, struct lwc_error *err)
{
    AUTO_ENVIRONMENT environment = {0};
    LWC_AUTO_FREE char *path = NULL;
    LWC_AUTO_CLOSE int ours = -1;
    LWC_AUTO_CLOSE int theirs = -1;
    int ends[2] = {-1, -1};
    pid_t pid = 0;
    int sys = 0;
    enum lwc_code code = locate(dir, name, &path, err);

    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail(err, LWC_E_UNAVAILABLE, "'%s/%s' is not installed", dir, name);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (access(path, X_OK) != 0) {
        return lwc_fail_sys(err, get_start_code(errno), errno, "cannot start '%s'", path);
    }
    if (!fill_environment(&environment)) {
        return lwc_fail_nomem(err);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return lwc_fail_sys(err, get_start_code(errno), errno, "cannot talk to '%s'", path);
    }
    ours = lwc_fd_above_stdio(ends[0]);
    theirs = ends[1];
    if (ours < 0) {
        return lwc_fail_sys(err, get_start_code(errno), errno, "cannot talk to '%s'", path);
    }
    sys = spawn_program(path, theirs, environment.entry, &pid);
    if (sys != 0) {
        return lwc_fail_sys(err, get_start_code(sys), sys, "cannot start '%s'", path);
    }
    *child_out = (struct lwc_child){.pid = pid, .fd = LWC_TAKE_FD(ours), .owner = getpid()};
    read_limits(child_out->limits);
    return LWC_OK;
}

bool lwc_child_is_idle(const struct lwc_child *child)
{
    struct pollfd polled = {.fd = child->fd, .events = POLLIN | POLLRDHUP};

    return poll(&polled, 1, 0) == 0;
}

bool lwc_child_is_ours(const struct lwc_child *child)
{
    return child->pid != 0 && child->owner == getpid();
}

bool lwc_child_has_our_limits(const struct lwc_child *child)
{
    struct rlimit limits[LWC_CHILD_LIMITS];

    read_limits(limits);
    return memcmp(limits, child->limits, sizeof limits) == 0;
}

static void describe_status(int status, char cause_out[LWC_CHILD_CAUSE_LEN])
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - STATUS_SIGNALLED;
    const char *signal_name = number > 0 ? sigabbrev_np(number) : NULL;

    if (signal_name != NULL) {
        (void)snprintf(cause_out, LWC_CHILD_CAUSE_LEN, "crashed (SIG%s)", signal_name);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        (void)snprintf(cause_out, LWC_CHILD_CAUSE_LEN, "ended with status %d", WEXITSTATUS(status));
    }
}

/*
 * Returns false if the child still runs.  The status stays 0 where other code of the program has
 * reaped the child, or the kernel has, since the program ignores SIGCHLD.
 */
static bool wait_for_exit(pid_t pid, int64_t until_ms, int *status_out)
{
    struct timespec nap = {.tv_nsec = 1000000};

    for (;;) {
        pid_t reaped = waitpid(pid, status_out, WNOHANG);

        if (reaped == pid || (reaped < 0 && errno != EINTR)) {
            return true;
        }
        if (lwc_clock_boot_ms(lwc_clock_system()) >= until_ms) {
            return false;
        }
        (void)nanosleep(&nap, NULL);
        if (nap.tv_nsec < NAP_MS_MAX * 1000000L) {
            nap.tv_nsec *= 2;
        }
    }
}

void lwc_child_end(struct lwc_child *child, char cause_out[LWC_CHILD_CAUSE_LEN])
{
    int64_t now_ms = lwc_clock_boot_ms(lwc_clock_system());
    int status = 0;

    if (cause_out != NULL) {
        cause_out[0] = '\0';
    }
    if (child->pid == 0) {
        return;
    }
    if (!lwc_child_is_ours(child)) {
        (void)close(child->fd);
        *child = (struct lwc_child)LWC_CHILD_NONE;
        return;
    }
    (void)shutdown(child->fd,
                   SHUT_RDWR); /* reaches the child even if a fork() holds the socket, too */
    (void)close(child->fd);
    if (!wait_for_exit(child->pid, now_ms + CHILD_END_MS, &status)) {
        (void)kill(-child->pid, SIGKILL); /* the first group of its session */
        (void)kill(child->pid, SIGKILL);
        (void)wait_for_exit(child->pid, now_ms + 2 * CHILD_END_MS, &status);
        status = 0;
    }
    if (cause_out != NULL) {
        describe_status(status, cause_out);
    }
    *child = (struct lwc_child)LWC_CHILD_NONE;
}
