/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/credentials.h"
#include "tests/support/fake_library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum lwc_code end_code;
static const char *end_profile;

/* Three credentials; the last one's profile and the end are the test's choice. */
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err)
{
    const char *const profiles[] = {"one", "two", end_profile};

    (void)ctx;
    assert_string_equal(query->account, "acme.lacework.net");
    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles); i++) {
        const struct lwc_identity id = {
            .profile = profiles[i],
            .account = "acme.lacework.net",
            .origin = "",
            .key_id = "ACME_01",
            .sub_account = "",
            .kind = LWC_KIND_ACCESS_KEY,
        };
        enum lwc_code code = visit(data, &id, "file", err);

        if (code != LWC_OK) {
            return code;
        }
    }
    return end_code == LWC_OK ? LWC_OK : lwc_fail(err, end_code, "told to");
}

/* The cache holds a token of the first key, and a token of an unknown key. */
void __wrap_lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data);
void __wrap_lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data)
{
    struct lwc_identity id = {.profile = "x",
                              .account = "acme.lacework.net",
                              .origin = "",
                              .key_id = "ACME_01",
                              .sub_account = "",
                              .kind = LWC_KIND_ACCESS_KEY};

    (void)ctx;
    visit(data, &id, 3599, "keyring");
    visit(data, &id, 59, "keyring");
    id.origin = "localhost:8443"; /* the same key, made by another server */
    visit(data, &id, 86400, "runtime");
    id.origin = "";
    id.key_id = "OTHER_01";
    visit(data, &id, 86400, "runtime");
}

static void load_keeps_the_order(void **state)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    struct lwc_app app = {.account = "acme.lacework.net"};

    (void)state;
    end_profile = "three";
    end_code = LWC_OK;
    assert_int_equal(lwc_credentials_load(&app, &credentials, NULL), LWC_OK);
    assert_int_equal(credentials.count, 3);
    assert_string_equal(credentials.first->id.profile, "one");
    assert_string_equal(credentials.first->next->id.profile, "two");
    assert_string_equal(credentials.first->next->next->id.profile, "three");
    assert_string_equal(credentials.first->backend, "file");
    assert_string_equal(credentials.first->token, "59 min");
    assert_int_equal(credentials.first->life_s, 3599);
    assert_null(credentials.first->next->next->next);
}

static void load_failure_keeps_what_came_before(void **state)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    struct lwc_app app = {.account = "acme.lacework.net"};

    (void)state;
    end_profile = "three";
    end_code = LWC_E_UNAVAILABLE;
    assert_int_equal(lwc_credentials_load(&app, &credentials, NULL), LWC_E_UNAVAILABLE);
    assert_int_equal(credentials.count, 3);
}

static void load_marks_a_profile_that_is_held_twice(void **state)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    struct lwc_app app = {.account = "acme.lacework.net"};
    const struct lwc_credentials_entry *second = NULL;

    (void)state;
    end_profile = "one";
    end_code = LWC_OK;
    assert_int_equal(lwc_credentials_load(&app, &credentials, NULL), LWC_OK);
    second = credentials.first->next;
    assert_string_equal(credentials.first->place, "file*");
    assert_string_equal(second->place, second->backend);
    assert_null(second->held_before);
    assert_string_equal(second->next->id.profile, "one");
    assert_ptr_equal(second->next->held_before, credentials.first);
    assert_non_null(strchr(second->next->place, '*'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_keeps_the_order),
        cmocka_unit_test(load_failure_keeps_what_came_before),
        cmocka_unit_test(load_marks_a_profile_that_is_held_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
