/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "base/json_span.h"
#include "base/text.h"
#include "plugins/helper/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Checks that the report holds no control byte, and as JSON is one whole value, for any reply. */
static void check_report(const struct lwc_user_profile *profile, bool is_json)
{
    static const struct lwc_identity identity = {.profile = "p",
                                                 .account = "acme.lacework.net",
                                                 .origin = "",
                                                 .key_id = "ACME_0",
                                                 .sub_account = "dev"};
    struct lwc_status status = {
        .identity = &identity, .backend = "file", .is_online = true, .profile = profile};
    struct lwc_error err = {0};
    LWC_AUTO_BUF out = NULL;
    struct lwc_report report = {.err = &err, .json = is_json};
    struct lwc_json_span value;

    if (lwc_buf_new(64, &out, NULL) != LWC_OK) {
        abort();
    }
    report.out = out;
    lwc_scope_judge(&identity, profile, &status.scope);
    lwc_status_append(&report, &status);
    if (report.code != LWC_OK || lwc_buf_len(out) == 0) {
        abort();
    }
    for (size_t i = 0; i < lwc_buf_len(out); i++) {
        if (lwc_buf_bytes(out)[i] != '\n' && lwc_text_has_control(lwc_buf_text(out) + i, 1)) {
            abort();
        }
    }
    if (is_json &&
        lwc_json_span_parse(lwc_buf_bytes(out), lwc_buf_len(out), &value, NULL) != LWC_OK) {
        abort();
    }
}

static void check(enum lwc_code code, struct lwc_user_profile *profile, const struct lwc_error *err)
{
    if ((code != LWC_OK && code != LWC_E_NETWORK) || (code == LWC_OK) != (err->msg[0] == '\0') ||
        lwc_text_has_control(err->msg, strlen(err->msg))) {
        abort();
    }
    if (code == LWC_OK) {
        check_report(profile, false);
        check_report(profile, true);
    }
    lwc_user_profile_clear(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lwc_user_profile profile = {.has_accounts = false};
    struct lwc_error err = {0};
    enum lwc_code code = lwc_user_profile_parse(data, len, &profile, &err);

    check(code, &profile, &err);
    err = (struct lwc_error){0};
    code = lwc_user_organization_parse(data, len, &profile, &err);
    check(code, &profile, &err);
    return 0;
}
