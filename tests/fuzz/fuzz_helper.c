/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/exec/protocol.h"
#include "base/text.h"
#include "base/util.h"

/*
 * Any bytes as the answer of a git credential helper.  What is accepted can be asked and handed
 * over again; what is refused says why and changes nothing.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW_S 1000000000

static void check_taken(const struct lwc_exec_answer *answer, struct lwc_buf *out)
{
    const struct lwc_ask again = {.host = "a.lacework.net",
                                  .username = answer->username,
                                  .password = answer->password,
                                  .password_len = answer->password_len};

    if (strlen(answer->username) > LWC_KEY_ID_MAX || lwc_ask_write(&again, out, NULL) != LWC_OK) {
        abort();
    }
    if (answer->password != NULL &&
        (answer->password_len == 0 || answer->username[0] == '\0' ||
         lwc_text_has_control(answer->password, answer->password_len))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct lwc_ask asked[] = {
        {.host = "a.lacework.net"},
        {.host = "a.lacework.net", .username = "ACME_01"},
    };
    LWC_AUTO_BUF given = NULL;
    LWC_AUTO_BUF out = NULL;

    if (len > LWC_SECRET_MAX || lwc_buf_copy(data, len, &given, NULL) != LWC_OK ||
        lwc_buf_new(64, &out, NULL) != LWC_OK) {
        return 0;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(asked); i++) {
        struct lwc_exec_answer answer = {0};
        struct lwc_error err = {0};
        enum lwc_code code = lwc_exec_answer_read(&asked[i], given, NOW_S, &answer, &err);

        if (code == LWC_OK) {
            check_taken(&answer, out);
        } else if (code != LWC_E_INVALID || err.msg[0] == '\0' || answer.password != NULL) {
            abort();
        }
    }
    return 0;
}
