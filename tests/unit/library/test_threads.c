/* SPDX-License-Identifier: Apache-2.0 */
/* lwc_token_get() in a program of many threads that runs for long. */
#include <lwcred.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pthread.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "api/load.h"
#include "library/context.h"
#include "tests/support/tmpdir.h"
#include "token/token.h"

#define THREADS 16
#define EXPLANATIONS 50
#define LIFE_S 3600
#define HANG_S 120 /* longer than any wait but an endless one */

static const char stack[] = "lookup sufficient env\nset cache runtime\n";

/* An API that counts, and can be held; a clock that is set. */
static atomic_uint exchanges;
static atomic_bool is_held;
static atomic_bool is_reached;
static _Atomic int64_t now_ms;
static char config[TMPDIR_PATH_LEN];

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

static enum lwc_code exchange(const struct lwc_exchange *wanted, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err)
{
    char text[32];
    unsigned number = atomic_fetch_add(&exchanges, 1) + 1;

    atomic_store(&is_reached, true);
    while (atomic_load(&is_held)) {
        (void)usleep(1000);
    }
    (void)snprintf(text, sizeof text, "_token-%u", number);
    grant_out->lifetime_s = wanted->ttl_s;
    grant_out->sent_boot_ms = atomic_load(&now_ms);
    return token->put(token->data, NULL, text, strlen(text), err);
}

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    static const struct lwc_api net = {
        .abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange};

    (void)err;
    *net_out = &net;
    return LWC_OK;
}

static int64_t clock_wall_s(void *data)
{
    (void)data;
    return 1700000000;
}

static int64_t clock_boot_ms(void *data)
{
    (void)data;
    return atomic_load(&now_ms);
}

static const struct lwc_clock slow_clock = {.wall_s = clock_wall_s, .boot_ms = clock_boot_ms};

static int setup(void **state)
{
    char key_id[32];
    static unsigned number;
    const struct tmpdir *dir = NULL;

    setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    if (tmpdir_setup(state) != 0) {
        return 1;
    }
    dir = *state;
    /* The memory of a flight outlives a test. */
    (void)snprintf(key_id, sizeof key_id, "THREADS_%ld_%u", (long)getpid(), ++number);
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    setenv("LW_ACCOUNT", "acme", 1);
    setenv("LW_API_KEY", key_id, 1);
    setenv("LW_API_SECRET", "_0123456789abcdef0123456789abcdef", 1);
    tmpdir_write(dir, "stack", stack, sizeof stack - 1, 0600);
    tmpdir_join(dir, "stack", config);
    atomic_store(&exchanges, 0);
    atomic_store(&is_held, false);
    atomic_store(&is_reached, false);
    atomic_store(&now_ms, 1000000);
    (void)alarm(HANG_S);
    return 0;
}

static int teardown(void **state)
{
    (void)alarm(0);
    return tmpdir_teardown(state);
}

