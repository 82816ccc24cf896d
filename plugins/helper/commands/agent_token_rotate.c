/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rotation, whose steps are in a journal, so that the next run goes on where one was killed:
 *
 *   started    the aliases are chosen: NAME-new-DATE until all have the new token, NAME-old-DATE
 *   created    the new token is there, under NAME-new-DATE
 *   pushed     --config has it, and the command of --push took it
 *   renamed    the old token is NAME-old-DATE, the new one NAME
 *
 * and then the old token is disabled, or another run is waited for that may.  Where the API is ahead
 * of the journal, by one call that was answered to a dead process, its aliases tell so.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/util.h"
#include "plugins/agent/config.h"
#include "plugins/agent/push.h"
#include "plugins/helper/commands/agent_token.h"
#include "plugins/helper/journal.h"
#include "plugins/helper/shared_options.h"

#define ALIAS_LEN (LWC_AGENT_ALIAS_MAX + 1)
#define TRIES 1000

static enum lwc_code check_command(const char *value, struct lwc_error *err)
{
    return lwc_is_set(value) ? LWC_OK : lwc_fail(err, LWC_E_INVALID, "it is empty");
}

static const struct lwc_option opt_push = {
    .name = "push",
    .value = "CMD",
    .help = "run CMD by sh with the new token on its standard input",
    .check = check_command,
};

static const struct lwc_option opt_disable_old = {
    .name = "disable-old",
    .help = "disable the old token if no agent uses it",
};

static const struct lwc_option opt_force = {
    .name = "force",
    .help = "with --disable-old: also if agents use it",
};

enum step { STEP_NONE, STEP_STARTED, STEP_CREATED, STEP_PUSHED, STEP_RENAMED, STEPS };

static const char *const step_names[STEPS] = {"", "started", "created", "pushed", "renamed"};

/*
 * A rotation.  tokens are those of the account as of the last call; old and new lie there, or are
 * NULL.  old_alias, new_alias: what they are called, or will be, apart from run.alias.
 */
struct rotation {
    struct lwc_app *app;
    struct lwc_agent_run run;
    char account[LWC_ACCOUNT_MAX + 1];
    char old_alias[ALIAS_LEN];
    char new_alias[ALIAS_LEN];
    char url_room[LWC_AGENT_URL_MAX + 1];
    const char *url;
    struct lwc_agent_place place;
    struct lwc_journal *journal;
    enum step step;
    struct lwc_agent_reply named;   /* under run.alias */
    struct lwc_agent_reply fresh;   /* under new_alias */
    struct lwc_agent_reply retired; /* under old_alias */
    const struct lwc_agent_token *old_token;
    const struct lwc_agent_token *new_token;
    bool is_new_named; /* the new token is called NAME */
};

static void rotation_clear(struct rotation *rotation)
{
    lwc_agent_reply_clear(&rotation->named);
    lwc_agent_reply_clear(&rotation->fresh);
    lwc_agent_reply_clear(&rotation->retired);
    lwc_journal_close(&rotation->journal);
}

static const char *get_option(const struct rotation *rotation, const struct lwc_option *option)
{
    return lwc_args_value(&rotation->app->args, option);
}

static enum lwc_code write_step(struct rotation *rotation, enum step step, struct lwc_error *err)
{
    enum lwc_code code = lwc_journal_write(rotation->journal, step_names[step], err);

    if (code == LWC_OK) {
        rotation->step = step;
    }
    return code;
}

/* Finds a token; none is no failure. */
static enum lwc_code look_up(struct rotation *rotation, const char *alias,
                             struct lwc_agent_reply *reply, const struct lwc_agent_token **token,
                             struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    *token = NULL;
    lwc_agent_reply_clear(reply);
    code = lwc_agent_find(&rotation->run.client, alias, reply, token, &why);
    if (code == LWC_E_NOT_FOUND) {
        return LWC_OK;
    }
    if (code != LWC_OK) {
        *err = why;
    }
    return code;
}

static enum lwc_code fail_vanished(const struct rotation *rotation, const char *alias,
                                   struct lwc_error *err)
{
    enum lwc_code code = lwc_fail(err, LWC_E_NOT_FOUND,
                                  "the rotation of '%s' is at step '%s', but no token is called "
                                  "'%s'",
                                  rotation->run.alias, step_names[rotation->step], alias);

