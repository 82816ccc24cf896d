/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/host_fixture.h"

static enum lwc_code note_first_field(void *data, const struct lwc_field *fields, size_t count,
                                      struct lwc_error *err)
{
    (void)count;
    (void)err;
    (void)snprintf(data, 64, "%s=%s", fields[0].name, fields[0].value);
    return LWC_OK;
}

/* The answer to the question goes to the module; the caller sees its length alone. */
static void a_command_asks_through_the_caller(void **state)
{
    struct host_fixture fixture;
    struct lwc_error err = {0};
    char text[64] = "";
    const struct lwc_reporter reporter = {.data = text, .report = note_first_field};

    (void)state;
    host_fixture_open(&fixture, "");
    fixture.typed = "horse";
    assert_int_equal(fixture.backend.control(fixture.hosted, "ask", 0, NULL, &reporter, &err),
                     LWC_OK);
    assert_string_equal(text, "length=5");
    assert_int_equal(fixture.prompts, 1);
    host_fixture_close(&fixture);
}

static void a_command_that_hangs_or_crashes_is_a_failure_in_time(void **state)
{
    static const char *const kinds[] = {"sleep", "crash", "half", "put"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(kinds); i++) {
        struct host_fixture fixture;
        struct lwc_error err = {0};
        char args[64];
        char text[64] = "";
        const struct lwc_reporter reporter = {.data = text, .report = note_first_field};

        print_message("%s\n", kinds[i]);
        (void)snprintf(args, sizeof args, "timeout=1 at=control fault=%s", kinds[i]);
        host_fixture_open(&fixture, args);
        assert_int_equal(fixture.backend.control(fixture.hosted, "echo", 0, NULL, &reporter, &err),
                         LWC_E_FAILED);
        assert_string_equal(text, "");
        assert_int_equal(host_fixture_children(), 0);
        host_fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_asks_through_the_caller),
        cmocka_unit_test(a_command_that_hangs_or_crashes_is_a_failure_in_time),
    };

    return cmocka_run_group_tests_name("client control", tests, NULL, NULL);
}
