/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/watchdog.h"

#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static int64_t after_ns(int64_t limit_ms)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec + limit_ms * NS_PER_MS;
}

static void *wait_for_it(void *data)
{
    struct lwc_watchdog *watch = data;

    (void)pthread_mutex_lock(&watch->mutex);
    while (!watch->is_stopped && after_ns(0) < watch->until_ns) {
        const struct timespec until = {.tv_sec = watch->until_ns / NS_PER_S,
                                       .tv_nsec = watch->until_ns % NS_PER_S};

        (void)pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
    }
    watch->has_fired = !watch->is_stopped;
    if (watch->has_fired) {
        watch->fire(watch->data);
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

static void destroy_sync(struct lwc_watchdog *watch)
{
    (void)pthread_cond_destroy(&watch->changed);
    (void)pthread_mutex_destroy(&watch->mutex);
}

enum lwc_code lwc_watchdog_start(struct lwc_watchdog *watch, int64_t limit_ms,
                                 void (*fire)(void *data), void *data, struct lwc_error *err)
{
    pthread_condattr_t attributes;
    int failed = 0;

    *watch = (struct lwc_watchdog){.until_ns = after_ns(limit_ms), .fire = fire, .data = data};
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&watch->mutex, NULL);
    (void)pthread_cond_init(&watch->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    failed = pthread_create(&watch->thread, NULL, wait_for_it, watch);
    if (failed != 0) {
        destroy_sync(watch);
        return lwc_fail_sys(err, LWC_E_FAILED, failed, "a thread cannot be started");
    }
    return LWC_OK;
}

void lwc_watchdog_extend(struct lwc_watchdog *watch, int64_t limit_ms)
{
    (void)pthread_mutex_lock(&watch->mutex);
    watch->until_ns = after_ns(limit_ms);
    (void)pthread_cond_signal(&watch->changed);
    (void)pthread_mutex_unlock(&watch->mutex);
}

bool lwc_watchdog_stop(struct lwc_watchdog *watch)
{
    (void)pthread_mutex_lock(&watch->mutex);
    watch->is_stopped = true;
    (void)pthread_cond_signal(&watch->changed);
    (void)pthread_mutex_unlock(&watch->mutex);
    (void)pthread_join(watch->thread, NULL);
    destroy_sync(watch);
    return watch->has_fired;
}
