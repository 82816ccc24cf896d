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
 * A token for the caller; programs see it through the functions of lwcred.h.
 *
 * expires_at  on this machine's clock, in seconds; 0 if unknown.
 * expires_in  seconds left when the token was made for the caller; 0 if unknown.
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

/* Wipes and frees the token, sets *token to NULL.  NULL is allowed. */
void lwc_token_release(struct lwc_token **token);

/*
 * Makes a token of @text, which must be a bearer token (b64token, at most LWC_TOKEN_MAX): else
 * LWC_E_NETWORK.
 *
 * @left_s     seconds that the token still lives, or 0 if unknown.
 * @token_out  owned by the caller, lwc_token_release().
 */
enum lwc_code lwc_token_new(const struct lwc_identity *identity, const char *source,
                            const struct lwc_buf *text, int64_t left_s,
                            const struct lwc_clock *clock, struct lwc_token **token_out,
                            struct lwc_error *err) LWC_RESULT;

/*
 * Sets the end of @token to @expires_at if both differ only by rounding, a second or two: so each
 * call reports the same end of a cached token.
 */
void lwc_token_align_end(struct lwc_token *token, int64_t expires_at);

/*
 * Exchanges an access key.
 *
 * @source     backend of the key.
 * @entry_out  the token and its life, LWC_ENTRY_TOKEN with an empty boot id.  Owned by caller.
 */
enum lwc_code lwc_token_exchange(const struct lwc_exchange *wanted, const char *source,
                                 struct lwc_entry **entry_out, struct lwc_error *err) LWC_RESULT;

#endif
