/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions, as a program that links liblwcred sees them. */
#include <lwcred.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/modules.h"
#include "tests/support/tmpdir.h"

#define HELD "hold=taken:acme.lacework.net:ACME_0:s3cret"

/* Counts of a context's callbacks. */
static struct {
    unsigned traces;
    unsigned prompts;
} seen;

static void on_log(void *data, enum lwc_log_level level, const char *text)
{
    assert_ptr_equal(data, &seen);
    assert_null(strstr(text, "s3cret"));
    seen.traces += level == LWC_LOG_TRACE;
}

static enum lwc_code on_prompt(void *data, const char *text, uint32_t flags,
                               const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)text;
    (void)flags;
    assert_ptr_equal(data, &seen);
    seen.prompts++;
    return answer->put(answer->data, NULL, "correct horse", 13, err);
}

static struct lwc_context *open_stack(const struct tmpdir *dir, const char *text, uint32_t flags)
{
    char path[TMPDIR_PATH_LEN];
    const struct lwc_options options = {.size = sizeof options,
                                        .flags = flags,
                                        .config = tmpdir_join(dir, "stack", path),
                                        .data = &seen,
                                        .log = on_log,
                                        .prompt = on_prompt};
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};

    modules_use_test_ones();
    memset(&seen, 0, sizeof seen);
    tmpdir_write(dir, "stack", text, strlen(text), 0600);
    if (lwc_open(&options, &ctx, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
    return ctx;
}

static struct lwc_identity key_of(const char *profile)
{
    return (struct lwc_identity){.profile = profile,
                                 .account = "acme.lacework.net",
                                 .origin = "",
                                 .key_id = "ACME_0",
                                 .sub_account = "",
                                 .kind = LWC_KIND_ACCESS_KEY};
}

static void version_is_that_of_the_header(void **state)
{
    (void)state;
    assert_string_equal(lwc_version(), LWC_VERSION);
}

static void open_bad_options_are_refused(void **state)
{
    const struct lwc_options no_size = {.service = "x"};
    const struct lwc_options bad_service = {.size = sizeof bad_service, .service = "../x"};
    const struct lwc_options bad_timeout = {.size = sizeof bad_timeout, .timeout_ms = -1};
    const struct lwc_options *const cases[] = {&no_size, &bad_service, &bad_timeout};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_context *ctx = NULL;
        struct lwc_error err = {0};

        assert_int_equal(lwc_open(cases[i], &ctx, &err), LWC_E_INVALID);
        assert_null(ctx);
        assert_int_not_equal(err.msg[0], '\0');
    }
}

static void open_without_options_takes_defaults(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx = NULL;

    setenv("XDG_CONFIG_HOME", dir->path, 1);
    assert_int_equal(lwc_open(NULL, &ctx, NULL), LWC_OK);
    lwc_close(&ctx);
    assert_null(ctx);
    lwc_close(&ctx);
    lwc_close(NULL);
}

static void get_of_what_is_absent_leaves_the_output_alone(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx = open_stack(dir, "lookup required answer\n", 0);
    struct lwc_query query = {.size = sizeof query, .profile = "none"};
    struct lwc_query no_size = {.profile = "none"};
    struct lwc_token *token = NULL;
    struct lwc_error err = {0};

    assert_int_equal(lwc_token_get(ctx, &query, &token, &err), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_token_get(ctx, &no_size, &token, NULL), LWC_E_INVALID);
    assert_null(token);
    assert_non_null(strstr(err.msg, "'none'"));
    assert_int_equal(seen.traces, 1);
    lwc_token_free(&token);
    lwc_token_free(NULL);
    lwc_close(&ctx);
}

static void store_refuses_what_is_no_key(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx = open_stack(dir, "store required answer\n", 0);
    struct lwc_identity good = key_of("new");
    struct lwc_identity env = key_of("env");
    struct lwc_identity host = key_of("new");
    struct lwc_identity token = key_of("new");
    const struct {
        const struct lwc_identity *identity;
        const char *secret;
        enum lwc_code code;
    } cases[] = {
        {&good, "s3cret", LWC_OK},          {&good, "s3 cret", LWC_E_INVALID},
        {&good, "s3cret\n", LWC_E_INVALID}, {&good, "", LWC_E_INVALID},
        {&env, "s3cret", LWC_E_INVALID},    {&host, "s3cret", LWC_E_INVALID},
        {&token, "s3cret", LWC_E_INVALID},
    };

    host.account = "evil.example/";
    token.kind = LWC_KIND_TOKEN;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char backend[LWC_BACKEND_NAME_MAX + 1] = "none";

        print_message("%zu\n", i);
        assert_int_equal(lwc_key_store(ctx, cases[i].identity, cases[i].secret,
                                       strlen(cases[i].secret), NULL, 0, backend, NULL),
                         cases[i].code);
        assert_string_equal(backend, cases[i].code == LWC_OK ? "answer" : "none");
    }
    lwc_close(&ctx);
}

static void on_removed(void *data, const char *backend, const struct lwc_error *why)
{
    char *text = data;
    const size_t used = strlen(text);

    (void)snprintf(text + used, 256 - used, "%s %s ", backend, why == NULL ? "ok" : why->msg);
}

