/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_of_objects_are_dns_labels(void **state)
{
    static const struct {
        const char *name;
        enum lwc_code code;
    } cases[] = {
        {"lacework-agent-access-token", LWC_OK},
        {"a.b-1.c", LWC_OK},
        {"", LWC_E_INVALID},
        {"A", LWC_E_INVALID},
        {"-a", LWC_E_INVALID},
        {"a-", LWC_E_INVALID},
        {"a..b", LWC_E_INVALID},
        {"a.", LWC_E_INVALID},
        {"a\"b", LWC_E_INVALID},
        {"a\nb", LWC_E_INVALID},
        {"a_b", LWC_E_INVALID},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", LWC_E_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        if (lwc_agent_object_name_check(cases[i].name, NULL) != cases[i].code) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static struct lwc_buf *new_text(void)
{
    struct lwc_buf *out = NULL;

    assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
    return out;
}

static void secrets_hold_the_token_as_a_text(void **state)
{
    LWC_AUTO_BUF out = new_text();

    (void)state;
    assert_int_equal(lwc_agent_secret_write("n", "lacework", "12e4", out, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out),
                        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"n\"\n  namespace: "
                        "\"lacework\"\ntype: Opaque\nstringData:\n  agent-access-token: "
                        "\"12e4\"\n");
    lwc_buf_reset(out);
    assert_int_equal(lwc_agent_secret_write("n", NULL, "12e4", out, NULL), LWC_OK);
    assert_null(strstr(lwc_buf_text(out), "namespace"));
}

static void values_name_the_secret(void **state)
{
    LWC_AUTO_BUF out = new_text();

    (void)state;
    assert_int_equal(lwc_agent_helm_write("n", "https://api.fra.lacework.net", out, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out),
                        "laceworkConfig:\n  serverUrl: \"https://api.fra.lacework.net\"\n  "
                        "accessToken:\n    existingSecret:\n      name: \"n\"\n      key: "
                        "\"agent-access-token\"\n");
    lwc_buf_reset(out);
    assert_int_equal(lwc_agent_helm_write("n", NULL, out, NULL), LWC_OK);
    assert_null(strstr(lwc_buf_text(out), "serverUrl"));
}

static void script_keeps_an_alias_in_its_comment(void **state)
{
    LWC_AUTO_BUF out = new_text();

    (void)state;
    assert_int_equal(lwc_agent_script_write("a\nrm -rf /\n", NULL, out, NULL), LWC_OK);
    assert_null(strstr(lwc_buf_text(out), "\nrm"));
    assert_non_null(strstr(lwc_buf_text(out), "server_url=''\n"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_objects_are_dns_labels),
        cmocka_unit_test(secrets_hold_the_token_as_a_text),
        cmocka_unit_test(values_name_the_secret),
        cmocka_unit_test(script_keeps_an_alias_in_its_comment),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