    return lwc_hint(err, code, "rename it back, with agent-token update, and rotate again");
}

/* Finds which tokens are the old and the new one now, by their aliases. */
static enum lwc_code find_tokens(struct rotation *rotation, struct lwc_error *err)
{
    const struct lwc_agent_token *named = NULL;
    const struct lwc_agent_token *fresh = NULL;
    const struct lwc_agent_token *retired = NULL;
    enum lwc_code code = look_up(rotation, rotation->new_alias, &rotation->fresh, &fresh, err);

    if (code == LWC_OK) {
        code = look_up(rotation, rotation->old_alias, &rotation->retired, &retired, err);
    }
    if (code == LWC_OK) {
        code = look_up(rotation, rotation->run.alias, &rotation->named, &named, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    rotation->is_new_named = fresh == NULL && retired != NULL;
    rotation->old_token = retired != NULL ? retired : named;
    rotation->new_token = rotation->is_new_named ? named : fresh;
    if (rotation->old_token == NULL) {
        return fail_vanished(rotation, rotation->old_alias, err);
    }
    if (rotation->new_token == NULL && rotation->step >= STEP_CREATED) {
        return fail_vanished(
            rotation, rotation->is_new_named ? rotation->run.alias : rotation->new_alias, err);
    }
    return LWC_OK;
}

/* Writes NAME-WORD-DATE, with a number behind it from the second @attempt on. */
static enum lwc_code make_alias(const struct rotation *rotation, const char *word, int attempt,
                                char out[ALIAS_LEN], struct lwc_error *err)
{
    const time_t now = time(NULL);
    struct tm parts = {0};
    char date[16] = "";
    char number[8] = "";
    int len = 0;

    (void)gmtime_r(&now, &parts);
    (void)strftime(date, sizeof date, "%Y%m%d", &parts);
    if (attempt > 1) {
        (void)snprintf(number, sizeof number, "-%d", attempt);
    }
    len = snprintf(out, ALIAS_LEN, "%s-%s-%s%s", rotation->run.alias, word, date, number);
    return len < ALIAS_LEN
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "the alias leaves no room for '-%s-%s'", word, date);
}

/* Chooses an alias that no token has, also none that the API's list leaves out. */
static enum lwc_code choose_alias(struct rotation *rotation, const char *word, char out[ALIAS_LEN],
                                  struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY all = {0};
    const struct lwc_agent_token *token = NULL;
    enum lwc_code code = lwc_agent_list(&rotation->run.client, &all, err);

    for (int attempt = 1; code == LWC_OK && attempt <= TRIES; attempt++) {
        code = make_alias(rotation, word, attempt, out, err);
        if (code != LWC_OK || lwc_agent_has_alias(&all, out)) {
            continue;
        }
        code = look_up(rotation, out, &rotation->fresh, &token, err);
        if (code != LWC_OK || token == NULL) {
            return code;
        }
    }
    return code != LWC_OK
               ? code
               : lwc_fail(err, LWC_E_INVALID, "the aliases up to '%s' exist already", out);
}

/* Begins a new rotation of a token that is there and enabled. */
static enum lwc_code start_rotation(struct rotation *rotation, struct lwc_error *err)
{
    enum lwc_code code = lwc_agent_find(&rotation->run.client, rotation->run.alias,
                                        &rotation->named, &rotation->old_token, err);

    if (code == LWC_OK && !rotation->old_token->is_enabled) {
        code =
            lwc_fail(err, LWC_E_INVALID, "the agent token '%s' is disabled", rotation->run.alias);
        return lwc_hint(err, code, "enable it, or create another");
    }
    if (code == LWC_OK) {
        code = choose_alias(rotation, "new", rotation->new_alias, err);
    }
    if (code == LWC_OK) {
        code = choose_alias(rotation, "old", rotation->old_alias, err);
    }
    if (code == LWC_OK) {
        code = lwc_journal_set(rotation->journal, "new-alias", rotation->new_alias, err);
    }
    if (code == LWC_OK) {
        code = lwc_journal_set(rotation->journal, "old-alias", rotation->old_alias, err);
    }
    return code == LWC_OK ? write_step(rotation, STEP_STARTED, err) : code;
}

/* Reads where the run before has ended. */
static enum lwc_code resume_rotation(struct rotation *rotation, struct lwc_error *err)
{
    const char *step = lwc_journal_step(rotation->journal);
    const char *fresh = lwc_journal_field(rotation->journal, "new-alias");
    const char *retired = lwc_journal_field(rotation->journal, "old-alias");

