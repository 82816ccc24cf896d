/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/agents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHORT "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c"
#define TOKEN SHORT "3d4e5f0a1b2c3d4e5f0a1b2c3d"
#define ROW(mid, name, day, tag)                                               \
    "{\"mid\":" mid ",\"hostname\":\"" name "\",\"lastUpdate\":\"2026-11-" day \
    "T08:00:00Z\",\"tags\":{\"LwTokenShort\":" tag ",\"os\":\"linux\"}}"
#define OLD "\"" SHORT "\""
#define OTHER "\"ffff2c3d4e5f0a1b2c3d4e5f0a1b2c\""

static enum lwc_code add(struct lwc_agents *agents, const char *text, struct lwc_buf *next,
                         struct lwc_error *err)
{
    enum lwc_code code =
        lwc_agents_parse(agents, text, strlen(text), TOKEN, strlen(TOKEN), next, err);

    assert_null(strstr(err->msg, "0a1b"));
    return code;
}

static void newest_report_of_an_agent_counts(void **state)
{
    LWC_AUTO_AGENTS agents = {0};
    LWC_AUTO_BUF next = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(lwc_buf_new(64, &next, NULL), LWC_OK);
    assert_int_equal(add(&agents,
                         "{\"data\":[" ROW("1", "moved", "20", OLD) "," ROW(
                             "2", "web", "20",
                             OTHER) "],\"paging\":{\"urls\":{\"nextPage\":\"https:\\/\\/x/p2\"}}}",
                         next, &err),
                     LWC_OK);
    assert_string_equal(lwc_buf_text(next), "https://x/p2");
    lwc_buf_reset(next);
    assert_int_equal(
        add(&agents,
            "{\"data\":[" ROW("1", "moved", "21", OTHER) "," ROW("2", "web", "21", OLD) "," ROW(
                "3", "db", "01",
                OLD) "," ROW("4", "db", "01",
                             "null") "],\"paging\":{\"urls\":{\"nextPage\":null}}}",
            next, &err),
        LWC_OK);
    assert_int_equal(lwc_buf_len(next), 0);
    lwc_agents_join(&agents);
    assert_int_equal(agents.count, 4);
    assert_int_equal(lwc_agents_count(&agents, LWC_AGENT_USES_TOKEN), 2);
    assert_int_equal(lwc_agents_count(&agents, LWC_AGENT_USES_OTHER), 1);
    assert_int_equal(lwc_agents_count(&agents, LWC_AGENT_USES_UNKNOWN), 1);
    assert_string_equal(agents.at[0].name, "db");
    assert_string_equal(agents.at[2].name, "moved");
    assert_int_equal(agents.at[2].use, LWC_AGENT_USES_OTHER);
}

static void in_doubt_an_agent_uses_the_token(void **state)
{
    static const char *const pages[] = {
        "{\"data\":[" ROW("1", "a", "20", OLD) "," ROW("1", "a", "20", OTHER) "]}",
        "{\"data\":[" ROW("1", "a", "20", OTHER) "," ROW("1", "a", "20", OLD) "]}",
        "{\"data\":[{\"hostname\":\"a\",\"tags\":{\"LwTokenShort\":" OLD
        "}},{\"hostname\":\"a\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(pages); i++) {
        LWC_AUTO_AGENTS agents = {0};
        LWC_AUTO_BUF next = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_buf_new(64, &next, NULL), LWC_OK);
        assert_int_equal(add(&agents, pages[i], next, &err), LWC_OK);
        lwc_agents_join(&agents);
        assert_int_equal(lwc_agents_count(&agents, LWC_AGENT_USES_TOKEN), 1);
    }
}

static void unusable_pages_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "it is empty"},
        {"{\"data\":[" ROW("1", "a", "20", OLD), "cut short"},
        {"{}", "not an array"},
        {"{\"data\":{}}", "not an array"},
        {"{\"data\":[7]}", "an agent is not an object"},
        {"{\"data\":[],\"paging\":{\"urls\":{\"nextPage\":7}}}", "is no URL"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_AGENTS agents = {0};
        LWC_AUTO_BUF next = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_buf_new(64, &next, NULL), LWC_OK);
        if (add(&agents, cases[i].text, next, &err) != LWC_E_NETWORK ||
            strstr(err.msg, cases[i].why) == NULL) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
    }
}

static void long_names_are_cut(void **state)
{
    LWC_AUTO_AGENTS agents = {0};
    LWC_AUTO_BUF next = NULL;
    struct lwc_error err = {0};
    char text[2048];
    const char *at = "{\"data\":[{\"hostname\":\"";

    (void)state;
    memset(text, 'h', sizeof text);
    memcpy(text, at, strlen(at));
    memcpy(text + sizeof text - 6, "\"}]}\0", 6);
    assert_int_equal(lwc_buf_new(64, &next, NULL), LWC_OK);
    assert_int_equal(add(&agents, text, next, &err), LWC_OK);
    assert_int_equal(strlen(agents.at[0].name), LWC_AGENT_HOST_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_report_of_an_agent_counts),
        cmocka_unit_test(in_doubt_an_agent_uses_the_token),
        cmocka_unit_test(unusable_pages_are_refused),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests_name("agents", tests, NULL, NULL);
}
