/* SPDX-License-Identifier: Apache-2.0 */
#include "token/obtain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/stacks.h"
#include "tests/support/tmpdir.h"
#include "tests/support/world.h"
#include "token/token.h"

enum lwc_code __wrap_lwc_net_load(const struct lwc_net **net_out, struct lwc_error *err);

enum lwc_code __wrap_lwc_net_load(const struct lwc_net **net_out, struct lwc_error *err)
{
    return world_net_load(net_out, err);
}

/* A stack with one key, an API, and a cache in a runtime directory of its own. */
struct bed {
    struct stacks stacks;
    struct lwc_witnesses witnesses;
    struct lwc_obtain obtain;
    struct lwc_error err;
    char stack[256];
};

static int bed_setup(void **state)
{
    const struct tmpdir *dir = NULL;

    setenv("TMPDIR", "/dev/shm", 1); /* a runtime directory is on a tmpfs */
    if (tmpdir_setup(state) != 0) {
        return 1;
    }
    dir = *state;
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    world_reset();
    return 0;
}

/* Each test has a key of its own, for what a flight remembers outlives a test. */
static void bed_open_as(struct bed *bed, const char *profile, const char *key)
{
    memset(bed, 0, sizeof *bed);
    (void)snprintf(bed->stack, sizeof bed->stack,
                   "lookup sufficient answer hold=%s:acme.lacework.net:%s-%ld:s3cret\n", profile,
                   key, (long)getpid());
    stacks_open(&bed->stacks, bed->stack);
    bed->obtain = (struct lwc_obtain){.stack = bed->stacks.stack,
                                      .conf = bed->stacks.conf,
                                      .host = &bed->stacks.host,
                                      .clock = &world_clock,
                                      .witnesses = &bed->witnesses,
                                      .mode = LWC_CACHE_RUNTIME};
}

static void bed_close(struct bed *bed)
{
    stacks_close(&bed->stacks);
}

/* Gets a token and forgets it; how long it lived, or -1. */
static int64_t get(struct bed *bed, struct lwc_query query, enum lwc_code expected)
{
    LWC_AUTO_TOKEN token = NULL;
    int64_t left_s = -1;
    enum lwc_code code;

    bed->err = (struct lwc_error){0};
    bed->stacks.asked = 0;
    bed->stacks.warnings = 0;
    code = lwc_obtain_token(&bed->obtain, &query, &token, &bed->err);
    if (code != expected) {
        fail_msg("%d instead of %d: %s", code, expected, bed->err.msg);
    }
    if (code == LWC_OK) {
        left_s = lwc_token_expires_in(token);
        assert_string_equal(lwc_token_identity(token)->account, "acme.lacework.net");
        assert_string_equal(lwc_token_source(token), "answer");
    } else {
        assert_null(token);
        assert_int_equal(bed->err.code, code);
    }
    return left_s;
}

static const struct lwc_query plain;

static void second_get_asks_nobody(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "second");
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    assert_true(bed.stacks.asked > 0);
    world.boot_ms += 10000;
    assert_int_equal(get(&bed, plain, LWC_OK), 3590);
    assert_int_equal(bed.stacks.asked, 0);
    assert_int_equal(world.exchanges, 1);
    bed_close(&bed);
}

static void renewal_comes_in_time_and_not_before(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "renewal");
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    world.boot_ms += 3300 * 1000;
    assert_int_equal(get(&bed, plain, LWC_OK), 300);
    assert_int_equal(world.exchanges, 1);
    world.boot_ms += 1;
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    assert_int_equal(world.exchanges, 2);
    bed_close(&bed);
}

static void wall_clock_neither_revives_nor_kills(void **state)
{
    static const int64_t steps[] = {5 * 3600, -5 * 3600, 946684800 - 1700000000};
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "wall");
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        world.wall_s = 1700000000 + steps[i];
        assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    }
    assert_int_equal(world.exchanges, 1);
    bed_close(&bed);
}

static void min_valid_is_honoured_exactly(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "minvalid");
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    world.boot_ms += 100000;
    assert_int_equal(get(&bed, (struct lwc_query){.min_valid_s = 3500}, LWC_OK), 3500);
    assert_int_equal(world.exchanges, 1);
    assert_int_equal(get(&bed, (struct lwc_query){.min_valid_s = 3501}, LWC_OK), 3600);
    assert_int_equal(world.exchanges, 2);
    assert_int_equal(get(&bed, (struct lwc_query){.min_valid_s = 7200}, LWC_OK), 7260);
    assert_int_equal(world.ttl_s, 7260);
    assert_int_equal(get(&bed, (struct lwc_query){.min_valid_s = 86400}, LWC_OK), 86400);
    (void)get(&bed, (struct lwc_query){.min_valid_s = 86401}, LWC_E_INVALID);
    (void)get(&bed, (struct lwc_query){.ttl_s = 86401}, LWC_E_INVALID);
    (void)get(&bed, (struct lwc_query){.ttl_s = -1}, LWC_E_INVALID);
    world.lifetime_s = 600;
    (void)get(&bed, (struct lwc_query){.min_valid_s = 9000}, LWC_E_NETWORK);
    assert_non_null(strstr(bed.err.msg, "600 s"));
    bed_close(&bed);
}

