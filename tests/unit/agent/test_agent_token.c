/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/json.h"

#define SECRET "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d"
#define WITH(members) "{\"data\":{\"accessToken\":\"" SECRET "\"," members "}}"
#define GOOD                                                                      \
    "{\"accessToken\":\"" SECRET                                                  \
    "\",\"createdTime\":\"2020-12-16T16:43:37.915Z\",\"props\":{\"createdTime\":" \
    "\"2020-12-15T16:43:37.915Z\",\"description\":\"prod "                        \
    "\\u00e9\",\"os\":\"linux\",\"subscription\":"                                \
    "\"standard\"},\"tokenAlias\":\"k8s\",\"tokenEnabled\":1,\"version\":\"0.1\",\"new\":[{}]}"

static enum lwc_code parse(const char *text, enum lwc_agent_shape shape,
                           struct lwc_agent_tokens *tokens, struct lwc_error *err)
{
    enum lwc_code code = lwc_agent_tokens_parse(text, strlen(text), shape, tokens, err);

    assert_null(strstr(err->msg, "0a1b"));
    return code;
}

static void assert_text(struct lwc_json_span span, const char *text)
{
    if (text == NULL ? span.at != NULL : !lwc_json_span_is(span, text, LWC_JSON_EXACT)) {
        fail_msg("expected %s, got %.*s", text, (int)span.len, span.at);
    }
}

static void token_is_read_whole(void **state)
{
    LWC_AUTO_AGENT_TOKENS tokens = {0};
    struct lwc_error err = {0};
    const struct lwc_agent_token *token = NULL;

    (void)state;
    assert_int_equal(parse("{\"data\":" GOOD "}", LWC_AGENT_ONE, &tokens, &err), LWC_OK);
    assert_int_equal(tokens.count, 1);
    token = &tokens.at[0];
    assert_int_equal(token->secret.len, 56);
    assert_memory_equal(token->secret.at, SECRET, 56);
    assert_text(token->alias, "k8s");
    assert_true(lwc_json_span_type(token->description) == '"');
    assert_text(token->os, "linux");
    assert_text(token->created, "2020-12-15T16:43:37.915Z");
    assert_text(token->updated, "2020-12-16T16:43:37.915Z");
    assert_text(token->version, "0.1");
    assert_true(token->is_enabled);
}

static void lists_are_arrays(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } cases[] = {
        {"{\"data\":[]}", 0},
        {"{\"data\":[" GOOD "]}", 1},
        {"{\"data\":[" GOOD ", " GOOD "],\"paging\":null}", 2},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_AGENT_TOKENS tokens = {0};
        struct lwc_error err = {0};

        assert_int_equal(parse(cases[i].text, LWC_AGENT_LIST, &tokens, &err), LWC_OK);
        assert_int_equal(tokens.count, cases[i].count);
    }
}

/* Forms that the API has had, or may have. */
static const struct {
    const char *name;
    const char *text;
    const char *alias;
    const char *description;
    const char *os;
    bool is_enabled;
} forms[] = {
    {"enabled as a text", WITH("\"tokenEnabled\":\"1\""), NULL, NULL, NULL, true},
    {"disabled as a text", WITH("\"tokenEnabled\":\"0\""), NULL, NULL, NULL, false},
    {"disabled", WITH("\"tokenEnabled\":0"), NULL, NULL, NULL, false},
    {"truth", WITH("\"tokenEnabled\":true"), NULL, NULL, NULL, true},
    {"empty alias", WITH("\"tokenEnabled\":1,\"tokenAlias\":\"\""), NULL, NULL, NULL, true},
    {"null alias", WITH("\"tokenEnabled\":1,\"tokenAlias\":null"), NULL, NULL, NULL, true},
    {"null props", WITH("\"tokenEnabled\":1,\"tokenAlias\":\"a\",\"props\":null"), "a", NULL, NULL,
     true},
    {"empty props", WITH("\"tokenEnabled\":1,\"props\":{}"), NULL, NULL, NULL, true},
    {"props as a text",
     WITH("\"tokenEnabled\":1,\"props\":\"{\\\"CREATED_TIME\\\":1608136997915,\\\"DESCRIPTION\\\":"
          "\\\"old\\\"}\""),
     NULL, "old", NULL, true},
    {"props as an empty text", WITH("\"tokenEnabled\":1,\"props\":\"\""), NULL, NULL, NULL, true},
    {"odd types of what is shown",
     WITH("\"tokenEnabled\":1,\"version\":7,\"createdTime\":8,\"props\":{\"description\":[1],"
          "\"os\":null}"),
     NULL, NULL, NULL, true},
};

