/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/standin.h"

#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define START_TRIES 600 /* of 50 ms: a machine under load is slow */

extern char **environ;

static pid_t spawn(const char *const argv[])
{
    pid_t pid = 0;
    int result = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);

    if (result != 0) {
        fail_msg("%s: %s", argv[0], strerror(result));
    }
    return pid;
}

void standin_make_ca(const struct tmpdir *tmp)
{
    char dir[TMPDIR_PATH_LEN];
    const char *const argv[] = {"tests/support/make-ca.sh", tmpdir_join(tmp, "ca", dir), NULL};
    int status = 0;

    assert_int_not_equal(waitpid(spawn(argv), &status, 0), -1);
    assert_int_equal(status, 0);
}

static FILE *open_in(const struct standin *standin, const char *name, const char *mode)
{
    char path[TMPDIR_PATH_LEN + 64];

    (void)snprintf(path, sizeof path, "%s/%s", standin->dir, name);
    return fopen(path, mode);
}

/* The number in a file that appears in one piece; 0 if it is not there. */
static unsigned read_number(const struct standin *standin, const char *name)
{
    FILE *file = open_in(standin, name, "re");
    unsigned number = 0;

    if (file == NULL) {
        return 0;
    }
    assert_int_equal(fscanf(file, "%u", &number), 1);
    (void)fclose(file);
    return number;
}

void standin_start(const struct tmpdir *tmp, const char *name, const char *cert, const char *option,
                   struct standin *standin_out)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    struct standin standin = {.pid = 0};
    char cert_path[2 * TMPDIR_PATH_LEN];
    char key_path[2 * TMPDIR_PATH_LEN];
    char parent[32];
    const char *const argv[] = {"python3",   "tests/support/standin.py",
                                standin.dir, "--parent",
                                parent,      "--tls-cert",
                                cert_path,   "--tls-key",
                                key_path,    option,
                                NULL};

    (void)snprintf(cert_path, sizeof cert_path, "%s/ca/%s.pem", tmp->path, cert);
    (void)snprintf(key_path, sizeof key_path, "%s/ca/%s.key", tmp->path, cert);
    (void)snprintf(parent, sizeof parent, "%ld", (long)getpid());
    tmpdir_mkdir(tmp, name, 0700);
    tmpdir_join(tmp, name, standin.dir);
    standin.pid = spawn(argv);
    for (int i = 0; i < START_TRIES && standin.port == 0; i++) {
        (void)nanosleep(&pause, NULL);
        standin.port = read_number(&standin, "port");
    }
    standin.proxy_port = read_number(&standin, "proxy-port");
    *standin_out = standin;
    assert_int_not_equal(standin.port, 0);
}

void standin_stop(struct standin *standin)
{
    if (standin->pid > 0) {
        (void)kill(standin->pid, SIGTERM);
        (void)waitpid(standin->pid, NULL, 0);
        standin->pid = 0;
    }
}

static void write_line(const struct standin *standin, const char *name, const char *mode,
                       const char *line)
{
    FILE *file = open_in(standin, name, mode);

    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", line) > 0);
    assert_int_equal(fclose(file), 0);
}

void standin_mode(const struct standin *standin, const char *mode)
{
    write_line(standin, "mode", "we", mode);
}

void standin_add_key(const struct standin *standin, const char *key_id, const char *sha256)
{
    char line[1024];

    (void)snprintf(line, sizeof line, "%s %s admin", key_id, sha256);
    write_line(standin, "keys", "ae", line);
}

size_t standin_count(const struct standin *standin, const char *text)
{
    FILE *file = open_in(standin, "log", "re");
    char line[4096];
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, text) != NULL;
    }
    (void)fclose(file);
    return count;
}
