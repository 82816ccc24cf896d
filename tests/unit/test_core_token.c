/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "token/net.h"

enum lwc_code __wrap_lwc_net_load(const struct lwc_net **net_out, struct lwc_error *err);

/* A network and clocks that do what the test says, and remember what they were asked. */
static struct {
    enum lwc_code load;
    enum lwc_code code;
    const char *token;
    struct lwc_grant grant;
    int64_t wall_s;
    int64_t boot_ms;
    unsigned exchanges;
    int64_t ttl_s;
    char authority[LWC_ORIGIN_MAX + 1];
    char sub_account[LWC_SUB_ACCOUNT_MAX + 1];
    uint32_t flags;
} world;

static enum lwc_code fake_exchange(const struct lwc_exchange *exchange,
                                   const struct lwc_sink *token, struct lwc_grant *grant_out,
                                   struct lwc_error *err)
{
    world.exchanges++;
    world.ttl_s = exchange->ttl_s;
    world.flags = exchange->identity->flags;
    strcpy(world.authority, lwc_identity_authority(exchange->identity));
    strcpy(world.sub_account, exchange->identity->sub_account);
    assert_int_equal(exchange->len, 6);
    assert_memory_equal(exchange->secret, "s3cret", 6);
    if (world.code != LWC_OK) {
        return lwc_fail(err, world.code, "the world said so");
    }
    *grant_out = world.grant;
    return world.token != NULL
               ? token->put(token->data, NULL, world.token, strlen(world.token), err)
               : LWC_OK;
}

static const struct lwc_net fake_net = {
    .abi = LWC_NET_ABI, .size = sizeof(struct lwc_net), .exchange = fake_exchange};

enum lwc_code __wrap_lwc_net_load(const struct lwc_net **net_out, struct lwc_error *err)
{
    if (world.load != LWC_OK) {
        return lwc_fail(err, world.load, "no net");
    }
    *net_out = &fake_net;
    return LWC_OK;
}

static int64_t fake_wall_s(void *data)
{
    (void)data;
    return world.wall_s;
}

static int64_t fake_boot_ms(void *data)
{
    (void)data;
    return world.boot_ms;
}

static const struct lwc_clock fake_clock = {.wall_s = fake_wall_s, .boot_ms = fake_boot_ms};

static int world_reset(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.token = "_token";
    world.grant = (struct lwc_grant){.lifetime_s = 3600, .sent_boot_ms = 1000};
    world.wall_s = 1700000000;
    world.boot_ms = 1000;
    return 0;
}

static void found_init(struct lwc_found *found, uint32_t kind, const char *secret)
{
    const struct lwc_identity identity = {.profile = "p",
                                          .account = "acme.lacework.net",
                                          .origin = "127.0.0.1:8443",
                                          .key_id = kind == LWC_KIND_ACCESS_KEY ? "ACME_0" : "",
                                          .sub_account = "stored",
                                          .kind = kind};

    memset(found, 0, sizeof *found);
    assert_int_equal(lwc_identity_copy(&identity, &found->identity, NULL), LWC_OK);
    assert_int_equal(lwc_secret_copy(secret, strlen(secret), &found->secret, NULL), LWC_OK);
    strcpy(found->backend, "file");
}

static enum lwc_code make(uint32_t kind, const char *secret, const struct lwc_query *query,
                          struct lwc_token **token_out, struct lwc_error *err)
{
    struct lwc_found found;
    enum lwc_code code;

    found_init(&found, kind, secret);
    code = lwc_token_make(&found, query, NULL, &fake_clock, token_out, err);
    lwc_secret_free(&found.secret);
    return code;
}

static void make_from_key_gives_token_with_local_expiry(void **state)
{
    struct lwc_query query = {.size = sizeof query};
    struct lwc_token *token = NULL;

    (void)state;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, NULL), LWC_OK);
    assert_string_equal(lwc_token_text(token), "_token");
    assert_int_equal(lwc_token_expires_in(token), 3600);
    assert_int_equal(lwc_token_expires_at(token), 1700003600);
    assert_string_equal(lwc_token_source(token), "file");
    assert_string_equal(lwc_token_identity(token)->profile, "p");
    assert_int_equal(world.ttl_s, LWC_TTL_DEFAULT);
    assert_string_equal(world.authority, "127.0.0.1:8443");
    assert_string_equal(world.sub_account, "stored");
    lwc_token_free(&token);
    assert_null(token);
}