static void short_tokens_are_used_for_half_of_their_life(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "short");
    assert_int_equal(get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    world.boot_ms += 5000;
    assert_int_equal(get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 5);
    assert_int_equal(world.exchanges, 1);
    world.boot_ms += 1000;
    assert_int_equal(get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    assert_int_equal(get(&bed, (struct lwc_query){.ttl_s = 1}, LWC_OK), 1);
    bed_close(&bed);
}

static void refresh_and_no_cache_do_what_they_say(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "refresh");
    (void)get(&bed, (struct lwc_query){.no_cache = true}, LWC_OK);
    (void)get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    world.token = "_fresh";
    (void)get(&bed, (struct lwc_query){.refresh = true}, LWC_OK);
    assert_int_equal(world.exchanges, 3);
    (void)get(&bed, plain, LWC_OK);
    (void)get(&bed, (struct lwc_query){.no_cache = true}, LWC_OK);
    assert_int_equal(world.exchanges, 4);
    bed.obtain.mode = LWC_CACHE_NONE;
    (void)get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 5);
    bed_close(&bed);
}

static void same_key_under_another_name_shares_the_token(void **state)
{
    struct bed one;
    struct bed two;

    (void)state;
    bed_open_as(&one, "one", "shared");
    bed_open_as(&two, "two", "shared");
    (void)get(&one, plain, LWC_OK);
    (void)get(&two, plain, LWC_OK);
    assert_true(two.stacks.asked > 0);
    assert_int_equal(world.exchanges, 1);
    (void)get(&two, plain, LWC_OK);
    assert_int_equal(two.stacks.asked, 0);
    (void)get(&two, (struct lwc_query){.sub_account = "sub"}, LWC_OK);
    assert_string_equal(world.sub_account, "sub");
    (void)get(&two, (struct lwc_query){.org_access = true}, LWC_OK);
    assert_int_equal(world.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(world.exchanges, 3);
    bed_close(&one);
    bed_close(&two);
}

static void failures_are_remembered_for_a_moment(void **state)
{
    static const struct {
        const char *key;
        enum lwc_code code;
        int64_t wait_s;
        int64_t again_after_ms;
    } cases[] = {
        {"refused", LWC_E_REFUSED, 0, 10001},
        {"limited", LWC_E_RATE_LIMITED, 37, 37001},
        {"network", LWC_E_NETWORK, 0, 3001},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bed bed;

        print_message("%s\n", cases[i].key);
        world_reset();
        world.code = cases[i].code;
        world.wait_s = cases[i].wait_s;
        bed_open_as(&bed, "p", cases[i].key);
        (void)get(&bed, plain, cases[i].code);
        (void)get(&bed, plain, cases[i].code);
        assert_non_null(strstr(bed.err.msg, "the world said so"));
        assert_int_equal(bed.err.wait_s, cases[i].wait_s);
        assert_int_equal(world.exchanges, 1);
        world.code = LWC_OK;
        world.boot_ms += cases[i].again_after_ms;
        (void)get(&bed, plain, LWC_OK);
        assert_int_equal(world.exchanges, 2);
        (void)get(&bed, plain, LWC_OK);
        bed_close(&bed);
    }
}

static unsigned timely; /* so many exchanges leave the call time */

static int64_t time_left(void *data)
{
    (void)data;
    return world.exchanges <= timely ? 10000 : 0;
}

static int64_t much_time_left(void *data)
{
    return 2 * time_left(data);
}

static void own_impatience_is_remembered_for_the_equally_impatient(void **state)
{
    struct lwc_host host;
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "impatient");
    host = bed.stacks.host;
    host.remaining_ms = time_left;
    bed.obtain.host = &host;
    world.code = LWC_E_NETWORK;
    timely = 0;
    (void)get(&bed, plain, LWC_E_NETWORK);
    timely = 1;
    (void)get(&bed, plain, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 1);
    host.remaining_ms = much_time_left;
    (void)get(&bed, plain, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 2);
    /* Refused is refused, however late. */
    world.boot_ms += 10001;
    world.code = LWC_E_REFUSED;
    timely = 2;
    (void)get(&bed, plain, LWC_E_REFUSED);
    timely = 3;
    host.remaining_ms = time_left;
    (void)get(&bed, plain, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 3);
    bed_close(&bed);
}

