/* SPDX-License-Identifier: Apache-2.0 */
/* Public function that reads tokens that are only kept. */
#include <lwcred.h>

#include "base/buffer.h"
#include "base/identity.h"
#include "library/context.h"
#include "stack/copy.h"

enum lwc_code lwc_kept_token_get(struct lwc_context *ctx, const char *profile, uint32_t kind,
                                 const struct lwc_sink *token, struct lwc_error *err)
{
    LWC_AUTO_HELD held = {NULL};
    LWC_AUTO_FOUND found = NULL;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    enum lwc_code code = lwc_profile_check(profile, err);

    if (code == LWC_OK && !lwc_kind_is_kept(kind)) {
        code =
            lwc_fail(err, LWC_E_INVALID, "kind %u is not one of tokens that are only kept", kind);
    }
    if (code == LWC_OK) {
        code = lwc_call_start_secret(ctx, &held, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    query.profile = profile;
    query.kind = kind;
    code = lwc_copy_read(ctx->stack, &query, NULL, &found, err);
    return code == LWC_OK
               ? token->put(token->data, &found->identity.id, lwc_buf_bytes(found->secret),
                            lwc_buf_len(found->secret), err)
               : code;
}
