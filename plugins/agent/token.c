/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in token.h. */
#include "plugins/agent/token.h"

#include <stdint.h>
#include <string.h>

#include "base/append.h"
#include "plugins/agent/config.h"
#include "plugins/agent/json_edit.h"

#define SHOWN 4
#define SHOWN_OF 16
#define ALIAS_JSON_MAX (6 * LWC_AGENT_ALIAS_MAX)

static enum lwc_code fail_reply(struct lwc_error *err, const char *why)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: %s", why);
}

/* Turns a failure to read JSON into one of the reply. */
static enum lwc_code wrap_reply(struct lwc_error *err, enum lwc_code code)
{
    return code == LWC_E_INVALID ? lwc_wrap(err, LWC_E_NETWORK, "unusable reply") : code;
}

void lwc_agent_tokens_clear(struct lwc_agent_tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        lwc_buf_free(&tokens->at[i].props_text);
    }
    free(tokens->at);
    *tokens = (struct lwc_agent_tokens){0};
}

/* Finds a member, which is none if its value is null. */
static enum lwc_code find_member(struct lwc_json_span object, const char *name,
                                 enum lwc_json_case how, struct lwc_json_span *value_out,
                                 struct lwc_error *err)
{
    enum lwc_code code = lwc_json_span_member(object, name, how, NULL, value_out, err);

    if (code == LWC_OK && lwc_json_span_type(*value_out) == 'n') {
        *value_out = (struct lwc_json_span){0};
    }
    return wrap_reply(err, code);
}

/* Drops a value of another type: it is for display alone. */
static void keep_type(struct lwc_json_span *value, char type)
{
    if (lwc_json_span_type(*value) != type) {
        *value = (struct lwc_json_span){0};
    }
}

static enum lwc_code find_secret(struct lwc_json_span object, struct lwc_agent_token *token,
                                 struct lwc_error *err)
{
    struct lwc_json_span value = {0};
    enum lwc_code code = find_member(object, "accessToken", LWC_JSON_EXACT, &value, err);

    if (code == LWC_OK && lwc_json_span_type(value) != '"') {
        return fail_reply(err, "\"accessToken\" is missing, or not a text");
    }
    if (code != LWC_OK) {
        return code;
    }
    token->secret = (struct lwc_json_span){value.at + 1, value.len - 2};
    code = lwc_agent_token_check(token->secret.at, token->secret.len, err);
    return code == LWC_OK ? code : fail_reply(err, "\"accessToken\" has no form of such tokens");
}

static enum lwc_code find_alias(struct lwc_json_span object, struct lwc_agent_token *token,
                                struct lwc_error *err)
{
    enum lwc_code code = find_member(object, "tokenAlias", LWC_JSON_EXACT, &token->alias, err);

    if (code != LWC_OK) {
        return code;
    }
    if (token->alias.at != NULL && lwc_json_span_type(token->alias) != '"') {
        return fail_reply(err, "\"tokenAlias\" is not a text");
    }
    if (token->alias.len > ALIAS_JSON_MAX) {
        return fail_reply(err, "\"tokenAlias\" is too long");
    }
    if (token->alias.len == 2) {
        token->alias = (struct lwc_json_span){0};
    }
    return LWC_OK;
}

/* The API has written 1 and 0 as numbers and as texts. */
static enum lwc_code find_enabled(struct lwc_json_span object, struct lwc_agent_token *token,
                                  struct lwc_error *err)
{
    static const struct {
        const char *text;
        bool is_enabled;
    } words[] = {
        {"1", true},    {"0", false},     {"\"1\"", true},    {"\"0\"", false},
        {"true", true}, {"false", false}, {"\"true\"", true}, {"\"false\"", false},
    };
    struct lwc_json_span value = {0};
    enum lwc_code code = find_member(object, "tokenEnabled", LWC_JSON_EXACT, &value, err);

    for (size_t i = 0; code == LWC_OK && i < LWC_ARRAY_LEN(words); i++) {
        if (value.len == strlen(words[i].text) && memcmp(value.at, words[i].text, value.len) == 0) {
            token->is_enabled = words[i].is_enabled;
            return LWC_OK;
        }
    }
    return code != LWC_OK ? code : fail_reply(err, "\"tokenEnabled\" is neither 1 nor 0");
}

/* Decodes props that the reply holds as a text of JSON. */
static enum lwc_code decode_props(struct lwc_json_span text, struct lwc_agent_token *token,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (text.len > LWC_AGENT_PROPS_MAX) {
        return fail_reply(err, "\"props\" is too long");
    }
    code = lwc_buf_new(text.len, &token->props_text, err);
    if (code == LWC_OK) {
        code = wrap_reply(err, lwc_json_span_text(text, token->props_text, err));
    }
    if (code != LWC_OK || lwc_buf_len(token->props_text) == 0) {
        return code;
    }
    code = lwc_json_span_parse(lwc_buf_bytes(token->props_text), lwc_buf_len(token->props_text),
                               &token->props, err);
    return code == LWC_OK ? code : fail_reply(err, "\"props\" is a text that is not JSON");
}

