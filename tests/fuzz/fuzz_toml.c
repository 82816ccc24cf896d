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

/* A profile with an answer has none once it is emptied, or cannot be emptied for a reason. */
static void empty_profile(const struct lwc_profiles *profiles, size_t number,
                          const struct lwc_buf *text)
{
    LWC_AUTO_BUF edited = NULL;
    LWC_AUTO_PROFILES again = NULL;
    struct lwc_identity_copy identity;
    struct lwc_error err = {0};

    if (lwc_buf_new(lwc_buf_len(text) + 1, &edited, NULL) != LWC_OK) {
        return;
    }
    if (lwc_profiles_empty(profiles, number, text, edited, &err) != LWC_OK) {
        assert(err.msg[0] != '\0' && lwc_buf_len(edited) == 0);
        return;
    }
    assert(lwc_profiles_parse("FILE", edited, &again, NULL) == LWC_OK);
    assert(lwc_profiles_count(again) == lwc_profiles_count(profiles));
    assert(lwc_profiles_identity(again, number, &identity, NULL) == LWC_E_NOT_FOUND);
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
            empty_profile(profiles, i, text);
        } else {
            assert(err.code == LWC_E_NOT_FOUND && err.msg[0] != '\0');
        }
    }
    return 0;
}
