/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in config.h. */
#include "plugins/agent/config.h"

#include <stdio.h>
#include <string.h>

#include <lwcred.h>

#include "base/append.h"
#include "base/text.h"
#include "plugins/agent/json_edit.h"

#define DOMAIN ".lacework.net"
#define BOM "\xef\xbb\xbf"

static const struct {
    const char *region;
    const char *cluster; /* in the account's name, or NULL */
    const char *url;
} regions[] = {
    {"us", NULL, "https://api.lacework.net"},
    {"us-02", NULL, "https://aprodus2.agent.lacework.net"},
    {"eu", "fra", "https://api.fra.lacework.net"},
    {"anz", NULL, "https://auprodn1.agent.lacework.net"},
};

static bool is_alnum(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

enum lwc_code lwc_agent_token_check(const char *token, size_t len, struct lwc_error *err)
{
    bool is_good = len >= 2 && len <= LWC_AGENT_TOKEN_MAX && token[0] != '-' &&
                   token[len > 0 ? len - 1 : 0] != '-';

    for (size_t i = 0; is_good && i < len; i++) {
        is_good = is_alnum(token[i]) || token[i] == '-';
    }
    return is_good ? LWC_OK
                   : lwc_fail(err, LWC_E_INVALID,
                              "not an agent access token: %zu bytes, or others than letters, "
                              "digits and '-' between them; 2 to %d are allowed",
                              len, LWC_AGENT_TOKEN_MAX);
}

static enum lwc_code fail_url(struct lwc_error *err)
{
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "no region or URL that agents report to"),
                    "us, us-02, eu, anz, or https://HOST.lacework.net");
}

enum lwc_code lwc_agent_url_parse(const char *word, char url_out[LWC_AGENT_URL_MAX + 1],
                                  struct lwc_error *err)
{
    char origin[LWC_ORIGIN_MAX + 1];
    const size_t tail = sizeof DOMAIN - 1;

    for (size_t i = 0; i < LWC_ARRAY_LEN(regions); i++) {
        if (lwc_text_is(word, regions[i].region)) {
            (void)snprintf(url_out, LWC_AGENT_URL_MAX + 1, "%s", regions[i].url);
            return LWC_OK;
        }
    }
    if (strchr(word, '@') != NULL || lwc_origin_parse(word, origin, NULL) != LWC_OK ||
        strlen(origin) <= tail || !lwc_streq(origin + strlen(origin) - tail, DOMAIN)) {
        return fail_url(err);
    }
    (void)snprintf(url_out, LWC_AGENT_URL_MAX + 1, "https://%s", origin);
    return LWC_OK;
}

bool lwc_agent_url_is_needed(const char *account, const char **region_out)
{
    const char *cluster = strchr(account, '.');
    const char *end = cluster != NULL ? strstr(cluster, DOMAIN) : NULL;

    *region_out = NULL;
    if (end == NULL || end == cluster) {
        return false;
    }
    cluster++;
    for (size_t i = 0; i < LWC_ARRAY_LEN(regions); i++) {
        const char *known = regions[i].cluster;

        if (known != NULL && strlen(known) == (size_t)(end - cluster) &&
            strncmp(cluster, known, strlen(known)) == 0) {
            *region_out = regions[i].region;
        }
    }
    return true;
}

/* Finds a member that must be of @type where it is there; errors name the line of @text. */
static enum lwc_code find_typed(const char *text, struct lwc_json_span object, const char *name,
                                char type, struct lwc_json_span *value_out, struct lwc_error *err)
{
    enum lwc_code code = lwc_json_span_member(object, name, LWC_JSON_FOLD, NULL, value_out, err);

    if (code == LWC_OK && value_out->at != NULL && lwc_json_span_type(*value_out) != type) {
        code = lwc_fail(err, LWC_E_INVALID, "\"%s\" is %s", name,
                        type == '"' ? "not a text" : "not an object");
    }
    if (code == LWC_OK || value_out->at == NULL) {
        return code;
    }
    return lwc_wrap(err, code, "line %u", lwc_json_span_line(text, value_out->at));
}

/* The parts of a file that matter here; at NULL: missing. */
struct config_parts {
    struct lwc_json_span root;
    struct lwc_json_span tokens;
    struct lwc_json_span token;
    struct lwc_json_span url;
};

static enum lwc_code find_parts(const char *text, size_t len, struct config_parts *parts_out,
                                struct lwc_error *err)
{
    struct config_parts parts = {0};
    enum lwc_code code = lwc_json_span_parse(text, len, &parts.root, err);

