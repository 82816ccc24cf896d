/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"
#include "plugins/agent/config.h"
#include "plugins/agent/manifest.h"
#include "plugins/helper/commands/agent_token.h"
#include "plugins/helper/output.h"
#include "plugins/helper/shared_options.h"

#define LOCK_MS 30000
#define QUESTION_LEN 160

static enum lwc_code check_url(const char *value, struct lwc_error *err)
{
    char url[LWC_AGENT_URL_MAX + 1];

    return lwc_agent_url_parse(value, url, err);
}

const struct lwc_option lwc_opt_agent_config = {
    .name = "config",
    .value = "FILE",
    .help = "the agent's file, /var/lib/lacework/config/config.json",
};

const struct lwc_option lwc_opt_server_url = {
    .name = "server-url",
    .value = "URL",
    .help = "where the agent reports to: us, us-02, eu, anz or a URL",
    .check = check_url,
};

static const struct lwc_option opt_token_stdin = {
    .name = "token-stdin",
    .help = "read the token from standard input; asks no API",
};

static const struct lwc_option opt_script = {
    .name = "script",
    .help = "print a script that installs the agent; without the token",
};

static const struct lwc_option opt_k8s_secret = {
    .name = "k8s-secret",
    .help = "print a Kubernetes Secret with the token",
};

static const struct lwc_option opt_helm_values = {
    .name = "helm-values",
    .help = "print values of the Helm chart; without the token",
};

static const struct lwc_option opt_secret_name = {
    .name = "secret-name",
    .value = "NAME",
    .help = "name of the Secret, " LWC_AGENT_SECRET_NAME,
    .check = lwc_agent_object_name_check,
};

static const struct lwc_option opt_namespace = {
    .name = "namespace",
    .value = "NAME",
    .help = "namespace of the Secret",
    .check = lwc_agent_object_name_check,
};

/* An installation on its way.  url: url_room or NULL. */
struct install_ctx {
    struct lwc_app *app;
    struct lwc_agent_run run;
    char account[LWC_ACCOUNT_MAX + 1];
    char url_room[LWC_AGENT_URL_MAX + 1];
    const char *url;
    struct lwc_buf *token;
};

static void install_ctx_clear(struct install_ctx *ctx)
{
    lwc_buf_free(&ctx->token);
}

static bool is_given(const struct install_ctx *ctx, const struct lwc_option *option)
{
    return lwc_args_has(&ctx->app->args, option);
}

static void skip_line(void *data, const struct lwc_explained_line *line)
{
    (void)data;
    (void)line;
}

static void copy_account(void *data, const struct lwc_explained_answer *answer)
{
    (void)snprintf(data, LWC_ACCOUNT_MAX + 1, "%s", answer->identity->account);
}

void lwc_agent_find_account(struct lwc_agent_run *run, char room[LWC_ACCOUNT_MAX + 1])
{
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = room, .line = skip_line, .answer = copy_account};
    struct lwc_error why = {0};

    room[0] = '\0';
    if (lwc_explain(run->client.ctx, &run->query, &visitor, &why) != LWC_OK) {
        lwc_app_trace(run->app, "the account is not known yet: %s", why.msg);
    }
}

static enum lwc_code ask_url(struct lwc_app *app, const char *account, const char *region,
                             char *room, struct lwc_error *err)
{
    LWC_AUTO_BUF answer = NULL;
    char question[QUESTION_LEN];
    enum lwc_code code = LWC_OK;

    if (lwc_app_no_prompt(app)) {
        code = lwc_fail(err, LWC_E_LOCKED,
                        "option --server-url: agents of %s need it, and cannot ask: not "
                        "interactive",
                        account);
        return lwc_hint(err, code, "give --server-url %s", region != NULL ? region : "URL");
    }
    (void)snprintf(question, sizeof question,
                   "Where agents of %s report to (us, us-02, eu, anz or a URL%s%s)", account,
                   region != NULL ? "; its name says " : "", region != NULL ? region : "");
    code = lwc_app_ask(app, question, LWC_PROMPT_ECHO, &answer, err);
    return code == LWC_OK ? lwc_agent_url_parse(lwc_buf_text(answer), room, err) : code;
}

