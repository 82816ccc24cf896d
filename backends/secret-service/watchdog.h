/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_WATCHDOG_H
#define BACKENDS_SECRET_SERVICE_WATCHDOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A deadline that calls back from a thread of its own, for calls that can be cancelled but take
 * no time limit.
 */
struct lwc_watchdog {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t until_ns; /* by CLOCK_MONOTONIC */
    bool is_stopped;
    bool has_fired;
    void (*fire)(void *data);
    void *data;
};

/*
 * In @limit_ms from now call @fire, once, unless stopped before.
 *
 * @watch  must stay where it is until lwc_watchdog_stop().
 * @fire   runs in the other thread.
 */
enum lwc_code lwc_watchdog_start(struct lwc_watchdog *watch, int64_t limit_ms,
                                 void (*fire)(void *data), void *data, struct lwc_error *err)
    LWC_RESULT;

/* From now it is @limit_ms.  Does nothing once it has fired. */
void lwc_watchdog_extend(struct lwc_watchdog *watch, int64_t limit_ms);

/* End the thread.  Did it fire? */
bool lwc_watchdog_stop(struct lwc_watchdog *watch);

#endif
