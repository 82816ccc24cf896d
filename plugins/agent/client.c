/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in client.h. */
#include "plugins/agent/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/append.h"
#include "base/text.h"
#include "plugins/agent/config.h"

#define TOKENS_PATH "/api/v2/AgentAccessTokens"
#define AGENTS_PATH "/api/v2/AgentInfo/search"
#define REPLY_MAX ((size_t)15 * 1024 * 1024)
#define PAGES_MAX 200
#define TOKEN_LOOK 40 /* hexadecimal digits that no alias has */
#define WINDOW_S (INT64_C(7) * 86400)
#define MARGIN_S 60

/* A call on its way, and its reply. */
struct agent_call {
    const char *method;
    const char *path;
    const struct lwc_buf *body; /* or NULL */
    struct lwc_buf *reply;
    struct lwc_call_reply head;
};

void lwc_agent_reply_clear(struct lwc_agent_reply *reply)
{
    lwc_agent_tokens_clear(&reply->tokens);
    lwc_buf_free(&reply->body);
}

enum lwc_code lwc_agent_alias_check(const char *alias, struct lwc_error *err)
{
    const size_t len = strlen(alias);

    if (len == 0 || len > LWC_AGENT_ALIAS_MAX || lwc_text_has_control(alias, len)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "an alias has 1 to %d bytes, none of them a control byte",
                        LWC_AGENT_ALIAS_MAX);
    }
    if (len >= TOKEN_LOOK && strspn(alias, "0123456789abcdef") == len) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID, "this looks like a token itself, and not like its alias"),
            "never give a token on a command line, where other users see it");
    }
    return LWC_OK;
}

static enum lwc_code take_bytes(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct agent_call *call = data;

    if (len > REPLY_MAX - lwc_buf_len(call->reply)) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable reply: more than %zu bytes", REPLY_MAX);
    }
    return lwc_buf_append(call->reply, bytes, len, err);
}

static enum lwc_code run_call(struct lwc_agent_client *client, struct agent_call *call,
                              struct lwc_error *err)
{
    const struct lwc_call request = {
        .size = sizeof request,
        .query = client->query,
        .method = call->method,
        .path = call->path,
        .body = call->body != NULL ? lwc_buf_bytes(call->body) : NULL,
        .body_len = call->body != NULL ? (int64_t)lwc_buf_len(call->body) : 0,
        .data = call,
        .write = take_bytes,
    };
    enum lwc_code code = lwc_buf_new(4096, &call->reply, err);

    call->head = (struct lwc_call_reply){.size = sizeof call->head};
    if (code == LWC_OK) {
        code = lwc_call(client->ctx, &request, &call->head, err);
    }
    if (call->head.date_s > 0) {
        client->date_s = call->head.date_s;
    }
    return code;
}

/* Replaces the text of a failure that quotes the token, or what an agent reports of it. */
static enum lwc_code hide_token(enum lwc_code code, const struct lwc_agent_token *token,
                                struct lwc_error *err)
{
    char part[LWC_AGENT_SHORT_LEN + 1];

    if (code == LWC_OK || err == NULL) {
        return code;
    }
    (void)snprintf(part, sizeof part, "%.*s", (int)token->secret.len, token->secret.at);
    if (strstr(err->msg, part) != NULL || strstr(err->hint, part) != NULL) {
        code = lwc_fail(err, code, "the API failed with a text that quotes the token: not shown");
    }
    lwc_wipe(part, sizeof part);
    return code;
}

/* Parses a call's reply, which goes to @reply_out.  204 is an empty list. */
static enum lwc_code take_reply(struct agent_call *call, enum lwc_agent_shape shape,
                                struct lwc_agent_reply *reply_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (call->head.status == 204 && shape == LWC_AGENT_LIST) {
        return LWC_OK;
    }
    code = lwc_agent_tokens_parse(lwc_buf_text(call->reply), lwc_buf_len(call->reply), shape,
                                  &reply_out->tokens, err);
    if (code == LWC_OK) {
        reply_out->body = LWC_TAKE(call->reply);
    }
    return code;
}

