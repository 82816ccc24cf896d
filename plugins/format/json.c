/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/append.h"
#include "base/clock.h"
#include "base/util.h"
#include "plugins/format/formats.h"
#include "plugins/format/json_writer.h"

static enum lwc_code write_answer(const struct lwc_format_answer *answer, struct lwc_buf *out,
                                  struct lwc_error *err)
{
    const struct lwc_identity *id = answer->identity;
    const bool known = answer->expires_at != 0;
    char expires_at[LWC_DATE_LEN] = "";
    char expires_in[24] = "null";
    const struct lwc_member members[] = {
        {.name = "token", .text = answer->token},
        {.name = "expiresAt", .text = known ? expires_at : NULL, .literal = "null"},
        {.name = "expiresIn", .literal = expires_in},
        {.name = "account", .text = id->account},
        {.name = "profile", .text = id->profile},
        {.name = "keyId", .text = id->key_id},
        {.name = "subAccount", .text = id->sub_account},
        {.name = "orgAccess", .literal = LWC_TRUTH(id->flags & LWC_ID_ORG_ACCESS)},
        {.name = "source", .text = answer->source},
    };
    enum lwc_code code = LWC_OK;

    if (known) {
        lwc_date_format(answer->expires_at, expires_at);
        (void)snprintf(expires_in, sizeof expires_in, "%" PRId64, answer->expires_in);
    }
    code = lwc_json_append(out, members, LWC_ARRAY_LEN(members), err);
    return code != LWC_OK ? code : lwc_text_append(out, err, "\n");
}

const struct lwc_format lwc_format_json = {
    .name = "json",
    .summary = "the token, its life and its identity as one JSON object",
    .write = write_answer,
};
