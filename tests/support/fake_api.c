/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_api.h"

#include <stdio.h>
#include <string.h>

#include "base/identity.h"

struct fake_api fake_api;

static enum lwc_code exchange(const struct lwc_exchange *wanted, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err)
{
    enum lwc_code code = fake_api.code;

    fake_api.exchanges++;
    fake_api.ttl_s = wanted->ttl_s;
    fake_api.flags = wanted->identity->flags;
    (void)snprintf(fake_api.authority, sizeof fake_api.authority, "%s",
                   lwc_identity_authority(wanted->identity));
    (void)snprintf(fake_api.sub_account, sizeof fake_api.sub_account, "%s",
                   wanted->identity->sub_account);
    (void)snprintf(fake_api.secret, sizeof fake_api.secret, "%.*s", (int)wanted->len,
                   (const char *)wanted->secret);
    if (code != LWC_OK) {
        code = lwc_fail(err, code, "the fake API said so");
        err->wait_s = fake_api.wait_s;
        return code;
    }
    grant_out->lifetime_s = fake_api.lifetime_s > 0 ? fake_api.lifetime_s : wanted->ttl_s;
    grant_out->sent_boot_ms = fake_api.boot_ms;
    fake_api.boot_ms += fake_api.takes_ms;
    if (fake_api.token == NULL) {
        return LWC_OK;
    }
    return token->put(token->data, NULL, fake_api.token, strlen(fake_api.token), err);
}

static const struct lwc_api net = {
    .abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange};

enum lwc_code fake_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    if (fake_api.load != LWC_OK) {
        return lwc_fail(err, fake_api.load, "no net");
    }
    *net_out = &net;
    return LWC_OK;
}

static int64_t wall_s(void *data)
{
    (void)data;
    return fake_api.wall_s;
}

static int64_t boot_ms(void *data)
{
    (void)data;
    return fake_api.boot_ms;
}

const struct lwc_clock fake_api_clock = {.wall_s = wall_s, .boot_ms = boot_ms};

void fake_api_reset(void)
{
    memset(&fake_api, 0, sizeof fake_api);
    fake_api.token = "_token";
    fake_api.wall_s = 1700000000;
    fake_api.boot_ms = 1000;
}
