/* SPDX-License-Identifier: Apache-2.0 */
/* core/library/copy.c, with real stores and a backend that forgets what it is given. */
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

#define SECRET "_0123456789abcdef"
#define HELD "hold=old:acme.lacework.net:ACME_0:_held"
#define STACK_MAX (4 * TMPDIR_PATH_LEN)

static int setup(void **state)
{
    char path[TMPDIR_PATH_LEN];
    const struct tmpdir *dir = NULL;

    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    dir = *state;
    modules_use_test_ones();
    tmpdir_write(dir, "key", "0123456789abcdef0123456789abcdef0123456789abcdef", 48, 0600);
    (void)setenv("HOME", dir->path, 1);
    (void)setenv("XDG_STATE_HOME", dir->path, 1);
    (void)setenv("LWCRED_KEY_FILE", tmpdir_join(dir, "key", path), 1);
    return 0;
}

/* Opens a stack of the file store @name; @extra stands behind. */
static struct lwc_context *open_store(const struct tmpdir *dir, const char *name, const char *extra)
{
    char text[STACK_MAX];
    char path[TMPDIR_PATH_LEN];
    struct lwc_options options = {.size = sizeof options, .stack = text};
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};

    tmpdir_join(dir, name, path);
    (void)snprintf(text, sizeof text,
                   "set cache none\nlookup sufficient file path=%s\nstore sufficient file path=%s\n"
                   "erase sufficient file path=%s\n%s",
                   path, path, path, extra);
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
                                 .sub_account = "sub",
                                 .kind = LWC_KIND_ACCESS_KEY,
                                 .flags = LWC_ID_ORG_ACCESS};
}

static void store(struct lwc_context *ctx, const char *profile, const char *secret)
{
    const struct lwc_identity id = key_of(profile);
    char backend[LWC_BACKEND_NAME_MAX + 1];

    assert_int_equal(
        lwc_key_store(ctx, &id, secret, strlen(secret), NULL, LWC_STORE_REPLACE, backend, NULL),
        LWC_OK);
}

static enum lwc_code holds(struct lwc_context *ctx, const char *profile, const char *secret)
{
    const struct lwc_identity id = key_of(profile);
    char backend[LWC_BACKEND_NAME_MAX + 1] = "";

    return lwc_key_compare(ctx, &id, secret, strlen(secret), NULL, backend, NULL);
}

static enum lwc_code copy_to(struct lwc_context *from, struct lwc_context *to, const char *profile,
                             const char *new_profile, uint32_t flags, struct lwc_copy *copy,
                             struct lwc_error *err)
{
    *copy = (struct lwc_copy){
        .size = sizeof *copy, .flags = flags, .profile = profile, .new_profile = new_profile};
    return lwc_key_copy(from, to, copy, err);
}

static void a_stack_is_given_as_text(void **state)
{
    static const char *const refused[] = {"nonsense\n", "include common\n", "lookup"};
    struct lwc_context *ctx = open_store(*state, "a", "");

    assert_string_equal(lwc_config_source(ctx), "given");
    lwc_close(&ctx);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct lwc_options options = {.size = sizeof options, .stack = refused[i]};

        assert_int_equal(lwc_open(&options, &ctx, NULL), LWC_E_INVALID);
    }
}

static void a_copy_is_whole_and_the_source_stays(void **state)
{
    struct lwc_context *from = open_store(*state, "a", "");
    struct lwc_context *to = open_store(*state, "b", "");
    struct lwc_copy copy;

    store(from, "old", SECRET);
    assert_int_equal(copy_to(from, to, "old", NULL, 0, &copy, NULL), LWC_OK);
    assert_string_equal(copy.from, "file");
    assert_string_equal(copy.to, "file");
    assert_false(copy.was_there || copy.is_removed);
    assert_int_equal(holds(to, "old", SECRET), LWC_OK);
    assert_int_equal(holds(to, "old", SECRET "x"), LWC_E_INVALID);
    assert_int_equal(holds(to, "other", SECRET), LWC_E_NOT_FOUND);
    assert_int_equal(holds(from, "old", SECRET), LWC_OK);
    assert_int_equal(copy_to(from, to, "none", NULL, 0, &copy, NULL), LWC_E_NOT_FOUND);
    lwc_close(&from);
    lwc_close(&to);
}

static void another_key_is_replaced_on_demand_only(void **state)
{
    struct lwc_context *from = open_store(*state, "a", "");
    struct lwc_context *to = open_store(*state, "b", "");
    struct lwc_error err = {0};
    struct lwc_copy copy;

    store(from, "old", SECRET);
    store(to, "old", "_mine");
    assert_int_equal(copy_to(from, to, "old", NULL, LWC_COPY_RESUME | LWC_COPY_REMOVE, &copy, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "another key"));
    assert_null(strstr(err.msg, SECRET));
    assert_int_equal(holds(to, "old", "_mine"), LWC_OK);
    assert_int_equal(holds(from, "old", SECRET), LWC_OK);
    assert_int_equal(copy_to(from, to, "old", NULL, LWC_COPY_REPLACE, &copy, NULL), LWC_OK);
    assert_int_equal(holds(to, "old", SECRET), LWC_OK);
    /* The same key again: taken, but for one who goes on after an interruption. */
    assert_int_equal(copy_to(from, to, "old", NULL, 0, &copy, NULL), LWC_E_INVALID);
    assert_int_equal(copy_to(from, to, "old", NULL, LWC_COPY_RESUME, &copy, NULL), LWC_OK);
    assert_true(copy.was_there);
    lwc_close(&from);
    lwc_close(&to);
}