static void token_too_short_for_one_is_kept_for_the_others(void **state)
{
    const struct lwc_query much = {.min_valid_s = 3000};
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "tooshort");
    world.lifetime_s = 600;
    (void)get(&bed, much, LWC_E_NETWORK);
    assert_int_equal(get(&bed, plain, LWC_OK), 600);
    (void)get(&bed, much, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 1);
    (void)get(&bed, (struct lwc_query){.min_valid_s = 601}, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 2);
    bed_close(&bed);
}

static void proxy_that_fails_is_no_failure_of_others(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "proxy");
    setenv("HTTPS_PROXY", "http://127.0.0.1:9", 1);
    world.code = LWC_E_NETWORK;
    (void)get(&bed, plain, LWC_E_NETWORK);
    unsetenv("HTTPS_PROXY");
    world.code = LWC_OK;
    (void)get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    bed_close(&bed);
}

static void refresh_shares_what_failed_since_it_began(void **state)
{
    const struct lwc_query refresh = {.refresh = true};
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "refreshed");
    world.code = LWC_E_REFUSED;
    (void)get(&bed, plain, LWC_E_REFUSED);
    (void)get(&bed, refresh, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 2);
    world.boot_ms += 1000;
    (void)get(&bed, plain, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 2);
    bed_close(&bed);
}

static void stale_token_bridges_a_failure_of_the_network(void **state)
{
    static const struct {
        const char *key;
        enum lwc_code failure;
        struct lwc_query query;
        enum lwc_code code;
    } cases[] = {
        {"stale-network", LWC_E_NETWORK, {.ttl_s = 0}, LWC_OK},
        {"stale-limited", LWC_E_RATE_LIMITED, {.ttl_s = 0}, LWC_OK},
        {"stale-refused", LWC_E_REFUSED, {.ttl_s = 0}, LWC_E_REFUSED},
        {"stale-exact", LWC_E_NETWORK, {.min_valid_s = 200}, LWC_E_NETWORK},
        {"stale-refresh", LWC_E_NETWORK, {.refresh = true}, LWC_E_NETWORK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bed bed;

        print_message("%s\n", cases[i].key);
        world_reset();
        bed_open_as(&bed, "p", cases[i].key);
        (void)get(&bed, plain, LWC_OK);
        world.boot_ms += 3420 * 1000;
        world.code = cases[i].failure;
        assert_int_equal(get(&bed, cases[i].query, cases[i].code),
                         cases[i].code == LWC_OK ? 180 : -1);
        assert_int_equal(bed.stacks.warnings, cases[i].code == LWC_OK);
        bed_close(&bed);
    }
}

static void expired_token_and_dead_network_is_an_error(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "expired");
    (void)get(&bed, plain, LWC_OK);
    world.boot_ms += 3600 * 1000;
    world.code = LWC_E_NETWORK;
    (void)get(&bed, plain, LWC_E_NETWORK);
    bed_close(&bed);
}

static void cached_answer_needs_no_network(void **state)
{
    struct bed bed;

    (void)state;
    bed_open_as(&bed, "p", "offline");
    (void)get(&bed, plain, LWC_OK);
    world.load = LWC_E_UNAVAILABLE;
    assert_int_equal(get(&bed, plain, LWC_OK), 3600);
    bed_close(&bed);
}

static void unusable_place_costs_no_token(void **state)
{
    struct tmpdir *dir = *state;
    struct bed bed;

    bed_open_as(&bed, "p", "noplace");
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    (void)get(&bed, plain, LWC_OK);
    (void)get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    tmpdir_write(dir, "lwcred", "not a directory", 15, 0600);
    (void)get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 3);
    bed_close(&bed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_get_asks_nobody),
        TEST(renewal_comes_in_time_and_not_before),
        TEST(wall_clock_neither_revives_nor_kills),
        TEST(min_valid_is_honoured_exactly),
        TEST(short_tokens_are_used_for_half_of_their_life),
        TEST(refresh_and_no_cache_do_what_they_say),
        TEST(same_key_under_another_name_shares_the_token),
        TEST(failures_are_remembered_for_a_moment),
        TEST(own_impatience_is_remembered_for_the_equally_impatient),
        TEST(token_too_short_for_one_is_kept_for_the_others),
        TEST(proxy_that_fails_is_no_failure_of_others),
        TEST(refresh_shares_what_failed_since_it_began),
        TEST(stale_token_bridges_a_failure_of_the_network),
        TEST(expired_token_and_dead_network_is_an_error),
        TEST(cached_answer_needs_no_network),
        TEST(unusable_place_costs_no_token),
    };

    return cmocka_run_group_tests_name("obtain", tests, NULL, NULL);
}
