/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_library.h"

/* A test that defines one of them itself has its own. */
#define FAKE __attribute__((weak))

struct fake_library fake_library;

const struct lwc_identity fake_identity = {
    .profile = "prod",
    .account = "acme.lacework.net",
    .origin = "api.example:8443",
    .key_id = "ACME_01",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};

FAKE enum lwc_code __wrap_lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                                   struct lwc_error *err);
enum lwc_code __wrap_lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                              struct lwc_error *err)
{
    (void)ctx_out;
    (void)err;
    fake_library.opened++;
    fake_library.options = *options;
    return LWC_OK;
}

FAKE const char *__wrap_lwc_token_text(const struct lwc_token *token);
const char *__wrap_lwc_token_text(const struct lwc_token *token)
{
    (void)token;
    return "tok-en";
}

FAKE const char *__wrap_lwc_token_source(const struct lwc_token *token);
const char *__wrap_lwc_token_source(const struct lwc_token *token)
{
    (void)token;
    return "file";
}

FAKE int64_t __wrap_lwc_token_expires_at(const struct lwc_token *token);
int64_t __wrap_lwc_token_expires_at(const struct lwc_token *token)
{
    (void)token;
    return 1800000000;
}

FAKE int64_t __wrap_lwc_token_expires_in(const struct lwc_token *token);
int64_t __wrap_lwc_token_expires_in(const struct lwc_token *token)
{
    (void)token;
    return 3600;
}

FAKE const struct lwc_identity *__wrap_lwc_token_identity(const struct lwc_token *token);
const struct lwc_identity *__wrap_lwc_token_identity(const struct lwc_token *token)
{
    (void)token;
    return &fake_identity;
}
