/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hints.h"
#include "tests/support/stacks.h"

#define ACME "acme.lacework.net"
#define ONE(profile, account, key) "hold=" profile ":" account ":" key ":secret-" profile

/* A query, its stack, and the expected result. */
struct question {
    const char *name;
    const char *stack;
    struct {
        const char *profile, *account, *key_id;
    } asked;
    struct {
        const char *profile, *account, *key, *secret;
    } variables;
    enum lwc_code code;
    const char *answer; /* profile found, or a part of the message */
};

static void set_variable(const char *name, const char *value)
{
    if (value != NULL) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "";
}

static void put_question(const struct question *question)
{
    struct stacks stacks;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_FOUND found = NULL;
    struct lwc_error err = {0};

    print_message("%s\n", question->name);
    set_variable("LW_PROFILE", question->variables.profile);
    set_variable("LW_ACCOUNT", question->variables.account);
    set_variable("LW_API_KEY", question->variables.key);
    set_variable("LW_API_SECRET", question->variables.secret);
    query.profile = or_none(question->asked.profile);
    query.account = or_none(question->asked.account);
    query.key_id = or_none(question->asked.key_id);
    stacks_open(&stacks, question->stack);
    assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, &err),
                     question->code);
    if (question->code == LWC_OK) {
        assert_string_equal(found->identity.id.profile, question->answer);
        assert_int_equal(err.msg[0], '\0');
    } else {
        assert_null(found);
        assert_non_null(strstr(err.msg, question->answer));
    }
    stacks_close(&stacks);
}

#define TWO_ACME \
    "lookup sufficient answer " ONE("prod", ACME, "A_1") " " ONE("dev", ACME, "A_2") "\n"
#define WITH_DEFAULT \
    "lookup sufficient answer " ONE("prod", ACME, "A_1") " " ONE("default", ACME, "A_2") "\n"
#define ENV_FIRST "lookup sufficient env\n"

static const struct question profile_questions[] = {
    {"a store too locked to name its keys is unlocked for a lookup",
     "lookup sufficient answer list=4 opens=1 " ONE("prod", ACME, "A_1") "\n",
     {.profile = "prod"},
     {0},
     LWC_OK,
     "prod"},
    {"one that stays locked is not passed over",
     "lookup sufficient answer list=4 probe=4 opens=1\n"
     "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n",
     {.profile = "prod"},
     {0},
     LWC_E_LOCKED,
     "told to answer 4"},
    {"environment's key does not go past a line that would end the walk",
     "lookup [locked=die default=ignore] answer list=4 probe=4\n" ENV_FIRST,
     {.profile = "env"},
     {NULL, "acme", "E_1", "env-secret"},
     LWC_E_LOCKED,
     "told to answer 4"},
    {"environment's profile, not there: no store is opened to look for it",
     "lookup sufficient answer list=4 probe=4\n" ENV_FIRST,
     {.profile = "env"},
     {0},
     LWC_E_NOT_FOUND,
     "no credential for profile 'env'"},
    {"there", TWO_ACME, {.profile = "dev"}, {0}, LWC_OK, "dev"},
    {"not there",
     TWO_ACME,
     {.profile = "test"},
     {0},
     LWC_E_NOT_FOUND,
     "no credential for profile 'test'"},
    {"of another account",
     TWO_ACME,
     {.profile = "dev", .account = "b.lacework.net"},
     {0},
     LWC_E_NOT_FOUND,
     "profile 'dev'"},
    {"malformed", TWO_ACME, {.profile = "../dev"}, {0}, LWC_E_INVALID, "profile"},
    {"option before variable", TWO_ACME, {.profile = "dev"}, {.profile = "prod"}, LWC_OK, "dev"},
    {"variable", TWO_ACME, {0}, {.profile = "prod"}, LWC_OK, "prod"},
    {"variable before complete key",
     ENV_FIRST TWO_ACME,
     {0},
     {"prod", "acme", "E_1", "env-secret"},
     LWC_OK,
     "prod"},
    {"profile ignores LW_ACCOUNT",
     TWO_ACME,
     {.profile = "dev"},
     {.account = "other"},
     LWC_OK,
     "dev"},
};

static void profile_selects_exactly_that_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof profile_questions / sizeof profile_questions[0]; i++) {
        put_question(&profile_questions[i]);
    }
}

