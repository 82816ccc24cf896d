/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "base/text.h"
#include "plugins/format/git_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Values lie in the input or in the decoded url, and no control byte gets through. */
static void check_value(const struct lwc_git_request *request, const struct lwc_slice *value,
                        const char *text, size_t len)
{
    const char *decoded = request->decoded == NULL ? NULL : lwc_buf_text(request->decoded);
    const size_t decoded_len = request->decoded == NULL ? 0 : lwc_buf_len(request->decoded);

    if (value->at == NULL) {
        return;
    }
    require((value->at >= text && value->at + value->len <= text + len) ||
            (decoded != NULL && value->at >= decoded &&
             value->at + value->len <= decoded + decoded_len));
    require(!lwc_text_has_control(value->at, value->len));
}

/* A parsed request is clean, and its account, if any, is a possible name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_GIT_REQUEST request = {.text = NULL};
    const char *text = (const char *)data;
    struct lwc_error err = {0};
    char account[LWC_ORIGIN_MAX + 1] = "";
    char key_id[LWC_KEY_ID_MAX + 1] = "";

    if (lwc_git_request_parse(text, len, &request, &err) != LWC_OK) {
        require(err.code == (len == 0 ? LWC_E_NOT_FOUND : LWC_E_INVALID) && err.msg[0] != '\0' &&
                request.decoded == NULL);
        return 0;
    }
    for (size_t i = 0; i < LWC_GIT_KEYS; i++) {
        check_value(&request, &request.value[i], text, len);
    }
    if (lwc_git_request_account(&request, account)) {
        require(lwc_git_request_is(&request, LWC_GIT_PROTOCOL, "https"));
        require(lwc_host_is_canonical(account, true));
    }
    if (lwc_git_request_key_id(&request, key_id)) {
        require(lwc_git_request_is(&request, LWC_GIT_USERNAME, key_id));
    }
    return 0;
}
