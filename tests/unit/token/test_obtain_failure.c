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
    return fake_api_load(net_out, err);
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
        struct obtain_fixture fixture;

        print_message("%s\n", cases[i].key);
        fake_api_reset();
        fake_api.code = cases[i].code;
        fake_api.wait_s = cases[i].wait_s;
        obtain_fixture_open(&fixture, "p", cases[i].key);
        (void)obtain_fixture_get(&fixture, plain, cases[i].code);
        (void)obtain_fixture_get(&fixture, plain, cases[i].code);
        assert_non_null(strstr(fixture.err.msg, "the fake API said so"));
        assert_int_equal(fixture.err.wait_s, cases[i].wait_s);
        assert_int_equal(fake_api.exchanges, 1);
        fake_api.code = LWC_OK;
        fake_api.boot_ms += cases[i].again_after_ms;
        (void)obtain_fixture_get(&fixture, plain, LWC_OK);
        assert_int_equal(fake_api.exchanges, 2);
        (void)obtain_fixture_get(&fixture, plain, LWC_OK);
        obtain_fixture_close(&fixture);
    }
}

static unsigned timely; /* so many exchanges leave the call time */

static int64_t time_left(void *data)
{
    (void)data;
    return fake_api.exchanges <= timely ? 10000 : 0;
}

static int64_t much_time_left(void *data)
{
    return 2 * time_left(data);
}

static void own_impatience_is_remembered_for_the_equally_impatient(void **state)
{
    struct lwc_host host;
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "impatient");
    host = fixture.stacks.host;
    host.remaining_ms = time_left;
    fixture.obtain.host = &host;
    fake_api.code = LWC_E_NETWORK;
    timely = 0;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    timely = 1;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    assert_int_equal(fake_api.exchanges, 1);
    host.remaining_ms = much_time_left;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    assert_int_equal(fake_api.exchanges, 2);
    /* Refused is refused, however late. */
    fake_api.boot_ms += 10001;
    fake_api.code = LWC_E_REFUSED;
    timely = 2;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_REFUSED);
    timely = 3;
    host.remaining_ms = time_left;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_REFUSED);
    assert_int_equal(fake_api.exchanges, 3);
    obtain_fixture_close(&fixture);
}

static void token_too_short_for_one_is_kept_for_the_others(void **state)
{
    const struct lwc_query much = {.min_valid_s = 3000};
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "tooshort");
    fake_api.lifetime_s = 600;
    (void)obtain_fixture_get(&fixture, much, LWC_E_NETWORK);
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 600);
    (void)obtain_fixture_get(&fixture, much, LWC_E_NETWORK);
    assert_int_equal(fake_api.exchanges, 1);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 601}, LWC_E_NETWORK);
    assert_int_equal(fake_api.exchanges, 2);
    obtain_fixture_close(&fixture);
}

static void proxy_that_fails_is_no_failure_of_others(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "proxy");
    setenv("HTTPS_PROXY", "http://127.0.0.1:9", 1);
    fake_api.code = LWC_E_NETWORK;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    unsetenv("HTTPS_PROXY");
    fake_api.code = LWC_OK;
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    assert_int_equal(fake_api.exchanges, 2);
    obtain_fixture_close(&fixture);
}

static void refresh_shares_what_failed_since_it_began(void **state)
{
    const struct lwc_query refresh = {.refresh = true};
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "refreshed");
    fake_api.code = LWC_E_REFUSED;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_REFUSED);
    (void)obtain_fixture_get(&fixture, refresh, LWC_E_REFUSED);
    assert_int_equal(fake_api.exchanges, 2);
    fake_api.boot_ms += 1000;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_REFUSED);
    assert_int_equal(fake_api.exchanges, 2);
    obtain_fixture_close(&fixture);
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
        struct obtain_fixture fixture;

        print_message("%s\n", cases[i].key);
        fake_api_reset();
        obtain_fixture_open(&fixture, "p", cases[i].key);
        (void)obtain_fixture_get(&fixture, plain, LWC_OK);
        fake_api.boot_ms += 3420 * 1000;
        fake_api.code = cases[i].failure;
        assert_int_equal(obtain_fixture_get(&fixture, cases[i].query, cases[i].code),
                         cases[i].code == LWC_OK ? 180 : -1);
        assert_int_equal(fixture.stacks.warnings, cases[i].code == LWC_OK);
        obtain_fixture_close(&fixture);
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
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "inside");
    host = fixture.stacks.host;
    host.remaining_ms = moment_left;
    fixture.obtain.host = &host;
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    (void)snprintf(key_id, sizeof key_id, "inside-%ld", (long)getpid());
    identity.key_id = key_id;
    lwc_key_of_flight(&identity, LWC_TTL_DEFAULT, name);
    assert_int_equal(lwc_flight_enter(name, &times, &first, NULL), LWC_OK);
    /* No exchange is made beside it. */
    fake_api.boot_ms += 3400 * 1000;
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 200);
    assert_int_equal(fixture.stacks.warnings, 1);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 300}, LWC_E_BUSY);
    assert_non_null(strstr(fixture.err.msg, "held by another process"));
    assert_non_null(strstr(fixture.err.hint, "stopped"));
    assert_int_equal(fake_api.exchanges, 1);
    lwc_flight_leave(&first);
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    obtain_fixture_close(&fixture);
}

static void expired_token_and_dead_network_is_an_error(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "expired");
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    fake_api.boot_ms += 3600 * 1000;
    fake_api.code = LWC_E_NETWORK;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    obtain_fixture_close(&fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, obtain_fixture_setup, tmpdir_teardown)

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
