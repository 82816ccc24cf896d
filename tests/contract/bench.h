/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_BENCH_H
#define TESTS_CONTRACT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/identity.h"
#include "base/secret.h"

/*
 * What the rules of the contract are made of: a module on the bench, and single calls to it
 * whose answers are compared.
 */

/* The module under test and what it is told to hold. */
struct bench {
    struct lwc_backend backend;
    struct lwc_host host;
    size_t argc;
    const char *const *argv;
    struct lwc_identity held; /* a credential that is there before the rules run, or empty */
    const char *held_secret;  /* its secret, or NULL                                       */
    char said[512];           /* why the last rule was broken                              */
};

/* Describe a broken rule; returns false. */
bool bench_say(struct bench *bench, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One opened state, closed when it leaves scope. */
struct opened {
    const struct lwc_backend *backend;
    void *state;
};

struct received {
    struct lwc_identity_copy identity;
    struct lwc_secret *secret;
    unsigned puts;
};

/* Counts what list() names, and looks for one profile. */
struct listed {
    const char *profile;
    unsigned total;
    unsigned hits;
};

void opened_close(struct opened *opened);
void received_clear(struct received *received);

/* Opens the backend; state is NULL, and the reason said, if that fails. */
struct opened bench_open_state(struct bench *bench);

/* One call each; a surprising answer is said and makes the result false. */
enum lwc_code bench_find(struct bench *bench, void *state, const struct lwc_identity *query,
                         struct received *received);
bool bench_list(struct bench *bench, void *state, const char *profile, struct listed *listed);

/* A full identity, and a query for a profile alone. */
struct lwc_identity bench_sample(const char *profile);
struct lwc_identity bench_only_profile(const char *profile);
bool bench_store(struct bench *bench, void *state, const struct lwc_identity *identity,
                 const void *secret, size_t len, uint32_t flags, enum lwc_code expected);
bool bench_erase(struct bench *bench, void *state, const struct lwc_identity *query,
                 enum lwc_code expected);
bool bench_has(struct bench *bench, void *state, const struct lwc_identity *query,
               const void *secret, size_t len);
bool bench_lacks(struct bench *bench, void *state, const struct lwc_identity *query);

#define AUTO_OPENED LWC_AUTO(struct opened, opened_close)
#define AUTO_RECEIVED LWC_AUTO(struct received, received_clear)

#endif
