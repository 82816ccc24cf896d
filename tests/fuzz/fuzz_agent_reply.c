/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "net/json.h"
#include "plugins/agent/agents.h"
#include "plugins/agent/config.h"
#include "plugins/agent/token.h"

#define TOKEN "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A token that is taken has the form of one, and a request made from it is JSON. */
static void check_token(const struct lwc_agent_token *token)
{
    const struct lwc_agent_request request = {.token = token, .description = "d", .os = "linux"};
    LWC_AUTO_BUF body = NULL;
    LWC_AUTO_JSON json = NULL;
    struct lwc_error err = {0};

    if (lwc_agent_token_check(token->secret.at, token->secret.len, NULL) != LWC_OK ||
        lwc_buf_new(64, &body, NULL) != LWC_OK) {
        abort();
    }
    if (lwc_agent_request_write(&request, body, &err) != LWC_OK) {
        if (err.code != LWC_E_NETWORK) {
            abort();
        }
        return;
    }
    /* cJSON refuses more: keys twice in what is passed on, halves of surrogate pairs. */
    if (lwc_json_parse(lwc_buf_bytes(body), lwc_buf_len(body), &json, NULL) == LWC_OK &&
        (!lwc_streq(lwc_json_text(lwc_json_at(json, "props.os")), "linux") ||
         !lwc_streq(lwc_json_text(lwc_json_at(json, "props.description")), "d"))) {
        abort();
    }
}

static void check_failure(const struct lwc_error *err)
{
    if (err->code != LWC_E_NETWORK || err->msg[0] == '\0' ||
        lwc_text_has_control(err->msg, strlen(err->msg))) {
        abort();
    }
}

static void parse_tokens(const char *text, size_t len, enum lwc_agent_shape shape)
{
    LWC_AUTO_AGENT_TOKENS tokens = {0};
    struct lwc_error err = {0};

    if (lwc_agent_tokens_parse(text, len, shape, &tokens, &err) != LWC_OK) {
        check_failure(&err);
    }
    for (size_t i = 0; i < tokens.count; i++) {
        check_token(&tokens.at[i]);
    }
}

static void parse_agents(const char *text, size_t len)
{
    LWC_AUTO_AGENTS agents = {0};
    LWC_AUTO_BUF next = NULL;
    struct lwc_error err = {0};
    size_t before = 0;

    if (lwc_buf_new(64, &next, NULL) != LWC_OK) {
        abort();
    }
    if (lwc_agents_parse(&agents, text, len, TOKEN, sizeof TOKEN - 1, next, &err) != LWC_OK) {
        check_failure(&err);
    }
    before = agents.count;
    lwc_agents_join(&agents);
    if (agents.count > before || (before > 0 && agents.count == 0)) {
        abort();
    }
}

/* A body of AgentAccessTokens or AgentInfo. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;

    parse_tokens(text, len, LWC_AGENT_ONE);
    parse_tokens(text, len, LWC_AGENT_LIST);
    parse_agents(text, len);
    return 0;
}
