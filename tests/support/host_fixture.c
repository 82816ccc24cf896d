/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/host_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "module/module.h"
#include "tests/support/modules.h"

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct hostbed *bed = data;

    assert_true(level >= LWC_LOG_WARNING && level <= LWC_LOG_TRACE);
    (void)snprintf(bed->logged, sizeof bed->logged, "%s", text);
    bed->logs++;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct hostbed *bed = data;

    bed->prompts++;
    assert_int_equal(flags, LWC_PROMPT_TWICE);
    if (bed->typed == NULL) {
        return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
    }
    return answer->put(answer->data, NULL, bed->typed, strlen(bed->typed), err);
}

static const char *host_setting(void *data, const char *name)
{
    struct hostbed *bed = data;
    size_t used = strlen(bed->settings);

    (void)snprintf(bed->settings + used, sizeof bed->settings - used, "%s ", name);
    return strcmp(name, "LWCRED_TEST_SET") == 0 ? "a setting" : NULL;
}

static int64_t host_remaining_ms(void *data)
{
    const struct hostbed *bed = data;
    int64_t left_ms = bed->begun_ms + bed->left_ms - lwc_clock_boot_ms(lwc_clock_system());

    return left_ms > 0 ? left_ms : 0;
}

static void host_depends(void *data, const char *path)
{
    struct hostbed *bed = data;

    (void)snprintf(bed->depended, sizeof bed->depended, "%s", path);
}

static void host_asking(void *data, const char *text)
{
    struct hostbed *bed = data;

    (void)snprintf(bed->asked, sizeof bed->asked, "%s", text);
}

static void add_argument(struct hostbed *bed, const char *key, const char *value)
{
    assert_true(bed->argc < HOSTBED_ARGS_MAX);
    (void)snprintf(bed->args[bed->argc], sizeof bed->args[0], "%s%s", key, value);
    bed->argv[bed->argc] = bed->args[bed->argc];
    bed->argc++;
}

void hostbed_open(struct hostbed *bed, const char *args)
{
    char words[256];
    char *rest = words;
    char *word = NULL;

    memset(bed, 0, sizeof *bed);
    modules_use_test_ones();
    assert_int_equal(tmpdir_setup(&bed->dir), 0);
    bed->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                  .size = sizeof bed->host,
                                  .data = bed,
                                  .log = host_log,
                                  .prompt = host_prompt,
                                  .setting = host_setting,
                                  .remaining_ms = host_remaining_ms,
                                  .depends = host_depends,
                                  .asking = host_asking};
    bed->left_ms = 60000;
    bed->begun_ms = lwc_clock_boot_ms(lwc_clock_system());
    add_argument(bed, "dir=", ((const struct tmpdir *)bed->dir)->path);
    (void)snprintf(words, sizeof words, "%s", args);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (word[0] != '\0') {
            add_argument(bed, "", word);
        }
    }
    assert_int_equal(lwc_module_use("blocking", true, &bed->descriptor, NULL), LWC_OK);
    bed->backend = bed->descriptor.backend;
    bed->hosted = lwc_client_new(&bed->backend, true, &bed->host, bed->argc, bed->argv);
    assert_non_null(bed->hosted);
    lwc_client_proxy(&bed->backend);
}

unsigned hostbed_children(void)
{
    char path[64];
    char list[4096];
    unsigned count = 0;
    FILE *file = NULL;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "re");
    assert_non_null(file);
    list[fread(list, 1, sizeof list - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    for (const char *at = list; *at != '\0'; at++) {
        count += *at == ' ';
    }
    return count;
}

void hostbed_close(struct hostbed *bed)
{
    lwc_client_free(&bed->hosted);
    assert_null(bed->hosted);
    assert_int_equal(hostbed_children(), 0);
    assert_int_equal(tmpdir_teardown(&bed->dir), 0);
}

enum lwc_code hostbed_store(struct hostbed *bed, const char *profile, const void *secret,
                            size_t len, struct lwc_error *err)
{
    struct lwc_identity identity = LWC_IDENTITY_ANY;

    identity.profile = profile;
    identity.account = "acme.lacework.net";
    identity.key_id = "ACME_0";
    identity.kind = LWC_KIND_ACCESS_KEY;
    return bed->backend.store(bed->hosted, &identity, secret, len, 0, err);
}

static enum lwc_code receive(void *data, const struct lwc_identity *identity, const void *bytes,
                             size_t len, struct lwc_error *err)
{
    assert_non_null(identity);
    assert_string_equal(identity->account, "acme.lacework.net");
    return lwc_buf_copy(bytes, len, data, err);
}

enum lwc_code hostbed_find(struct hostbed *bed, const char *profile, struct lwc_buf **secret_out,
                           struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    const struct lwc_sink sink = {.data = secret_out, .put = receive};

    query.profile = profile;
    return bed->backend.find(bed->hosted, &query, &sink, err);
}

static enum lwc_code count(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    unsigned *number = data;

    (*number)++;
    return lwc_identity_check(identity, err);
}

enum lwc_code hostbed_list(struct hostbed *bed, unsigned *count_out, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = count_out, .visit = count};

    *count_out = 0;
    return bed->backend.list(bed->hosted, &visitor, err);
}
