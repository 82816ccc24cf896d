/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/parse.h"
#include "tests/support/stacks.h"

static void name_of(const char *stack, const struct lwc_query *query, int64_t ttl_s,
                    char name_out[LWC_HASH_HEX_LEN])
{
    struct stacks stacks;
    char scope[LWC_HASH_HEX_LEN];

    stacks_open(&stacks, stack);
    lwc_key_of_scope(stacks.conf, true, &stacks.host, scope);
    lwc_key_of_query(scope, query, ttl_s, &stacks.host, name_out);
    stacks_close(&stacks);
}

#define STACK "lookup sufficient answer a\n"

static void query_name_changes_with_whatever_decides_the_answer(void **state)
{
    static const struct {
        const char *name;
        const char *stack;
        struct lwc_query query;
        int64_t ttl_s;
    } cases[] = {
        {"profile", STACK, {.profile = "p"}, 60},
        {"account", STACK, {.account = "p"}, 60},
        {"key id", STACK, {.key_id = "p"}, 60},
        {"sub-account", STACK, {.sub_account = "p"}, 60},
        {"organization", STACK, {.org_access = true}, 60},
        {"lifetime", STACK, {.profile = NULL}, 61},
        {"operation", "store sufficient answer a\n", {.profile = NULL}, 60},
        {"argument", "lookup sufficient answer b\n", {.profile = NULL}, 60},
        {"control", "lookup required answer a\n", {.profile = NULL}, 60},
        {"one action",
         "lookup [success=done not_found=ignore unavailable=ignore error=bad default=die]"
         " answer a\n",
         {.profile = NULL},
         60},
        {"a skip",
         "lookup [success=1 default=ignore] answer a\nlookup required answer b\n",
         {.profile = NULL},
         60},
        {"arguments parted otherwise", "lookup sufficient answer [a ]\n", {.profile = NULL}, 60},
        {"one line more", STACK "lookup sufficient answer a\n", {.profile = NULL}, 60},
    };
    const struct lwc_query none = {.profile = NULL};
    char base[LWC_HASH_HEX_LEN];
    char again[LWC_HASH_HEX_LEN];

    (void)state;
    name_of(STACK, &none, 60, base);
    name_of("# a comment decides nothing\n" STACK, &none, 60, again);
    assert_string_equal(base, again);
    /* Another spelling has the same name; settings of lifetime do not change it. */
    name_of(
        "lookup [default=die unavailable=ignore \\\n not_found=ignore success=done] answer [a]\n"
        "set min-valid 60\n",
        &none, 60, again);
    assert_string_equal(base, again);
    assert_int_equal(strspn(base, "0123456789abcdef"), LWC_HASH_HEX_LEN - 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char other[LWC_HASH_HEX_LEN];

        print_message("%s\n", cases[i].name);
        name_of(cases[i].stack, &cases[i].query, cases[i].ttl_s, other);
        assert_string_not_equal(base, other);
    }
}

static void unset_all(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsetenv(names[i]);
    }
}

static void query_name_changes_with_each_variable(void **state)
{
    static const char *const variables[] = {"LW_PROFILE",
                                            "LW_ACCOUNT",
                                            "LW_ACCOUNT_FILE",
                                            "LW_API_KEY",
                                            "LW_API_KEY_FILE",
                                            "LW_API_SECRET",
                                            "LW_API_SECRET_FILE",
                                            "LW_SUBACCOUNT",
                                            "LW_SUBACCOUNT_FILE",
                                            "LW_ORGANIZATION",
                                            "LW_ORGANIZATION_FILE",
                                            "LW_API_TOKEN",
                                            "LW_API_TOKEN_FILE",
                                            "LW_API_SERVER_URL",
                                            "LW_API_SERVER_URL_FILE",
                                            "CREDENTIALS_DIRECTORY",
                                            "LWCRED_STORE",
                                            "HOME",
                                            "XDG_DATA_HOME",
                                            "XDG_CONFIG_HOME",
                                            "XDG_RUNTIME_DIR",
                                            "XDG_CACHE_HOME",
                                            "XDG_STATE_HOME",
                                            "GNUPGHOME",
                                            "DBUS_SESSION_BUS_ADDRESS"};
    const struct lwc_query none = {.profile = NULL};
    char base[LWC_HASH_HEX_LEN];

    (void)state;
    unset_all(variables, sizeof variables / sizeof variables[0]);
    name_of(STACK, &none, 60, base);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        char one[LWC_HASH_HEX_LEN];
        char two[LWC_HASH_HEX_LEN];

        print_message("%s\n", variables[i]);
        setenv(variables[i], "/one", 1);
        name_of(STACK, &none, 60, one);
        setenv(variables[i], "/two", 1);
        name_of(STACK, &none, 60, two);
        unsetenv(variables[i]);
        assert_string_not_equal(base, one);
        assert_string_not_equal(one, two);
    }
}

