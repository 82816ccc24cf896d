/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_AGENTS_H
#define PLUGINS_AGENT_AGENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_span.h"

/*
 * Agents in the replies of AgentInfo/search: which of them use a token.  An agent reports the first
 * LWC_AGENT_SHORT_LEN characters of its token as the tag LwTokenShort.
 */

#define LWC_AGENT_SHORT_LEN 30
#define LWC_AGENT_HOST_MAX 255

/* The newest report of an agent. */
enum lwc_agent_use {
    LWC_AGENT_USES_OTHER,
    LWC_AGENT_USES_TOKEN,
    LWC_AGENT_USES_UNKNOWN, /* no tag */
};

struct lwc_agent_host {
    char id[24]; /* mid, or "" */
    char name[LWC_AGENT_HOST_MAX + 1];
    char updated[32]; /* lastUpdate, as it sorts */
    enum lwc_agent_use use;
};

/* The agents seen on all pages so far, each once. */
struct lwc_agents {
    struct lwc_agent_host *at;
    size_t count;
    size_t room;
};

#define LWC_AGENTS_MAX 500000

void lwc_agents_clear(struct lwc_agents *agents);
#define LWC_AUTO_AGENTS LWC_AUTO(struct lwc_agents, lwc_agents_clear)

/*
 * Adds the agents of a page, @len bytes of JSON.  Rows of one agent are one, of which the newest
 * counts.  LWC_E_NETWORK for a reply that is not as promised; never quotes it.
 *
 * @token      the token that is asked about, @token_len bytes.
 * @next_out   the URL of the next page, appended; empty if this is the last.
 */
enum lwc_code lwc_agents_parse(struct lwc_agents *agents, const char *text, size_t len,
                               const char *token, size_t token_len, struct lwc_buf *next_out,
                               struct lwc_error *err) LWC_RESULT;

/* Joins the rows of each agent; call it behind the last page.  Sorts by name. */
void lwc_agents_join(struct lwc_agents *agents);

size_t lwc_agents_count(const struct lwc_agents *agents, enum lwc_agent_use use);

#endif