static void a_key_is_renamed_where_it_is(void **state)
{
    struct lwc_context *ctx = open_store(*state, "a", "");
    struct lwc_copy copy;

    store(ctx, "old", SECRET);
    store(ctx, "taken", "_mine");
    assert_int_equal(copy_to(ctx, ctx, "old", "taken", LWC_COPY_REMOVE, &copy, NULL),
                     LWC_E_INVALID);
    assert_int_equal(copy_to(ctx, ctx, "old", "old", LWC_COPY_REMOVE, &copy, NULL), LWC_E_INVALID);
    assert_int_equal(copy_to(ctx, ctx, "old", "env", LWC_COPY_REMOVE, &copy, NULL), LWC_E_INVALID);
    assert_int_equal(copy_to(ctx, ctx, "old", "a b", LWC_COPY_REMOVE, &copy, NULL), LWC_E_INVALID);
    assert_int_equal(holds(ctx, "old", SECRET), LWC_OK);
    assert_int_equal(copy_to(ctx, ctx, "old", "new", LWC_COPY_REMOVE, &copy, NULL), LWC_OK);
    assert_true(copy.is_removed);
    assert_string_equal(copy.to, "file");
    assert_int_equal(holds(ctx, "new", SECRET), LWC_OK);
    assert_int_equal(holds(ctx, "old", SECRET), LWC_E_NOT_FOUND);
    lwc_close(&ctx);
}

/* A retired key is kept and listed, and answers nothing, not even as the only key of its account. */
static void a_retired_key_answers_no_request(void **state)
{
    const struct tmpdir *dir = *state;
    struct lwc_context *ctx = open_store(dir, "retired", "");
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_RETIRE | LWC_COPY_REMOVE,
                            .profile = "old",
                            .new_profile = "old@retired"};
    const struct lwc_query by_profile = {.size = sizeof by_profile, .profile = "old@retired"};
    const struct lwc_query by_account = {.size = sizeof by_account, .account = "acme.lacework.net"};
    struct lwc_identity id = key_of("old@retired");
    char backend[LWC_BACKEND_NAME_MAX + 1];
    struct lwc_token *token = NULL;

    store(ctx, "old", SECRET);
    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, NULL), LWC_OK);
    assert_true(copy.is_removed);
    id.kind = LWC_KIND_RETIRED_KEY;
    assert_int_equal(lwc_key_compare(ctx, &id, SECRET, strlen(SECRET), NULL, backend, NULL),
                     LWC_OK);
    assert_int_equal(lwc_token_get(ctx, &by_profile, &token, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_token_get(ctx, &by_account, &token, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_token_get(ctx, NULL, &token, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_key_try(ctx, "old", NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_key_remove(ctx, &by_profile, NULL, 0, NULL, NULL, NULL, NULL), LWC_OK);
    assert_int_equal(lwc_key_try(ctx, "old@retired", NULL), LWC_E_NOT_FOUND);
    lwc_close(&ctx);
}

static void nothing_is_removed_for_a_store_that_forgets(void **state)
{
    static const struct {
        const char *line;
        enum lwc_code code;
    } cases[] = {
        {"store sufficient answer\n", LWC_E_FAILED},
        {"store sufficient answer store=9\n", LWC_E_IO},
        {"store sufficient answer probe=4\n", LWC_E_LOCKED},
        {"", LWC_E_INVALID},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_context *ctx = open_store(*state, "a", cases[i].line);
        struct lwc_copy copy = {.size = sizeof copy,
                                .flags = LWC_COPY_REMOVE,
                                .profile = "old",
                                .new_backend = "answer"};
        struct lwc_error err = {0};

        store(ctx, "old", SECRET);
        assert_int_equal(lwc_key_copy(ctx, ctx, &copy, &err), cases[i].code);
        assert_false(copy.is_removed);
        assert_int_equal(holds(ctx, "old", SECRET), LWC_OK);
        lwc_close(&ctx);
    }
}

static void a_source_that_keeps_it_is_named(void **state)
{
    struct lwc_context *ctx =
        open_store(*state, "a",
                   "lookup sufficient answer " HELD "\nerase sufficient answer " HELD " erase=9\n");
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_REMOVE,
                            .profile = "old",
                            .backend = "answer",
                            .new_backend = "file"};
    struct lwc_error err = {0};

    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, &err), LWC_E_IO);
    assert_non_null(strstr(err.msg, "in backend 'file', but still in backend 'answer'"));
    assert_string_equal(copy.to, "file");
    /* The next call goes on, and does not store again. */
    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, &err), LWC_E_INVALID);
    copy.flags |= LWC_COPY_RESUME;
    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, &err), LWC_E_IO);
    assert_true(copy.was_there);
    lwc_close(&ctx);
}

static void bad_calls_are_refused(void **state)
{
    struct lwc_context *ctx = open_store(*state, "a", "");
    struct lwc_copy copy = {.profile = "old"};

    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, NULL), LWC_E_INVALID);
    copy.size = sizeof copy;
    copy.flags = 1u << 20;
    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, NULL), LWC_E_INVALID);
    copy.flags = 0;
    copy.profile = NULL;
    assert_int_equal(lwc_key_copy(ctx, ctx, &copy, NULL), LWC_E_INVALID);
    lwc_close(&ctx);
}

int main(void)
{
#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, setup, tmpdir_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIR(a_stack_is_given_as_text),
        WITH_DIR(a_copy_is_whole_and_the_source_stays),
        WITH_DIR(another_key_is_replaced_on_demand_only),
        WITH_DIR(a_key_is_renamed_where_it_is),
        WITH_DIR(a_retired_key_answers_no_request),
        WITH_DIR(nothing_is_removed_for_a_store_that_forgets),
        WITH_DIR(a_source_that_keeps_it_is_named),
        WITH_DIR(bad_calls_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
