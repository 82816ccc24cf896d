/* SPDX-License-Identifier: Apache-2.0 */
/* lwc_explain() foretells what lwc_token_get() does. */
#include <lwcred.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_api.h"
#include "tests/support/modules.h"
#include "tests/support/tmpdir.h"

enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    return fake_api_load(net_out, err);
}

#define HOLD(profile, account, key) "hold=" profile ":" account ".lacework.net:" key ":s3cret"
#define LINE(control, args) "lookup " control " answer " args "\n"
#define ENV "lookup sufficient env\n"

static unsigned prompts;

static enum lwc_code on_prompt(void *data, const char *text, uint32_t flags,
                               const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)text;
    (void)flags;
    (void)answer;
    prompts++;
    return lwc_fail(err, LWC_E_LOCKED, "declined");
}

static struct lwc_context *open_stack(const struct tmpdir *dir, const char *text, bool cached)
{
    char path[TMPDIR_PATH_LEN];
    char whole[4096];
    const struct lwc_options options = {
        .size = sizeof options, .config = tmpdir_join(dir, "stack", path), .prompt = on_prompt};
    struct lwc_context *ctx = NULL;
    struct lwc_error err = {0};
    const int len = snprintf(whole, sizeof whole, "%s%s", cached ? "" : "set cache none\n", text);

    assert_true(len > 0 && (size_t)len < sizeof whole);
    tmpdir_write(dir, "stack", whole, (size_t)len, 0600);
    if (lwc_open(&options, &ctx, &err) != LWC_OK) {
        fail_msg("%s", err.msg);
    }
    return ctx;
}

/* Contents of an explanation. */
struct told {
    unsigned lines;
    unsigned asked;
    unsigned walks;
    bool answered;
    bool untold;
    enum lwc_rule rule;
    enum lwc_token_from from;
    char key_id[LWC_KEY_ID_MAX + 1];
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char actions[256];
};

static void on_line(void *data, const struct lwc_explained_line *line)
{
    struct told *told = data;
    size_t used = strlen(told->actions);

    assert_int_equal(line->size, sizeof *line);
    assert_false(told->answered);
    assert_true(line->line > 0 && line->wanted != NULL);
    told->lines++;
    told->asked += line->asked;
    told->walks = line->walk + 1;
    (void)snprintf(told->actions + used, sizeof told->actions - used, "%s ",
                   line->asked ? line->action : "-");
}

static void on_answer(void *data, const struct lwc_explained_answer *answer)
{
    struct told *told = data;

    assert_false(told->answered);
    told->answered = true;
    told->untold = answer->untold;
    told->rule = answer->rule;
    told->from = answer->from;
    (void)snprintf(told->key_id, sizeof told->key_id, "%s", answer->identity->key_id);
    (void)snprintf(told->backend, sizeof told->backend, "%s", answer->backend);
}

static enum lwc_code explain(struct lwc_context *ctx, const struct lwc_query *query,
                             struct told *told, struct lwc_error *err)
{
    const struct lwc_explain_visitor visitor = {
        .size = sizeof visitor, .data = told, .line = on_line, .answer = on_answer};

    memset(told, 0, sizeof *told);
    return lwc_explain(ctx, query, &visitor, err);
}

#define A LINE("sufficient", HOLD("a", "one", "A_1") " " HOLD("default", "one", "A_2"))
#define B LINE("required", HOLD("b", "two", "B_1") " " HOLD("a", "two", "B_2"))