    if (code == LWC_OK) {
        code = find_typed(text, parts.root, "tokens", '{', &parts.tokens, err);
    }
    if (code == LWC_OK && parts.tokens.at != NULL) {
        code = find_typed(text, parts.tokens, "AccessToken", '"', &parts.token, err);
    }
    if (code == LWC_OK) {
        code = find_typed(text, parts.root, "serverurl", '"', &parts.url, err);
    }
    if (code == LWC_OK) {
        *parts_out = parts;
    }
    return code;
}

/* Sets the token in a file that has "tokens", or adds "tokens" with it. */
static enum lwc_code set_token(struct lwc_json_span whole, const struct config_parts *parts,
                               const char *token, struct lwc_buf *out, struct lwc_error *err)
{
    LWC_AUTO_BUF value = NULL;
    enum lwc_code code = lwc_buf_new(128, &value, err);

    if (code == LWC_OK && parts->token.at != NULL &&
        lwc_json_span_is(parts->token, token, LWC_JSON_EXACT)) {
        return lwc_buf_append(out, whole.at, whole.len, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(
            value, err, parts->tokens.at != NULL ? "\"%s\"" : "{\"AccessToken\":\"%s\"}", token);
    }
    if (code != LWC_OK) {
        return code;
    }
    return parts->tokens.at != NULL
               ? lwc_json_edit_set(whole, parts->tokens, "AccessToken", LWC_JSON_FOLD,
                                   lwc_buf_text(value), out, err)
               : lwc_json_edit_set(whole, parts->root, "tokens", LWC_JSON_FOLD, lwc_buf_text(value),
                                   out, err);
}

static enum lwc_code set_url(const struct lwc_buf *text, const char *url, struct lwc_buf *out,
                             struct lwc_error *err)
{
    const struct lwc_json_span whole = {lwc_buf_text(text), lwc_buf_len(text)};
    struct config_parts parts = {0};
    char value[LWC_AGENT_URL_MAX + 3];
    enum lwc_code code = find_parts(whole.at, whole.len, &parts, err);

    if (code != LWC_OK) {
        return code;
    }
    if (url == NULL || (parts.url.at != NULL && lwc_json_span_is(parts.url, url, LWC_JSON_EXACT))) {
        return lwc_buf_append(out, whole.at, whole.len, err);
    }
    (void)snprintf(value, sizeof value, "\"%s\"", url);
    return lwc_json_edit_set(whole, parts.root, "serverurl", LWC_JSON_FOLD, value, out, err);
}

static enum lwc_code make_new(const struct lwc_agent_change *change, struct lwc_buf *out,
                              struct lwc_error *err)
{
    return lwc_text_append(out, err, "{\"tokens\":{\"AccessToken\":\"%s\"}%s%s%s}\n", change->token,
                           change->url != NULL ? ",\"serverurl\":\"" : "",
                           change->url != NULL ? change->url : "", change->url != NULL ? "\"" : "");
}

static size_t bom_len(const char *text, size_t len)
{
    const size_t bom = sizeof BOM - 1;

    return len >= bom && memcmp(text, BOM, bom) == 0 ? bom : 0;
}

enum lwc_code lwc_agent_config_edit(const char *text, size_t len,
                                    const struct lwc_agent_change *change, struct lwc_buf *out,
                                    struct lwc_error *err)
{
    LWC_AUTO_BUF half = NULL;
    struct config_parts parts = {0};
    const size_t skip = bom_len(text, len);
    const struct lwc_json_span whole = {text + skip, len - skip};
    enum lwc_code code = LWC_OK;

    if (len == 0) {
        return make_new(change, out, err);
    }
    code = find_parts(whole.at, whole.len, &parts, err);
    if (code == LWC_OK) {
        code = lwc_buf_new(len + 256, &half, err);
    }
    if (code == LWC_OK) {
        code = set_token(whole, &parts, change->token, half, err);
    }
    if (code == LWC_OK && skip > 0) {
        code = lwc_buf_append(out, text, skip, err);
    }
    return code == LWC_OK ? set_url(half, change->url, out, err) : code;
}

enum lwc_code lwc_agent_config_parse(const char *text, size_t len, bool *has_url_out,
                                     struct lwc_buf **token_out, struct lwc_error *err)
{
    LWC_AUTO_BUF token = NULL;
    struct config_parts parts = {0};
    const size_t skip = bom_len(text, len);
    enum lwc_code code = find_parts(text + skip, len - skip, &parts, err);

    if (code == LWC_OK && parts.token.at != NULL) {
        code = lwc_buf_new(LWC_AGENT_TOKEN_MAX, &token, err);
        if (code == LWC_OK) {
            code = lwc_json_span_text(parts.token, token, err);
        }
    }
    if (code == LWC_OK) {
        *has_url_out = parts.url.at != NULL;
        *token_out = LWC_TAKE(token);
    }
    return code;
}
