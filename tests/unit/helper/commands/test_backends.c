/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

void __wrap_lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data);
void __wrap_lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data)
{
    static const struct lwc_backend file = {
        .name = "file",
        .summary = "sealed\tfile",
        .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST,
    };
    static const struct lwc_error why = {.code = LWC_E_UNAVAILABLE, .msg = "not \"there\""};

    (void)ctx;
    visit(data, "file", &file, NULL);
    visit(data, "keyring", NULL, &why);
}

static void run(bool json, struct capture *capture)
{
    struct lwc_app app = {.git_helper = false};
    enum lwc_code code = LWC_E_INTERNAL;

    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    capture_begin(capture, NULL);
    code = lwc_backends_command.run(&app, NULL);
    capture_end(capture);
    assert_int_equal(code, LWC_OK);
}

static void backends_prints_what_each_can_or_why_not(void **state)
{
    struct capture capture;

    (void)state;
    run(false, &capture);
    assert_string_equal(capture.out, "file              read,store,erase,list  sealed\\x09file\n"
                                     "keyring           unavailable: not \"there\"\n");
}

static void backends_json_is_an_array(void **state)
{
    struct capture capture;

    (void)state;
    run(true, &capture);
    assert_string_equal(capture.out,
                        "[{\"name\":\"file\",\"can\":[\"read\",\"store\",\"erase\",\"list\"],"
                        "\"summary\":\"sealed\\tfile\"},"
                        "{\"name\":\"keyring\",\"error\":\"not \\\"there\\\"\"}]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backends_prints_what_each_can_or_why_not),
        cmocka_unit_test(backends_json_is_an_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
