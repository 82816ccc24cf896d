/* SPDX-License-Identifier: Apache-2.0 */
/* core/token/token.c; test_token.c is that of the format. */
#include "token/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <lwcred.h>

#include "tests/support/fake_api.h"

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    return fake_api_load(net_out, err);
}

static const struct lwc_identity identity = {.profile = "p",
                                             .account = "acme.lacework.net",
                                             .origin = "127.0.0.1:8443",
                                             .key_id = "ACME_0",
                                             .sub_account = "sub",
                                             .kind = LWC_KIND_ACCESS_KEY,
                                             .flags = LWC_ID_ORG_ACCESS};

static int reset(void **state)
{
    (void)state;
    fake_api_reset();
    return 0;
}

static enum lwc_code make(const char *text, int64_t left_s, struct lwc_token **token_out)
{
    LWC_AUTO_BUF secret = NULL;

    assert_int_equal(lwc_buf_copy(text, strlen(text), &secret, NULL), LWC_OK);
    return lwc_token_new(&identity, "file", secret, left_s, &fake_api_clock, token_out, NULL);
}

static void new_token_tells_all_about_itself(void **state)
{
    LWC_AUTO_TOKEN token = NULL;

    (void)state;
    assert_int_equal(make("_token", 3600, &token), LWC_OK);
    assert_string_equal(lwc_token_text(token), "_token");
    assert_int_equal(lwc_token_expires_in(token), 3600);
    assert_int_equal(lwc_token_expires_at(token), 1700003600);
    assert_string_equal(lwc_token_source(token), "file");
    assert_string_equal(lwc_token_identity(token)->profile, "p");
}

static void steady_end_is_taken_within_rounding_only(void **state)
{
    static const struct {
        int64_t end_s;
        int64_t told_s;
    } cases[] = {
        {1700003600, 1700003600}, {1700003599, 1700003599}, {1700003602, 1700003602},
        {1700003597, 1700003600}, {1700003603, 1700003600}, {0, 1700003600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_TOKEN token = NULL;

        assert_int_equal(make("_t", 3600, &token), LWC_OK);
        lwc_token_align_end(token, cases[i].end_s);
        assert_int_equal(lwc_token_expires_at(token), cases[i].told_s);
        assert_int_equal(lwc_token_expires_in(token), 3600);
    }
}

static void new_token_of_unknown_age_has_no_expiry(void **state)
{
    LWC_AUTO_TOKEN token = NULL;

    (void)state;
    assert_int_equal(make("_token", 0, &token), LWC_OK);
    assert_int_equal(lwc_token_expires_in(token), 0);
    assert_int_equal(lwc_token_expires_at(token), 0);
}

static void new_unusable_token_is_refused(void **state)
{
    static char long_one[LWC_TOKEN_MAX + 2];
    const char *const tokens[] = {"a b", "a\nb", "a\"b", "=", "a=b", "caf\xc3\xa9", long_one};

    (void)state;
    memset(long_one, 'a', LWC_TOKEN_MAX + 1);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct lwc_token *token = NULL;

        print_message("%zu\n", i);
        assert_int_equal(make(tokens[i], 60, &token), LWC_E_NETWORK);
        assert_null(token);
    }
}

static enum lwc_code run_exchange(struct lwc_entry **entry_out, struct lwc_error *err)
{
    const struct lwc_exchange wanted = {.identity = &identity,
                                        .secret = "s3cret",
                                        .len = 6,
                                        .ttl_s = 600,
                                        .clock = &fake_api_clock};

    return lwc_token_exchange(&wanted, "file", entry_out, err);
}

static void exchange_gives_an_entry_with_its_life(void **state)
{
    LWC_AUTO_ENTRY entry = NULL;

    (void)state;
    fake_api.lifetime_s = 500;
    assert_int_equal(run_exchange(&entry, NULL), LWC_OK);
    assert_int_equal(entry->kind, LWC_ENTRY_TOKEN);
    assert_int_equal(entry->lifetime_s, 500);
    assert_int_equal(entry->ttl_s, 600);
    assert_int_equal(entry->sent_boot_ms, 1000);
    assert_string_equal(lwc_buf_text(entry->text), "_token");
    assert_string_equal(entry->identity.id.key_id, "ACME_0");
    assert_string_equal(entry->source, "file");
    assert_string_equal(fake_api.authority, "127.0.0.1:8443");
    assert_string_equal(fake_api.sub_account, "sub");
    assert_string_equal(fake_api.secret, "s3cret");
    assert_int_equal(fake_api.flags, LWC_ID_ORG_ACCESS);
}

static void exchange_failures_are_passed_on(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_NETWORK, LWC_E_REFUSED, LWC_E_RATE_LIMITED};
    struct lwc_entry *entry = NULL;
    struct lwc_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fake_api.code = codes[i];
        assert_int_equal(run_exchange(&entry, &err), codes[i]);
        assert_string_equal(err.msg, "the fake API said so");
    }
    fake_api.code = LWC_OK;
    fake_api.token = NULL;
    assert_int_equal(run_exchange(&entry, &err), LWC_E_INTERNAL);
    fake_api.load = LWC_E_UNAVAILABLE;
    assert_int_equal(run_exchange(&entry, &err), LWC_E_UNAVAILABLE);
    assert_null(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(new_token_tells_all_about_itself, reset),
        cmocka_unit_test_setup(steady_end_is_taken_within_rounding_only, reset),
        cmocka_unit_test_setup(new_token_of_unknown_age_has_no_expiry, reset),
        cmocka_unit_test_setup(new_unusable_token_is_refused, reset),
        cmocka_unit_test_setup(exchange_gives_an_entry_with_its_life, reset),
        cmocka_unit_test_setup(exchange_failures_are_passed_on, reset),
    };

    return cmocka_run_group_tests_name("core_token", tests, NULL, NULL);
}
