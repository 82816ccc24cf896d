/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODULES_FAULTS_H
#define TESTS_MODULES_FAULTS_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lwcred/backend.h>

/* Faults of the module "blocking" on request, some of them on the host's socket. */
#define SOCKET 3

struct blocking {
    const struct lwc_host *host;
    char dir[3584];
    char at[16];
    char fault[32];
    uint32_t number; /* of the request: HELLO was the first */
};

static inline void sleep_on(void)
{
    for (;;) {
        pause();
    }
}

static inline void put_raw(const void *bytes, size_t len)
{
    if (write(SOCKET, bytes, len) != (ssize_t)len) {
        _exit(9);
    }
}

static inline void put_frame(const struct blocking *blocking, uint32_t type, uint32_t len,
                             const void *body, size_t body_len)
{
    uint32_t header[] = {type, len, blocking->number};

    put_raw(header, sizeof header);
    put_raw(body, body_len);
}

static inline void fault_sleep(struct blocking *blocking)
{
    (void)blocking;
    sleep_on();
}

static inline void fault_stop(struct blocking *blocking)
{
    (void)blocking;
    raise(SIGSTOP);
}

static inline void fault_stop_group(struct blocking *blocking)
{
    (void)blocking;
    kill(0, SIGSTOP);
}

static inline void fault_crash(struct blocking *blocking)
{
    (void)blocking;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

static inline void fault_exit(struct blocking *blocking)
{
    (void)blocking;
    _exit(7);
}

static inline void fault_leave(struct blocking *blocking)
{
    (void)blocking;
    _exit(0);
}

static inline void fault_close_end(struct blocking *blocking)
{
    (void)blocking;
    close(SOCKET);
    sleep_on();
}

static inline void fault_shut(struct blocking *blocking)
{
    (void)blocking;
    shutdown(SOCKET, SHUT_RDWR);
    sleep_on();
}

static inline void fault_half(struct blocking *blocking)
{
    put_frame(blocking, 17, 100, "half", 4);
    _exit(0);
}

static inline void fault_half_sleep(struct blocking *blocking)
{
    put_frame(blocking, 17, 100, "half", 4);
    sleep_on();
}

static inline void fault_big(struct blocking *blocking)
{
    put_frame(blocking, 17, 0x7fffffff, "", 0);
    sleep_on();
}

static inline void fault_unknown(struct blocking *blocking)
{
    put_frame(blocking, 99, 0, "", 0);
    sleep_on();
}

static inline void fault_malformed(struct blocking *blocking)
{
    put_frame(blocking, 17, 3, "abc", 3);
    sleep_on();
}

/* A log line of five bytes, one of which is NUL. */
static inline void fault_nul(struct blocking *blocking)
{
    static const char body[] = "\2\0\0\0\5\0\0\0ab\0cd";

    put_frame(blocking, 18, sizeof body, body, sizeof body);
    sleep_on();
}

/* A secret, where none was asked for. */
static inline void fault_put(struct blocking *blocking)
{
    put_frame(blocking, 23, 0, "", 0);
    sleep_on();
}

static inline void fault_flood_log(struct blocking *blocking)
{
    for (;;) {
        blocking->host->log(blocking->host->data, LWC_LOG_TRACE, "again");
    }
}

static inline void fault_flood_zero(struct blocking *blocking)
{
    static const char zeros[4096];

    (void)blocking;
    for (;;) {
        put_raw(zeros, sizeof zeros);
    }
}

/* A byte now and then: never silent for long, never done. */
static inline void fault_drip(struct blocking *blocking)
{
    put_frame(blocking, 17, 60000, "", 0);
    for (;;) {
        put_raw("x", 1);
        usleep(50000);
    }
}

/* A whole frame now and then, each within the time that silence is given. */
static inline void fault_drip_log(struct blocking *blocking)
{
    for (;;) {
        blocking->host->log(blocking->host->data, LWC_LOG_TRACE, "not yet");
        usleep(300000);
    }
}

static inline void fault_twice(struct blocking *blocking)
{
    static const char ok[26] = {0};

    put_frame(blocking, 17, sizeof ok, ok, sizeof ok);
}

/* A child with the socket open that outlives the call, in a session of its own. */
static inline void fault_child(struct blocking *blocking)
{
    (void)blocking;
    if (fork() == 0) {
        setsid();
        if (fork() != 0) {
            _exit(0);
        }
        sleep_on();
    }
}

static inline void fault_child_and_leave(struct blocking *blocking)
{
    fault_child(blocking);
    _exit(0);
}

static inline void fault_child_and_sleep(struct blocking *blocking)
{
    fault_child(blocking);
    signal(SIGTERM, SIG_IGN);
    sleep_on();
}

static inline void fault_asking(struct blocking *blocking)
{
    blocking->host->asking(blocking->host->data, "unlock the keyring");
    sleep_on();
}

/* Longer than its own time, but the user was asked. */
static inline void fault_asking_long(struct blocking *blocking)
{
    blocking->host->asking(blocking->host->data, "unlock the keyring");
    usleep(2000000);
}

static inline void fault_late(struct blocking *blocking)
{
    while (blocking->host->remaining_ms(blocking->host->data) > 0) {
        usleep(10000);
    }
}

struct typed {
    char text[64];
};

static inline enum lwc_code typed_put(void *data, const struct lwc_identity *identity,
                                      const void *bytes, size_t len, struct lwc_error *err)
{
    struct typed *typed = data;

    (void)identity;
    (void)err;
    memcpy(typed->text, bytes, len < sizeof typed->text - 1 ? len : sizeof typed->text - 1);
    return LWC_OK;
}

/* Use every service, and tell by the log what came of it. */
static inline void fault_services(struct blocking *blocking)
{
    const struct lwc_host *host = blocking->host;
    const char *set = host->setting(host->data, "LWCRED_TEST_SET");
    const char *again = host->setting(host->data, "LWCRED_TEST_SET");
    const char *unset = host->setting(host->data, "LWCRED_TEST_UNSET");
    struct typed typed = {0};
    const struct lwc_sink sink = {.data = &typed, .put = typed_put};
    struct lwc_error err = {0};
    char line[1024];
    enum lwc_code code;

    host->depends(host->data, "/etc/hostname");
    code = host->prompt(host->data, "Passphrase", LWC_PROMPT_TWICE, &sink, &err);
    snprintf(line, sizeof line, "set=%s same=%d unset=%d code=%d typed=%s why=%s left=%d pid=%d",
             set != NULL ? set : "-", set == again, unset == NULL, code, typed.text, err.msg,
             host->remaining_ms(host->data) > 0, getpid());
    host->log(host->data, LWC_LOG_INFO, line);
}

/* Variables, descriptors and attributes of the process, by the log. */
static inline void fault_confinement(struct blocking *blocking)
{
    char line[1024];
    struct rlimit core = {1, 1};
    struct rlimit size = {0, 0};
    mode_t mask = umask(077);
    int open_fds = 0;
    int seen = system("test -e /proc/self/fd/3");

    for (int fd = 0; fd < 1024; fd++) {
        open_fds += fcntl(fd, F_GETFD) >= 0;
    }
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_FSIZE, &size);
    snprintf(line, sizeof line,
             "umask=%o core=%d dumpable=%d nnp=%d fds=%d secret=%s path=%s cwd=%s sid=%d "
             "socket=%s fsize=%jd",
             (unsigned)mask, (int)core.rlim_max, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
             prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), open_fds,
             getenv("LW_API_SECRET") != NULL ? "leaked" : "none",
             getenv("PATH") != NULL ? "set" : "none", access("./etc", F_OK) == 0 ? "/" : "?",
             getsid(0) == getppid(), seen == 0 ? "inherited" : "kept", (intmax_t)size.rlim_cur);
    blocking->host->log(blocking->host->data, LWC_LOG_INFO, line);
}