    for (size_t i = 0; i < STEPS; i++) {
        rotation->step = lwc_streq(step, step_names[i]) ? (enum step)i : rotation->step;
    }
    if (rotation->step == STEP_NONE || fresh == NULL || retired == NULL ||
        lwc_agent_alias_check(fresh, NULL) != LWC_OK ||
        lwc_agent_alias_check(retired, NULL) != LWC_OK) {
        return lwc_fail(err, LWC_E_CORRUPT, "the journal of the rotation of '%s' makes no sense",
                        rotation->run.alias);
    }
    (void)snprintf(rotation->new_alias, sizeof rotation->new_alias, "%s", fresh);
    (void)snprintf(rotation->old_alias, sizeof rotation->old_alias, "%s", retired);
    lwc_app_say(rotation->app, "going on with the rotation of '%s' behind step '%s'",
                rotation->run.alias, step);
    return LWC_OK;
}

/* A rotation is over, too, if its old token was disabled by other means. */
static enum lwc_code end_if_over(struct rotation *rotation, struct lwc_error *err)
{
    const struct lwc_agent_token *retired = NULL;
    enum lwc_code code = LWC_OK;

    if (rotation->step != STEP_RENAMED) {
        return LWC_OK;
    }
    code = look_up(rotation, rotation->old_alias, &rotation->retired, &retired, err);
    if (code != LWC_OK || (retired != NULL && retired->is_enabled)) {
        return code;
    }
    lwc_app_say(rotation->app, "the rotation before is over: '%s' is %s", rotation->old_alias,
                retired != NULL ? "disabled" : "gone");
    rotation->step = STEP_NONE;
    return lwc_journal_finish(rotation->journal, err);
}

static enum lwc_code open_journal(struct rotation *rotation, struct lwc_error *err)
{
    const char *sub_account = rotation->run.query.sub_account;
    char name[LWC_ACCOUNT_MAX + LWC_SUB_ACCOUNT_MAX + ALIAS_LEN + 4];
    enum lwc_code code = LWC_OK;

    (void)snprintf(name, sizeof name, "%s/%.*s/%s", rotation->account, LWC_SUB_ACCOUNT_MAX,
                   sub_account != NULL ? sub_account : "", rotation->run.alias);
    code = lwc_journal_open("agent-rotate", name, lwc_app_deadline_ms(rotation->app),
                            &rotation->journal, err);
    if (code == LWC_OK && lwc_is_set(lwc_journal_step(rotation->journal))) {
        code = resume_rotation(rotation, err);
    }
    if (code == LWC_OK) {
        code = end_if_over(rotation, err);
    }
    return code == LWC_OK && rotation->step == STEP_NONE ? start_rotation(rotation, err) : code;
}

/* Chooses the server's URL before anything is created. */
static enum lwc_code choose_url(struct rotation *rotation, struct lwc_error *err)
{
    const char *path = get_option(rotation, &lwc_opt_agent_config);
    LWC_AUTO_BUF token = NULL;
    bool has_url = false;
    enum lwc_code code = LWC_OK;

    if (path == NULL) {
        return LWC_OK;
    }
    code = lwc_agent_config_read(path, &has_url, &token, err);
    return code == LWC_OK ? lwc_agent_choose_url(rotation->app, rotation->account, has_url,
                                                 rotation->url_room, &rotation->url, err)
                          : code;
}

/* Creates the new token with all props of the old one. */
static enum lwc_code create_token(struct rotation *rotation, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    enum lwc_code code = find_tokens(rotation, err);
    const struct lwc_agent_request request = {
        .token = rotation->old_token, .alias = rotation->new_alias, .is_enabled = true};

    if (code == LWC_OK && rotation->new_token == NULL) {
        code = lwc_agent_create(&rotation->run.client, &request, &reply, err);
    }
    return code == LWC_OK ? write_step(rotation, STEP_CREATED, err) : code;
}

static enum lwc_code install_token(struct rotation *rotation, struct lwc_error *err)
{
    const char *path = get_option(rotation, &lwc_opt_agent_config);
    const struct lwc_json_span secret = rotation->new_token->secret;
    LWC_AUTO_BUF token = NULL;
    enum lwc_code code = path != NULL ? lwc_buf_copy(secret.at, secret.len, &token, err) : LWC_OK;

