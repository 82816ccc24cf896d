/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_CLIENT_H
#define PLUGINS_AGENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred.h>

#include "base/buffer.h"
#include "base/error.h"
#include "plugins/agent/agents.h"
#include "plugins/agent/token.h"

/*
 * Calls of the Lacework API that concern agent access tokens.
 *
 * MUST: no error holds a token, though the API puts it into its URLs, and may quote it.
 *
 * date_s  the server's clock as of its last reply; 0: none yet.
 */
struct lwc_agent_client {
    struct lwc_context *ctx;
    const struct lwc_query *query;
    int64_t date_s;
};

/* A reply, and the tokens in it. */
struct lwc_agent_reply {
    struct lwc_buf *body;
    struct lwc_agent_tokens tokens;
};

void lwc_agent_reply_clear(struct lwc_agent_reply *reply);
#define LWC_AUTO_AGENT_REPLY LWC_AUTO(struct lwc_agent_reply, lwc_agent_reply_clear)

/* Checks an alias: 1 to LWC_AGENT_ALIAS_MAX bytes, no control byte, and no token.  LWC_E_INVALID. */
enum lwc_code lwc_agent_alias_check(const char *alias, struct lwc_error *err) LWC_RESULT;

/* Lists the tokens of the account. */
enum lwc_code lwc_agent_list(struct lwc_agent_client *client, struct lwc_agent_reply *reply_out,
                             struct lwc_error *err) LWC_RESULT;

/* Returns whether a token in the reply has @alias. */
bool lwc_agent_has_alias(const struct lwc_agent_reply *reply, const char *alias);

/*
 * Finds the token with @alias, disabled ones included, also where the API's list leaves them out.
 *
 * @token_out  borrowed from @reply_out.
 * Returns LWC_OK; LWC_E_NOT_FOUND; LWC_E_INVALID for two of that alias; the failures of lwc_call().
 */
enum lwc_code lwc_agent_find(struct lwc_agent_client *client, const char *alias,
                             struct lwc_agent_reply *reply_out,
                             const struct lwc_agent_token **token_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Creates a token; @request has no token.  LWC_E_INVALID if the alias is taken.
 *
 * @reply_out  holds the one token.
 */
enum lwc_code lwc_agent_create(struct lwc_agent_client *client,
                               const struct lwc_agent_request *request,
                               struct lwc_agent_reply *reply_out, struct lwc_error *err) LWC_RESULT;

/* Changes request->token, and checks that the reply says so.  LWC_E_INVALID if the alias is taken. */
enum lwc_code lwc_agent_change_token(struct lwc_agent_client *client,
                                     const struct lwc_agent_request *request,
                                     struct lwc_agent_reply *reply_out, struct lwc_error *err)
    LWC_RESULT;

/*
 * Finds the agents that reported in the last seven days, which is as far as the API looks back, and
 * whether they use @token.
 *
 * @agents_out  cleared by the caller.
 */
enum lwc_code lwc_agent_users(struct lwc_agent_client *client, const struct lwc_agent_token *token,
                              struct lwc_agents *agents_out, struct lwc_error *err) LWC_RESULT;

#endif