enum lwc_code lwc_agent_list(struct lwc_agent_client *client, struct lwc_agent_reply *reply_out,
                             struct lwc_error *err)
{
    struct agent_call call = {.method = "GET", .path = TOKENS_PATH};
    enum lwc_code code = run_call(client, &call, err);

    if (code == LWC_OK) {
        code = take_reply(&call, LWC_AGENT_LIST, reply_out, err);
    }
    lwc_buf_free(&call.reply);
    return code;
}

/* Asks for one alias: the list may leave disabled tokens out. */
static enum lwc_code search_alias(struct lwc_agent_client *client, const char *alias,
                                  struct lwc_agent_reply *reply_out, struct lwc_error *err)
{
    LWC_AUTO_BUF body = NULL;
    struct agent_call call = {.method = "POST", .path = TOKENS_PATH "/search"};
    enum lwc_code code = lwc_buf_new(256, &body, err);

    if (code == LWC_OK) {
        code = lwc_text_append(
            body, err, "{\"filters\":[{\"field\":\"tokenAlias\",\"expression\":\"eq\",\"value\":");
    }
    if (code == LWC_OK) {
        code = lwc_text_append_json(body, alias, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(body, err, "}]}");
    }
    call.body = body;
    if (code == LWC_OK) {
        code = run_call(client, &call, err);
    }
    if (code == LWC_OK) {
        code = take_reply(&call, LWC_AGENT_LIST, reply_out, err);
    }
    lwc_buf_free(&call.reply);
    return code;
}

/* Returns whether the alias of @token is @alias, which may be no ASCII. */
static bool has_alias(const struct lwc_agent_token *token, const char *alias)
{
    LWC_AUTO_BUF text = NULL;

    return token->alias.at != NULL && lwc_buf_new(token->alias.len, &text, NULL) == LWC_OK &&
           lwc_json_span_text(token->alias, text, NULL) == LWC_OK &&
           lwc_buf_equal(text, alias, strlen(alias));
}

bool lwc_agent_has_alias(const struct lwc_agent_reply *reply, const char *alias)
{
    for (size_t i = 0; i < reply->tokens.count; i++) {
        if (has_alias(&reply->tokens.at[i], alias)) {
            return true;
        }
    }
    return false;
}

/* Chooses the token with @alias; *token_out is NULL if there is none. */
static enum lwc_code choose_token(const struct lwc_agent_reply *reply, const char *alias,
                                  const struct lwc_agent_token **token_out, struct lwc_error *err)
{
    *token_out = NULL;
    for (size_t i = 0; i < reply->tokens.count; i++) {
        const struct lwc_agent_token *token = &reply->tokens.at[i];

        if (!has_alias(token, alias)) {
            continue;
        }
        if (*token_out != NULL) {
            return lwc_fail(err, LWC_E_INVALID, "two agent tokens have the alias '%s'", alias);
        }
        *token_out = token;
    }
    return LWC_OK;
}

enum lwc_code lwc_agent_find(struct lwc_agent_client *client, const char *alias,
                             struct lwc_agent_reply *reply_out,
                             const struct lwc_agent_token **token_out, struct lwc_error *err)
{
    enum lwc_code code = lwc_agent_list(client, reply_out, err);

    if (code == LWC_OK) {
        code = choose_token(reply_out, alias, token_out, err);
    }
    if (code != LWC_OK || *token_out != NULL) {
        return code;
    }
    lwc_agent_reply_clear(reply_out);
    code = search_alias(client, alias, reply_out, err);
    if (code == LWC_OK) {
        code = choose_token(reply_out, alias, token_out, err);
    }
    if (code == LWC_OK && *token_out == NULL) {
        code = lwc_fail(err, LWC_E_NOT_FOUND, "no agent token with the alias '%s'", alias);
        return lwc_hint(err, code, "'lw-credential-helper agent-token list' shows them");
    }
    return code;
}

/* Names a refusal for an alias that is taken, which the API gives as 409 or 400. */
static enum lwc_code name_conflict(enum lwc_code code, const struct agent_call *call,
                                   const char *alias, struct lwc_error *err)
{
    const bool is_conflict = call->head.status == 409 || (call->head.status == 400 && err != NULL &&
                                                          strcasestr(err->msg, "alias") != NULL);

    if (code != LWC_E_REFUSED || !is_conflict || alias == NULL) {
        return code;
    }
    code = lwc_fail(err, LWC_E_INVALID,
                    "the alias '%s' exists already, perhaps as that of a disabled token", alias);
    return lwc_hint(err, code, "choose another, or rename the old one: agent-token update");
}

enum lwc_code lwc_agent_create(struct lwc_agent_client *client,
                               const struct lwc_agent_request *request,
                               struct lwc_agent_reply *reply_out, struct lwc_error *err)
{
    LWC_AUTO_BUF body = NULL;
    struct agent_call call = {.method = "POST", .path = TOKENS_PATH};
    enum lwc_code code = lwc_buf_new(512, &body, err);