/* Finds the members of props, in the spelling of either time: description, DESCRIPTION. */
static enum lwc_code find_in_props(struct lwc_agent_token *token, struct lwc_error *err)
{
    const struct lwc_json_span props = token->props;
    enum lwc_code code = LWC_OK;

    if (props.at == NULL) {
        return LWC_OK;
    }
    if (lwc_json_span_type(props) != '{') {
        return fail_reply(err, "\"props\" is not an object");
    }
    code = find_member(props, "description", LWC_JSON_FOLD, &token->description, err);
    if (code == LWC_OK) {
        code = find_member(props, "os", LWC_JSON_FOLD, &token->os, err);
    }
    if (code == LWC_OK) {
        code = find_member(props, "createdTime", LWC_JSON_EXACT, &token->created, err);
    }
    if (code == LWC_OK && token->created.at == NULL) {
        code = find_member(props, "CREATED_TIME", LWC_JSON_EXACT, &token->created, err);
    }
    keep_type(&token->description, '"');
    keep_type(&token->os, '"');
    return code;
}

static enum lwc_code find_props(struct lwc_json_span object, struct lwc_agent_token *token,
                                struct lwc_error *err)
{
    enum lwc_code code = find_member(object, "props", LWC_JSON_EXACT, &token->props, err);
    const struct lwc_json_span text = token->props;

    if (code == LWC_OK && lwc_json_span_type(text) == '"') {
        token->props = (struct lwc_json_span){0};
        code = decode_props(text, token, err);
    }
    return code == LWC_OK ? find_in_props(token, err) : code;
}

static enum lwc_code find_rest(struct lwc_json_span object, struct lwc_agent_token *token,
                               struct lwc_error *err)
{
    enum lwc_code code = find_member(object, "createdTime", LWC_JSON_EXACT, &token->updated, err);

    if (code == LWC_OK) {
        code = find_member(object, "version", LWC_JSON_EXACT, &token->version, err);
    }
    keep_type(&token->updated, '"');
    keep_type(&token->version, '"');
    return code;
}

static enum lwc_code parse_token(struct lwc_json_span object, struct lwc_agent_token *token,
                                 struct lwc_error *err)
{
    static enum lwc_code (*const parts[])(struct lwc_json_span, struct lwc_agent_token *,
                                          struct lwc_error *) = {
        find_secret, find_alias, find_enabled, find_props, find_rest};
    enum lwc_code code = LWC_OK;

    if (lwc_json_span_type(object) != '{') {
        return fail_reply(err, "a token is not an object");
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(parts) && code == LWC_OK; i++) {
        code = parts[i](object, token, err);
    }
    return code;
}

static size_t count_elements(struct lwc_json_span array)
{
    struct lwc_json_walk walk = lwc_json_walk_begin(array);
    struct lwc_json_span name = {0};
    struct lwc_json_span value = {0};
    size_t count = 0;

    while (lwc_json_walk_next(&walk, &name, &value)) {
        count++;
    }
    return count;
}

static enum lwc_code parse_list(struct lwc_json_span array, struct lwc_agent_tokens *tokens,
                                struct lwc_error *err)
{
    struct lwc_json_walk walk = lwc_json_walk_begin(array);
    struct lwc_json_span name = {0};
    struct lwc_json_span value = {0};
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK && lwc_json_walk_next(&walk, &name, &value)) {
        code = parse_token(value, &tokens->at[tokens->count++], err);
    }
    return code;
}

static enum lwc_code find_data(const char *text, size_t len, enum lwc_agent_shape shape,
                               struct lwc_json_span *data_out, struct lwc_error *err)
{
    const char type = shape == LWC_AGENT_ONE ? '{' : '[';
    struct lwc_json_span root = {0};
    enum lwc_code code = wrap_reply(err, lwc_json_span_parse(text, len, &root, err));

    if (code == LWC_OK && lwc_json_span_type(root) != '{') {
        return fail_reply(err, "no JSON object");
    }
    if (code == LWC_OK) {
        code = find_member(root, "data", LWC_JSON_EXACT, data_out, err);
    }
    if (code == LWC_OK && lwc_json_span_type(*data_out) != type) {
        return fail_reply(err, shape == LWC_AGENT_ONE
                                   ? "\"data\" is not an object, which one token would be"
                                   : "\"data\" is not an array of tokens");
    }
    return code;
}

enum lwc_code lwc_agent_tokens_parse(const char *text, size_t len, enum lwc_agent_shape shape,
                                     struct lwc_agent_tokens *tokens_out, struct lwc_error *err)
{
    LWC_AUTO_AGENT_TOKENS tokens = {0};
    struct lwc_json_span data = {0};
    size_t count = 1;
    enum lwc_code code = find_data(text, len, shape, &data, err);

