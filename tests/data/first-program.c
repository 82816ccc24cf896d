/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as users wrote it for the first complete lwcred.h: it uses each function and each member
 * of each struct that the header had then, and must compile against every later header unchanged.
 *
 * Two functions are left out, which got another parameter before the first release:
 * lwc_key_remove() reports each backend to a visitor, and lwc_token_forget() takes the origin.
 */
#include <lwcred.h>

#include <stdio.h>
#include <string.h>

static void write_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    fprintf(stderr, "%d: %s\n", (int)level, text);
}

static enum lwc_code refuse_prompt(void *data, const char *text, uint32_t flags,
                                   const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)text;
    (void)flags;
    (void)answer;
    if (err != NULL) {
        err->code = LWC_E_LOCKED;
        strcpy(err->msg, "not interactive");
        err->hint[0] = '\0';
        err->sys = 0;
        err->wait_s = 0;
    }
    return LWC_E_LOCKED;
}

static void print_cached(void *data, const struct lwc_identity *identity, int64_t expires_in,
                         const char *place)
{
    (void)data;
    printf("cached %s %s %lld\n", identity->profile, place, (long long)expires_in);
}

static enum lwc_code print_key(void *data, const struct lwc_identity *identity, const char *backend,
                               struct lwc_error *err)
{
    (void)data;
    (void)err;
    printf("key %s %s %s %s %s %u %u in %s\n", identity->profile, identity->account,
           identity->origin, identity->key_id, identity->sub_account, identity->kind,
           identity->flags, backend);
    return LWC_OK;
}

static void print_backend(void *data, const char *name, const struct lwc_backend *backend,
                          const struct lwc_error *why)
{
    (void)data;
    printf("backend %s: %s\n", name, backend != NULL ? backend->summary : why->msg);
}

static void print_line(void *data, const struct lwc_config_line *line)
{
    (void)data;
    printf("line %u of %s: %s %s %s %zu%s\n", line->line, line->file, line->operation,
           line->control != NULL ? line->control : "", line->name, line->argc,
           line->size < sizeof *line ? " (older)" : "");
    printf("  %s %s\n", line->text, line->argc > 0 ? line->argv[0] : "");
}

static void print_finding(void *data, const struct lwc_config_finding *finding)
{
    (void)data;
    printf("%s:%u:%u: %s%s (%u)\n", finding->file, finding->line, finding->column,
           finding->is_fault ? "fault: " : "", finding->what->msg, finding->size);
}

static void print_explained_line(void *data, const struct lwc_explained_line *line)
{
    (void)data;
    printf("%d.%u %s:%u %s %s %s\n", (int)line->rule, line->walk, line->file, line->line,
           line->backend, line->text, line->wanted->profile);
    if (line->asked) {
        printf("  %d %s %s %s %s %d%d%d %u\n", (int)line->code,
               line->code != LWC_OK ? line->why->msg : "",
               line->holds != NULL ? line->holds->profile : "-", line->outcome, line->action,
               line->untold, line->counts, line->ends, line->size);
        printf("  %s\n", line->if_locked != NULL ? line->if_locked : "-");
    }
}

static void print_explained_answer(void *data, const struct lwc_explained_answer *answer)
{
    (void)data;
    printf("answer %d %s %s %d %u%s\n", (int)answer->rule, answer->identity->profile,
           answer->backend, answer->untold, answer->size,
           answer->from == LWC_FROM_CACHE || answer->from == LWC_FROM_CACHE_KEYED ||
                   answer->from == LWC_FROM_EXCHANGE || answer->from == LWC_FROM_BACKEND
               ? ""
               : " from elsewhere");
}

static enum lwc_code print_token(struct lwc_context *ctx, const struct lwc_query *query,
                                 struct lwc_error *err)
{
    struct lwc_token *token = NULL;
    enum lwc_code code = lwc_token_get(ctx, query, &token, err);

    if (code == LWC_OK) {
        printf("token of %zu bytes for %s from %s, %lld %lld\n", strlen(lwc_token_text(token)),
               lwc_token_identity(token)->profile, lwc_token_source(token),
               (long long)lwc_token_expires_at(token), (long long)lwc_token_expires_in(token));
    }
    lwc_token_free(&token);
    return code;
}

static void try_key(struct lwc_context *ctx)
{
    const char secret[] = "_0123456789abcdef0123456789abcdef";
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char host[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    struct lwc_error err = {0};
    struct lwc_identity identity = {.profile = "first",
                                    .origin = "",
                                    .key_id = "not a key",
                                    .sub_account = "",
                                    .kind = LWC_KIND_ACCESS_KEY,
                                    .flags = LWC_ID_ORG_ACCESS};

    if (lwc_account_parse("ACME", host, &err) != LWC_OK ||
        lwc_origin_parse("https://acme.lacework.net:443", origin, &err) != LWC_OK) {
        printf("%s\n", err.msg);
        return;
    }
    printf("%s %s\n", host, origin);
    identity.account = host;
    printf("probe %d\n", (int)lwc_key_probe(ctx, &identity, "env", 0, backend, &err));
    printf("store %d\n", (int)lwc_key_store(ctx, &identity, secret, strlen(secret), "env",
                                            LWC_STORE_REPLACE, backend, &err));
    printf("prove %d\n", (int)lwc_key_prove(ctx, &identity, secret, strlen(secret), &err));
}

int main(void)
{
    const struct lwc_options options = {.size = sizeof options,
                                        .flags = LWC_OPEN_NO_PROMPT | LWC_OPEN_NO_EXTERNAL,
                                        .service = "default",
                                        .config = NULL,
                                        .timeout_ms = 5000,
                                        .data = NULL,
                                        .log = write_log,
                                        .prompt = refuse_prompt};
    const struct lwc_query query = {.size = sizeof query,
                                    .org_access = false,
                                    .refresh = false,
                                    .no_cache = true,
                                    .profile = "first",
                                    .account = NULL,
                                    .key_id = NULL,
                                    .sub_account = NULL,
                                    .ttl_s = 3600,
                                    .min_valid_s = 60};
    const struct lwc_explain_visitor visitor = {.size = sizeof visitor,
                                                .data = NULL,
                                                .line = print_explained_line,
                                                .answer = print_explained_answer};
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};

    printf("lwcred %s\n", lwc_version());
    printf("check %d\n", (int)lwc_config_check(&options, print_finding, NULL, &err));
    if (lwc_open(&options, &ctx, &err) != LWC_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    printf("source %s\n", lwc_config_source(ctx));
    printf("lines %d\n", (int)lwc_config_lines(ctx, print_line, NULL, &err));
    lwc_backends(ctx, print_backend, NULL);
    printf("list %d\n", (int)lwc_list(ctx, &query, print_key, NULL, &err));
    printf("explain %d\n", (int)lwc_explain(ctx, &query, &visitor, &err));
    printf("get %d\n", (int)print_token(ctx, &query, &err));
    try_key(ctx);
    lwc_cached_list(ctx, print_cached, NULL);
    printf("cleared %d\n", lwc_cached_clear(ctx) == 0);
    lwc_close(&ctx);
    return ctx == NULL ? 0 : 1;
}
