/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/identity.h"

static const struct lwc_format_request no_request = {.given = false};

static void assert_written(const struct lwc_format_answer *answer, const char *text)
{
    LWC_AUTO_BUF out = NULL;

    assert_int_equal(lwc_buf_new(16, &out, NULL), LWC_OK);
    assert_int_equal(lwc_format_json.write(answer, out, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out), text);
}

static void write_has_every_field(void **state)
{
    const struct lwc_identity identity = {
        .profile = "prod",
        .account = "acme.lacework.net",
        .origin = "",
        .key_id = "ACME_01",
        .sub_account = "sub",
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = LWC_ID_ORG_ACCESS,
    };
    const struct lwc_format_answer answer = {
        .token = "tok",
        .source = "file",
        .expires_at = 1800000000,
        .expires_in = 3600,
        .identity = &identity,
        .request = &no_request,
    };

    (void)state;
    assert_written(&answer,
                   "{\"token\":\"tok\",\"expiresAt\":\"2027-01-15T08:00:00Z\",\"expiresIn\":3600,"
                   "\"account\":\"acme.lacework.net\",\"profile\":\"prod\",\"keyId\":\"ACME_01\","
                   "\"subAccount\":\"sub\",\"orgAccess\":true,\"source\":\"file\"}\n");
}

static void write_unknown_expiry_is_null(void **state)
{
    const struct lwc_identity identity = {
        .profile = "env",
        .account = "acme.lacework.net",
        .origin = "",
        .key_id = "",
        .sub_account = "",
        .kind = LWC_KIND_TOKEN,
    };
    const struct lwc_format_answer answer = {
        .token = "tok", .source = "env", .identity = &identity, .request = &no_request};

    (void)state;
    assert_written(&answer, "{\"token\":\"tok\",\"expiresAt\":null,\"expiresIn\":null,"
                            "\"account\":\"acme.lacework.net\",\"profile\":\"env\",\"keyId\":\"\","
                            "\"subAccount\":\"\",\"orgAccess\":false,\"source\":\"env\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_has_every_field),
        cmocka_unit_test(write_unknown_expiry_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
