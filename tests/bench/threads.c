/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lwcred.h>

/*
 * threads CONFIG PROFILE THREADS MILLISECONDS: how fast many threads of one program get a token
 * that is at hand, from one context.  Linked with liblwcred as any program would be.
 *
 * Prints, separated by tabs: calls that succeeded, calls that failed, milliseconds, milliseconds of
 * CPU time.
 */

#define THREAD_MAX 64

struct work {
    struct lwc_context *context;
    const struct lwc_query *query;
    atomic_bool stop;
    pthread_barrier_t begin;
};

struct worker {
    struct work *work;
    pthread_t thread;
    uint64_t good;
    uint64_t bad;
};

static int fail(const char *what, const struct lwc_error *err)
{
    (void)fprintf(stderr, "threads: %s%s%s\n", what, err != NULL ? ": " : "",
                  err != NULL ? err->msg : "");
    return 1;
}

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct timespec spent;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec * 1e3 + (double)spent.tv_nsec / 1e6;
}

static void *get_tokens(void *data)
{
    struct worker *worker = data;
    struct work *work = worker->work;

    (void)pthread_barrier_wait(&work->begin);
    while (!atomic_load_explicit(&work->stop, memory_order_relaxed)) {
        struct lwc_token *token = NULL;

        if (lwc_token_get(work->context, work->query, &token, NULL) == LWC_OK) {
            worker->good++;
        } else {
            worker->bad++;
        }
        lwc_token_free(&token);
    }
    return NULL;
}

static int measure(struct work *work, size_t count, long duration_ms)
{
    static struct worker workers[THREAD_MAX];
    struct timespec duration = {duration_ms / 1000, duration_ms % 1000 * 1000000};
    uint64_t good = 0;
    uint64_t bad = 0;
    double begin = 0;
    double cpu_begin = 0;

    if (pthread_barrier_init(&work->begin, NULL, (unsigned)count + 1) != 0) {
        return fail("no barrier", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        workers[i].work = work;
        if (pthread_create(&workers[i].thread, NULL, get_tokens, &workers[i]) != 0) {
            return fail("no thread", NULL);
        }
    }
    (void)pthread_barrier_wait(&work->begin);
    begin = now_ms();
    cpu_begin = cpu_ms();
    while (nanosleep(&duration, &duration) != 0 && errno == EINTR) {
    }
    atomic_store(&work->stop, true);
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        good += workers[i].good;
        bad += workers[i].bad;
    }
    (void)printf("%ju\t%ju\t%.3f\t%.3f\n", (uintmax_t)good, (uintmax_t)bad, now_ms() - begin,
                 cpu_ms() - cpu_begin);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct lwc_error err = {0};
    struct lwc_options options = {.size = sizeof options, .flags = LWC_OPEN_NO_PROMPT};
    struct lwc_query query = {.size = sizeof query};
    struct lwc_token *token = NULL;
    struct work work = {.query = &query};
    size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    int status = 0;

    if (count == 0 || count > THREAD_MAX) {
        return fail("usage: threads CONFIG PROFILE 1..64 MILLISECONDS", NULL);
    }
    options.config = argv[1];
    query.profile = argv[2];
    if (lwc_open(&options, &work.context, &err) != LWC_OK) {
        return fail("open", &err);
    }
    if (lwc_token_get(work.context, &query, &token, &err) != LWC_OK) {
        lwc_close(&work.context);
        return fail("first token", &err);
    }
    lwc_token_free(&token);
    status = measure(&work, count, strtol(argv[4], NULL, 10));
    lwc_close(&work.context);
    return status;
}