static struct lwc_context *open_context(void)
{
    const struct lwc_options options = {
        .size = sizeof options, .flags = LWC_OPEN_NO_PROMPT, .config = config};
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};

    if (lwc_open(&options, &ctx, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
    ctx->clock = &slow_clock;
    return ctx;
}

/* Query and result of a thread; threads make no assertions. */
struct worker {
    pthread_t thread;
    struct lwc_context *ctx;
    int64_t ttl_s;
    enum lwc_code code;
    int64_t left_s;
    char text[32];
};

static void *ask(void *data)
{
    struct worker *worker = data;
    const struct lwc_query query = {.size = sizeof query, .ttl_s = worker->ttl_s};
    LWC_AUTO_TOKEN token = NULL;

    worker->code = lwc_token_get(worker->ctx, &query, &token, NULL);
    if (worker->code == LWC_OK) {
        (void)snprintf(worker->text, sizeof worker->text, "%s", lwc_token_text(token));
        worker->left_s = lwc_token_expires_in(token);
    }
    return NULL;
}

static void start(struct worker *worker)
{
    assert_int_equal(pthread_create(&worker->thread, NULL, ask, worker), 0);
}

static void join(struct worker *worker, const char *token)
{
    assert_int_equal(pthread_join(worker->thread, NULL), 0);
    assert_int_equal(worker->code, LWC_OK);
    assert_string_equal(worker->text, token);
}

/* All threads at once; @ctx NULL: each with a context of its own. */
static void ask_all(struct lwc_context *ctx, const char *token)
{
    struct worker workers[THREADS] = {0};

    for (size_t i = 0; i < THREADS; i++) {
        workers[i].ctx = ctx != NULL ? ctx : open_context();
    }
    for (size_t i = 0; i < THREADS; i++) {
        start(&workers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        join(&workers[i], token);
        if (ctx == NULL) {
            lwc_close(&workers[i].ctx);
        }
    }
}

static void many_threads_make_one_exchange(void **state)
{
    struct lwc_context *ctx = open_context();

    (void)state;
    ask_all(ctx, "_token-1");
    ask_all(ctx, "_token-1");
    assert_int_equal(atomic_load(&exchanges), 1);
    lwc_close(&ctx);
}

static void many_contexts_make_one_exchange(void **state)
{
    (void)state;
    ask_all(NULL, "_token-1");
    assert_int_equal(atomic_load(&exchanges), 1);
}

static void running_for_long_renews_in_time(void **state)
{
    struct lwc_context *ctx = open_context();

    (void)state;
    ask_all(ctx, "_token-1");
    atomic_fetch_add(&now_ms, (LIFE_S - 300) * INT64_C(1000));
    ask_all(ctx, "_token-1");
    atomic_fetch_add(&now_ms, 1);
    ask_all(ctx, "_token-2");
    atomic_fetch_add(&now_ms, LIFE_S * INT64_C(1000)); /* a night's suspend */
    ask_all(ctx, "_token-3");
    assert_int_equal(atomic_load(&exchanges), 3);
    lwc_close(&ctx);
}

static void running_for_long_sees_what_changed(void **state)
{
    struct lwc_context *ctx = open_context();
    struct lwc_context *other = open_context();

    (void)state;
    ask_all(ctx, "_token-1");
    assert_int_equal(lwc_token_forget(other, NULL, NULL, "_token-1", strlen("_token-1"), NULL),
                     LWC_OK);
    ask_all(ctx, "_token-2");
    setenv("LW_API_SECRET", "_another6789abcdef0123456789abcdef", 1);
    ask_all(ctx, "_token-3");
    assert_true(lwc_cached_clear(other) > 0);
    ask_all(ctx, "_token-4");
    lwc_close(&other);
    lwc_close(&ctx);
}

static void token_at_hand_waits_for_no_exchange(void **state)
{
    struct worker slow = {.ctx = open_context(), .ttl_s = 60};
    struct worker quick = {.ctx = slow.ctx};

    (void)state;
    start(&quick);
    join(&quick, "_token-1");
    atomic_store(&is_reached, false);
    atomic_store(&is_held, true);
    start(&slow);
    while (!atomic_load(&is_reached)) {
        (void)usleep(1000);
    }
    start(&quick);
    join(&quick, "_token-1");
    atomic_store(&is_held, false);
    join(&slow, "_token-2");
    lwc_close(&slow.ctx);
}

static void ignore_line(void *data, const struct lwc_explained_line *line)
{
    (void)data;
    (void)line;
}

static void ignore_answer(void *data, const struct lwc_explained_answer *answer)
{
    (void)data;
    (void)answer;
}

static void *explain(void *data)
{
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .line = ignore_line, .answer = ignore_answer};
    struct worker *worker = data;

    for (int i = 0; i < EXPLANATIONS && worker->code == LWC_OK; i++) {
        worker->code = lwc_explain(worker->ctx, NULL, &visitor, NULL);
    }
    return NULL;
}

static void *ask_often(void *data)
{
    struct worker *worker = data;

    for (int i = 0; i < EXPLANATIONS && worker->code == LWC_OK; i++) {
        (void)ask(worker);
    }
    return NULL;
}

/* For the race detector: "make check SAN=thread". */
static void explaining_disturbs_no_other_call(void **state)
{
    struct worker explaining = {.ctx = open_context()};
    struct worker asking[3] = {0};

    (void)state;
    ask_all(explaining.ctx, "_token-1");
    assert_int_equal(pthread_create(&explaining.thread, NULL, explain, &explaining), 0);
    for (size_t i = 0; i < 3; i++) {
        asking[i].ctx = explaining.ctx;
        assert_int_equal(pthread_create(&asking[i].thread, NULL, ask_often, &asking[i]), 0);
    }
    assert_int_equal(pthread_join(explaining.thread, NULL), 0);
    assert_int_equal(explaining.code, LWC_OK);
    for (size_t i = 0; i < 3; i++) {
        join(&asking[i], "_token-1");
    }
    assert_int_equal(atomic_load(&exchanges), 1);
    lwc_close(&explaining.ctx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_threads_make_one_exchange),      TEST(many_contexts_make_one_exchange),
        TEST(running_for_long_renews_in_time),     TEST(running_for_long_sees_what_changed),
        TEST(token_at_hand_waits_for_no_exchange), TEST(explaining_disturbs_no_other_call),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
