/* SPDX-License-Identifier: Apache-2.0 */
/* Failures are in test_obtain_failure.c. */
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

#include "tests/support/fake_api.h"
#include "tests/support/obtain_fixture.h"
#include "token/attempt.h"
#include "token/token.h"

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    return fake_api_load(net_out, err);
}

static const struct lwc_query plain;

static void second_get_asks_nobody(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "second");
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    assert_true(fixture.stacks.asked > 0);
    fake_api.boot_ms += 10000;
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3590);
    assert_int_equal(fixture.stacks.asked, 0);
    assert_int_equal(fake_api.exchanges, 1);
    obtain_fixture_close(&fixture);
}

static void an_answer_behind_an_absent_backend_is_good_for_a_minute(void **state)
{
    static const struct {
        const char *lines;
        bool is_short;
    } cases[] = {
        {"lookup sufficient answer list=8\n", true},
        {"lookup sufficient nowhere\n", true},
        {"lookup optional answer list=3\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct obtain_fixture fixture;
        char key[16];

        print_message("%s", cases[i].lines);
        (void)snprintf(key, sizeof key, "behind-%zu", i);
        obtain_fixture_open_behind(&fixture, cases[i].lines, "p", key);
        (void)obtain_fixture_get(&fixture, plain, LWC_OK);
        fake_api.boot_ms += 59000;
        (void)obtain_fixture_get(&fixture, plain, LWC_OK);
        assert_int_equal(fixture.stacks.asked, 0);
        fake_api.boot_ms += 2000;
        assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK),
                         3539); /* the token lives on */
        assert_int_equal(fixture.stacks.asked > 0, cases[i].is_short);
        assert_int_equal(fake_api.exchanges, i + 1);
        obtain_fixture_close(&fixture);
    }
}

static void renewal_comes_in_time_and_not_before(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "renewal");
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    fake_api.boot_ms += 3300 * 1000;
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 300);
    assert_int_equal(fake_api.exchanges, 1);
    fake_api.boot_ms += 1;
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    assert_int_equal(fake_api.exchanges, 2);
    obtain_fixture_close(&fixture);
}

static void wall_clock_revives_nothing_and_a_step_ahead_costs_one_exchange(void **state)
{
    static const struct {
        int64_t step_s;
        unsigned exchanges;
    } cases[] = {
        {60, 1}, {-5 * 3600, 1}, {946684800 - 1700000000, 1}, {61, 2}, {5 * 3600, 3}, {0, 3},
    };
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "wall");
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_api.wall_s = 1700000000 + cases[i].step_s;
        assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
        assert_int_equal(fake_api.exchanges, cases[i].exchanges);
    }
    obtain_fixture_close(&fixture);
}

static void restored_machine_gives_no_old_token(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "restored");
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    fake_api.boot_ms += 1000; /* all that the boot clock saw */
    fake_api.wall_s += 7200;
    fake_api.code = LWC_E_NETWORK;
    (void)obtain_fixture_get(&fixture, plain, LWC_E_NETWORK);
    obtain_fixture_close(&fixture);
}

static void min_valid_is_honoured_exactly(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "minvalid");
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    fake_api.boot_ms += 100000;
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 3500}, LWC_OK),
                     3500);
    assert_int_equal(fake_api.exchanges, 1);
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 3501}, LWC_OK),
                     3600);
    assert_int_equal(fake_api.exchanges, 2);
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 7200}, LWC_OK),
                     7260);
    assert_int_equal(fake_api.ttl_s, 7260);
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 3600}, LWC_OK),
                     3660);
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 86400}, LWC_OK),
                     86400);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 86401}, LWC_E_INVALID);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = 86401}, LWC_E_INVALID);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = -1}, LWC_E_INVALID);
    fake_api.lifetime_s = 600;
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.min_valid_s = 9000}, LWC_E_NETWORK);
    assert_non_null(strstr(fixture.err.msg, "600 s"));
    obtain_fixture_close(&fixture);
}

static void short_tokens_are_used_for_half_of_their_life(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "short");
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    fake_api.boot_ms += 5000;
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = 10}, LWC_OK), 5);
    assert_int_equal(fake_api.exchanges, 1);
    fake_api.boot_ms += 1000;
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    assert_int_equal(obtain_fixture_get(&fixture, (struct lwc_query){.ttl_s = 1}, LWC_OK), 1);
    obtain_fixture_close(&fixture);
}

