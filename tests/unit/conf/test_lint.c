/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/lint.h"
#include "conf/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Collects "LINE:first words;". */
static void note(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    char *text = data;
    size_t used = strlen(text);

    (void)snprintf(text + used, 512 - used, "%u:%.20s;", where->line, what->msg);
}

#define UNREACHED "this line is never r;"
#define IDLE "this line changes no;"
#define FUTILE "success of this line;"
#define HOPELESS "no line of this oper;"

static void lint_points_out_what_is_surely_useless_and_no_more(void **state)
{
    static const struct {
        const char *text;
        const char *findings;
    } cases[] = {
        {"lookup sufficient a\nlookup required b\n", ""},
        {"lookup required a\nlookup sufficient b\nlookup optional c\n", ""},
        {"lookup [default=done] a\nlookup required b\nlookup required c\n",
         "2:" UNREACHED "3:" UNREACHED},
        {"lookup [success=done default=die] a\nstore required x\nlookup required b\n",
         "3:" UNREACHED},
        {"lookup required a\nlookup [default=done] b\nlookup required c\n", ""},
        {"lookup required a\nlookup [success=done default=die] b\nlookup required c\n", ""},
        {"lookup [default=die] a\nlookup required b\n", "2:" UNREACHED "1:" HOPELESS},
        {"lookup [default=1] a\nlookup required b\nlookup required c\n", "2:" UNREACHED},
        {"lookup [success=1 default=ignore] a\nlookup required b\nlookup required c\n", ""},
        {"lookup [default=ignore] a\nlookup required b\n", "1:" IDLE},
        {"store [success=1 default=ignore] a\nstore required b\n", "1:" FUTILE},
        {"store required x\nstore [success=1 default=ignore] a\nstore required b\n", ""},
        {"store [success=1 default=ignore] a\nstore required b\nstore optional c\n", ""},
        {"lookup sufficient a\nlookup [success=ignore default=bad] b\n", "2:" FUTILE},
        {"lookup [success=bad default=ignore] a\n", "1:" HOPELESS},
        {"store [default=bad] a\nstore required b\n", "1:" HOPELESS},
        {"lookup [success=ignore default=ok] a\n", "1:" FUTILE "1:" HOPELESS},
        {"store sufficient a\nstore required b\nerase sufficient a\n", ""},
        {"set cache none\n", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        LWC_AUTO_CONF conf = NULL;
        char findings[512] = "";

        print_message("%s", cases[i].text);
        assert_int_equal(lwc_conf_parse(cases[i].text, strlen(cases[i].text), "f", &conf, NULL),
                         LWC_OK);
        lwc_conf_lint(conf, note, findings);
        assert_string_equal(findings, cases[i].findings);
    }
}

static void lint_of_the_longest_stack_ends(void **state)
{
    static char text[LWC_CONF_LINES_MAX * 32];
    LWC_AUTO_CONF conf = NULL;
    char findings[512] = "";
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < LWC_CONF_LINES_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "lookup sufficient a%zu\n", i);
    }
    assert_int_equal(lwc_conf_parse(text, used, "f", &conf, NULL), LWC_OK);
    lwc_conf_lint(conf, note, findings);
    assert_string_equal(findings, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint_points_out_what_is_surely_useless_and_no_more),
        cmocka_unit_test(lint_of_the_longest_stack_ends),
    };

    return cmocka_run_group_tests_name("conf_lint", tests, NULL, NULL);
}