    if (code != LWC_OK) {
        return code;
    }
    count = shape == LWC_AGENT_ONE ? 1 : count_elements(data);
    if (count > LWC_AGENT_TOKENS_MAX) {
        return fail_reply(err, "more tokens than an account can have");
    }
    tokens.at = calloc(count + 1, sizeof *tokens.at);
    if (tokens.at == NULL) {
        return lwc_fail_nomem(err);
    }
    if (shape == LWC_AGENT_ONE) {
        tokens.count = 1;
        code = parse_token(data, &tokens.at[0], err);
    } else {
        code = parse_list(data, &tokens, err);
    }
    if (code == LWC_OK) {
        *tokens_out = tokens;
        tokens = (struct lwc_agent_tokens){0};
    }
    return code;
}

/* Replaces @props by a copy in which the member @name is the text @value. */
static enum lwc_code set_text(struct lwc_buf **props, const char *name, const char *value,
                              struct lwc_error *err)
{
    LWC_AUTO_BUF json = NULL;
    LWC_AUTO_BUF out = NULL;
    const struct lwc_json_span whole = {lwc_buf_text(*props), lwc_buf_len(*props)};
    enum lwc_code code = lwc_buf_new(strlen(value) + 2, &json, err);

    if (code == LWC_OK) {
        code = lwc_text_append_json(json, value, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(whole.len + lwc_buf_len(json) + 32, &out, err);
    }
    if (code == LWC_OK) {
        code = lwc_json_edit_set(whole, whole, name, LWC_JSON_EXACT, lwc_buf_text(json), out, err);
    }
    if (code == LWC_OK) {
        lwc_buf_free(props);
        *props = LWC_TAKE(out);
    }
    return code;
}

static bool has_exact(const struct lwc_buf *props, const char *name)
{
    const struct lwc_json_span whole = {lwc_buf_text(props), lwc_buf_len(props)};
    struct lwc_json_span value = {0};

    return lwc_json_span_member(whole, name, LWC_JSON_EXACT, NULL, &value, NULL) == LWC_OK &&
           value.at != NULL;
}

/* Sets what the request gives, or else what @old was, where its name was spelled otherwise. */
static enum lwc_code set_prop(struct lwc_buf **props, const char *name, const char *given,
                              struct lwc_json_span old, struct lwc_error *err)
{
    LWC_AUTO_BUF text = NULL;
    enum lwc_code code = LWC_OK;

    if (given != NULL) {
        return set_text(props, name, given, err);
    }
    if (old.at == NULL || has_exact(*props, name)) {
        return LWC_OK;
    }
    code = lwc_buf_new(old.len, &text, err);
    if (code == LWC_OK) {
        code = wrap_reply(err, lwc_json_span_text(old, text, err));
    }
    return code == LWC_OK ? set_text(props, name, lwc_buf_text(text), err) : code;
}

static enum lwc_code make_props(const struct lwc_agent_request *request, struct lwc_buf **props_out,
                                struct lwc_error *err)
{
    const struct lwc_agent_token none = {0};
    const struct lwc_agent_token *token = request->token != NULL ? request->token : &none;
    const struct lwc_json_span old =
        token->props.at != NULL ? token->props : (struct lwc_json_span){"{}", 2};
    LWC_AUTO_BUF props = NULL;
    enum lwc_code code = lwc_buf_copy(old.at, old.len, &props, err);

    if (code == LWC_OK) {
        code = set_prop(&props, "os", request->os, token->os, err);
    }
    if (code == LWC_OK) {
        code = set_prop(&props, "description", request->description, token->description, err);
    }
    if (code == LWC_OK) {
        *props_out = LWC_TAKE(props);
    }
    return code;
}

static enum lwc_code write_alias(const struct lwc_agent_request *request, struct lwc_buf *out,
                                 struct lwc_error *err)
{
    const struct lwc_agent_token *token = request->token;
    enum lwc_code code = LWC_OK;

    if (request->alias == NULL && (token == NULL || token->alias.at == NULL)) {
        return LWC_OK;
    }
    code = lwc_text_append(out, err, "\"tokenAlias\":");
    if (code == LWC_OK) {
        code = request->alias != NULL ? lwc_text_append_json(out, request->alias, err)
                                      : lwc_buf_append(out, token->alias.at, token->alias.len, err);
    }
    return code == LWC_OK ? lwc_text_append(out, err, ",") : code;
}

enum lwc_code lwc_agent_request_write(const struct lwc_agent_request *request, struct lwc_buf *out,
                                      struct lwc_error *err)
{
    LWC_AUTO_BUF props = NULL;
    enum lwc_code code = make_props(request, &props, err);

    if (code == LWC_OK) {
        code = lwc_text_append(out, err, "{");
    }
    if (code == LWC_OK) {
        code = write_alias(request, out, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(out, err, "\"tokenEnabled\":%d,\"props\":", request->is_enabled);
    }
    if (code == LWC_OK) {
        code = lwc_buf_append(out, lwc_buf_bytes(props), lwc_buf_len(props), err);
    }
    return code == LWC_OK ? lwc_text_append(out, err, "}") : code;
}

enum lwc_code lwc_agent_token_mask(const struct lwc_agent_token *token, struct lwc_buf *out,
                                   struct lwc_error *err)
{
    const size_t shown = token->secret.len >= SHOWN_OF ? SHOWN : 0;

    return lwc_text_append(out, err, "%.*s...", (int)shown, token->secret.at);
}
