/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LIBRARY_CONTEXT_H
#define CORE_LIBRARY_CONTEXT_H

#include <lwcred.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "cache/dependency.h"
#include "conf/conf.h"
#include "stack/stack.h"
#include "token/answer.h"
#include "token/obtain.h"

/* The context that the public functions share, its calls, and the services for its backends. */

struct lwc_context {
    struct lwc_options options;
    struct lwc_conf *conf;
    struct lwc_stack *stack;
    struct lwc_host host;         /* for what the library does itself */
    struct lwc_host backend_host; /* for backends: what they read is noted */
    const struct lwc_clock *clock;
    pid_t pid;                            /* of the process that opened it */
    atomic_bool no_prompt;                /* LWC_OPEN_NO_PROMPT, or an explanation is under way */
    int64_t deadline_ms;                  /* of the call under way, by the boot clock */
    _Atomic int64_t end_ms;               /* of all calls, see lwc_deadline_set() */
    bool warned;                          /* that memory cannot be locked */
    struct lwc_dependencies dependencies; /* files that the backends of this call looked at, and
                                       settings that they ever did */
    struct lwc_flight *flight;            /* in which this call asks its backends, or NULL */
    struct lwc_proof proof;               /* of the key that was proved last */
    pthread_mutex_t mutex;                /* held during each call */
};

/* Holds a context for the length of a call; ctx is NULL until that has started. */
struct lwc_held {
    struct lwc_context *ctx;
};

/*
 * Wait for other threads' calls to end, and start the clock of this one: the wait counts.
 *
 * Returns LWC_OK; LWC_E_INVALID in a callback of a call of the same context, and in a child of
 * fork(); LWC_E_BUSY where another thread's call took all the time that this one has.
 */
enum lwc_code lwc_call_start(struct lwc_context *ctx, struct lwc_held *held, struct lwc_error *err)
    LWC_RESULT;

/* Start a call that will hold a secret: warns if memory cannot be locked. */
enum lwc_code lwc_call_start_secret(struct lwc_context *ctx, struct lwc_held *held,
                                    struct lwc_error *err) LWC_RESULT;

/* Return LWC_E_INVALID in a process that has @ctx from its parent, by fork(). */
enum lwc_code lwc_call_check_process(const struct lwc_context *ctx, struct lwc_error *err)
    LWC_RESULT;

/* Return the end, by the boot clock, of a call that begins now. */
int64_t lwc_call_deadline_ms(struct lwc_context *ctx);

void lwc_call_end(struct lwc_held *held);
#define LWC_AUTO_HELD LWC_AUTO(struct lwc_held, lwc_call_end)

/*
 * Copy what both sides know of a caller's query, and the part of it that is an identity; its
 * strings stay the caller's.  LWC_E_INVALID if its size is not set.
 */
enum lwc_code lwc_query_take(const struct lwc_query *query, struct lwc_query *query_out,
                             struct lwc_identity *identity_out, struct lwc_error *err) LWC_RESULT;

/* No struct of lwcred.h will be larger: a size above it was never set. */
#define LWC_SIZED_MAX 4096

/*
 * Copy what both sides know of a caller's struct that begins with its size.  LWC_E_INVALID if the
 * size is not set, or if a member that only the caller knows is: it could restrict what we do.
 */
enum lwc_code lwc_sized_take(void *to, size_t own_size, const void *from, const char *what,
                             struct lwc_error *err) LWC_RESULT;

/* Return LWC_E_INVALID for flags that this version does not know. */
enum lwc_code lwc_store_flags_check(uint32_t flags, struct lwc_error *err) LWC_RESULT;

/* Copy lwc_open()'s options likewise, with defaults filled in. */
enum lwc_code lwc_options_take(const struct lwc_options *options, struct lwc_options *options_out,
                               struct lwc_error *err) LWC_RESULT;

/* Return the parts of @ctx that a token is obtained with, borrowed. */
struct lwc_obtain_ctx lwc_obtain_of(struct lwc_context *ctx);

/* Remove cached tokens and answers of a credential that changed. */
void lwc_cached_forget(const char *profile, const char *key_id);

#endif