static const struct {
    const char *name;
    void (*happen)(struct blocking *blocking);
} faults[] = {
    {"sleep", fault_sleep},
    {"stop", fault_stop},
    {"stop-group", fault_stop_group},
    {"crash", fault_crash},
    {"exit", fault_exit},
    {"leave", fault_leave},
    {"close-end", fault_close_end},
    {"shut", fault_shut},
    {"half", fault_half},
    {"half-sleep", fault_half_sleep},
    {"big", fault_big},
    {"unknown", fault_unknown},
    {"malformed", fault_malformed},
    {"nul", fault_nul},
    {"put", fault_put},
    {"flood-log", fault_flood_log},
    {"flood-zero", fault_flood_zero},
    {"drip", fault_drip},
    {"drip-log", fault_drip_log},
    {"twice", fault_twice},
    {"child", fault_child},
    {"child-and-leave", fault_child_and_leave},
    {"child-and-sleep", fault_child_and_sleep},
    {"asking", fault_asking},
    {"asking-long", fault_asking_long},
    {"late", fault_late},
    {"services", fault_services},
    {"confinement", fault_confinement},
};

static inline void fault_happen(struct blocking *blocking)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strcmp(faults[i].name, blocking->fault) == 0) {
            faults[i].happen(blocking);
        }
    }
}

#endif
