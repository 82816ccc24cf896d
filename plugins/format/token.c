/* SPDX-License-Identifier: Apache-2.0 */
#include "base/join.h"
#include "plugins/format/formats.h"

static enum lwc_code write_answer(const struct lwc_format_answer *answer, struct lwc_buf *out,
                                  struct lwc_error *err)
{
    return lwc_join_append(out, LWC_PARTS(answer->token, "\n"), err);
}

const struct lwc_format lwc_format_token = {
    .name = "token",
    .summary = "the token and a newline",
    .write = write_answer,
};
