/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges that fail, and whose failure that is. */
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

#include "cache/key.h"
#include "flight/flight.h"
#include "tests/support/fake_api.h"
#include "tests/support/obtain_fixture.h"

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    return world_net_load(net_out, err);
}

static const struct lwc_query plain;

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
        struct obtainbed bed;

        print_message("%s\n", cases[i].key);
        world_reset();
        world.code = cases[i].code;
        world.wait_s = cases[i].wait_s;
        obtainbed_open(&bed, "p", cases[i].key);
        (void)obtainbed_get(&bed, plain, cases[i].code);
        (void)obtainbed_get(&bed, plain, cases[i].code);
        assert_non_null(strstr(bed.err.msg, "the world said so"));
        assert_int_equal(bed.err.wait_s, cases[i].wait_s);
        assert_int_equal(world.exchanges, 1);
        world.code = LWC_OK;
        world.boot_ms += cases[i].again_after_ms;
        (void)obtainbed_get(&bed, plain, LWC_OK);
        assert_int_equal(world.exchanges, 2);
        (void)obtainbed_get(&bed, plain, LWC_OK);
        obtainbed_close(&bed);
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
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "impatient");
    host = bed.stacks.host;
    host.remaining_ms = time_left;
    bed.obtain.host = &host;
    world.code = LWC_E_NETWORK;
    timely = 0;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    timely = 1;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 1);
    host.remaining_ms = much_time_left;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 2);
    /* Refused is refused, however late. */
    world.boot_ms += 10001;
    world.code = LWC_E_REFUSED;
    timely = 2;
    (void)obtainbed_get(&bed, plain, LWC_E_REFUSED);
    timely = 3;
    host.remaining_ms = time_left;
    (void)obtainbed_get(&bed, plain, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 3);
    obtainbed_close(&bed);
}

static void token_too_short_for_one_is_kept_for_the_others(void **state)
{
    const struct lwc_query much = {.min_valid_s = 3000};
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "tooshort");
    world.lifetime_s = 600;
    (void)obtainbed_get(&bed, much, LWC_E_NETWORK);
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 600);
    (void)obtainbed_get(&bed, much, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 1);
    (void)obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 601}, LWC_E_NETWORK);
    assert_int_equal(world.exchanges, 2);
    obtainbed_close(&bed);
}

static void proxy_that_fails_is_no_failure_of_others(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "proxy");
    setenv("HTTPS_PROXY", "http://127.0.0.1:9", 1);
    world.code = LWC_E_NETWORK;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    unsetenv("HTTPS_PROXY");
    world.code = LWC_OK;
    (void)obtainbed_get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    obtainbed_close(&bed);
}

static void refresh_shares_what_failed_since_it_began(void **state)
{
    const struct lwc_query refresh = {.refresh = true};
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "refreshed");
    world.code = LWC_E_REFUSED;
    (void)obtainbed_get(&bed, plain, LWC_E_REFUSED);
    (void)obtainbed_get(&bed, refresh, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 2);
    world.boot_ms += 1000;
    (void)obtainbed_get(&bed, plain, LWC_E_REFUSED);
    assert_int_equal(world.exchanges, 2);
    obtainbed_close(&bed);
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
        struct obtainbed bed;

        print_message("%s\n", cases[i].key);
        world_reset();
        obtainbed_open(&bed, "p", cases[i].key);
        (void)obtainbed_get(&bed, plain, LWC_OK);
        world.boot_ms += 3420 * 1000;
        world.code = cases[i].failure;
        assert_int_equal(obtainbed_get(&bed, cases[i].query, cases[i].code),
                         cases[i].code == LWC_OK ? 180 : -1);
        assert_int_equal(bed.stacks.warnings, cases[i].code == LWC_OK);
        obtainbed_close(&bed);
    }
}

static int64_t moment_left(void *data)
{
    (void)data;
    return 60;
}

static void another_that_stays_inside_makes_it_busy(void **state)
{
    LWC_AUTO_FLIGHT first = NULL;
    const struct lwc_flight_times times = {.stay_ms = 60000};
    struct lwc_identity identity = {
        .account = "acme.lacework.net", .origin = "", .sub_account = ""};
    char name[LWC_HASH_HEX_LEN];
    char key_id[64];
    struct lwc_host host;
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "inside");
    host = bed.stacks.host;
    host.remaining_ms = moment_left;
    bed.obtain.host = &host;
    (void)obtainbed_get(&bed, plain, LWC_OK);
    (void)snprintf(key_id, sizeof key_id, "inside-%ld", (long)getpid());
    identity.key_id = key_id;
    lwc_key_of_flight(&identity, LWC_TTL_DEFAULT, name);
    assert_int_equal(lwc_flight_enter(name, &times, &first, NULL), LWC_OK);
    /* No exchange is made beside it. */
    world.boot_ms += 3400 * 1000;
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 200);
    assert_int_equal(bed.stacks.warnings, 1);
    (void)obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 300}, LWC_E_BUSY);
    assert_non_null(strstr(bed.err.msg, "held by another process"));
    assert_non_null(strstr(bed.err.hint, "stopped"));
    assert_int_equal(world.exchanges, 1);
    lwc_flight_leave(&first);
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    obtainbed_close(&bed);
}

static void expired_token_and_dead_network_is_an_error(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "expired");
    (void)obtainbed_get(&bed, plain, LWC_OK);
    world.boot_ms += 3600 * 1000;
    world.code = LWC_E_NETWORK;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    obtainbed_close(&bed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, obtainbed_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(failures_are_remembered_for_a_moment),
        TEST(own_impatience_is_remembered_for_the_equally_impatient),
        TEST(token_too_short_for_one_is_kept_for_the_others),
        TEST(proxy_that_fails_is_no_failure_of_others),
        TEST(refresh_shares_what_failed_since_it_began),
        TEST(stale_token_bridges_a_failure_of_the_network),
        TEST(another_that_stays_inside_makes_it_busy),
        TEST(expired_token_and_dead_network_is_an_error),
    };

    return cmocka_run_group_tests_name("obtain_failure", tests, NULL, NULL);
}