    return code == LWC_OK && path != NULL
               ? lwc_agent_install_token(rotation->app, path, lwc_buf_text(token), rotation->url,
                                         err)
               : code;
}

/* Runs the command of --push; its time does not count. */
static enum lwc_code push_token(struct rotation *rotation, struct lwc_error *err)
{
    struct lwc_app *app = rotation->app;
    const char *command = get_option(rotation, &opt_push);
    const struct lwc_json_span secret = rotation->new_token->secret;
    const int64_t deadline_ms = lwc_app_deadline_ms(app);
    const int64_t began_ms = lwc_clock_boot_ms(lwc_clock_system());
    enum lwc_code code = LWC_OK;

    if (command == NULL) {
        return LWC_OK;
    }
    code = lwc_agent_push(command, secret.at, secret.len, app->umask, err);
    if (code != LWC_OK) {
        code = lwc_wrap(err, code, "option --push");
        return lwc_hint(err, code,
                        "the new token is '%s'; rotate again once the command works: it goes on "
                        "there",
                        rotation->new_alias);
    }
    app->deadline_ms = deadline_ms + lwc_clock_boot_ms(lwc_clock_system()) - began_ms;
    return lwc_app_open(app, err);
}

/* Hands the new token on; also again where a run was killed before it could note it. */
static enum lwc_code distribute_token(struct rotation *rotation, struct lwc_error *err)
{
    enum lwc_code code = find_tokens(rotation, err);

    if (code == LWC_OK) {
        code = install_token(rotation, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_store(&rotation->run, &rotation->place, rotation->new_token, err);
    }
    if (code == LWC_OK && rotation->step < STEP_PUSHED) {
        code = push_token(rotation, err);
    } else if (code == LWC_OK && get_option(rotation, &opt_push) != NULL) {
        lwc_app_say(rotation->app, "the new token was handed to --push before: not again");
    }
    return code == LWC_OK && rotation->step < STEP_PUSHED ? write_step(rotation, STEP_PUSHED, err)
                                                          : code;
}

static enum lwc_code rename_token(struct rotation *rotation, const struct lwc_agent_token *token,
                                  const char *alias, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    const struct lwc_agent_request request = {
        .token = token, .alias = alias, .is_enabled = token->is_enabled};

    return lwc_agent_change_token(&rotation->run.client, &request, &reply, err);
}

/* Gives NAME to the new token, behind the old one that had it. */
static enum lwc_code swap_aliases(struct rotation *rotation, struct lwc_error *err)
{
    const bool is_old_renamed =
        rotation->retired.tokens.count > 0 && rotation->old_token >= rotation->retired.tokens.at &&
        rotation->old_token < rotation->retired.tokens.at + rotation->retired.tokens.count;
    enum lwc_code code = LWC_OK;

