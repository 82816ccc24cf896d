/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_EXPLAIN_H
#define LWCRED_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred/backend.h>
#include <lwcred/types.h>

/* Types of lwc_explain(): the lines of a walk through the stack, and its answer. */

/*
 * A line of the stack, as lwc_token_get() would come to it.
 *
 * rule       why the stack is walked.
 * walk       how often it has been walked before: 0, 1, ...; lines of one walk come in order.
 * wanted     what is looked for; "" is "any".
 * asked      false: an earlier line skipped this one, and the members below mean nothing.
 * code       the backend's result; @why describes it unless it is LWC_OK.
 * holds      the credential that the backend would give, or NULL.
 * untold     the backend cannot tell without giving the secret, and counted as one that holds
 *            nothing; or, where @code is LWC_E_LOCKED, without being opened, which lwc_token_get()
 *            would try.
 * outcome    the control's word for the result: "success", "not_found", ...
 * action     what the control makes of it: "done", "ignore", "2", ...
 * if_locked  what the control makes of it if the store of @holds cannot be opened when it is
 *            needed; NULL without @holds, or for a store that does not lock.
 * counts     the line entered into the result.
 * ends       no further line is asked.
 *
 * Since 0.1.
 */
struct lwc_explained_line {
    uint32_t size;
    enum lwc_rule rule;
    unsigned walk;
    const struct lwc_identity *wanted;
    const char *file;
    unsigned line;
    const char *text;
    const char *backend;
    bool asked;
    enum lwc_code code;
    const struct lwc_error *why;
    const struct lwc_identity *holds;
    bool untold;
    const char *outcome;
    const char *action;
    const char *if_locked;
    bool counts;
    bool ends;
    /* 0.1 ends here */
};

/* Where a token would come from.  Since 0.1. */
enum lwc_token_from {
    LWC_FROM_CACHE = 0,       /* the answer is cached: no backend is asked              */
    LWC_FROM_CACHE_KEYED = 1, /* the cache, if the token there was made with that key   */
    LWC_FROM_EXCHANGE = 2,
    LWC_FROM_BACKEND = 3, /* the backend holds a ready token                        */
};

/*
 * The answer that lwc_token_get() would give.
 *
 * rule           the rule by which it would be found; unknown for a cached answer.
 * untold         another backend could answer before, see struct lwc_explained_line.
 * behind_absent  an earlier line was passed over because its backend is absent: the answer is
 *                cached for one minute only.
 *
 * Since 0.1.
 */
struct lwc_explained_answer {
    uint32_t size;
    enum lwc_rule rule;
    const struct lwc_identity *identity;
    const char *backend;
    bool untold;
    bool behind_absent;
    enum lwc_token_from from;
    /* 0.1 ends here */
};

/*
 * Receives the lines and the answer; both are borrowed for the call.  @size is
 * sizeof(struct lwc_explain_visitor).  Since 0.1.
 */
struct lwc_explain_visitor {
    uint32_t size;
    void *data;
    void (*line)(void *data, const struct lwc_explained_line *line);
    void (*answer)(void *data, const struct lwc_explained_answer *answer);
    /* 0.1 ends here */
};

#endif