static void forms_of_other_times_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(forms); i++) {
        LWC_AUTO_AGENT_TOKENS tokens = {0};
        struct lwc_error err = {0};

        if (parse(forms[i].text, LWC_AGENT_ONE, &tokens, &err) != LWC_OK) {
            fail_msg("%s: %s", forms[i].name, err.msg);
        }
        assert_text(tokens.at[0].alias, forms[i].alias);
        assert_text(tokens.at[0].description, forms[i].description);
        assert_text(tokens.at[0].os, forms[i].os);
        assert_int_equal(tokens.at[0].is_enabled, forms[i].is_enabled);
    }
}

static const struct {
    enum lwc_agent_shape shape;
    const char *text;
    const char *why;
} unusable[] = {
    {LWC_AGENT_ONE, "", "it is empty"},
    {LWC_AGENT_ONE, "{\"data\":{\"accessToken\":\"" SECRET, "cut short"},
    {LWC_AGENT_ONE, "[]", "no JSON object"},
    {LWC_AGENT_ONE, "{}", "\"data\" is not an object"},
    {LWC_AGENT_ONE, "{\"data\":[" GOOD "]}", "\"data\" is not an object"},
    {LWC_AGENT_LIST, "{\"data\":" GOOD "}", "\"data\" is not an array"},
    {LWC_AGENT_LIST, "{\"data\":[" GOOD ",\"" SECRET "\"]}", "a token is not an object"},
    {LWC_AGENT_ONE, "{\"data\":" GOOD ",\"data\":{}}", "\"data\" is there twice"},
    {LWC_AGENT_ONE, "{\"data\":{\"tokenEnabled\":1}}", "\"accessToken\" is missing"},
    {LWC_AGENT_ONE, "{\"data\":{\"accessToken\":\"0a1b2c3d/..\",\"tokenEnabled\":1}}", "no form"},
    {LWC_AGENT_ONE, "{\"data\":{\"accessToken\":\"0a1b\\u002f\",\"tokenEnabled\":1}}", "no form"},
    {LWC_AGENT_ONE, "{\"data\":{\"accessToken\":12,\"tokenEnabled\":1}}", "not a text"},
    {LWC_AGENT_ONE, WITH("\"a\":1"), "\"tokenEnabled\" is neither"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":2"), "\"tokenEnabled\" is neither"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":null"), "\"tokenEnabled\" is neither"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":1,\"tokenAlias\":7"), "\"tokenAlias\" is not a text"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":1,\"props\":[]"), "\"props\" is not an object"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":1,\"props\":\"{\""), "a text that is not JSON"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":1,\"props\":\"[]\""), "\"props\" is not an object"},
    {LWC_AGENT_ONE, WITH("\"tokenEnabled\":1,\"props\":{\"os\":\"a\",\"OS\":\"b\"}"), "twice"},
};

static void unusable_replies_are_refused_without_a_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(unusable); i++) {
        LWC_AUTO_AGENT_TOKENS tokens = {0};
        struct lwc_error err = {0};

        if (parse(unusable[i].text, unusable[i].shape, &tokens, &err) != LWC_E_NETWORK ||
            strstr(err.msg, "unusable reply: ") != err.msg ||
            strstr(err.msg, unusable[i].why) == NULL) {
            fail_msg("%s: %d %s", unusable[i].text, err.code, err.msg);
        }
        assert_null(tokens.at);
    }
}