static const struct {
    const char *name;
    const char *stack;
    struct lwc_query query;
    const char *variable; /* NAME=value */
    enum lwc_code code;
    enum lwc_rule rule;
    const char *key_id;
} cases[] = {
    {"profile", A B, {.profile = "a"}, NULL, LWC_OK, LWC_RULE_PROFILE, "A_1"},
    {"profile further down", A B, {.profile = "b"}, NULL, LWC_OK, LWC_RULE_PROFILE, "B_1"},
    {"profile of nobody", A B, {.profile = "c"}, NULL, LWC_E_NOT_FOUND, 0, ""},
    {"account", A B, {.account = "two.lacework.net"}, NULL, LWC_E_INVALID, 0, ""},
    {"account, default",
     A B,
     {.account = "one.lacework.net"},
     NULL,
     LWC_OK,
     LWC_RULE_ACCOUNT,
     "A_2"},
    {"account and key id",
     A B,
     {.account = "two.lacework.net", .key_id = "B_2"},
     NULL,
     LWC_OK,
     LWC_RULE_KEY_ID,
     "B_2"},
    {"another key id",
     A B,
     {.account = "one.lacework.net", .key_id = "X"},
     NULL,
     LWC_OK,
     LWC_RULE_ACCOUNT,
     "A_2"},
    {"LW_PROFILE", A B, {.profile = NULL}, "LW_PROFILE=b", LWC_OK, LWC_RULE_PROFILE_SETTING, "B_1"},
    {"LW_ACCOUNT",
     A B,
     {.profile = NULL},
     "LW_ACCOUNT=one",
     LWC_OK,
     LWC_RULE_ACCOUNT_SETTING,
     "A_2"},
    {"default", A B, {.profile = NULL}, NULL, LWC_OK, LWC_RULE_DEFAULT, "A_2"},
    {"the only one",
     LINE("sufficient", HOLD("x", "one", "X_1")),
     {.profile = NULL},
     NULL,
     LWC_OK,
     LWC_RULE_ONLY,
     "X_1"},
    {"several", B, {.profile = NULL}, NULL, LWC_E_INVALID, 0, ""},
    {"nothing at all", LINE("sufficient", "x"), {.profile = NULL}, NULL, LWC_E_NOT_FOUND, 0, ""},
    {"first of two",
     LINE("required", HOLD("a", "one", "A_1")) B,
     {.profile = "a"},
     NULL,
     LWC_OK,
     LWC_RULE_PROFILE,
     "A_1"},
    {"an ignored success",
     LINE("[success=ignore]", HOLD("a", "one", "A_1")) B,
     {.profile = "a"},
     NULL,
     LWC_OK,
     LWC_RULE_PROFILE,
     "B_2"},
    {"a success that skips",
     LINE("[success=1]", HOLD("a", "one", "A_1")) B LINE("required", HOLD("a", "one", "C_1")),
     {.profile = "a"},
     NULL,
     LWC_OK,
     LWC_RULE_PROFILE,
     "C_1"},
    {"a success that is a failure",
     LINE("[success=bad]", HOLD("a", "one", "A_1")) B,
     {.profile = "a"},
     NULL,
     LWC_E_NOT_FOUND,
     0,
     ""},
    {"locked, sufficient",
     LINE("sufficient", "list=4") B,
     {.profile = "a"},
     NULL,
     LWC_E_LOCKED,
     0,
     ""},
    {"locked, ignored",
     LINE("optional", "list=4") B,
     {.profile = "a"},
     NULL,
     LWC_OK,
     LWC_RULE_PROFILE,
     "B_2"},
    {"locked, and that is the answer",
     LINE("[locked=ok]", "list=4") B,
     {.profile = "a"},
     NULL,
     LWC_E_LOCKED,
     0,
     ""},
    {"damaged behind a success",
     LINE("required", HOLD("a", "one", "A_1")) LINE("required", "list=6"),
     {.profile = "a"},
     NULL,
     LWC_E_CORRUPT,
     0,
     ""},
    {"not installed",
     "lookup sufficient nowhere\n" B,
     {.profile = "a"},
     NULL,
     LWC_OK,
     LWC_RULE_PROFILE,
     "B_2"},
    {"not installed, required",
     "lookup required nowhere\n" B,
     {.profile = "a"},
     NULL,
     LWC_E_UNAVAILABLE,
     0,
     ""},
    {"half an environment", ENV B, {.profile = NULL}, "LW_API_KEY=X", LWC_E_INVALID, 0, ""},
    {"an empty stack", "store required answer\n", {.profile = "a"}, NULL, LWC_E_NOT_FOUND, 0, ""},
};

