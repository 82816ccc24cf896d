/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_api.h"

#include <stdio.h>
#include <string.h>

#include "base/identity.h"

struct world world;

static enum lwc_code exchange(const struct lwc_exchange *wanted, const struct lwc_sink *token,
                              struct lwc_grant *grant_out, struct lwc_error *err)
{
    enum lwc_code code = world.code;

    world.exchanges++;
    world.ttl_s = wanted->ttl_s;
    world.flags = wanted->identity->flags;
    (void)snprintf(world.authority, sizeof world.authority, "%s",
                   lwc_identity_authority(wanted->identity));
    (void)snprintf(world.sub_account, sizeof world.sub_account, "%s",
                   wanted->identity->sub_account);
    (void)snprintf(world.secret, sizeof world.secret, "%.*s", (int)wanted->len,
                   (const char *)wanted->secret);
    if (code != LWC_OK) {
        code = lwc_fail(err, code, "the world said so");
        err->wait_s = world.wait_s;
        return code;
    }
    grant_out->lifetime_s = world.lifetime_s > 0 ? world.lifetime_s : wanted->ttl_s;
    grant_out->sent_boot_ms = world.boot_ms;
    world.boot_ms += world.takes_ms;
    if (world.token == NULL) {
        return LWC_OK;
    }
    return token->put(token->data, NULL, world.token, strlen(world.token), err);
}

static const struct lwc_api net = {
    .abi = LWC_API_ABI, .size = sizeof(struct lwc_api), .exchange = exchange};

enum lwc_code world_net_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    if (world.load != LWC_OK) {
        return lwc_fail(err, world.load, "no net");
    }
    *net_out = &net;
    return LWC_OK;
}

static int64_t wall_s(void *data)
{
    (void)data;
    return world.wall_s;
}

static int64_t boot_ms(void *data)
{
    (void)data;
    return world.boot_ms;
}

const struct lwc_clock world_clock = {.wall_s = wall_s, .boot_ms = boot_ms};

void world_reset(void)
{
    memset(&world, 0, sizeof world);
    world.token = "_token";
    world.wall_s = 1700000000;
    world.boot_ms = 1000;
}
