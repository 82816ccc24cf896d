/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LIBRARY_KEY_H
#define CORE_LIBRARY_KEY_H

#include "library/context.h"

/* Parts of storing a key that several public functions share.  The context is held. */

/*
 * Exchange the key once, and keep the token as ctx->proof.  @identity and @secret have been
 * checked.
 */
enum lwc_code lwc_key_exchange(struct lwc_context *ctx, const struct lwc_identity *identity,
                               const void *secret, size_t len, struct lwc_error *err) LWC_RESULT;

/*
 * Renew cached answers after a change of @profile; @backend, unless NULL, keeps the key that was
 * proved, whose token is then an answer.
 */
void lwc_key_renew_answers(struct lwc_context *ctx, const struct lwc_answers *answers,
                           const char *profile, const char *backend);

#endif
