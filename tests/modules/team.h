/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MODULES_TEAM_H
#define TESTS_MODULES_TEAM_H

#include <stdio.h>
#include <string.h>

#include "tests/modules/least.h"

/*
 * A backend that chooses its only credential by the setting TEAM, which it reads when it is opened:
 *   setting=TEAM                 lets it read that variable from a backend host
 *   origin=HOST:PORT             where the secrets may be sent
 *   TEAM=KEYID:SECRET            a key for each value of TEAM; its account is TEAM.lacework.net
 */
struct team {
    char origin[64];
    char account[64];
    char key_id[128];
    char secret[128];
};

static inline enum lwc_code team_open(const struct lwc_host *host, size_t argc,
                                      const char *const *argv, void **state_out,
                                      struct lwc_error *err)
{
    struct team *team = calloc(1, sizeof *team);
    const char *chosen = host->setting(host->data, "TEAM");
    char prefix[32];

    (void)err;
    snprintf(prefix, sizeof prefix, "%s=", chosen != NULL ? chosen : "none");
    for (size_t i = 0; i < argc; i++) {
        if (strncmp(argv[i], "origin=", 7) == 0) {
            snprintf(team->origin, sizeof team->origin, "%s", argv[i] + 7);
        } else if (strncmp(argv[i], prefix, strlen(prefix)) == 0) {
            snprintf(team->account, sizeof team->account, "%.20s.lacework.net", chosen);
            sscanf(argv[i] + strlen(prefix), "%127[^:]:%127s", team->key_id, team->secret);
        }
    }
    *state_out = team;
    return LWC_OK;
}

static inline void team_close(void *state)
{
    free(state);
}

static inline struct lwc_identity team_identity(const struct team *team)
{
    return (struct lwc_identity){.profile = "team",
                                 .account = team->account,
                                 .origin = team->origin,
                                 .key_id = team->key_id,
                                 .sub_account = "",
                                 .kind = LWC_KIND_ACCESS_KEY};
}

static inline enum lwc_code team_list(void *state, const struct lwc_visitor *visitor,
                                      struct lwc_error *err)
{
    const struct team *team = state;
    const struct lwc_identity identity = team_identity(team);

    return team->key_id[0] != '\0' ? visitor->visit(visitor->data, &identity, err)
                                   : LWC_E_NOT_FOUND;
}

static inline int team_agrees(const char *wanted, const char *has)
{
    return wanted[0] == '\0' || strcmp(wanted, has) == 0;
}

static inline enum lwc_code team_find(void *state, const struct lwc_identity *query,
                                      const struct lwc_sink *sink, struct lwc_error *err)
{
    const struct team *team = state;
    const struct lwc_identity identity = team_identity(team);

    if (team->key_id[0] == '\0' || !team_agrees(query->profile, identity.profile) ||
        !team_agrees(query->account, identity.account) ||
        !team_agrees(query->key_id, identity.key_id)) {
        return LWC_E_NOT_FOUND;
    }
    return sink->put(sink->data, &identity, team->secret, strlen(team->secret), err);
}

#define TEAM_BACKEND(called, more_caps)                    \
    LEAST_EXPORT const struct lwc_backend lwc_backend = {  \
        .abi = LWC_BACKEND_ABI,                            \
        .size = sizeof(struct lwc_backend),                \
        .name = (called),                                  \
        .summary = "a module for tests that reads TEAM",   \
        .caps = LWC_CAP_READ | LWC_CAP_LIST | (more_caps), \
        .open = team_open,                                 \
        .close = team_close,                               \
        .find = team_find,                                 \
        .list = team_list,                                 \
    }

#endif