    if (rotation->is_new_named) {
        return write_step(rotation, STEP_RENAMED, err);
    }
    if (!is_old_renamed) {
        code = rename_token(rotation, rotation->old_token, rotation->old_alias, err);
    }
    if (code == LWC_OK) {
        code = rename_token(rotation, rotation->new_token, rotation->run.alias, err);
    }
    return code == LWC_OK ? write_step(rotation, STEP_RENAMED, err) : code;
}

static enum lwc_code disable_token(struct rotation *rotation, struct lwc_agent_rotation *use,
                                   struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    const struct lwc_agent_request request = {.token = rotation->old_token, .is_enabled = false};
    enum lwc_code code = lwc_agent_change_token(&rotation->run.client, &request, &reply, err);

    if (code == LWC_OK) {
        use->is_disabled = true;
        code = lwc_journal_finish(rotation->journal, err);
    }
    return code;
}

/* Fails where --disable-old was not done, once the report is out. */
static enum lwc_code check_end(const struct rotation *rotation,
                               const struct lwc_agent_rotation *use, struct lwc_error *err)
{
    const size_t users = lwc_agents_count(&use->agents, LWC_AGENT_USES_TOKEN);
    const size_t unknown = lwc_agents_count(&use->agents, LWC_AGENT_USES_UNKNOWN);
    enum lwc_code code = LWC_OK;

    if (get_option(rotation, &opt_disable_old) == NULL || use->is_disabled) {
        return LWC_OK;
    }
    code = lwc_fail(err, LWC_E_BUSY,
                    "the old token '%s' is not disabled: %zu agents used it in the last 7 days, "
                    "%zu do not say",
                    rotation->old_alias, users, unknown);
    return lwc_hint(err, code, "update them and try again, or cut them off with --force");
}

/* Reports which agents use the old token, and disables it where that was asked for. */
static enum lwc_code finish_rotation(struct rotation *rotation, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_agent_rotation, lwc_agent_rotation_clear)
    use = {.alias = rotation->run.alias, .old_alias = rotation->old_alias};
    const bool is_forced = get_option(rotation, &opt_force) != NULL;
    struct lwc_error why = {0};
    enum lwc_code code = find_tokens(rotation, err);

    if (code != LWC_OK) {
        return code;
    }
    code = lwc_agent_users(&rotation->run.client, rotation->old_token, &use.agents, &why);
    use.is_known = code == LWC_OK;
    if (code != LWC_OK && !is_forced) {
        *err = why;
        return lwc_wrap(err, code, "the new token is '%s', and the old one '%s'",
                        rotation->run.alias, rotation->old_alias);
    }
    if (code != LWC_OK) {
        lwc_app_warn(rotation->app, "%s", why.msg);
        lwc_agents_clear(&use.agents);
    }
    code = LWC_OK;
    if (get_option(rotation, &opt_disable_old) != NULL &&
        (is_forced || (lwc_agents_count(&use.agents, LWC_AGENT_USES_TOKEN) == 0 &&
                       lwc_agents_count(&use.agents, LWC_AGENT_USES_UNKNOWN) == 0))) {
        code = disable_token(rotation, &use, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_rotation_print(rotation->app, &use, err);
    }
    return code == LWC_OK ? check_end(rotation, &use, err) : code;
}

static enum lwc_code run_steps(struct rotation *rotation, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (rotation->step < STEP_CREATED) {
        code = create_token(rotation, err);
    }
    if (code == LWC_OK) {
        code = distribute_token(rotation, err);
    }
    if (code == LWC_OK && rotation->step < STEP_RENAMED) {
        code = swap_aliases(rotation, err);
    }
    return code == LWC_OK ? finish_rotation(rotation, err) : code;
}

static enum lwc_code run_rotate(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct rotation, rotation_clear) rotation = {.app = app};
    enum lwc_code code = LWC_OK;

    if (get_option(&rotation, &opt_force) != NULL &&
        get_option(&rotation, &opt_disable_old) == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "option --force: with --disable-old only");
    }
    code = lwc_agent_run_open(app, &rotation.run, err);
    if (code == LWC_OK) {
        lwc_agent_find_account(&rotation.run, rotation.account);
        code = choose_url(&rotation, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_store_probe(&rotation.run, LWC_STORE_REPLACE, &rotation.place, err);
    }
    if (code == LWC_OK) {
        code = open_journal(&rotation, err);
    }
    return code == LWC_OK ? run_steps(&rotation, err) : code;
}

const struct lwc_command lwc_agent_rotate_command = {
    .name = "rotate",
    .summary = "put a new agent token in the place of an old one",
    .options = LWC_OPTIONS(&lwc_opt_agent_config, &lwc_opt_server_url, &lwc_opt_agent_store,
                           &lwc_opt_backend, &opt_push, &opt_disable_old, &opt_force),
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .text = "Creates a token, installs it with --config, hands it to --push, gives it the alias\n"
            "NAME and the old one NAME-old-DATE, and reports which agents use the old one.\n"
            "Interrupted, it goes on when it is run again; so it does until the old token is\n"
            "disabled.",
    .example = "agent-token rotate k8s-prod --push 'vault kv put secret/agent token=-'",
    .run = run_rotate,
};
