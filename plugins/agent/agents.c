/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 8192

static enum lwc_code fail_reply(struct lwc_error *err, const char *why)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: %s", why);
}

void lwc_agents_clear(struct lwc_agents *agents)
{
    free(agents->at);
    *agents = (struct lwc_agents){0};
}

static enum lwc_code make_room(struct lwc_agents *agents, struct lwc_error *err)
{
    const size_t room = agents->room < 64 ? 64 : 2 * agents->room;
    struct lwc_agent_host *at = NULL;

    if (agents->count < agents->room) {
        return LWC_OK;
    }
    if (agents->count >= LWC_AGENTS_MAX) {
        return fail_reply(err, "more agents than the API gives");
    }
    at = reallocarray(agents->at, room, sizeof *at);
    if (at == NULL) {
        return lwc_fail_nomem(err);
    }
    agents->at = at;
    agents->room = room;
    return LWC_OK;
}

/* Returns the value of a member; at NULL where it is missing or @object is none. */
static struct lwc_json_span get_member(struct lwc_json_span object, const char *name)
{
    struct lwc_json_span value = {0};

    if (lwc_json_span_type(object) != '{' ||
        lwc_json_span_member(object, name, LWC_JSON_EXACT, NULL, &value, NULL) != LWC_OK) {
        return (struct lwc_json_span){0};
    }
    return value;
}

/* Copies a text or a number, cut to fit; "" for another value. */
static void copy_scalar(struct lwc_json_span value, char *out, size_t cap)
{
    LWC_AUTO_BUF text = NULL;

    out[0] = '\0';
    if (lwc_json_span_type(value) == '0') {
        (void)snprintf(out, cap, "%.*s", (int)(value.len < cap ? value.len : cap - 1), value.at);
    } else if (lwc_json_span_type(value) == '"' && lwc_buf_new(value.len, &text, NULL) == LWC_OK &&
               lwc_json_span_text(value, text, NULL) == LWC_OK) {
        (void)snprintf(out, cap, "%s", lwc_buf_text(text));
    }
}

/* Compares the tag with the start of the token; both are short for a short token. */
static enum lwc_agent_use find_use(struct lwc_json_span tag, const char *token, size_t token_len)
{
    const size_t short_len = token_len < LWC_AGENT_SHORT_LEN ? token_len : LWC_AGENT_SHORT_LEN;

    if (lwc_json_span_type(tag) != '"' || tag.len == 2) {
        return LWC_AGENT_USES_UNKNOWN;
    }
    return tag.len - 2 == short_len && memcmp(tag.at + 1, token, short_len) == 0
               ? LWC_AGENT_USES_TOKEN
               : LWC_AGENT_USES_OTHER;
}

static enum lwc_code add_row(struct lwc_agents *agents, struct lwc_json_span row, const char *token,
                             size_t token_len, struct lwc_error *err)
{
    struct lwc_agent_host *host = NULL;
    enum lwc_code code = make_room(agents, err);

    if (code != LWC_OK) {
        return code;
    }
    if (lwc_json_span_type(row) != '{') {
        return fail_reply(err, "an agent is not an object");
    }
    host = &agents->at[agents->count++];
    copy_scalar(get_member(row, "mid"), host->id, sizeof host->id);
    copy_scalar(get_member(row, "hostname"), host->name, sizeof host->name);
    copy_scalar(get_member(row, "lastUpdate"), host->updated, sizeof host->updated);
    host->use = find_use(get_member(get_member(row, "tags"), "LwTokenShort"), token, token_len);
    return LWC_OK;
}

static enum lwc_code read_next(struct lwc_json_span root, struct lwc_buf *next_out,
                               struct lwc_error *err)
{
    const struct lwc_json_span urls = get_member(get_member(root, "paging"), "urls");
    const struct lwc_json_span next = get_member(urls, "nextPage");
    const char type = lwc_json_span_type(next);

    if (type == '\0' || type == 'n') {
        return LWC_OK;
    }
    if (type != '"' || next.len > URL_MAX || lwc_json_span_text(next, next_out, NULL) != LWC_OK) {
        return fail_reply(err, "\"nextPage\" is no URL");
    }
    return LWC_OK;
}

enum lwc_code lwc_agents_parse(struct lwc_agents *agents, const char *text, size_t len,
                               const char *token, size_t token_len, struct lwc_buf *next_out,
                               struct lwc_error *err)
{
    struct lwc_json_span root = {0};
    struct lwc_json_span data = {0};
    struct lwc_json_span name = {0};
    struct lwc_json_span row = {0};
    struct lwc_json_walk walk = {0};
    enum lwc_code code = lwc_json_span_parse(text, len, &root, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_NETWORK, "unusable reply");
    }
    data = get_member(root, "data");
    if (lwc_json_span_type(data) != '[') {
        return fail_reply(err, "\"data\" is not an array of agents");
    }
    walk = lwc_json_walk_begin(data);
    while (code == LWC_OK && lwc_json_walk_next(&walk, &name, &row)) {
        code = add_row(agents, row, token, token_len, err);
    }
    return code == LWC_OK ? read_next(root, next_out, err) : code;
}

/* By name, agent, and the newest report first. */
static int compare_hosts(const void *a, const void *b)
{
    const struct lwc_agent_host *x = a;
    const struct lwc_agent_host *y = b;
    int order = strcmp(x->name, y->name);

    if (order == 0) {
        order = strcmp(x->id, y->id);
    }
    if (order == 0) {
        order = strcmp(y->updated, x->updated);
    }
    /* Reports of one instant: the one that uses the token comes first, and counts. */
    return order != 0 ? order : (y->use == LWC_AGENT_USES_TOKEN) - (x->use == LWC_AGENT_USES_TOKEN);
}

void lwc_agents_join(struct lwc_agents *agents)
{
    size_t kept = 0;

    if (agents->count == 0) {
        return;
    }
    qsort(agents->at, agents->count, sizeof *agents->at, compare_hosts);
    for (size_t i = 0; i < agents->count; i++) {
        const struct lwc_agent_host *host = &agents->at[i];

        if (kept == 0 || !lwc_streq(agents->at[kept - 1].name, host->name) ||
            !lwc_streq(agents->at[kept - 1].id, host->id) || host->id[0] == '\0') {
            agents->at[kept++] = *host;
        }
    }
    agents->count = kept;
}

size_t lwc_agents_count(const struct lwc_agents *agents, enum lwc_agent_use use)
{
    size_t count = 0;

    for (size_t i = 0; i < agents->count; i++) {
        count += agents->at[i].use == use;
    }
    return count;
}