static void scope_is_of_stack_settings_and_origin_of_modules(void **state)
{
    struct stacks stacks;
    char base[LWC_HASH_HEX_LEN];
    char other[LWC_HASH_HEX_LEN];

    (void)state;
    unsetenv("LW_PROFILE");
    unsetenv("LW_ACCOUNT");
    stacks_open(&stacks, STACK);
    lwc_key_of_scope(stacks.conf, true, &stacks.host, base);
    setenv("LW_PROFILE", "p", 1); /* is part of the query */
    lwc_key_of_scope(stacks.conf, true, &stacks.host, other);
    unsetenv("LW_PROFILE");
    assert_string_equal(base, other);
    lwc_key_of_scope(stacks.conf, false, &stacks.host, other);
    assert_string_not_equal(base, other);
    setenv("LW_ACCOUNT", "a", 1);
    lwc_key_of_scope(stacks.conf, true, &stacks.host, other);
    unsetenv("LW_ACCOUNT");
    assert_string_not_equal(base, other);
    stacks_close(&stacks);
}

/* The answer of a program behind a backend depends on its whole environment. */
static void only_means_to_open_a_store_depend_on_nothing(void **state)
{
    static const struct {
        const char *name;
        bool covered;
    } cases[] = {
        {"HOME", true},
        {"LW_API_SECRET", true},
        {"LWCRED_KEY_FILE", true},
        {"LWCRED_NO_PROMPT", true},
        {"TEAM", false},
        {"USER", false},
        {"LW_PROFILE", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(lwc_key_of_covers(cases[i].name), cases[i].covered);
    }
}

static struct lwc_identity sample(void)
{
    return (struct lwc_identity){.profile = "p",
                                 .account = "acme.lacework.net",
                                 .origin = "",
                                 .key_id = "ACME_0",
                                 .sub_account = "",
                                 .kind = LWC_KIND_ACCESS_KEY};
}

static void hash_credential(const struct lwc_identity *identity, const char *secret, int64_t ttl_s,
                            uint8_t hash_out[LWC_HASH_LEN])
{
    LWC_AUTO_BUF copy = NULL;

    assert_int_equal(lwc_buf_copy(secret, strlen(secret), &copy, NULL), LWC_OK);
    lwc_key_of_credential(identity, copy, ttl_s, hash_out);
}

static void credential_hash_is_of_the_key_not_of_its_name(void **state)
{
    struct lwc_identity variants[5];
    uint8_t base[LWC_HASH_LEN];
    uint8_t other[LWC_HASH_LEN];
    struct lwc_identity renamed = sample();

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        variants[i] = sample();
    }
    variants[0].account = "b.lacework.net";
    variants[1].origin = "127.0.0.1:1";
    variants[2].key_id = "ACME_1";
    variants[3].sub_account = "sub";
    variants[4].flags = LWC_ID_ORG_ACCESS;
    renamed.profile = "other";
    hash_credential(&renamed, "s3cret", 60, other);
    renamed.profile = "p";
    hash_credential(&renamed, "s3cret", 60, base);
    assert_memory_equal(base, other, LWC_HASH_LEN);
    for (size_t i = 0; i < 5; i++) {
        print_message("%zu\n", i);
        hash_credential(&variants[i], "s3cret", 60, other);
        assert_memory_not_equal(base, other, LWC_HASH_LEN);
    }
    hash_credential(&renamed, "s3creT", 60, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
    hash_credential(&renamed, "s3cret", 61, other);
    assert_memory_not_equal(base, other, LWC_HASH_LEN);
}

static void flight_name_is_of_the_token_without_its_secret(void **state)
{
    static const struct {
        const char *name;
        const char *origin;
        const char *key_id;
        const char *sub_account;
        uint32_t flags;
        int64_t ttl_s;
    } cases[] = {
        {"origin", "127.0.0.1:1", "ACME_0", "", 0, 60},
        {"key id", "", "ACME_1", "", 0, 60},
        {"sub-account", "", "ACME_0", "sub", 0, 60},
        {"organization", "", "ACME_0", "", LWC_ID_ORG_ACCESS, 60},
        {"lifetime", "", "ACME_0", "", 0, 61},
    };
    struct lwc_identity base = sample();
    char name[LWC_HASH_HEX_LEN];
    char other[LWC_HASH_HEX_LEN];

    (void)state;
    base.origin = "";
    base.key_id = "ACME_0";
    base.sub_account = "";
    base.flags = 0;
    lwc_key_of_flight(&base, 60, name);
    base.profile = "other";
    lwc_key_of_flight(&base, 60, other);
    assert_string_equal(name, other);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lwc_identity identity = base;

        print_message("%s\n", cases[i].name);
        identity.origin = cases[i].origin;
        identity.key_id = cases[i].key_id;
        identity.sub_account = cases[i].sub_account;
        identity.flags = cases[i].flags;
        lwc_key_of_flight(&identity, cases[i].ttl_s, other);
        assert_string_not_equal(name, other);
    }
}