static const struct question account_questions[] = {
    {"only one",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n",
     {.account = ACME},
     {0},
     LWC_OK,
     "prod"},
    {"default of several", WITH_DEFAULT, {.account = ACME}, {0}, LWC_OK, "default"},
    {"key id of several", TWO_ACME, {.account = ACME, .key_id = "A_2"}, {0}, LWC_OK, "dev"},
    {"key id before default",
     WITH_DEFAULT,
     {.account = ACME, .key_id = "A_1"},
     {0},
     LWC_OK,
     "prod"},
    {"LW_PROFILE of several", TWO_ACME, {.account = ACME}, {.profile = "dev"}, LWC_OK, "dev"},
    {"LW_PROFILE before default",
     WITH_DEFAULT,
     {.account = ACME},
     {.profile = "prod"},
     LWC_OK,
     "prod"},
    {"key id before LW_PROFILE",
     TWO_ACME,
     {.account = ACME, .key_id = "A_1"},
     {.profile = "dev"},
     LWC_OK,
     "prod"},
    {"LW_PROFILE in a later backend",
     "lookup sufficient answer " ONE("default", ACME, "A_1") "\n"
                                                             "lookup sufficient answer " ONE(
                                                                 "late", ACME, "A_9") "\n",
     {.account = ACME},
     {.profile = "late"},
     LWC_OK,
     "late"},
    {"LW_PROFILE of another account selects nothing",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") " " ONE("other", "b.lacework.net",
                                                                  "B_1") "\n",
     {.account = ACME},
     {.profile = "other"},
     LWC_OK,
     "prod"},
    {"LW_PROFILE that names none of several",
     TWO_ACME,
     {.account = ACME},
     {.profile = "test"},
     LWC_E_INVALID,
     "several credentials fit"},
    {"LW_PROFILE malformed",
     TWO_ACME,
     {.account = ACME},
     {.profile = "../dev"},
     LWC_E_INVALID,
     "LW_PROFILE: profile name"},
    {"unknown key id is no filter",
     WITH_DEFAULT,
     {.account = ACME, .key_id = "alice"},
     {0},
     LWC_OK,
     "default"},
    {"several without default",
     TWO_ACME,
     {.account = ACME},
     {0},
     LWC_E_INVALID,
     "several credentials fit: prod (A_1), dev (A_2)"},
    {"key id in a later backend",
     "lookup sufficient answer " ONE("default", ACME, "A_1") "\n"
                                                             "lookup sufficient answer " ONE(
                                                                 "late", ACME, "A_9") "\n",
     {.account = ACME, .key_id = "A_9"},
     {0},
     LWC_OK,
     "late"},
    {"another account",
     TWO_ACME,
     {.account = "b.lacework.net"},
     {0},
     LWC_E_NOT_FOUND,
     "no credential for account 'b.lacework.net'"},
    {"a look-alike",
     TWO_ACME,
     {.account = ACME ".evil.example"},
     {0},
     LWC_E_NOT_FOUND,
     "no credential"},
    {"with a port", TWO_ACME, {.account = ACME ":8443"}, {0}, LWC_E_NOT_FOUND, "no credential"},
    {"of the environment",
     ENV_FIRST WITH_DEFAULT,
     {.account = ACME},
     {NULL, "acme", "E_1", "env-secret"},
     LWC_OK,
     "env"},
    {"variables name another",
     ENV_FIRST WITH_DEFAULT,
     {.account = ACME},
     {NULL, "other", "E_1", "env-secret"},
     LWC_OK,
     "default"},
    {"locked store fails closed",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") " find=4\n" TWO_ACME,
     {.account = ACME},
     {0},
     LWC_E_LOCKED,
     "told to answer 4"},
    {"a store that cannot list fails closed",
     "lookup sufficient answer list=4\n" WITH_DEFAULT,
     {.account = ACME},
     {0},
     LWC_E_LOCKED,
     "told to answer 4"},
};

static void account_selects_and_never_guesses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof account_questions / sizeof account_questions[0]; i++) {
        put_question(&account_questions[i]);
    }
}

