/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_FIXTURE_H
#define TESTS_CONTRACT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/identity.h"

/*
 * Base of the contract's rules: the module under test, and single calls to it whose answers are
 * compared.
 */

/*
 * The only profiles that rules store and erase, so that nothing else in the place behind a
 * module is touched.  The last two: with other capitals, and of the greatest length.
 */
#define FIXTURE_ONE "lwcred-check-1"
#define FIXTURE_TWO "lwcred-check-2"
#define FIXTURE_TWO_UPPER "LWCRED-check-2"
#define FIXTURE_LONGEST "lwcred-check-longest-56789012345678901234567890123456789012345.x"

/* The module under test, the credential that it should hold, and observations. */
struct fixture {
    const char *module; /* a name, or a path with a '/' or ".so" in it             */
    bool in_host;       /* its functions run in a backend host                     */
    struct lwc_backend backend;
    struct lwc_host host;
    size_t argc;
    const char *const *argv;
    int64_t deadline_ms;      /* on the monotonic clock                                      */
    struct lwc_identity held; /* a credential that is there before the rules run, or empty   */
    const char *held_secret;  /* its secret, or NULL                                         */
    const char *canary;       /* a secret that must be in no text, or NULL                   */
    bool canary_seen;         /* it was                                                      */
    bool in_quiet;            /* in open() or list(), which must not ask                     */
    unsigned prompts_quiet;   /* how often the user would have been asked by those           */
    unsigned prompts;         /* and by others                                               */
    char said[512];           /* why the last rule was broken                                */
    char defect[256];         /* what is wrong with the record of the first failure, or ""   */
};

/*
 * Fills in all but the members that the caller sets beforehand: module, in_host, argc, argv.  Loads
 * nothing.
 */
void fixture_init(struct fixture *fixture);

/* Loads and checks the module; reports a refusal and returns false. */
bool fixture_load(struct fixture *fixture);

/* Reports a broken rule; returns false. */
bool fixture_say(struct fixture *fixture, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Checks the record of a call that answered @code. */
void fixture_judge_error(struct fixture *fixture, enum lwc_code code, const struct lwc_error *err);

/* An opened state, closed when it leaves scope. */
struct opened {
    const struct lwc_backend *backend;
    void *state;
};

struct received {
    struct lwc_identity_copy identity;
    struct lwc_buf *secret;
    unsigned puts;
};

/* Counts what list() names, and looks for one profile. */
struct listed {
    const char *profile;
    unsigned total;
    unsigned hits;
    struct lwc_identity_copy last_hit;
};

void opened_close(struct opened *opened);
void received_clear(struct received *received);

/* Opens the backend; reports a failure and returns false. */
bool fixture_open_state(struct fixture *fixture, struct opened *opened);

/* Make one call each; an unexpected answer is reported with fixture_say(). */
enum lwc_code fixture_find(struct fixture *fixture, void *state, const struct lwc_identity *query,
                           struct received *received);
bool fixture_list(struct fixture *fixture, void *state, const char *profile, struct listed *listed);

/* A full identity, and a query for a profile alone. */
struct lwc_identity fixture_sample(const char *profile);
struct lwc_identity fixture_only_profile(const char *profile);
bool fixture_same(const struct lwc_identity *one, const struct lwc_identity *other);

bool fixture_store(struct fixture *fixture, void *state, const struct lwc_identity *identity,
                   const void *secret, size_t len, uint32_t flags, enum lwc_code expected);
bool fixture_erase(struct fixture *fixture, void *state, const struct lwc_identity *query,
                   enum lwc_code expected);
bool fixture_has(struct fixture *fixture, void *state, const struct lwc_identity *query,
                 const void *secret, size_t len);
bool fixture_lacks(struct fixture *fixture, void *state, const struct lwc_identity *query);

/* Erases what broken rules left behind, as far as possible. */
void fixture_sweep(struct fixture *fixture);

#define AUTO_OPENED LWC_AUTO(struct opened, opened_close)
#define AUTO_RECEIVED LWC_AUTO(struct received, received_clear)

#endif
