/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <lwcred.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "stack/conf.h"
#include "stack/stack.h"
#include "token/obtain.h"
#include "token/witness.h"

/* What the public functions share: the context, its calls, and the services for its backends. */

struct lwc_context {
    struct lwc_options options;
    struct lwc_conf *conf;
    struct lwc_stack *stack;
    struct lwc_host host;         /* for what the library does itself */
    struct lwc_host backend_host; /* for backends: what they read is noted */
    const struct lwc_clock *clock;
    int64_t deadline_ms;            /* of the call under way, by the boot clock */
    bool warned;                    /* that memory cannot be locked */
    struct lwc_witnesses witnesses; /* files that the backends of this call looked at, and settings
                                       that they ever did */
    struct lwc_flight *flight;      /* in which this call asks its backends, or NULL */
    pthread_mutex_t mutex;          /* held during each call */
};

/* Holds a context for the length of a call. */
struct lwc_held {
    struct lwc_context *ctx;
};

/* Wait for other threads' calls to end, and start the clock of this one. */
struct lwc_held lwc_call_start(struct lwc_context *ctx);

/* The same for a call that will hold a secret: where memory cannot be locked, the user is told. */
struct lwc_held lwc_call_start_secret(struct lwc_context *ctx);

void lwc_call_end(struct lwc_held *held);
#define LWC_HOLD __attribute__((unused)) LWC_AUTO(struct lwc_held, lwc_call_end) held

/*
 * Copy what both sides know of a caller's query, and the part of it that is an identity; its
 * strings stay the caller's.  LWC_E_INVALID if its size is not set.
 */
enum lwc_code lwc_query_take(const struct lwc_query *query, struct lwc_query *query_out,
                             struct lwc_identity *identity_out, struct lwc_error *err) LWC_RESULT;

/* The same for lwc_open()'s options. */
enum lwc_code lwc_options_take(const struct lwc_options *options, struct lwc_options *options_out,
                               struct lwc_error *err) LWC_RESULT;

/* What it takes to get a token in @ctx; borrows from it. */
struct lwc_obtain lwc_obtain_of(struct lwc_context *ctx);

/* What was cached of a credential that changed is not served any more. */
void lwc_cached_forget(const char *profile, const char *key_id);

#endif
