/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong is in test_obtain_failure.c. */
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
#include "token/token.h"

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    return world_net_load(net_out, err);
}

static const struct lwc_query plain;

static void second_get_asks_nobody(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "second");
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    assert_true(bed.stacks.asked > 0);
    world.boot_ms += 10000;
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3590);
    assert_int_equal(bed.stacks.asked, 0);
    assert_int_equal(world.exchanges, 1);
    obtainbed_close(&bed);
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
        struct obtainbed bed;
        char key[16];

        print_message("%s", cases[i].lines);
        (void)snprintf(key, sizeof key, "behind-%zu", i);
        obtainbed_open_behind(&bed, cases[i].lines, "p", key);
        (void)obtainbed_get(&bed, plain, LWC_OK);
        world.boot_ms += 59000;
        (void)obtainbed_get(&bed, plain, LWC_OK);
        assert_int_equal(bed.stacks.asked, 0);
        world.boot_ms += 2000;
        assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3539); /* the token lives on */
        assert_int_equal(bed.stacks.asked > 0, cases[i].is_short);
        assert_int_equal(world.exchanges, i + 1);
        obtainbed_close(&bed);
    }
}

static void renewal_comes_in_time_and_not_before(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "renewal");
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    world.boot_ms += 3300 * 1000;
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 300);
    assert_int_equal(world.exchanges, 1);
    world.boot_ms += 1;
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    assert_int_equal(world.exchanges, 2);
    obtainbed_close(&bed);
}

static void wall_clock_revives_nothing_and_a_step_ahead_costs_one_exchange(void **state)
{
    static const struct {
        int64_t step_s;
        unsigned exchanges;
    } cases[] = {
        {60, 1}, {-5 * 3600, 1}, {946684800 - 1700000000, 1}, {61, 2}, {5 * 3600, 3}, {0, 3},
    };
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "wall");
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world.wall_s = 1700000000 + cases[i].step_s;
        assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
        assert_int_equal(world.exchanges, cases[i].exchanges);
    }
    obtainbed_close(&bed);
}

static void restored_machine_gives_no_old_token(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "restored");
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    world.boot_ms += 1000; /* all that the boot clock saw */
    world.wall_s += 7200;
    world.code = LWC_E_NETWORK;
    (void)obtainbed_get(&bed, plain, LWC_E_NETWORK);
    obtainbed_close(&bed);
}

static void min_valid_is_honoured_exactly(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "minvalid");
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    world.boot_ms += 100000;
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 3500}, LWC_OK), 3500);
    assert_int_equal(world.exchanges, 1);
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 3501}, LWC_OK), 3600);
    assert_int_equal(world.exchanges, 2);
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 7200}, LWC_OK), 7260);
    assert_int_equal(world.ttl_s, 7260);
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 3600}, LWC_OK), 3660);
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 86400}, LWC_OK), 86400);
    (void)obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 86401}, LWC_E_INVALID);
    (void)obtainbed_get(&bed, (struct lwc_query){.ttl_s = 86401}, LWC_E_INVALID);
    (void)obtainbed_get(&bed, (struct lwc_query){.ttl_s = -1}, LWC_E_INVALID);
    world.lifetime_s = 600;
    (void)obtainbed_get(&bed, (struct lwc_query){.min_valid_s = 9000}, LWC_E_NETWORK);
    assert_non_null(strstr(bed.err.msg, "600 s"));
    obtainbed_close(&bed);
}

static void short_tokens_are_used_for_half_of_their_life(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "short");
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    world.boot_ms += 5000;
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 5);
    assert_int_equal(world.exchanges, 1);
    world.boot_ms += 1000;
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.ttl_s = 10}, LWC_OK), 10);
    assert_int_equal(obtainbed_get(&bed, (struct lwc_query){.ttl_s = 1}, LWC_OK), 1);
    obtainbed_close(&bed);
}

static void token_of_a_second_is_handed_out_while_it_lives(void **state)
{
    const struct lwc_query second = {.ttl_s = 1};
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "second-long");
    world.takes_ms = 999;
    assert_int_equal(obtainbed_get(&bed, second, LWC_OK), 1);
    world.takes_ms = 1000;
    (void)obtainbed_get(&bed, second, LWC_E_NETWORK);
    assert_non_null(strstr(bed.err.msg, "expired"));
    assert_int_equal(world.exchanges, 2);
    obtainbed_close(&bed);
}

static void refresh_and_no_cache_do_what_they_say(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "refresh");
    (void)obtainbed_get(&bed, (struct lwc_query){.no_cache = true}, LWC_OK);
    (void)obtainbed_get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    world.token = "_fresh";
    (void)obtainbed_get(&bed, (struct lwc_query){.refresh = true}, LWC_OK);
    assert_int_equal(world.exchanges, 3);
    (void)obtainbed_get(&bed, plain, LWC_OK);
    (void)obtainbed_get(&bed, (struct lwc_query){.no_cache = true}, LWC_OK);
    assert_int_equal(world.exchanges, 4);
    bed.obtain.mode = LWC_CACHE_NONE;
    (void)obtainbed_get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 5);
    obtainbed_close(&bed);
}

static void same_key_under_another_name_shares_the_token(void **state)
{
    struct obtainbed one;
    struct obtainbed two;

    (void)state;
    obtainbed_open(&one, "one", "shared");
    obtainbed_open(&two, "two", "shared");
    (void)obtainbed_get(&one, plain, LWC_OK);
    (void)obtainbed_get(&two, plain, LWC_OK);
    assert_true(two.stacks.asked > 0);
    assert_int_equal(world.exchanges, 1);
    (void)obtainbed_get(&two, plain, LWC_OK);
    assert_int_equal(two.stacks.asked, 0);
    (void)obtainbed_get(&two, (struct lwc_query){.sub_account = "sub"}, LWC_OK);
    assert_string_equal(world.sub_account, "sub");
    (void)obtainbed_get(&two, (struct lwc_query){.org_access = true}, LWC_OK);
    assert_int_equal(world.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(world.exchanges, 3);
    obtainbed_close(&one);
    obtainbed_close(&two);
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
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "seen");
    (void)obtainbed_get(&bed, plain, LWC_OK);
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
        assert_int_equal(lwc_obtain_has_token(&bed.obtain, &cases[i].query, &identity),
                         cases[i].has);
    }
    obtainbed_close(&bed);
}

static void cached_answer_needs_no_network(void **state)
{
    struct obtainbed bed;

    (void)state;
    obtainbed_open(&bed, "p", "offline");
    (void)obtainbed_get(&bed, plain, LWC_OK);
    world.load = LWC_E_UNAVAILABLE;
    assert_int_equal(obtainbed_get(&bed, plain, LWC_OK), 3600);
    obtainbed_close(&bed);
}

static void unusable_place_costs_no_token(void **state)
{
    struct tmpdir *dir = *state;
    struct obtainbed bed;

    obtainbed_open(&bed, "p", "noplace");
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    (void)obtainbed_get(&bed, plain, LWC_OK);
    (void)obtainbed_get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 2);
    setenv("XDG_RUNTIME_DIR", dir->path, 1);
    tmpdir_write(dir, "lwcred", "not a directory", 15, 0600);
    (void)obtainbed_get(&bed, plain, LWC_OK);
    assert_int_equal(world.exchanges, 3);
    obtainbed_close(&bed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, obtainbed_setup, tmpdir_teardown)

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
        TEST(has_token_is_of_this_credential_and_fresh),
        TEST(cached_answer_needs_no_network),
        TEST(unusable_place_costs_no_token),
    };

    return cmocka_run_group_tests_name("obtain", tests, NULL, NULL);
}
