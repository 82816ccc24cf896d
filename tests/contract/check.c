/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwcred-backend-check NAME [ARGUMENT...]: hold backend NAME to the rules of lwcred/backend.h.
 *
 * The place behind it must be empty and writable (a read-only backend: must hold the credential
 * that CHECK_PROFILE, CHECK_ACCOUNT, CHECK_KEY_ID and CHECK_SECRET describe).
 */
#include "tests/contract/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/module.h"

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    (void)level;
    printf("# log: %s\n", text);
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)flags;
    (void)answer;
    return lwc_fail(err, LWC_E_LOCKED, "%s: nobody may be asked", text);
}

static const char *host_setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static void host_depends(void *data, const char *path)
{
    (void)data;
    (void)path;
}

static void host_asking(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static int64_t host_remaining_ms(void *data)
{
    (void)data;
    return 30000;
}

static const char *text_of(const char *variable)
{
    const char *text = getenv(variable);

    return text != NULL ? text : "";
}

static void bench_init(struct bench *bench, int argc, char **argv)
{
    bench->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                    .size = sizeof bench->host,
                                    .log = host_log,
                                    .prompt = host_prompt,
                                    .setting = host_setting,
                                    .remaining_ms = host_remaining_ms,
                                    .depends = host_depends,
                                    .asking = host_asking};
    bench->argc = (size_t)argc - 2;
    bench->argv = (const char *const *)argv + 2;
    bench->held = (struct lwc_identity)LWC_IDENTITY_ANY;
    bench->held.profile = text_of("CHECK_PROFILE");
    bench->held.account = text_of("CHECK_ACCOUNT");
    bench->held.key_id = text_of("CHECK_KEY_ID");
    bench->held_secret = getenv("CHECK_SECRET");
}

/* Prints TAP 13, so that any harness can read it. */
static size_t run_rules(struct bench *bench)
{
    size_t broken = 0;

    printf("1..%zu\n", rule_count);
    for (size_t i = 0; i < rule_count; i++) {
        const struct rule *rule = &rules[i];

        bench->said[0] = '\0';
        if ((bench->backend.caps & rule->caps) != rule->caps) {
            printf("ok %zu - %s: does not apply, the capability is not declared\n", i + 1,
                   rule->name);
        } else if (rule->kept(bench)) {
            printf("ok %zu - %s\n", i + 1, rule->name);
        } else {
            broken++;
            printf("not ok %zu - %s: %s\n", i + 1, rule->name, bench->said);
        }
    }
    return broken;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct lwc_error err = {0};
    size_t broken;

    if (argc < 2) {
        fprintf(stderr, "usage: lwcred-backend-check NAME [ARGUMENT...]\n");
        return 2;
    }
    bench_init(&bench, argc, argv);
    if (lwc_module_load(argv[1], true, &bench.backend, &err) != LWC_OK) {
        printf("not ok - the module loads: %s\n", err.msg);
        return 1;
    }
    broken = run_rules(&bench);
    printf("# %s: %zu of %zu rules broken\n", argv[1], broken, rule_count);
    return broken == 0 ? 0 : 1;
}
