/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_COMMANDS_AGENT_TOKEN_H
#define PLUGINS_HELPER_COMMANDS_AGENT_TOKEN_H

#include "plugins/agent/client.h"
#include "plugins/helper/app.h"
#include "plugins/helper/command.h"

/* Parts that the subcommands of agent-token share. */

/* A run of a subcommand that talks to the API.  alias: its operand, checked. */
struct lwc_agent_run {
    struct lwc_app *app;
    const char *alias;
    struct lwc_query query;
    struct lwc_agent_client client;
};

/* Checks the alias, and opens the library.  @run_out must stay where it is. */
enum lwc_code lwc_agent_run_open(struct lwc_app *app, struct lwc_agent_run *run_out,
                                 struct lwc_error *err) LWC_RESULT;

/* Options that several subcommands have. */
extern const struct lwc_option lwc_opt_agent_config;
extern const struct lwc_option lwc_opt_server_url;

extern const struct lwc_command lwc_agent_install_command;
extern const struct lwc_command lwc_agent_rotate_command;

/*
 * Chooses the URL that agents report to: --server-url; NULL where none is needed; else asks the
 * user.
 *
 * @account   canonical, or NULL if it is not known.
 * @has_url   the file names one already.
 * @room      for the URL.
 * @url_out   @room or NULL.
 */
enum lwc_code lwc_agent_choose_url(struct lwc_app *app, const char *account, bool has_url,
                                   char *room, const char **url_out, struct lwc_error *err)
    LWC_RESULT;

/* Finds the account of the credential that would call, without a call; *room is "" if unknown. */
void lwc_agent_find_account(struct lwc_agent_run *run, char room[LWC_ACCOUNT_MAX + 1]);

extern const struct lwc_option lwc_opt_agent_store;

/* Where a token is to be kept, with --store, under its alias as the profile. */
struct lwc_agent_place {
    char account[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    uint32_t flags; /* enum lwc_store_flag */
};

/* Checks, before a token is made, that it can be kept.  Does nothing without --store. */
enum lwc_code lwc_agent_store_probe(struct lwc_agent_run *run, uint32_t flags,
                                    struct lwc_agent_place *place_out, struct lwc_error *err)
    LWC_RESULT;

/* Keeps the token.  Does nothing without --store. */
enum lwc_code lwc_agent_store(struct lwc_agent_run *run, const struct lwc_agent_place *place,
                              const struct lwc_agent_token *token, struct lwc_error *err)
    LWC_RESULT;

/* The end of a rotation: which agents use the old token, and whether it is disabled now. */
struct lwc_agent_rotation {
    const char *alias;
    const char *old_alias;
    struct lwc_agents agents;
    bool is_known; /* @agents is what the API says */
    bool is_disabled;
};

void lwc_agent_rotation_clear(struct lwc_agent_rotation *rotation);

/* Prints a rotation on standard output, and on standard error the next step. */
enum lwc_code lwc_agent_rotation_print(struct lwc_app *app,
                                       const struct lwc_agent_rotation *rotation,
                                       struct lwc_error *err) LWC_RESULT;

/* Writes @token into the file, and reports it. */
enum lwc_code lwc_agent_install_token(struct lwc_app *app, const char *path, const char *token,
                                      const char *url, struct lwc_error *err) LWC_RESULT;

#endif
