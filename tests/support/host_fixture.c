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
#include "stack/backend.h"
#include "tests/support/modules.h"

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct host_fixture *fixture = data;

    assert_true(level >= LWC_LOG_WARNING && level <= LWC_LOG_TRACE);
    (void)snprintf(fixture->logged, sizeof fixture->logged, "%s", text);
    fixture->logs++;
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct host_fixture *fixture = data;

    fixture->prompts++;
    assert_int_equal(flags, LWC_PROMPT_TWICE);
    if (fixture->typed == NULL) {
        return lwc_fail(err, LWC_E_LOCKED, "%s: cannot ask: not interactive", text);
    }
    return answer->put(answer->data, NULL, fixture->typed, strlen(fixture->typed), err);
}

static const char *host_setting(void *data, const char *name)
{
    struct host_fixture *fixture = data;
    size_t used = strlen(fixture->settings);

    (void)snprintf(fixture->settings + used, sizeof fixture->settings - used, "%s ", name);
    return strcmp(name, "LWCRED_TEST_SET") == 0 ? "a setting" : NULL;
}

static int64_t host_remaining_ms(void *data)
{
    const struct host_fixture *fixture = data;
    int64_t left_ms = fixture->begun_ms + fixture->left_ms - lwc_clock_boot_ms(lwc_clock_system());

    return left_ms > 0 ? left_ms : 0;
}

static void host_depends(void *data, const char *path)
{
    struct host_fixture *fixture = data;

    (void)snprintf(fixture->depended, sizeof fixture->depended, "%s", path);
}

static void host_asking(void *data, const char *text)
{
    struct host_fixture *fixture = data;

    (void)snprintf(fixture->asked, sizeof fixture->asked, "%s", text);
}

static void add_argument(struct host_fixture *fixture, const char *key, const char *value)
{
    assert_true(fixture->argc < HOST_FIXTURE_ARGS_MAX);
    (void)snprintf(fixture->args[fixture->argc], sizeof fixture->args[0], "%s%s", key, value);
    fixture->argv[fixture->argc] = fixture->args[fixture->argc];
    fixture->argc++;
}

void host_fixture_open(struct host_fixture *fixture, const char *args)
{
    char words[256];
    char *rest = words;
    char *word = NULL;

    memset(fixture, 0, sizeof *fixture);
    modules_use_test_ones();
    assert_int_equal(tmpdir_setup(&fixture->dir), 0);
    fixture->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                      .size = sizeof fixture->host,
                                      .data = fixture,
                                      .log = host_log,
                                      .prompt = host_prompt,
                                      .setting = host_setting,
                                      .remaining_ms = host_remaining_ms,
                                      .depends = host_depends,
                                      .asking = host_asking};
    fixture->left_ms = 60000;
    fixture->begun_ms = lwc_clock_boot_ms(lwc_clock_system());
    add_argument(fixture, "dir=", ((const struct tmpdir *)fixture->dir)->path);
    (void)snprintf(words, sizeof words, "%s", args);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (word[0] != '\0') {
            add_argument(fixture, "", word);
        }
    }
    assert_int_equal(lwc_module_use("blocking", true, &fixture->descriptor, NULL), LWC_OK);
    fixture->backend = fixture->descriptor.backend;
    fixture->hosted = lwc_backend_new_client(&fixture->backend, true, &fixture->host, fixture->argc,
                                             fixture->argv);
    assert_non_null(fixture->hosted);
    lwc_client_proxy(&fixture->backend);
}

unsigned host_fixture_children(void)
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

void host_fixture_close(struct host_fixture *fixture)
{
    lwc_client_free(&fixture->hosted);
    assert_null(fixture->hosted);
    assert_int_equal(host_fixture_children(), 0);
    assert_int_equal(tmpdir_teardown(&fixture->dir), 0);
}

enum lwc_code host_fixture_store(struct host_fixture *fixture, const char *profile,
                                 const void *secret, size_t len, struct lwc_error *err)
{
    struct lwc_identity identity = LWC_IDENTITY_ANY;

    identity.profile = profile;
    identity.account = "acme.lacework.net";
    identity.key_id = "ACME_0";
    identity.kind = LWC_KIND_ACCESS_KEY;
    return fixture->backend.store(fixture->hosted, &identity, secret, len, 0, err);
}

static enum lwc_code receive(void *data, const struct lwc_identity *identity, const void *bytes,
                             size_t len, struct lwc_error *err)
{
    assert_non_null(identity);
    assert_string_equal(identity->account, "acme.lacework.net");
    return lwc_buf_copy(bytes, len, data, err);
}

enum lwc_code host_fixture_find(struct host_fixture *fixture, const char *profile,
                                struct lwc_buf **secret_out, struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;
    const struct lwc_sink sink = {.data = secret_out, .put = receive};

    query.profile = profile;
    return fixture->backend.find(fixture->hosted, &query, &sink, err);
}

static enum lwc_code count(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    unsigned *number = data;

    (*number)++;
    return lwc_identity_check(identity, err);
}

enum lwc_code host_fixture_list(struct host_fixture *fixture, unsigned *count_out,
                                struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = count_out, .visit = count};

    *count_out = 0;
    return fixture->backend.list(fixture->hosted, &visitor, err);
}
