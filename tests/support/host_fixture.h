/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HOST_FIXTURE_H
#define TESTS_SUPPORT_HOST_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "module/descriptor.h"
#include "remote/client.h"
#include "tests/support/tmpdir.h"

/*
 * The test module "blocking" in a backend host, and a caller that remembers what it was asked.
 *
 * backend   that of the descriptor, its functions replaced by those that ask the host.
 * left_ms   the caller's deadline, from the fixture's start on.
 * typed     answer to a prompt; NULL: not interactive.
 * logged    the last line; logs: how many.
 */
#define HOST_FIXTURE_ARGS_MAX 8
struct host_fixture {
    void *dir; /* struct tmpdir */
    struct lwc_host host;
    struct lwc_descriptor descriptor;
    struct lwc_backend backend;
    struct lwc_client *hosted;
    char args[HOST_FIXTURE_ARGS_MAX][TMPDIR_PATH_LEN];
    const char *argv[HOST_FIXTURE_ARGS_MAX];
    size_t argc;
    int64_t left_ms;
    int64_t begun_ms;
    const char *typed;
    char logged[1024];
    char depended[256];
    char asked[256];
    char settings[1024]; /* names asked for, each with a blank behind it */
    unsigned logs;
    unsigned prompts;
};

/* @args: words with blanks between, behind "dir=DIRECTORY".  Nothing is started yet. */
void host_fixture_open(struct host_fixture *fixture, const char *args);

/* Closes the backend, if it is not; fails the test if a process is left. */
void host_fixture_close(struct host_fixture *fixture);

/* How many processes this one has, zombies among them. */
unsigned host_fixture_children(void);

enum lwc_code host_fixture_store(struct host_fixture *fixture, const char *profile,
                                 const void *secret, size_t len, struct lwc_error *err);
/* *secret_out: owned by the caller. */
enum lwc_code host_fixture_find(struct host_fixture *fixture, const char *profile,
                                struct lwc_buf **secret_out, struct lwc_error *err);
/* How many credentials are listed. */
enum lwc_code host_fixture_list(struct host_fixture *fixture, unsigned *count_out,
                                struct lwc_error *err);

#endif