enum lwc_code lwc_agent_choose_url(struct lwc_app *app, const char *account, bool has_url,
                                   char *room, const char **url_out, struct lwc_error *err)
{
    const char *given = lwc_args_value(&app->args, &lwc_opt_server_url);
    const char *region = NULL;
    enum lwc_code code = LWC_OK;

    *url_out = NULL;
    if (given == NULL &&
        (has_url || !lwc_is_set(account) || !lwc_agent_url_is_needed(account, &region))) {
        return LWC_OK;
    }
    code = given != NULL ? lwc_agent_url_parse(given, room, err)
                         : ask_url(app, account, region, room, err);
    if (code == LWC_OK) {
        *url_out = room;
    }
    return code;
}

/* Exactly one thing is made, and what goes into it is known. */
static enum lwc_code check_usage(struct install_ctx *ctx, struct lwc_error *err)
{
    const struct lwc_option *const kinds[] = {&lwc_opt_agent_config, &opt_script, &opt_k8s_secret,
                                              &opt_helm_values};
    const bool is_token_used =
        is_given(ctx, &lwc_opt_agent_config) || is_given(ctx, &opt_k8s_secret);
    size_t count = 0;

    for (size_t i = 0; i < LWC_ARRAY_LEN(kinds); i++) {
        count += is_given(ctx, kinds[i]);
    }
    if (count != 1) {
        return lwc_fail(err, LWC_E_INVALID,
                        "give one of --config, --script, --k8s-secret and --helm-values");
    }
    if (is_given(ctx, &opt_token_stdin) && (ctx->app->args.operands > 0 || !is_token_used)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "option --token-stdin: in place of NAME, with --config or --k8s-secret");
    }
    if (ctx->app->args.operands == 0 && !is_given(ctx, &opt_token_stdin)) {
        return lwc_fail(err, LWC_E_INVALID, "give NAME, or --token-stdin");
    }
    return LWC_OK;
}

static enum lwc_code read_stdin(struct install_ctx *ctx, struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_new(LWC_AGENT_TOKEN_MAX + 2, &ctx->token, err);

    if (code == LWC_OK && isatty(STDIN_FILENO) == 1) {
        code = lwc_fail(err, LWC_E_INVALID, "standard input is a terminal, which would show it");
    }
    if (code == LWC_OK) {
        code = lwc_fd_read(STDIN_FILENO, LWC_AGENT_TOKEN_MAX + 2, lwc_app_deadline_ms(ctx->app),
                           ctx->token, err);
    }
    if (code == LWC_OK) {
        lwc_buf_drop_newline(ctx->token);
        code = lwc_agent_token_check(lwc_buf_text(ctx->token), lwc_buf_len(ctx->token), err);
    }
    return code == LWC_OK ? code : lwc_wrap(err, code, "option --token-stdin");
}

static enum lwc_code fetch_token(struct install_ctx *ctx, struct lwc_error *err)
{
    LWC_AUTO_AGENT_REPLY reply = {0};
    const struct lwc_agent_token *token = NULL;
    enum lwc_code code = lwc_agent_find(&ctx->run.client, ctx->run.alias, &reply, &token, err);

    if (code == LWC_OK && !token->is_enabled) {
        code = lwc_fail(err, LWC_E_INVALID, "the agent token '%s' is disabled", ctx->run.alias);
        return lwc_hint(err, code, "'lw-credential-helper agent-token enable' enables it");
    }
    return code == LWC_OK ? lwc_buf_copy(token->secret.at, token->secret.len, &ctx->token, err)
                          : code;
}

/* Gets what the installation needs: from the API with NAME, else nothing but the options. */
static enum lwc_code prepare_install(struct install_ctx *ctx, struct lwc_error *err)
{
    const bool is_token_used =
        is_given(ctx, &lwc_opt_agent_config) || is_given(ctx, &opt_k8s_secret);
    enum lwc_code code = LWC_OK;

    if (is_given(ctx, &opt_token_stdin)) {
        return read_stdin(ctx, err);
    }
    code = lwc_agent_run_open(ctx->app, &ctx->run, err);
    if (code != LWC_OK) {
        return code;
    }
    lwc_agent_find_account(&ctx->run, ctx->account);
    return is_token_used ? fetch_token(ctx, err) : LWC_OK;
}

