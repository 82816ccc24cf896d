/* SPDX-License-Identifier: Apache-2.0 */
/* A ~/.lacework.toml of any content: each profile is a whole identity or has a reason. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backends/lacework-cli/profiles.h"
#include "base/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum lwc_code check_put(void *data, const struct lwc_identity *identity, const void *bytes,
                               size_t len, struct lwc_error *err)
{
    (void)data;
    assert(lwc_identity_check(identity, err) == LWC_OK);
    assert(len > 0 && len <= LWC_SECRET_MAX && memchr(bytes, '\0', len) == NULL);
    return LWC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lwc_sink sink = {.put = check_put};
    LWC_AUTO_BUF text = NULL;
    LWC_AUTO_PROFILES profiles = NULL;
    struct lwc_error err = {0};

    if (lwc_buf_copy(data, size, &text, NULL) != LWC_OK ||
        lwc_profiles_parse("FILE", text, &profiles, &err) != LWC_OK) {
        assert(profiles == NULL);
        return 0;
    }
    for (size_t i = 0; i < lwc_profiles_count(profiles); i++) {
        struct lwc_identity_copy identity;

        if (lwc_profiles_identity(profiles, i, &identity, &err) == LWC_OK) {
            (void)!lwc_profiles_secret(profiles, i, &identity.id, &sink, NULL);
        } else {
            assert(err.code == LWC_E_NOT_FOUND && err.msg[0] != '\0');
        }
    }
    return 0;
}