static void token_of_a_second_is_handed_out_while_it_lives(void **state)
{
    const struct lwc_query second = {.ttl_s = 1};
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "second-long");
    fake_api.takes_ms = 999;
    assert_int_equal(obtain_fixture_get(&fixture, second, LWC_OK), 1);
    fake_api.takes_ms = 1000;
    (void)obtain_fixture_get(&fixture, second, LWC_E_NETWORK);
    assert_non_null(strstr(fixture.err.msg, "expired"));
    assert_int_equal(fake_api.exchanges, 2);
    obtain_fixture_close(&fixture);
}

static void refresh_and_no_cache_do_what_they_say(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "refresh");
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.no_cache = true}, LWC_OK);
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    assert_int_equal(fake_api.exchanges, 2);
    fake_api.token = "_fresh";
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.refresh = true}, LWC_OK);
    assert_int_equal(fake_api.exchanges, 3);
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    (void)obtain_fixture_get(&fixture, (struct lwc_query){.no_cache = true}, LWC_OK);
    assert_int_equal(fake_api.exchanges, 4);
    fixture.obtain.mode = LWC_CACHE_NONE;
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    assert_int_equal(fake_api.exchanges, 5);
    obtain_fixture_close(&fixture);
}

static void same_key_under_another_name_shares_the_token(void **state)
{
    struct obtain_fixture one;
    struct obtain_fixture two;

    (void)state;
    obtain_fixture_open(&one, "one", "shared");
    obtain_fixture_open(&two, "two", "shared");
    (void)obtain_fixture_get(&one, plain, LWC_OK);
    (void)obtain_fixture_get(&two, plain, LWC_OK);
    assert_true(two.stacks.asked > 0);
    assert_int_equal(fake_api.exchanges, 1);
    (void)obtain_fixture_get(&two, plain, LWC_OK);
    assert_int_equal(two.stacks.asked, 0);
    (void)obtain_fixture_get(&two, (struct lwc_query){.sub_account = "sub"}, LWC_OK);
    assert_string_equal(fake_api.sub_account, "sub");
    (void)obtain_fixture_get(&two, (struct lwc_query){.org_access = true}, LWC_OK);
    assert_int_equal(fake_api.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(fake_api.exchanges, 3);
    obtain_fixture_close(&one);
    obtain_fixture_close(&two);
}

static void sub_account_and_organization_of_a_call_come_before_the_stored_ones(void **state)
{
    enum { ORG = LWC_ID_ORG_ACCESS };
    static const struct {
        const char *stored;
        uint32_t flags;
        struct lwc_query query;
        const char *sub_account;
        uint32_t expected;
    } cases[] = {
        {"", 0, {.sub_account = NULL}, "", 0},
        {"", 0, {.sub_account = ""}, "", 0},
        {"", 0, {.sub_account = "prod"}, "prod", 0},
        {"", 0, {.org_access = true}, "", ORG},
        {"", 0, {.sub_account = "prod", .org_access = true}, "prod", ORG},
        {"dev", 0, {.sub_account = NULL}, "dev", 0},
        {"dev", 0, {.sub_account = "prod"}, "prod", 0},
        {"dev", 0, {.org_access = true}, "dev", ORG},
        {"dev", 0, {.sub_account = "prod", .org_access = true}, "prod", ORG},
        {"", ORG, {.sub_account = NULL}, "", ORG},
        {"", ORG, {.sub_account = "prod"}, "prod", 0},
        {"", ORG, {.org_access = true}, "", ORG},
        {"", ORG, {.sub_account = "prod", .org_access = true}, "prod", ORG},
        {"dev", ORG, {.sub_account = NULL}, "dev", ORG},
        {"dev", ORG, {.sub_account = "prod"}, "prod", 0},
        {"dev", ORG, {.sub_account = "dev"}, "dev", 0},
        {"dev", ORG, {.org_access = true}, "dev", ORG},
        {"dev", ORG, {.sub_account = "prod", .org_access = true}, "prod", ORG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct lwc_identity stored = {.profile = "p",
                                            .account = "acme.lacework.net",
                                            .origin = "",
                                            .key_id = "K",
                                            .sub_account = cases[i].stored,
                                            .flags = cases[i].flags};
        const struct lwc_identity identity = lwc_attempt_identity(&cases[i].query, &stored);

        print_message("case %zu\n", i);
        assert_string_equal(identity.sub_account, cases[i].sub_account);
        assert_int_equal(identity.flags, cases[i].expected);
        assert_string_equal(identity.key_id, "K");
    }
}

static void has_token_is_of_this_credential_and_fresh(void **state)
{
    static const struct {
        const char *name;
        struct lwc_query query;
        const char *account;
        const char *key;
        const char *sub_account;
        uint32_t flags;
        bool has;
        const char *origin;
    } cases[] = {
        {"origin", {.ttl_s = 0}, "acme.lacework.net", "seen", "", 0, false, "localhost:1"},
        {"origin of the account",
         {.ttl_s = 0},
         "acme.lacework.net",
         "seen",
         "",
         0,
         true,
         "acme.lacework.net"},
        {"it", {.ttl_s = 0}, "acme.lacework.net", "seen", "", 0, true, NULL},
        {"account", {.ttl_s = 0}, "other.lacework.net", "seen", "", 0, false, NULL},
        {"key id", {.ttl_s = 0}, "acme.lacework.net", "unseen", "", 0, false, NULL},
        {"sub-account", {.ttl_s = 0}, "acme.lacework.net", "seen", "sub", 0, false, NULL},
        {"organization",
         {.ttl_s = 0},
         "acme.lacework.net",
         "seen",
         "",
         LWC_ID_ORG_ACCESS,
         false,
         NULL},
        {"demand", {.min_valid_s = 3601}, "acme.lacework.net", "seen", "", 0, false, NULL},
        {"refresh", {.refresh = true}, "acme.lacework.net", "seen", "", 0, false, NULL},
        {"no cache", {.no_cache = true}, "acme.lacework.net", "seen", "", 0, false, NULL},
    };
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "seen");
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char key_id[64];
        const struct lwc_identity identity = {.profile = "p",
                                              .account = cases[i].account,
                                              .origin =
                                                  cases[i].origin != NULL ? cases[i].origin : "",
                                              .key_id = key_id,
                                              .sub_account = cases[i].sub_account,
                                              .kind = LWC_KIND_ACCESS_KEY,
                                              .flags = cases[i].flags};

        print_message("%s\n", cases[i].name);
        (void)snprintf(key_id, sizeof key_id, "%s-%ld", cases[i].key, (long)getpid());
        assert_int_equal(lwc_obtain_has_token(&fixture.obtain, &cases[i].query, &identity),
                         cases[i].has);
    }
    obtain_fixture_close(&fixture);
}

