/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/identity.h"

static void write_prints_the_token_and_a_newline(void **state)
{
    const struct lwc_identity identity = LWC_IDENTITY_ANY;
    const struct lwc_format_request request = {.given = false};
    const struct lwc_format_answer answer = {
        .token = "abc.DEF-_~+/=", .source = "env", .identity = &identity, .request = &request};
    LWC_AUTO_BUF out = NULL;

    (void)state;
    assert_int_equal(lwc_buf_new(16, &out, NULL), LWC_OK);
    assert_int_equal(lwc_format_token.write(&answer, out, NULL), LWC_OK);
    assert_string_equal(lwc_buf_text(out), "abc.DEF-_~+/=\n");
}

static void request_is_not_taken(void **state)
{
    (void)state;
    assert_null(lwc_format_token.ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_prints_the_token_and_a_newline),
        cmocka_unit_test(request_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