static const struct question unsaid_questions[] = {
    {"complete variables",
     ENV_FIRST WITH_DEFAULT,
     {0},
     {NULL, "acme", "E_1", "env-secret"},
     LWC_OK,
     "env"},
    {"default", ENV_FIRST WITH_DEFAULT, {0}, {0}, LWC_OK, "default"},
    {"default in a later backend",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n" WITH_DEFAULT,
     {0},
     {0},
     LWC_OK,
     "default"},
    {"only one",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n",
     {0},
     {0},
     LWC_OK,
     "prod"},
    {"several", TWO_ACME, {0}, {0}, LWC_E_INVALID, "several credentials fit"},
    {"several in two backends",
     "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n"
                                                          "lookup sufficient answer " ONE(
                                                              "dev", ACME, "A_2") "\n",
     {0},
     {0},
     LWC_E_INVALID,
     "prod (A_1), dev (A_2)"},
    {"none", ENV_FIRST, {0}, {0}, LWC_E_NOT_FOUND, LWC_ABSENT},
    {"half set and nothing else",
     ENV_FIRST,
     {0},
     {NULL, "acme", "E_1", NULL},
     LWC_E_NOT_FOUND,
     "LW_API_KEY without LW_API_SECRET"},
    {"half set without account",
     ENV_FIRST,
     {0},
     {NULL, NULL, "E_1", "s"},
     LWC_E_NOT_FOUND,
     "LW_API_KEY without LW_ACCOUNT"},
    {"half set is no answer",
     ENV_FIRST WITH_DEFAULT,
     {0},
     {NULL, NULL, "E_1", NULL},
     LWC_OK,
     "default"},
    {"account variable selects",
     "lookup sufficient answer " ONE("default", "b.lacework.net", "B_1") " " ONE("prod", ACME,
                                                                                 "A_1") "\n",
     {0},
     {.account = "ACME"},
     LWC_OK,
     "prod"},
    {"account variable that fits nothing",
     WITH_DEFAULT,
     {0},
     {.account = "other"},
     LWC_E_NOT_FOUND,
     "account 'other.lacework.net'"},
    {"account variable malformed",
     WITH_DEFAULT,
     {0},
     {.account = "evil.com/"},
     LWC_E_INVALID,
     "LW_ACCOUNT"},
    {"broken store fails closed",
     "lookup sufficient answer list=6\n" WITH_DEFAULT,
     {0},
     {0},
     LWC_E_CORRUPT,
     "told to answer 6"},
};

static void nothing_said_follows_the_fixed_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unsaid_questions / sizeof unsaid_questions[0]; i++) {
        put_question(&unsaid_questions[i]);
    }
}

#define ABSENT "lookup sufficient answer list=8\n"
#define PROD "lookup sufficient answer " ONE("prod", ACME, "A_1") "\n"

static const struct question reach_questions[] = {
    {"every store is absent",
     ABSENT,
     {.profile = "prod"},
     {0},
     LWC_E_UNAVAILABLE,
     "no store can be asked: told to answer 8"},
    {"beside the environment, too",
     ENV_FIRST ABSENT,
     {0},
     {0},
     LWC_E_UNAVAILABLE,
     "no store can be asked"},
    {"not installed",
     "lookup sufficient nowhere\n",
     {.account = ACME},
     {0},
     LWC_E_UNAVAILABLE,
     "'nowhere' is not installed"},
    {"one store is there and does not hold it",
     ABSENT PROD,
     {.profile = "dev"},
     {0},
     LWC_E_NOT_FOUND,
     "no credential for profile 'dev'"},
    {"the environment's own profile",
     ENV_FIRST ABSENT,
     {.profile = "env"},
     {0},
     LWC_E_NOT_FOUND,
     "profile 'env'"},
    {"an absent line does not disturb the only one", ABSENT PROD, {0}, {0}, LWC_OK, "prod"},
    {"the only one, while a line failed",
     "lookup [error=ignore default=die] answer list=15\n" PROD,
     {0},
     {0},
     LWC_E_FAILED,
     "which one is the only one is unknown: told to answer 15"},
    {"several, while a line failed",
     "lookup optional answer list=15\n" TWO_ACME,
     {0},
     {0},
     LWC_E_FAILED,
     "which one is the only one is unknown"},
    {"the only one, while a line is locked",
     "lookup [locked=ignore default=die] answer list=4 probe=4\n" PROD,
     {0},
     {0},
     LWC_E_LOCKED,
     "which one is the only one is unknown"},
    {"the only one, beside a backend that cannot list",
     PROD "lookup [success=ignore default=ignore] untold\n",
     {0},
     {0},
     LWC_E_INVALID,
     "'prod' is not known to be the only credential: backend 'untold' cannot list"},
    {"none, and a backend that cannot list",
     "lookup [success=ignore default=ignore] untold\n",
     {0},
     {0},
     LWC_E_NOT_FOUND,
     "no such credential, and backend 'untold' cannot list any"},
};

