/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/identity.h"
#include "base/util.h"
#include "plugins/helper/commands/agent_token.h"
#include "plugins/helper/shared_options.h"

const struct lwc_option lwc_opt_agent_store = {
    .name = "store",
    .help = "keep the token in a backend, too, under NAME as profile",
};

static bool is_wanted(const struct lwc_agent_run *run)
{
    return lwc_args_has(&run->app->args, &lwc_opt_agent_store);
}

static void skip_line(void *data, const struct lwc_explained_line *line)
{
    (void)data;
    (void)line;
}

static void copy_place(void *data, const struct lwc_explained_answer *answer)
{
    struct lwc_agent_place *place = data;

    (void)snprintf(place->account, sizeof place->account, "%s", answer->identity->account);
    (void)snprintf(place->origin, sizeof place->origin, "%s", answer->identity->origin);
}

static struct lwc_identity make_identity(const struct lwc_agent_run *run,
                                         const struct lwc_agent_place *place)
{
    const char *sub_account = run->query.sub_account;

    return (struct lwc_identity){
        .profile = run->alias,
        .account = place->account,
        .origin = place->origin,
        .key_id = "",
        .sub_account = sub_account != NULL ? sub_account : "",
        .kind = LWC_KIND_AGENT_TOKEN,
    };
}

enum lwc_code lwc_agent_store_probe(struct lwc_agent_run *run, uint32_t flags,
                                    struct lwc_agent_place *place_out, struct lwc_error *err)
{
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = place_out, .line = skip_line, .answer = copy_place};
    const char *backend = lwc_args_value(&run->app->args, &lwc_opt_backend);
    char stored_in[LWC_BACKEND_NAME_MAX + 1];
    struct lwc_identity identity;
    enum lwc_code code = LWC_OK;

    *place_out = (struct lwc_agent_place){.flags = flags};
    if (!is_wanted(run)) {
        return LWC_OK;
    }
    code = lwc_explain(run->client.ctx, &run->query, &visitor, err);
    if (code == LWC_OK) {
        identity = make_identity(run, place_out);
        code = lwc_identity_check(&identity, err);
    }
    if (code == LWC_OK) {
        code = lwc_key_probe(run->client.ctx, &identity, backend, flags, stored_in, err);
    }
    return code == LWC_OK ? code : lwc_wrap(err, code, "option --store");
}

enum lwc_code lwc_agent_store(struct lwc_agent_run *run, const struct lwc_agent_place *place,
                              const struct lwc_agent_token *token, struct lwc_error *err)
{
    const struct lwc_identity identity = make_identity(run, place);
    const char *backend = lwc_args_value(&run->app->args, &lwc_opt_backend);
    char stored_in[LWC_BACKEND_NAME_MAX + 1];
    enum lwc_code code = LWC_OK;

    if (!is_wanted(run)) {
        return LWC_OK;
    }
    code = lwc_key_store(run->client.ctx, &identity, token->secret.at, token->secret.len, backend,
                         place->flags, stored_in, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "the agent token '%s' is made, but not stored", run->alias);
    }
    lwc_app_say(run->app, "stored agent token '%s' in backend '%s'", run->alias, stored_in);
    return LWC_OK;
}
