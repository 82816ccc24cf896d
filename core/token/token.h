/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKEN_TOKEN_H
#define CORE_TOKEN_TOKEN_H

#include <lwcred/types.h>

#include "api/load.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cache/entry.h"

/*
 * A token as it is handed out; programs see it through the functions of lwcred.h.
 *
 * expires_at  on this machine's clock, in seconds; 0 if unknown.
 * expires_in  seconds that it had left when it was handed out; 0 if unknown.
 * source      name of the backend that held the credential.
 */
struct lwc_token {
    struct lwc_identity_copy identity;
    struct lwc_buf *text;
    int64_t expires_at;
    int64_t expires_in;
    char source[LWC_BACKEND_NAME_MAX + 1];
};

#define LWC_AUTO_TOKEN LWC_AUTO(struct lwc_token *, lwc_token_release)

/* Free and wipe the token, set *token to NULL.  NULL is allowed. */
void lwc_token_release(struct lwc_token **token);

/*
 * Make a token of @text, which must be a bearer token (b64token, at most LWC_TOKEN_MAX): else
 * LWC_E_NETWORK.
 *
 * @left_s     seconds that it still lives, or 0 if nobody knows.
 * @token_out  owned by the caller, lwc_token_release().
 */
enum lwc_code lwc_token_new(const struct lwc_identity *identity, const char *source,
                            const struct lwc_buf *text, int64_t left_s,
                            const struct lwc_clock *clock, struct lwc_token **token_out,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Sets the end of @token to @expires_at, where that is what its life says but for a second or two
 * of rounding: so each call tells the same end of one cached token.
 */
void lwc_token_steady(struct lwc_token *token, int64_t expires_at);

/*
 * Exchange an access key.
 *
 * @source     backend of the key.
 * @entry_out  the token and its life, LWC_ENTRY_TOKEN with an empty boot id.  Owned by the caller.
 */
enum lwc_code lwc_token_exchange(const struct lwc_exchange *wanted, const char *source,
                                 struct lwc_entry **entry_out, struct lwc_error *err) LWC_RESULT;

#endif