    if (code == LWC_OK) {
        code = lwc_agent_request_write(request, body, err);
    }
    call.body = body;
    if (code == LWC_OK) {
        code = name_conflict(run_call(client, &call, err), &call, request->alias, err);
    }
    if (code == LWC_OK) {
        code = take_reply(&call, LWC_AGENT_ONE, reply_out, err);
    }
    lwc_buf_free(&call.reply);
    return code;
}

static enum lwc_code make_path(const struct lwc_agent_token *token, struct lwc_buf **path_out,
                               struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_new(128, path_out, err);

    return code == LWC_OK ? lwc_text_append(*path_out, err, TOKENS_PATH "/%.*s",
                                            (int)token->secret.len, token->secret.at)
                          : code;
}

/* Checks that the reply is of this token, and says what was asked for. */
static enum lwc_code check_change(const struct lwc_agent_request *request,
                                  const struct lwc_agent_reply *reply, struct lwc_error *err)
{
    const struct lwc_agent_token *old = request->token;
    const struct lwc_agent_token *new = &reply->tokens.at[0];

    if (new->secret.len != old->secret.len ||
        memcmp(new->secret.at, old->secret.at, old->secret.len) != 0) {
        return lwc_fail(err, LWC_E_NETWORK, "unusable reply: it is about another token");
    }
    if (new->is_enabled != request->is_enabled ||
        (request->alias != NULL && !has_alias(new, request->alias))) {
        return lwc_fail(err, LWC_E_NETWORK, "the API took the change and did not make it");
    }
    return LWC_OK;
}

static enum lwc_code send_change(struct lwc_agent_client *client,
                                 const struct lwc_agent_request *request,
                                 struct lwc_agent_reply *reply_out, struct lwc_error *err)
{
    LWC_AUTO_BUF path = NULL;
    LWC_AUTO_BUF body = NULL;
    struct agent_call call = {.method = "PATCH"};
    enum lwc_code code = make_path(request->token, &path, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(512, &body, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_request_write(request, body, err);
    }
    if (code == LWC_OK) {
        call.path = lwc_buf_text(path);
        call.body = body;
        code = name_conflict(run_call(client, &call, err), &call, request->alias, err);
    }
    if (code == LWC_OK) {
        code = take_reply(&call, LWC_AGENT_ONE, reply_out, err);
    }
    lwc_buf_free(&call.reply);
    return code == LWC_OK ? check_change(request, reply_out, err) : code;
}

enum lwc_code lwc_agent_change_token(struct lwc_agent_client *client,
                                     const struct lwc_agent_request *request,
                                     struct lwc_agent_reply *reply_out, struct lwc_error *err)
{
    return hide_token(send_change(client, request, reply_out, err), request->token, err);
}

static void print_time(int64_t when, char out[static 32])
{
    const time_t seconds = (time_t)when;
    struct tm parts = {0};

    (void)gmtime_r(&seconds, &parts);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* Writes the search for all agents of the last seven days, by the server's clock. */
static enum lwc_code write_search(const struct lwc_agent_client *client, struct lwc_buf *body,
                                  struct lwc_error *err)
{
    const int64_t now_s = client->date_s > 0 ? client->date_s : (int64_t)time(NULL);
    char start[32];
    char end[32];

    print_time(now_s - WINDOW_S + MARGIN_S, start);
    print_time(now_s, end);
    return lwc_text_append(body, err,
                           "{\"timeFilter\":{\"startTime\":\"%s\",\"endTime\":\"%s\"},"
                           "\"returns\":[\"mid\",\"hostname\",\"lastUpdate\",\"tags\"]}",
                           start, end);
}

/* Turns the URL of the next page into a path, if it leads to the host that gave it. */
static enum lwc_code next_path(const struct agent_call *call, struct lwc_buf *next,
                               struct lwc_error *err)
{
    static const char scheme[] = "https://";
    const char *url = lwc_buf_text(next);
    const size_t origin_len = strlen(call->head.origin);
    LWC_AUTO_BUF path = NULL;
    enum lwc_code code = LWC_OK;

    if (strncmp(url, scheme, sizeof scheme - 1) != 0 ||
        strncmp(url + sizeof scheme - 1, call->head.origin, origin_len) != 0 ||
        url[sizeof scheme - 1 + origin_len] != '/') {
        return lwc_fail(err, LWC_E_NETWORK, "unusable reply: the next page is at another host");
    }
    url += sizeof scheme - 1 + origin_len;
    code = lwc_buf_copy(url, strlen(url), &path, err);
    if (code == LWC_OK) {
        lwc_buf_reset(next);
        code = lwc_buf_append(next, lwc_buf_bytes(path), lwc_buf_len(path), err);
    }
    return code;
}

/* Gets a page and adds its agents; @next becomes the path of the one behind it. */
static enum lwc_code add_page(struct lwc_agent_client *client, struct agent_call *call,
                              const struct lwc_agent_token *token, struct lwc_agents *agents,
                              struct lwc_buf *next, struct lwc_error *err)
{
    enum lwc_code code = run_call(client, call, err);

    lwc_buf_reset(next);
    if (code == LWC_OK && call->head.status != 204) {
        code = lwc_agents_parse(agents, lwc_buf_text(call->reply), lwc_buf_len(call->reply),
                                token->secret.at, token->secret.len, next, err);
    }
    if (code == LWC_OK && lwc_buf_len(next) > 0) {
        code = next_path(call, next, err);
    }
    lwc_buf_free(&call->reply);
    return code;
}

static enum lwc_code add_pages(struct lwc_agent_client *client, const struct lwc_buf *body,
                               const struct lwc_agent_token *token, struct lwc_agents *agents,
                               struct lwc_error *err)
{
    LWC_AUTO_BUF path = NULL;
    LWC_AUTO_BUF next = NULL;
    struct agent_call call = {.method = "POST", .path = AGENTS_PATH, .body = body};
    enum lwc_code code = lwc_buf_new(256, &next, err);

    for (size_t page = 0; code == LWC_OK && (page == 0 || path != NULL); page++) {
        code = page < PAGES_MAX ? add_page(client, &call, token, agents, next, err)
                                : lwc_fail(err, LWC_E_NETWORK, "unusable reply: it never ends");
        lwc_buf_free(&path);
        if (code == LWC_OK && lwc_buf_len(next) > 0) {
            code = lwc_buf_copy(lwc_buf_bytes(next), lwc_buf_len(next), &path, err);
            call = (struct agent_call){.method = "GET",
                                       .path = path != NULL ? lwc_buf_text(path) : ""};
        }
    }
    return code;
}

enum lwc_code lwc_agent_users(struct lwc_agent_client *client, const struct lwc_agent_token *token,
                              struct lwc_agents *agents_out, struct lwc_error *err)
{
    LWC_AUTO_BUF body = NULL;
    enum lwc_code code = lwc_buf_new(256, &body, err);

    if (code == LWC_OK) {
        code = write_search(client, body, err);
    }
    if (code == LWC_OK) {
        code = add_pages(client, body, token, agents_out, err);
    }
    if (code != LWC_OK) {
        return hide_token(lwc_wrap(err, code, "which agents use the token"), token, err);
    }
    lwc_agents_join(agents_out);
    return LWC_OK;
}