static void take_variable(const char *assignment, bool set)
{
    char name[64];
    const char *value = assignment == NULL ? NULL : strchr(assignment, '=') + 1;

    if (assignment == NULL) {
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(value - assignment - 1), assignment);
    assert_int_equal(set ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void explain_foretells_what_get_does(void **state)
{
    struct tmpdir *dir = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_context *ctx = open_stack(dir, cases[i].stack, false);
        struct lwc_query query = cases[i].query;
        struct lwc_token *token = NULL;
        struct lwc_error explained = {0};
        struct lwc_error got = {0};
        struct told told;
        enum lwc_code code = LWC_OK;

        print_message("%s\n", cases[i].name);
        query.size = sizeof query;
        take_variable(cases[i].variable, true);
        code = explain(ctx, &query, &told, &explained);
        assert_int_equal(fake_api.exchanges, 0);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(lwc_token_get(ctx, &query, &token, &got), code);
        assert_string_equal(explained.msg, got.msg);
        assert_int_equal(told.answered, code == LWC_OK);
        if (code == LWC_OK) {
            assert_string_equal(told.key_id, cases[i].key_id);
            assert_string_equal(lwc_token_identity(token)->key_id, cases[i].key_id);
            assert_string_equal(told.backend, lwc_token_source(token));
            assert_int_equal(told.rule, cases[i].rule);
            assert_int_equal(told.from, LWC_FROM_EXCHANGE);
            assert_int_equal(told.untold, strstr(cases[i].stack, "list=4") != NULL);
        }
        take_variable(cases[i].variable, false);
        fake_api.exchanges = 0;
        lwc_token_free(&token);
        lwc_close(&ctx);
    }
    assert_int_equal(prompts, 0);
}

static void explain_tells_every_line_and_what_was_made_of_it(void **state)
{
    struct lwc_context *ctx =
        open_stack(*state,
                   LINE("[success=2 default=ignore]", HOLD("a", "one", "A_1")) LINE("required", "x")
                       LINE("required", "y") LINE("optional", "list=9") B LINE("requisite", "z"),
                   false);
    const struct lwc_query query = {.size = sizeof query, .profile = "a"};
    struct told told;

    assert_int_equal(explain(ctx, &query, &told, NULL), LWC_E_NOT_FOUND);
    assert_string_equal(told.actions, "2 - - ignore ok die ");
    assert_int_equal(told.walks, 1);
    assert_int_equal(told.lines, 6);
    assert_int_equal(told.asked, 4);
    lwc_close(&ctx);
}

static void explain_says_where_it_cannot_tell(void **state)
{
    struct lwc_context *ctx = open_stack(*state, "lookup sufficient untold\n" B, false);
    const struct lwc_query query = {.size = sizeof query, .profile = "a"};
    struct lwc_token *token = NULL;
    struct told told;

    assert_int_equal(explain(ctx, &query, &told, NULL), LWC_OK);
    assert_true(told.untold);
    assert_string_equal(told.key_id, "B_2");
    assert_int_equal(lwc_token_get(ctx, &query, &token, NULL), LWC_OK);
    assert_string_equal(lwc_token_identity(token)->key_id, "UNTOLD_0");
    lwc_token_free(&token);
    lwc_close(&ctx);
}

static void explain_opens_nothing_to_see_what_it_holds(void **state)
{
    struct lwc_context *ctx =
        open_stack(*state, LINE("sufficient", "list=4 opens=1 " HOLD("a", "one", "A_1")), false);
    const struct lwc_query query = {.size = sizeof query, .profile = "a"};
    const struct lwc_query any = {.size = sizeof any};
    const struct lwc_query *const queries[] = {&query, &any, &query};
    struct lwc_token *token = NULL;
    struct told told;

    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        assert_int_equal(explain(ctx, queries[i], &told, NULL), LWC_E_LOCKED);
        assert_false(told.answered);
        assert_string_equal(told.actions, "die ");
    }
    assert_int_equal(lwc_token_get(ctx, &query, &token, NULL), LWC_OK);
    lwc_token_free(&token);
    assert_int_equal(explain(ctx, &query, &told, NULL), LWC_OK);
    assert_string_equal(told.key_id, "A_1");
    lwc_close(&ctx);
}