static void make_counts_life_from_the_boot_clock(void **state)
{
    struct lwc_query query = {.size = sizeof query};
    struct lwc_token *token = NULL;

    (void)state;
    world.boot_ms = 1000 + 10001;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, NULL), LWC_OK);
    assert_int_equal(lwc_token_expires_in(token), 3600 - 11);
    lwc_token_free(&token);
    world.boot_ms = 1000 + 3600 * 1000;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, NULL), LWC_E_NETWORK);
    assert_null(token);
}

static void make_query_overrides_what_is_stored(void **state)
{
    struct lwc_query query = {
        .size = sizeof query, .sub_account = "other", .org_access = true, .ttl_s = 86400};
    struct lwc_token *token = NULL;

    (void)state;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, NULL), LWC_OK);
    assert_string_equal(world.sub_account, "other");
    assert_int_equal(world.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(world.ttl_s, 86400);
    lwc_token_free(&token);
}

static void make_bad_query_is_refused_before_the_exchange(void **state)
{
    static const struct lwc_query queries[] = {
        {.ttl_s = 86401}, {.ttl_s = -1}, {.sub_account = "a\r\nX: y"}};

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct lwc_token *token = NULL;

        assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &queries[i], &token, NULL),
                         LWC_E_INVALID);
        assert_null(token);
    }
    assert_int_equal(world.exchanges, 0);
}

static void make_from_ready_token_needs_no_exchange(void **state)
{
    struct lwc_query query = {.size = sizeof query};
    struct lwc_token *token = NULL;

    (void)state;
    world.load = LWC_E_UNAVAILABLE;
    assert_int_equal(make(LWC_KIND_TOKEN, "_ready", &query, &token, NULL), LWC_OK);
    assert_string_equal(lwc_token_text(token), "_ready");
    assert_int_equal(lwc_token_expires_at(token), 0);
    assert_int_equal(lwc_token_expires_in(token), 0);
    lwc_token_free(&token);
}

static void make_from_unusable_ready_token_is_refused(void **state)
{
    static const char *const tokens[] = {"a b", "a\nb", "a\"b", "=", "a=b", "caf\xc3\xa9"};
    struct lwc_query query = {.size = sizeof query};

    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct lwc_token *token = NULL;

        print_message("%zu\n", i);
        assert_int_equal(make(LWC_KIND_TOKEN, tokens[i], &query, &token, NULL), LWC_E_NETWORK);
        assert_null(token);
    }
}

static void make_failures_are_passed_on(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_NETWORK, LWC_E_REFUSED, LWC_E_RATE_LIMITED};
    struct lwc_query query = {.size = sizeof query};
    struct lwc_token *token = NULL;
    struct lwc_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        world.code = codes[i];
        assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, &err), codes[i]);
        assert_string_equal(err.msg, "the world said so");
    }
    world.code = LWC_OK;
    world.token = NULL;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, &err), LWC_E_NETWORK);
    world.load = LWC_E_UNAVAILABLE;
    assert_int_equal(make(LWC_KIND_ACCESS_KEY, "s3cret", &query, &token, &err), LWC_E_UNAVAILABLE);
    assert_null(token);
}

static void prove_exchanges_once_for_a_short_token(void **state)
{
    struct lwc_found found;

    (void)state;
    found_init(&found, LWC_KIND_ACCESS_KEY, "s3cret");
    assert_int_equal(lwc_token_prove(&found.identity.id, "s3cret", 6, NULL, &fake_clock, NULL),
                     LWC_OK);
    assert_int_equal(world.exchanges, 1);
    assert_int_equal(world.ttl_s, 60);
    world.code = LWC_E_REFUSED;
    assert_int_equal(lwc_token_prove(&found.identity.id, "s3cret", 6, NULL, &fake_clock, NULL),
                     LWC_E_REFUSED);
    lwc_secret_free(&found.secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(make_from_key_gives_token_with_local_expiry, world_reset),
        cmocka_unit_test_setup(make_counts_life_from_the_boot_clock, world_reset),
        cmocka_unit_test_setup(make_query_overrides_what_is_stored, world_reset),
        cmocka_unit_test_setup(make_bad_query_is_refused_before_the_exchange, world_reset),
        cmocka_unit_test_setup(make_from_ready_token_needs_no_exchange, world_reset),
        cmocka_unit_test_setup(make_from_unusable_ready_token_is_refused, world_reset),
        cmocka_unit_test_setup(make_failures_are_passed_on, world_reset),
        cmocka_unit_test_setup(prove_exchanges_once_for_a_short_token, world_reset),
    };

    return cmocka_run_group_tests_name("core_token", tests, NULL, NULL);
}