static const char *secret_name(const struct install_ctx *ctx)
{
    const char *given = lwc_args_value(&ctx->app->args, &opt_secret_name);

    return given != NULL ? given : LWC_AGENT_SECRET_NAME;
}

/* Prints the one thing that is no file. */
static enum lwc_code print_text(struct install_ctx *ctx, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    enum lwc_code code = lwc_buf_new(4096, &out, err);

    if (code != LWC_OK) {
        return code;
    }
    if (is_given(ctx, &opt_script)) {
        code = lwc_agent_script_write(ctx->run.alias, ctx->url, out, err);
    } else if (is_given(ctx, &opt_k8s_secret)) {
        code = lwc_agent_secret_write(secret_name(ctx),
                                      lwc_args_value(&ctx->app->args, &opt_namespace),
                                      lwc_buf_text(ctx->token), out, err);
    } else {
        code = lwc_agent_helm_write(secret_name(ctx), ctx->url, out, err);
    }
    return code == LWC_OK ? lwc_output_write(out, err) : code;
}

enum lwc_code lwc_agent_install_token(struct lwc_app *app, const char *path, const char *token,
                                      const char *url, struct lwc_error *err)
{
    static const struct {
        const char *before;
        const char *after;
    } outcomes[] = {
        [LWC_AGENT_CREATED] = {"made ", " with the agent token"},
        [LWC_AGENT_CHANGED] = {"changed ", "; a running agent takes it up within a minute"},
        [LWC_AGENT_UNCHANGED] = {"", " holds this agent token already"},
    };
    const struct lwc_agent_change change = {
        .token = token, .url = url, .timeout_ms = LOCK_MS, .umask = app->umask};
    enum lwc_agent_outcome outcome = LWC_AGENT_UNCHANGED;
    enum lwc_code code = lwc_agent_config_write(path, &change, &outcome, err);

    if (code == LWC_OK) {
        lwc_app_say(app, "%s%s%s", outcomes[outcome].before, path, outcomes[outcome].after);
    }
    return code;
}

static enum lwc_code has_url_in_file(const struct install_ctx *ctx, bool *has_url_out,
                                     struct lwc_error *err)
{
    const char *path = lwc_args_value(&ctx->app->args, &lwc_opt_agent_config);
    LWC_AUTO_BUF token = NULL;

    *has_url_out = is_given(ctx, &opt_k8s_secret);
    return path != NULL ? lwc_agent_config_read(path, has_url_out, &token, err) : LWC_OK;
}

static enum lwc_code run_install(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO(struct install_ctx, install_ctx_clear) ctx = {.app = app};
    const char *path = lwc_args_value(&app->args, &lwc_opt_agent_config);
    bool has_url = false;
    enum lwc_code code = check_usage(&ctx, err);

    if (code == LWC_OK) {
        code = prepare_install(&ctx, err);
    }
    if (code == LWC_OK) {
        code = has_url_in_file(&ctx, &has_url, err);
    }
    if (code == LWC_OK) {
        code = lwc_agent_choose_url(app, ctx.account, has_url, ctx.url_room, &ctx.url, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return path != NULL ? lwc_agent_install_token(app, path, lwc_buf_text(ctx.token), ctx.url, err)
                        : print_text(&ctx, err);
}

const struct lwc_command lwc_agent_install_command = {
    .name = "install",
    .summary = "put an agent token into the agent's file, a script or a manifest",
    .options =
        LWC_OPTIONS(&lwc_opt_agent_config, &lwc_opt_server_url, &opt_token_stdin, &opt_script,
                    &opt_k8s_secret, &opt_helm_values, &opt_secret_name, &opt_namespace),
    .operands = "[NAME]",
    .operands_max = 1,
    .text =
        "With --config, token and server are set in the agent's configuration file; all\n"
        "else in it stays.  The file belongs to root, the key to a user: pipe the output of\n"
        "'agent-token show' into 'sudo lw-credential-helper agent-token install --token-stdin'.",
    .example =
        "agent-token install k8s-prod --k8s-secret --namespace lacework | kubectl create -f -",
    .run = run_install,
};
