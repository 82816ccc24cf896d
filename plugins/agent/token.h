/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_TOKEN_H
#define PLUGINS_AGENT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json_span.h"

/*
 * Agent access tokens in the API's replies, and in requests.
 *
 * MUST:
 *  1. A reply that is not as promised is LWC_E_NETWORK, "unusable reply: ...", with no byte of it
 *     quoted: it may hold tokens.  Unknown members are ignored.
 *  2. Tokens stay in the reply's own buffer; no copy is made.
 *  3. A request says whether the token is enabled, and repeats all props that the API has given:
 *     otherwise it would disable the token, or lose its description or os.
 */

#define LWC_AGENT_TOKENS_MAX 10000
#define LWC_AGENT_PROPS_MAX 65536
#define LWC_AGENT_ALIAS_MAX 255

/*
 * A token.  Spans borrow from the reply, or from props_text; at NULL: the reply has none.
 *
 * secret      the token itself, without quotes.
 * alias       a string, not empty.
 * props       an object.  As a text in the reply it is decoded into props_text.
 * created     of props, a string or a number of milliseconds; updated: a string.
 */
struct lwc_agent_token {
    struct lwc_json_span secret;
    struct lwc_json_span alias;
    struct lwc_json_span props;
    struct lwc_json_span description;
    struct lwc_json_span os;
    struct lwc_json_span created;
    struct lwc_json_span updated;
    struct lwc_json_span version;
    struct lwc_buf *props_text;
    bool is_enabled;
};

struct lwc_agent_tokens {
    struct lwc_agent_token *at;
    size_t count;
};

void lwc_agent_tokens_clear(struct lwc_agent_tokens *tokens);
#define LWC_AUTO_AGENT_TOKENS LWC_AUTO(struct lwc_agent_tokens, lwc_agent_tokens_clear)

enum lwc_agent_shape {
    LWC_AGENT_ONE,  /* "data" is an object: create, show, change */
    LWC_AGENT_LIST, /* "data" is an array: list, search          */
};

/* Parses a reply, which must stay as long as the tokens.  @tokens_out is cleared by the caller. */
enum lwc_code lwc_agent_tokens_parse(const char *text, size_t len, enum lwc_agent_shape shape,
                                     struct lwc_agent_tokens *tokens_out, struct lwc_error *err)
    LWC_RESULT;

/* A request; a member that is NULL stays as @token has it, or is not sent. */
struct lwc_agent_request {
    const struct lwc_agent_token *token; /* as it is now; NULL for a new one */
    const char *alias;
    const char *description;
    const char *os;
    bool is_enabled;
};

/* Appends the body of a request to create or change a token. */
enum lwc_code lwc_agent_request_write(const struct lwc_agent_request *request, struct lwc_buf *out,
                                      struct lwc_error *err) LWC_RESULT;

/*
 * Appends a form of the token that shows too little to be used: its first four characters, or none
 * of a short one, and "...".
 */
enum lwc_code lwc_agent_token_mask(const struct lwc_agent_token *token, struct lwc_buf *out,
                                   struct lwc_error *err) LWC_RESULT;

#endif