static void failures_name_is_of_account_and_key_id(void **state)
{
    struct lwc_identity identity = sample();
    char base[LWC_HASH_HEX_LEN];
    char other[LWC_HASH_HEX_LEN];

    (void)state;
    lwc_key_of_failures(&identity, base);
    identity.profile = "other";
    identity.sub_account = "sub";
    lwc_key_of_failures(&identity, other);
    assert_string_equal(base, other);
    identity.key_id = "ACME_1";
    lwc_key_of_failures(&identity, other);
    assert_string_not_equal(base, other);
    identity = sample();
    identity.origin = "127.0.0.1:1";
    lwc_key_of_failures(&identity, other);
    assert_string_not_equal(base, other);
}

static enum lwc_code read_lines(void *data, const char *from, const char *name,
                                struct lwc_buf *content, char **path_out, struct lwc_error *err)
{
    (void)from;
    *path_out = strdup(name);
    return lwc_buf_append(content, data, strlen(data), err);
}

/* The answer's name under the stack "include inner", where inner holds @text. */
static void name_of_included(const char *text, char name_out[LWC_HASH_HEX_LEN])
{
    static const char outer[] = "include inner\n";
    const struct lwc_query none = {.profile = NULL};
    char copy[256];
    const struct lwc_conf_input input = {.data = copy, .read = read_lines};
    LWC_AUTO_CONF conf = NULL;
    struct stacks stacks;
    char scope[LWC_HASH_HEX_LEN];

    (void)snprintf(copy, sizeof copy, "%s", text);
    stacks_open(&stacks, STACK);
    assert_int_equal(
        lwc_conf_parse_from(&input, outer, sizeof outer - 1, "outer", "outer", &conf, NULL),
        LWC_OK);
    lwc_key_of_scope(conf, true, &stacks.host, scope);
    lwc_key_of_query(scope, &none, 60, &stacks.host, name_out);
    stacks_close(&stacks);
}

static void query_name_changes_with_an_included_file(void **state)
{
    const struct lwc_query none = {.profile = NULL};
    char direct[LWC_HASH_HEX_LEN];
    char included[LWC_HASH_HEX_LEN];
    char other[LWC_HASH_HEX_LEN];

    (void)state;
    name_of(STACK, &none, 60, direct);
    name_of_included(STACK, included);
    name_of_included("lookup sufficient answer b\n", other);
    assert_string_equal(direct, included);
    assert_string_not_equal(included, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_name_changes_with_whatever_decides_the_answer),
        cmocka_unit_test(query_name_changes_with_an_included_file),
        cmocka_unit_test(query_name_changes_with_each_variable),
        cmocka_unit_test(scope_is_of_stack_settings_and_origin_of_modules),
        cmocka_unit_test(only_means_to_open_a_store_depend_on_nothing),
        cmocka_unit_test(credential_hash_is_of_the_key_not_of_its_name),
        cmocka_unit_test(flight_name_is_of_the_token_without_its_secret),
        cmocka_unit_test(failures_name_is_of_account_and_key_id),
    };

    return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
