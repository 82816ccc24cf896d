/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/json_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"

static void append_escapes_text_and_keeps_literals(void **state)
{
    static const struct lwc_member members[] = {
        {.name = "a", .text = "x\"y\\\n"},
        {.name = "b", .literal = "12"},
        {.name = "c", .text = ""},
        {.name = "d", .literal = LWC_TRUTH(1)},
    };
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(4, &out, NULL), LWC_OK);
    assert_int_equal(lwc_json_append(out, members, LWC_ARRAY_LEN(members), NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out),
                        "{\"a\":\"x\\\"y\\\\\\n\",\"b\":12,\"c\":\"\",\"d\":true}");
}

static void append_without_members_is_an_empty_object(void **state)
{
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(4, &out, NULL), LWC_OK);
    assert_int_equal(lwc_json_append(out, NULL, 0, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out), "{}");
}

static void append_identity_has_the_fields_of_list(void **state)
{
    const struct lwc_identity identity = {
        .profile = "p",
        .account = "a.lacework.net",
        .origin = "o:1",
        .key_id = "K_1",
        .sub_account = "s",
        .kind = LWC_KIND_ACCESS_KEY,
    };
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(4, &out, NULL), LWC_OK);
    assert_int_equal(lwc_json_append_identity(out, &identity, "file", NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out),
                        "{\"profile\":\"p\",\"account\":\"a.lacework.net\",\"keyId\":\"K_1\","
                        "\"subAccount\":\"s\",\"orgAccess\":false,\"backend\":\"file\","
                        "\"kind\":\"access-key\"}");
}

static void kind_name_knows_all_kinds(void **state)
{
    (void)state;
    assert_string_equal(lwc_kind_name(LWC_KIND_ACCESS_KEY), "access-key");
    assert_string_equal(lwc_kind_name(LWC_KIND_TOKEN), "token");
    assert_string_equal(lwc_kind_name(LWC_KIND_AGENT_TOKEN), "agent-token");
    assert_string_equal(lwc_kind_name(LWC_KIND_ANY), "unknown");
    assert_string_equal(lwc_kind_name(LWC_KIND_SCANNER_TOKEN), "scanner-token");
    assert_string_equal(lwc_kind_name(LWC_KIND_RETIRED_KEY), "retired-key");
    assert_string_equal(lwc_kind_name(LWC_KIND_RETIRED_KEY + 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_escapes_text_and_keeps_literals),
        cmocka_unit_test(append_without_members_is_an_empty_object),
        cmocka_unit_test(append_identity_has_the_fields_of_list),
        cmocka_unit_test(kind_name_knows_all_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