/* Requests that change a token: what the API has given comes back. */
static const struct {
    const char *before; /* NULL: a new token */
    const char *alias;
    const char *description;
    const char *os;
    bool is_enabled;
    const char *body;
} requests[] = {
    {NULL, "a\"b", "d\\e", "linux", true,
     "{\"tokenAlias\":\"a\\\"b\",\"tokenEnabled\":1,\"props\":{\"description\":\"d\\\\e\",\"os\":"
     "\"linux\"}}"},
    {NULL, "a", NULL, NULL, true, "{\"tokenAlias\":\"a\",\"tokenEnabled\":1,\"props\":{}}"},
    {"{\"data\":" GOOD "}", NULL, NULL, NULL, false,
     "{\"tokenAlias\":\"k8s\",\"tokenEnabled\":0,\"props\":{\"createdTime\":\"2020-12-15T16:43:37."
     "915Z\",\"description\":\"prod \\u00e9\",\"os\":\"linux\",\"subscription\":\"standard\"}}"},
    {"{\"data\":" GOOD "}", "new", "", NULL, true,
     "{\"tokenAlias\":\"new\",\"tokenEnabled\":1,\"props\":{\"createdTime\":\"2020-12-15T16:43:37."
     "915Z\",\"description\":\"\",\"os\":\"linux\",\"subscription\":\"standard\"}}"},
    {WITH("\"tokenEnabled\":1,\"props\":\"{\\\"CREATED_TIME\\\":16.0e2,\\\"DESCRIPTION\\\":"
          "\\\"old\\\"}\""),
     NULL, NULL, "windows", true,
     "{\"tokenEnabled\":1,\"props\":{\"description\":\"old\",\"os\":\"windows\",\"CREATED_TIME\":"
     "16.0e2,\"DESCRIPTION\":\"old\"}}"},
};

static void requests_repeat_what_the_api_has_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(requests); i++) {
        LWC_AUTO_AGENT_TOKENS tokens = {0};
        LWC_AUTO_BUF out = NULL;
        LWC_AUTO_JSON json = NULL;
        struct lwc_error err = {0};
        struct lwc_agent_request request = {.alias = requests[i].alias,
                                            .description = requests[i].description,
                                            .os = requests[i].os,
                                            .is_enabled = requests[i].is_enabled};

        if (requests[i].before != NULL) {
            assert_int_equal(parse(requests[i].before, LWC_AGENT_ONE, &tokens, &err), LWC_OK);
            request.token = &tokens.at[0];
        }
        assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
        assert_int_equal(lwc_agent_request_write(&request, out, &err), LWC_OK);
        assert_string_equal(lwc_buf_text(out), requests[i].body);
        assert_int_equal(lwc_json_parse(lwc_buf_bytes(out), lwc_buf_len(out), &json, &err), LWC_OK);
    }
}

static void mask_shows_too_little(void **state)
{
    static const struct {
        const char *secret;
        const char *masked;
    } cases[] = {{SECRET, "0a1b..."}, {"0123456789abcdef", "0123..."}, {"0123456789abcde", "..."}};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_agent_token token = {.secret = {cases[i].secret, strlen(cases[i].secret)}};
        LWC_AUTO_BUF out = NULL;

        assert_int_equal(lwc_buf_new(64, &out, NULL), LWC_OK);
        assert_int_equal(lwc_agent_token_mask(&token, out, NULL), LWC_OK);
        assert_string_equal(lwc_buf_text(out), cases[i].masked);
    }
}

static void too_many_tokens_are_refused(void **state)
{
    const size_t count = LWC_AGENT_TOKENS_MAX + 1;
    LWC_AUTO_FREE char *text = calloc(1, 2 * count + 16);
    LWC_AUTO_AGENT_TOKENS tokens = {0};
    struct lwc_error err = {0};

    (void)state;
    assert_non_null(text);
    (void)strcpy(text, "{\"data\":[");
    for (size_t i = 0; i < count; i++) {
        memcpy(text + 9 + 2 * i, "0,", 2);
    }
    memcpy(text + 9 + 2 * count - 1, "]}", 3);
    assert_int_equal(parse(text, LWC_AGENT_LIST, &tokens, &err), LWC_E_NETWORK);
    assert_non_null(strstr(err.msg, "more tokens"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_is_read_whole),
        cmocka_unit_test(lists_are_arrays),
        cmocka_unit_test(forms_of_other_times_are_read),
        cmocka_unit_test(unusable_replies_are_refused_without_a_token),
        cmocka_unit_test(requests_repeat_what_the_api_has_given),
        cmocka_unit_test(mask_shows_too_little),
        cmocka_unit_test(too_many_tokens_are_refused),
    };

    return cmocka_run_group_tests_name("agent_token", tests, NULL, NULL);
}