static void remove_needs_a_name(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx = open_stack(dir, "erase required answer " HELD "\n", 0);
    struct lwc_query empty = {.size = sizeof empty, .account = "acme.lacework.net"};
    struct lwc_query query = {.size = sizeof query, .key_id = "ACME_0"};
    char removed[256] = "";

    assert_int_equal(lwc_key_remove(ctx, &empty, NULL, 0, NULL, on_removed, removed, NULL),
                     LWC_E_INVALID);
    assert_int_equal(lwc_key_remove(ctx, NULL, NULL, 0, NULL, on_removed, removed, NULL),
                     LWC_E_INVALID);
    assert_int_equal(lwc_key_remove(ctx, &query, "other", 5, NULL, on_removed, removed, NULL),
                     LWC_E_NOT_FOUND);
    assert_int_equal(lwc_key_remove(ctx, &query, "s3cret", 6, NULL, on_removed, removed, NULL),
                     LWC_OK);
    assert_string_equal(removed, "answer ok ");
    assert_int_equal(lwc_key_remove(ctx, &query, "s3cret", 6, NULL, NULL, NULL, NULL), LWC_OK);
    lwc_close(&ctx);
}

static enum lwc_code on_listed(void *data, const struct lwc_identity *identity, const char *backend,
                               struct lwc_error *err)
{
    char *text = data;
    size_t used = strlen(text);

    (void)err;
    (void)snprintf(text + used, 256 - used, "%s@%s ", identity->profile, backend);
    return LWC_OK;
}

static void list_filters_and_names_the_backend(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx = open_stack(
        dir, "lookup required answer hold=a:acme.lacework.net:A_1:s hold=b:b.lacework.net:B_1:s\n",
        0);
    struct lwc_query query = {.size = sizeof query, .account = "b.lacework.net"};
    char all[256] = "";
    char some[256] = "";

    assert_int_equal(lwc_list(ctx, NULL, on_listed, all, NULL), LWC_OK);
    assert_string_equal(all, "a@answer b@answer ");
    assert_int_equal(lwc_list(ctx, &query, on_listed, some, NULL), LWC_OK);
    assert_string_equal(some, "b@answer ");
    lwc_close(&ctx);
}

static void on_backend(void *data, const char *name, const struct lwc_backend *backend,
                       const struct lwc_error *why)
{
    unsigned *counts = data;

    assert_string_equal(name, backend != NULL ? "answer" : "nowhere");
    assert_true(backend != NULL || why->code == LWC_E_UNAVAILABLE);
    counts[backend != NULL ? 0 : 1]++;
}

static void backends_names_those_of_the_stack(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx =
        open_stack(dir, "lookup required answer\nlookup optional nowhere\n", 0);
    unsigned counts[2] = {0, 0};

    lwc_backends(ctx, on_backend, counts);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    lwc_close(&ctx);
}

static void open_no_external_loads_no_module_of_the_user(void **state)
{
    struct tmpdir *dir = *state;
    struct lwc_context *ctx =
        open_stack(dir, "lookup required answer " HELD "\n", LWC_OPEN_NO_EXTERNAL);
    struct lwc_query query = {.size = sizeof query, .profile = "taken"};
    struct lwc_token *token = NULL;

    assert_int_equal(lwc_token_get(ctx, &query, &token, NULL), LWC_E_UNAVAILABLE);
    lwc_close(&ctx);
}

static void probe_asks_only_if_it_may(void **state)
{
    struct tmpdir *dir = *state;
    char line[TMPDIR_PATH_LEN + 64];
    struct lwc_identity identity = key_of("new");
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";
    struct lwc_context *ctx = NULL;

    (void)snprintf(line, sizeof line, "store required file path=%s/keys.lwc kdf=interactive\n",
                   dir->path);
    unsetenv("LWCRED_KEY_FILE");
    ctx = open_stack(dir, line, LWC_OPEN_NO_PROMPT);
    assert_int_equal(lwc_key_probe(ctx, &identity, NULL, 0, backend, NULL), LWC_E_LOCKED);
    assert_int_equal(seen.prompts, 0);
    lwc_close(&ctx);
    ctx = open_stack(dir, line, 0);
    assert_int_equal(lwc_key_probe(ctx, &identity, NULL, 0, backend, NULL), LWC_OK);
    assert_string_equal(backend, "file");
    assert_int_equal(seen.prompts, 1);
    assert_int_equal(lwc_key_store(ctx, &identity, "s3cret", 6, NULL, 0, backend, NULL), LWC_OK);
    assert_int_equal(seen.prompts, 1);
    lwc_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(open_bad_options_are_refused),
        cmocka_unit_test_setup_teardown(open_without_options_takes_defaults, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(get_of_what_is_absent_leaves_the_output_alone, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(store_refuses_what_is_no_key, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(remove_needs_a_name, tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(list_filters_and_names_the_backend, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(backends_names_those_of_the_stack, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(open_no_external_loads_no_module_of_the_user, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(probe_asks_only_if_it_may, tmpdir_setup, tmpdir_teardown),
    };

    return cmocka_run_group_tests_name("lwcred", tests, NULL, NULL);
}