static void explain_knows_what_is_cached(void **state)
{
    struct tmpdir *dir = *state;
    const struct lwc_query query = {.size = sizeof query, .profile = "a"};
    const struct lwc_query other = {.size = sizeof other, .profile = "a", .ttl_s = 100};
    struct lwc_context *ctx = open_stack(dir, "set cache keyring\n" B, true);
    struct lwc_token *token = NULL;
    struct told told;

    assert_int_equal(explain(ctx, &query, &told, NULL), LWC_OK);
    assert_int_equal(told.from, LWC_FROM_EXCHANGE);
    assert_int_equal(lwc_token_get(ctx, &query, &token, NULL), LWC_OK);
    lwc_token_free(&token);
    assert_int_equal(explain(ctx, &query, &told, NULL), LWC_OK);
    assert_int_equal(told.from, LWC_FROM_CACHE);
    assert_string_equal(told.key_id, "B_2");
    assert_int_equal(told.lines, 1);
    assert_int_equal(explain(ctx, &other, &told, NULL), LWC_OK);
    assert_int_equal(told.from, LWC_FROM_CACHE_KEYED);
    assert_int_equal(fake_api.exchanges, 1);
    (void)lwc_cached_clear(ctx);
    lwc_close(&ctx);
}

static void explain_bad_arguments_are_refused(void **state)
{
    struct lwc_context *ctx = open_stack(*state, B, false);
    const struct lwc_query no_size = {.profile = "a"};
    const struct lwc_explain_visitor small = {.size = 0};
    struct {
        struct lwc_explain_visitor known;
        uint64_t later; /* a member of a later version */
    } newer;
    struct told told = {0};

    assert_int_equal(explain(ctx, &no_size, &told, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_explain(ctx, NULL, &small, NULL), LWC_E_INVALID);
    memset(&newer, 0, sizeof newer);
    newer.known = (struct lwc_explain_visitor){
        .size = sizeof newer, .data = &told, .line = on_line, .answer = on_answer};
    newer.later = 1;
    assert_int_equal(lwc_explain(ctx, NULL, &newer.known, NULL), LWC_E_INVALID);
    newer.known.answer = NULL;
    newer.later = 0;
    assert_int_equal(lwc_explain(ctx, NULL, &newer.known, NULL), LWC_E_INVALID);
    assert_int_equal(told.lines, 0);
    newer.known.answer = on_answer;
    (void)!lwc_explain(ctx, NULL, &newer.known, NULL);
    assert_true(told.lines > 0);
    lwc_close(&ctx);
}

static int setup(void **state)
{
    static const char *const variables[] = {"LW_PROFILE",   "LW_ACCOUNT",
                                            "LW_API_KEY",   "LW_API_SECRET",
                                            "LW_API_TOKEN", "CREDENTIALS_DIRECTORY"};

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        unsetenv(variables[i]);
    }
    modules_use_test_ones();
    fake_api_reset();
    fake_api.boot_ms = lwc_clock_boot_ms(lwc_clock_system());
    prompts = 0;
    return tmpdir_setup(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(explain_foretells_what_get_does),
        TEST(explain_tells_every_line_and_what_was_made_of_it),
        TEST(explain_says_where_it_cannot_tell),
        TEST(explain_opens_nothing_to_see_what_it_holds),
        TEST(explain_knows_what_is_cached),
        TEST(explain_bad_arguments_are_refused),
    };

    return cmocka_run_group_tests_name("core_explain", tests, NULL, NULL);
}
