/* SPDX-License-Identifier: Apache-2.0 */
/* The command config, over a library that finds and holds what the test says. */
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

static struct {
    size_t faults;
    size_t warnings;
    enum lwc_code code; /* of a check without faults */
    const char *config; /* as it was asked for       */
} world;

enum lwc_code __wrap_lwc_config_check(const struct lwc_options *options,
                                      lwc_config_finding_fn *visit, void *data,
                                      struct lwc_error *err);
enum lwc_code __wrap_lwc_config_check(const struct lwc_options *options,
                                      lwc_config_finding_fn *visit, void *data,
                                      struct lwc_error *err)
{
    static const struct lwc_error what = {
        .code = LWC_E_INVALID, .msg = "bad \"word\" \x1b", .hint = "better"};
    struct lwc_config_finding finding = {
        .size = sizeof finding, .file = "/etc/\nx", .line = 3, .column = 7, .what = &what};

    world.config = options->config;
    for (size_t i = 0; i < world.faults + world.warnings; i++) {
        finding.is_fault = i < world.faults;
        visit(data, &finding);
    }
    if (world.faults > 0) {
        return lwc_fail(err, LWC_E_INVALID, "faulty");
    }
    return world.code == LWC_OK ? LWC_OK : lwc_fail(err, world.code, "cannot be read");
}

const char *__wrap_lwc_config_source(const struct lwc_context *ctx);
const char *__wrap_lwc_config_source(const struct lwc_context *ctx)
{
    (void)ctx;
    return "/etc/stack";
}

enum lwc_code __wrap_lwc_config_lines(struct lwc_context *ctx, lwc_config_line_fn *visit,
                                      void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_config_lines(struct lwc_context *ctx, lwc_config_line_fn *visit,
                                      void *data, struct lwc_error *err)
{
    static const char *const value[] = {"none"};
    static const char *const args[] = {"a b", "\xff"};

    (void)ctx;
    (void)err;
    visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                          .file = "/etc/stack",
                                          .line = 2,
                                          .text = "set cache none",
                                          .operation = "set",
                                          .name = "cache",
                                          .argc = 1,
                                          .argv = value});
    visit(data, &(struct lwc_config_line){.size = sizeof(struct lwc_config_line),
                                          .file = "/etc/in\tner",
                                          .line = 1,
                                          .text = "lookup [default=die] x [a b] \xff",
                                          .operation = "lookup",
                                          .control = "[default=die]",
                                          .name = "x",
                                          .argc = 2,
                                          .argv = args});
    return LWC_OK;
}

static enum lwc_code run(const char *what, const char *file, bool json, struct capture *capture,
                         struct lwc_error *err)
{
    struct lwc_app app = {.args = {.operand = {file}, .operands = file != NULL ? 1 : 0}};
    enum lwc_code code = LWC_E_INTERNAL;

    memset(err, 0, sizeof *err);
    args_set(&app.args, &lwc_opt_json, json ? "" : NULL);
    capture_begin(capture, NULL);
    code = lwc_command_find(&lwc_config_command, what)->run(&app, err);
    capture_end(capture);
    return code;
}

static void check_of_a_good_file_says_so(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    memset(&world, 0, sizeof world);
    assert_int_equal(run("check", "/etc/mine", false, &capture, &err), LWC_OK);
    assert_string_equal(capture.out, "/etc/stack: ok, 1 line\n");
    assert_string_equal(world.config, "/etc/mine");
    assert_int_equal(run("check", NULL, true, &capture, &err), LWC_OK);
    assert_string_equal(capture.out, "{\"findings\":[],\"more\":0,\"errors\":0,\"warnings\":0,"
                                     "\"lines\":1,\"file\":\"/etc/stack\",\"ok\":true}\n");
    world.warnings = 1;
    assert_int_equal(run("check", NULL, false, &capture, &err), LWC_OK);
    assert_string_equal(capture.out, "/etc/\\x0ax:3:7: warning: bad \"word\" \\x1b (better)\n"
                                     "/etc/stack: ok, 1 line\n");
    world.warnings = 21;
    assert_int_equal(run("check", NULL, false, &capture, &err), LWC_OK);
    assert_non_null(strstr(capture.out, "(better)\nand 1 more\n/etc/stack: ok, 1 line\n"));
}

static void check_of_a_bad_file_tells_its_faults(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    memset(&world, 0, sizeof world);
    world.faults = 1;
    assert_int_equal(run("check", "f", false, &capture, &err), LWC_E_INVALID);
    assert_string_equal(capture.out, "/etc/\\x0ax:3:7: error: bad \"word\" \\x1b (better)\n");
    assert_string_equal(err.msg, "stack file: 1 error");
    assert_int_equal(run("check", "f", true, &capture, &err), LWC_E_INVALID);
    assert_string_equal(
        capture.out, "{\"findings\":[{\"kind\":\"error\",\"file\":\"/etc/\\nx\",\"line\":3,"
                     "\"column\":7,\"message\":\"bad \\\"word\\\" \\u001b\",\"hint\":\"better\"}],"
                     "\"more\":0,\"errors\":1,\"warnings\":0,\"lines\":0,\"file\":\"f\","
                     "\"ok\":false}\n");
    world.faults = 30;
    assert_int_equal(run("check", "f", false, &capture, &err), LWC_E_INVALID);
    assert_non_null(strstr(capture.out, "\nand 10 more\n"));
    assert_string_equal(err.msg, "stack file: 30 errors");
}

static void check_of_an_unreadable_file_prints_nothing(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    memset(&world, 0, sizeof world);
    world.code = LWC_E_UNSAFE;
    assert_int_equal(run("check", "f", true, &capture, &err), LWC_E_UNSAFE);
    assert_string_equal(capture.out, "");
    assert_string_equal(err.msg, "cannot be read");
}

static void show_prints_lines_that_can_be_read_back(void **state)
{
    struct capture capture;
    struct lwc_error err;

    (void)state;
    assert_int_equal(run("show", NULL, false, &capture, &err), LWC_OK);
    assert_string_equal(capture.out, "# /etc/stack\nset cache none  # /etc/stack:2\n"
                                     "lookup [default=die] x [a b] \xff  # /etc/in\\x09ner:1\n");
    assert_int_equal(run("show", NULL, true, &capture, &err), LWC_OK);
    assert_string_equal(capture.out,
                        "{\"source\":\"/etc/stack\",\"lines\":[{\"file\":\"/etc/stack\",\"line\":2,"
                        "\"operation\":\"set\",\"setting\":\"cache\",\"value\":[\"none\"],"
                        "\"text\":\"set cache none\"},{\"file\":\"/etc/in\\tner\",\"line\":1,"
                        "\"operation\":\"lookup\",\"backend\":\"x\",\"control\":\"[default=die]\","
                        "\"arguments\":[\"a b\",\"\\ufffd\"],"
                        "\"text\":\"lookup [default=die] x [a b] \\ufffd\"}]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_of_a_good_file_says_so),
        cmocka_unit_test(check_of_a_bad_file_tells_its_faults),
        cmocka_unit_test(check_of_an_unreadable_file_prints_nothing),
        cmocka_unit_test(show_prints_lines_that_can_be_read_back),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
