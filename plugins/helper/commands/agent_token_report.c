/* SPDX-License-Identifier: Apache-2.0 */
#include "base/util.h"
#include "plugins/helper/commands/agent_token.h"
#include "plugins/helper/report.h"

void lwc_agent_rotation_clear(struct lwc_agent_rotation *rotation)
{
    lwc_agents_clear(&rotation->agents);
}

static void add_hosts(struct lwc_report *report, const struct lwc_agents *agents,
                      enum lwc_agent_use use)
{
    bool is_first = true;

    for (size_t i = 0; i < agents->count; i++) {
        const struct lwc_agent_host *host = &agents->at[i];

        if (host->use != use) {
            continue;
        }
        LWC_REPORT_ADD(report, report->json ? (is_first ? "" : ",") : "    ");
        lwc_report_add_text(report, host->name[0] != '\0' ? host->name : host->id);
        LWC_REPORT_ADD(report, report->json ? "" : "\n");
        is_first = false;
    }
}

static void add_text(struct lwc_report *report, const struct lwc_agent_rotation *use)
{
    LWC_REPORT_ADD(report, "new token: ");
    lwc_report_add_text(report, use->alias);
    LWC_REPORT_ADD(report, "\nold token: ");
    lwc_report_add_text(report, use->old_alias);
    LWC_REPORT_ADD(report, ", %s\n", use->is_disabled ? "disabled" : "enabled");
    if (!use->is_known) {
        return;
    }
    LWC_REPORT_ADD(report, "agents that use the old token: %zu\n",
                   lwc_agents_count(&use->agents, LWC_AGENT_USES_TOKEN));
    add_hosts(report, &use->agents, LWC_AGENT_USES_TOKEN);
    LWC_REPORT_ADD(report, "agents that do not say which they use: %zu\n",
                   lwc_agents_count(&use->agents, LWC_AGENT_USES_UNKNOWN));
    add_hosts(report, &use->agents, LWC_AGENT_USES_UNKNOWN);
}

static void add_json(struct lwc_report *report, const struct lwc_agent_rotation *use)
{
    LWC_REPORT_ADD(report, "{");
    lwc_report_add_member(report, "alias", use->alias);
    LWC_REPORT_ADD(report, ",");
    lwc_report_add_member(report, "oldAlias", use->old_alias);
    LWC_REPORT_ADD(report, ",\"oldEnabled\":%s,\"usingOld\":%s", LWC_TRUTH(!use->is_disabled),
                   use->is_known ? "[" : "null");
    add_hosts(report, &use->agents, LWC_AGENT_USES_TOKEN);
    LWC_REPORT_ADD(report, use->is_known ? "],\"unknown\":[" : ",\"unknown\":null");
    add_hosts(report, &use->agents, LWC_AGENT_USES_UNKNOWN);
    LWC_REPORT_ADD(report, use->is_known ? "]}\n" : "}\n");
}

enum lwc_code lwc_agent_rotation_print(struct lwc_app *app, const struct lwc_agent_rotation *use,
                                       struct lwc_error *err)
{
    LWC_AUTO(struct lwc_report, lwc_report_clear) report = lwc_report_begin(app, err);

    if (report.json) {
        add_json(&report, use);
    } else {
        add_text(&report, use);
    }
    if (!use->is_disabled) {
        lwc_app_say(app,
                    "next: give each agent the new token: agent-token show '%s' --reveal | ssh "
                    "HOST sudo lw-credential-helper agent-token install --token-stdin --config "
                    "/var/lib/lacework/config/config.json",
                    use->alias);
        lwc_app_say(app, "then: agent-token rotate '%s' --disable-old", use->alias);
    }
    return lwc_report_write(&report);
}