static void cached_answer_needs_no_network(void **state)
{
    struct obtain_fixture fixture;

    (void)state;
    obtain_fixture_open(&fixture, "p", "offline");
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    fake_api.load = LWC_E_UNAVAILABLE;
    assert_int_equal(obtain_fixture_get(&fixture, plain, LWC_OK), 3600);
    obtain_fixture_close(&fixture);
}

static void unusable_place_costs_no_token(void **state)
{
    struct tmpdir *dir = *state;
    struct obtain_fixture fixture;

    obtain_fixture_open(&fixture, "p", "noplace");
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    assert_int_equal(fake_api.exchanges, 2);
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    tmpdir_write(dir, "lwcred", "not a directory", 15, 0600);
    (void)obtain_fixture_get(&fixture, plain, LWC_OK);
    assert_int_equal(fake_api.exchanges, 3);
    obtain_fixture_close(&fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, obtain_fixture_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_get_asks_nobody),
        TEST(an_answer_behind_an_absent_backend_is_good_for_a_minute),
        TEST(renewal_comes_in_time_and_not_before),
        TEST(wall_clock_revives_nothing_and_a_step_ahead_costs_one_exchange),
        TEST(restored_machine_gives_no_old_token),
        TEST(min_valid_is_honoured_exactly),
        TEST(short_tokens_are_used_for_half_of_their_life),
        TEST(token_of_a_second_is_handed_out_while_it_lives),
        TEST(refresh_and_no_cache_do_what_they_say),
        TEST(same_key_under_another_name_shares_the_token),
        TEST(sub_account_and_organization_of_a_call_come_before_the_stored_ones),
        TEST(has_token_is_of_this_credential_and_fresh),
        TEST(cached_answer_needs_no_network),
        TEST(unusable_place_costs_no_token),
    };

    return cmocka_run_group_tests_name("obtain", tests, NULL, NULL);
}