static void what_could_not_be_asked_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reach_questions / sizeof reach_questions[0]; i++) {
        put_question(&reach_questions[i]);
    }
}

static void an_answer_behind_an_absent_line_is_marked(void **state)
{
    static const struct {
        const char *stack;
        bool is_behind_absent;
    } cases[] = {
        {PROD, false},
        {ABSENT PROD, true},
        {"lookup sufficient nowhere\n" PROD, true},
        {PROD ABSENT, false},
        {"lookup optional answer list=15\n" PROD, false},
    };

    (void)state;
    unsetenv("LW_PROFILE");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks stacks;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        LWC_AUTO_FOUND found = NULL;

        print_message("%s", cases[i].stack);
        query.profile = "prod";
        stacks_open(&stacks, cases[i].stack);
        assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, NULL), LWC_OK);
        assert_int_equal(found->is_behind_absent, cases[i].is_behind_absent);
        stacks_close(&stacks);
    }
}

static void absent_lines_are_named_where_nothing_is_found(void **state)
{
    struct stacks stacks;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_FOUND found = NULL;
    struct lwc_error err = {0};

    (void)state;
    query.profile = "dev";
    stacks_open(&stacks, ABSENT "lookup sufficient nowhere\n" PROD);
    assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, &err),
                     LWC_E_NOT_FOUND);
    assert_non_null(strstr(err.hint, LWC_HINT_EMPTY));
    assert_non_null(strstr(err.hint, "absent here, and not asked: answer (told to answer 8), "
                                     "nowhere (backend 'nowhere' is not installed)"));
    stacks_close(&stacks);
}

static void a_failure_that_is_passed_over_is_a_warning(void **state)
{
    static const struct {
        const char *stack;
        unsigned warnings;
    } cases[] = {
        {"lookup optional answer list=15\n" PROD, 1},
        {"lookup [error=1 default=die] answer list=15\n" PROD PROD, 1},
        {"lookup [locked=ignore default=die] answer list=4 probe=4\n" PROD, 1},
        {"lookup optional answer list=3\n" ABSENT PROD, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks stacks;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        LWC_AUTO_FOUND found = NULL;

        print_message("%s", cases[i].stack);
        query.account = ACME;
        query.key_id = "A_1";
        stacks_open(&stacks, cases[i].stack);
        assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, NULL), LWC_OK);
        assert_int_equal(stacks.warnings, cases[i].warnings);
        lwc_found_free(&found);
        query.key_id = "other"; /* two walks, one warning */
        assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, NULL), LWC_OK);
        assert_int_equal(stacks.warnings, cases[i].warnings);
        stacks_close(&stacks);
    }
}

static void found_carries_secret_and_backend(void **state)
{
    struct stacks stacks;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_FOUND found = NULL;

    (void)state;
    unsetenv("LW_PROFILE");
    query.profile = "dev";
    stacks_open(&stacks, TWO_ACME);
    assert_int_equal(lwc_lookup_find(stacks.stack, &query, &stacks.host, &found, NULL), LWC_OK);
    assert_string_equal(found->backend, "answer");
    assert_true(lwc_buf_equal(found->secret, "secret-dev", 10));
    stacks_close(&stacks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile_selects_exactly_that_one),
        cmocka_unit_test(account_selects_and_never_guesses),
        cmocka_unit_test(nothing_said_follows_the_fixed_order),
        cmocka_unit_test(what_could_not_be_asked_is_told),
        cmocka_unit_test(an_answer_behind_an_absent_line_is_marked),
        cmocka_unit_test(absent_lines_are_named_where_nothing_is_found),
        cmocka_unit_test(a_failure_that_is_passed_over_is_a_warning),
        cmocka_unit_test(found_carries_secret_and_backend),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
