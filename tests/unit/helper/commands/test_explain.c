/* SPDX-License-Identifier: Apache-2.0 */
/* The command explain, over a library that tells what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

static const struct lwc_identity any = {
    .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
static const struct lwc_identity prod = {.profile = "prod",
                                         .account = "acme.lacework.net",
                                         .origin = "",
                                         .key_id = "ACME_0",
                                         .sub_account = "sub",
                                         .kind = LWC_KIND_ACCESS_KEY};
static const struct lwc_error fine;
static const struct lwc_error locked = {.code = LWC_E_LOCKED, .msg = "not \x1b open"};

static enum lwc_code result;
static enum lwc_token_from from;

enum lwc_code __wrap_lwc_explain(struct lwc_context *ctx, const struct lwc_query *query,
                                 const struct lwc_explain_visitor *visitor, struct lwc_error *err);
enum lwc_code __wrap_lwc_explain(struct lwc_context *ctx, const struct lwc_query *query,
                                 const struct lwc_explain_visitor *visitor, struct lwc_error *err)
{
    struct lwc_explained_line line = {.size = sizeof line,
                                      .rule = LWC_RULE_ENVIRONMENT,
                                      .wanted = &any,
                                      .file = "f",
                                      .line = 1,
                                      .text = "lookup [default=1] a",
                                      .backend = "a",
                                      .asked = true,
                                      .code = LWC_E_LOCKED,
                                      .why = &locked,
                                      .outcome = "locked",
                                      .action = "1"};
    const struct lwc_explained_answer answer = {.size = sizeof answer,
                                                .rule = LWC_RULE_DEFAULT,
                                                .identity = &prod,
                                                .backend = "c",
                                                .untold = true,
                                                .from = from};

    (void)ctx;
    assert_string_equal(query->profile, "prod");
    visitor->line(visitor->data, &line);
    line.asked = false;
    line.line = 2;
    visitor->line(visitor->data, &line);
    line = (struct lwc_explained_line){.size = sizeof line,
                                       .rule = LWC_RULE_DEFAULT,
                                       .walk = 1,
                                       .wanted = &prod,
                                       .file = "f",
                                       .line = 3,
                                       .text = "lookup [default=done] c",
                                       .backend = "c",
                                       .asked = true,
                                       .why = &fine,
                                       .holds = &prod,
                                       .outcome = "success",
                                       .action = "done",
                                       .if_locked = "die",
                                       .counts = true,
                                       .ends = true};
    visitor->line(visitor->data, &line);
    if (result != LWC_OK) {
        return lwc_fail(err, result, "none");
    }
    visitor->answer(visitor->data, &answer);
    return LWC_OK;
}

static enum lwc_code run(bool json, struct capture *capture)
{
    struct lwc_app app = {.git_helper = false};
    struct lwc_error err = {0};
    enum lwc_code code = LWC_E_INTERNAL;

    args_set(&app.args, &lwc_opt_profile, "prod");
    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    capture_begin(capture, NULL);
    code = lwc_explain_command.run(&app, &err);
    capture_end(capture);
    assert_int_equal(err.code, code);
    return code;
}

#define WALKS                                                                                   \
    "nothing is named: complete LW_* variables come first\n"                                    \
    "looked for: any credential\n"                                                              \
    "  f:1: lookup [default=1] a\n"                                                             \
    "    said:    locked: not \\x1b open\n"                                                     \
    "    control: locked=1: does not count, and skips so many lines\n"                          \
    "  f:2: lookup [default=1] a\n"                                                             \
    "    skipped\n"                                                                             \
    "\n"                                                                                        \
    "nothing is named: the profile 'default'\n"                                                 \
    "looked for: profile prod, account acme.lacework.net, key ACME_0, sub-account sub\n"        \
    "  f:3: lookup [default=done] c\n"                                                          \
    "    said:    holds profile prod, account acme.lacework.net, key ACME_0, sub-account sub\n" \
    "    control: success=done: counts, and ends the walk\n"                                    \
    "             locked=die, if it cannot be opened\n"                                         \
    "\n"

static void explain_tells_people_walks_and_answer(void **state)
{
    struct capture capture;

    (void)state;
    result = LWC_OK;
    from = LWC_FROM_CACHE;
    assert_int_equal(run(false, &capture), LWC_OK);
    assert_string_equal(
        capture.out,
        WALKS "answer: profile prod, account acme.lacework.net, key ACME_0, sub-account sub, "
              "from backend 'c'\n"
              "why:    nothing is named: the profile 'default'\n"
              "token:  from the cache: no backend is asked while it lives\n"
              "note:   a backend that cannot tell what it holds could answer before\n");
    from = LWC_FROM_BACKEND;
    assert_int_equal(run(false, &capture), LWC_OK);
    assert_non_null(strstr(capture.out, "token:  ready from the backend\n"));
}

static void explain_without_an_answer_tells_the_walks_and_fails(void **state)
{
    struct capture capture;

    (void)state;
    result = LWC_E_NOT_FOUND;
    assert_int_equal(run(false, &capture), LWC_E_NOT_FOUND);
    assert_string_equal(capture.out, WALKS "answer: none\n");
    assert_int_equal(run(true, &capture), LWC_E_NOT_FOUND);
    assert_non_null(strstr(capture.out, "}]}],\"answer\":null}\n"));
}

static void explain_tells_programs_the_same(void **state)
{
#define IDENTITY                                                                    \
    "{\"profile\":\"prod\",\"account\":\"acme.lacework.net\",\"keyId\":\"ACME_0\"," \
    "\"subAccount\":\"sub\",\"orgAccess\":false,\"backend\":\"c\",\"kind\":\"access-key\"}"
    struct capture capture;

    (void)state;
    result = LWC_OK;
    from = LWC_FROM_CACHE_KEYED;
    assert_int_equal(run(true, &capture), LWC_OK);
    assert_string_equal(
        capture.out,
        "{\"walks\":[{\"rule\":\"environment\",\"wanted\":{\"profile\":\"\",\"account\":\"\","
        "\"keyId\":\"\"},\"lines\":[{\"file\":\"f\",\"line\":1,\"text\":\"lookup [default=1] a\","
        "\"backend\":\"a\",\"asked\":true,\"outcome\":\"locked\",\"action\":\"1\","
        "\"counts\":false,\"ends\":false,\"untold\":false,\"ifLocked\":null,\"message\":\"not "
        "\\u001b open\","
        "\"holds\":null},{\"file\":\"f\",\"line\":2,\"text\":\"lookup [default=1] a\","
        "\"backend\":\"a\",\"asked\":false}]},{\"rule\":\"default\",\"wanted\":{\"profile\":"
        "\"prod\","
        "\"account\":\"acme.lacework.net\",\"keyId\":\"ACME_0\"},\"lines\":[{\"file\":\"f\","
        "\"line\":3,\"text\":\"lookup [default=done] c\",\"backend\":\"c\",\"asked\":true,"
        "\"outcome\":\"success\",\"action\":\"done\",\"counts\":true,\"ends\":true,"
        "\"untold\":false,\"ifLocked\":\"die\",\"message\":\"\",\"holds\":" IDENTITY
        "}]}],\"answer\":" IDENTITY
        ",\"rule\":\"default\",\"token\":\"cache-if-same-key\",\"certain\":false}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_tells_people_walks_and_answer),
        cmocka_unit_test(explain_without_an_answer_tells_the_walks_and_fails),
        cmocka_unit_test(explain_tells_programs_the_same),
    };

    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
