/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/exec/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"
#include "base/util.h"

#define WORDS_MAX 8
#define ANY "command=/bin/helper"
#define ACME "command=/bin/helper", "account=acme"

static enum lwc_code read_words(struct lwc_exec_line *line, const char *const *words,
                                struct lwc_error *err)
{
    size_t count = 0;

    while (count < WORDS_MAX && words[count] != NULL) {
        count++;
    }
    return lwc_exec_line_read(line, count, words, err);
}

static void read_takes_every_word(void **state)
{
    static const char *const words[] = {
        ACME,           "arg=--file=/x",  "arg=-v",
        "profile=prod", "key-id=ACME_01", "origin=https://127.0.0.1:8443",
        "org-access"};
    struct lwc_exec_line line;

    (void)state;
    assert_int_equal(lwc_exec_line_read(&line, LWC_ARRAY_LEN(words), words, NULL), LWC_OK);
    assert_string_equal(line.path, "/bin/helper");
    assert_int_equal(line.argc, 3);
    assert_string_equal(line.argv[0], "/bin/helper");
    assert_string_equal(line.argv[1], "--file=/x");
    assert_string_equal(line.argv[2], "-v");
    assert_null(line.argv[3]);
    assert_string_equal(line.account, "acme.lacework.net");
    assert_string_equal(line.origin, "127.0.0.1:8443");
    assert_string_equal(line.profile, "prod");
    assert_string_equal(line.key_id, "ACME_01");
    assert_int_equal(line.flags, LWC_ID_ORG_ACCESS);
    assert_int_equal(line.timeout_s, 10);
    lwc_exec_line_clear(&line);
    lwc_exec_line_clear(&line);
}

static void read_refuses_what_is_wrong(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *reason;
    } cases[] = {
        {{NULL}, "command=/PATH is missing"},
        {{"account=acme"}, "command=/PATH is missing"},
        {{"command=git-credential-store"}, "no absolute path"},
        {{"command=./helper"}, "no absolute path"},
        {{"command="}, "no absolute path"},
        {{ANY, ANY}, "'command=' is repeated"},
        {{ANY, "colour=red"}, "unknown argument 'colour=red'"},
        {{ANY, "org-access=1"}, "unknown argument"},
        {{ANY, "timeout=soon"}, "is no duration"},
        {{ANY, "timeout=0"}, "is no duration"},
        {{ANY, "account=https://evil.example/x"}, "account"},
        {{ANY, "profile=prod"}, "account= is missing"},
        {{ANY, "origin=https://h"}, "account= is missing"},
        {{ANY, "key-id=K"}, "account= is missing"},
        {{ACME, "profile=../x"}, "profile"},
        {{ACME, "key-id=a b"}, "key id"},
        {{ACME, "origin=http://h"}, "https"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_exec_line line;
        struct lwc_error err = {0};

        print_message("%zu\n", i);
        assert_int_equal(read_words(&line, cases[i].words, &err), LWC_E_INVALID);
        assert_non_null(strstr(err.msg, cases[i].reason));
        lwc_exec_line_clear(&line);
    }
}

static void target_is_what_a_query_can_mean(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *profile, *account, *key_id;
        const char *meant; /* profile account origin key id, or NULL: do not ask */
    } cases[] = {
        {{ANY}, "", "acme.lacework.net", "", "acme acme.lacework.net  "},
        {{ANY}, "", "acme.fra.lacework.net", "K", "acme acme.fra.lacework.net  K"},
        {{ANY}, "acme", "acme.lacework.net", "", "acme acme.lacework.net  "},
        {{ANY}, "default", "acme.lacework.net", "", NULL},
        {{ANY}, "acme", "", "", NULL},
        {{ANY}, "", "github.com", "", NULL},
        {{ANY}, "", "login.lacework.net", "", NULL},
        {{ANY}, "", "acme.lacework.net:8443", "", NULL},
        {{ANY}, "", "", "K", NULL},
        {{ACME}, "", "acme.lacework.net", "", "default acme.lacework.net  "},
        {{ACME}, "default", "", "", "default acme.lacework.net  "},
        {{ACME}, "", "", "K", "default acme.lacework.net  K"},
        {{ACME}, "env", "", "", NULL},
        {{ACME}, "", "other.lacework.net", "", NULL},
        {{ACME, "key-id=K"}, "default", "", "", "default acme.lacework.net  K"},
        {{ACME, "key-id=K"}, "default", "", "L", NULL},
        {{ACME, "origin=https://h:1"}, "", "h:1", "", "default acme.lacework.net h:1 "},
        {{ACME, "origin=https://h:1"},
         "",
         "acme.lacework.net",
         "",
         "default acme.lacework.net h:1 "},
        {{ACME, "profile=prod"}, "prod", "", "", "prod acme.lacework.net  "},
        {{ACME, "profile=prod"}, "default", "", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_exec_line line;
        struct lwc_exec_target target;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        char meant[512];

        print_message("%zu\n", i);
        query.profile = cases[i].profile;
        query.account = cases[i].account;
        query.key_id = cases[i].key_id;
        assert_int_equal(read_words(&line, cases[i].words, NULL), LWC_OK);
        assert_int_equal(lwc_exec_line_target(&line, &query, &target), cases[i].meant != NULL);
        if (cases[i].meant != NULL) {
            (void)snprintf(meant, sizeof meant, "%s %s %s %s", target.identity.profile,
                           target.identity.account, target.identity.origin, target.identity.key_id);
            assert_string_equal(meant, cases[i].meant);
        }
        lwc_exec_line_clear(&line);
    }
}

static void target_of_a_token_is_none(void **state)
{
    static const char *const words[] = {ACME};
    struct lwc_exec_line line;
    struct lwc_exec_target target;
    struct lwc_identity query = LWC_IDENTITY_ANY;

    (void)state;
    query.kind = LWC_KIND_TOKEN;
    assert_int_equal(lwc_exec_line_read(&line, LWC_ARRAY_LEN(words), words, NULL), LWC_OK);
    assert_false(lwc_exec_line_target(&line, &query, &target));
    lwc_exec_line_clear(&line);
}

static void takes_only_what_comes_back_whole(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *profile, *origin, *sub_account;
        uint32_t kind;
        uint32_t flags;
        const char *reason; /* NULL: taken */
    } cases[] = {
        {{ANY}, "acme", "", "", LWC_KIND_ACCESS_KEY, 0, NULL},
        {{ACME}, "default", "", "", LWC_KIND_ACCESS_KEY, 0, NULL},
        {{ANY}, "default", "", "", LWC_KIND_ACCESS_KEY, 0, "another profile"},
        {{ACME}, "default", "h:1", "", LWC_KIND_ACCESS_KEY, 0, "another origin"},
        {{ACME, "origin=https://h:1"}, "default", "h:1", "", LWC_KIND_ACCESS_KEY, 0, NULL},
        {{ACME}, "default", "", "sub", LWC_KIND_ACCESS_KEY, 0, "another sub-account"},
        {{ACME, "sub-account=sub"}, "default", "", "sub", LWC_KIND_ACCESS_KEY, 0, NULL},
        {{ACME}, "default", "", "", LWC_KIND_ACCESS_KEY, LWC_ID_ORG_ACCESS, "another org-access"},
        {{ACME, "org-access"}, "default", "", "", LWC_KIND_ACCESS_KEY, LWC_ID_ORG_ACCESS, NULL},
        {{ACME}, "default", "", "", LWC_KIND_TOKEN, 0, "only access keys"},
        {{ACME, "key-id=L"}, "default", "", "", LWC_KIND_ACCESS_KEY, 0, "not asked for"},
        {{"command=/h", "account=other"},
         "default",
         "",
         "",
         LWC_KIND_ACCESS_KEY,
         0,
         "not asked for"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_exec_line line;
        struct lwc_error err = {0};
        struct lwc_identity identity = {.profile = cases[i].profile,
                                        .account = "acme.lacework.net",
                                        .origin = cases[i].origin,
                                        .key_id = "K",
                                        .sub_account = cases[i].sub_account,
                                        .kind = cases[i].kind,
                                        .flags = cases[i].flags};

        print_message("%zu\n", i);
        assert_int_equal(read_words(&line, cases[i].words, NULL), LWC_OK);
        assert_int_equal(lwc_exec_line_takes(&line, &identity, &err),
                         cases[i].reason == NULL ? LWC_OK : LWC_E_INVALID);
        if (cases[i].reason != NULL) {
            assert_non_null(strstr(err.msg, cases[i].reason));
        }
        lwc_exec_line_clear(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_takes_every_word),
        cmocka_unit_test(read_refuses_what_is_wrong),
        cmocka_unit_test(target_is_what_a_query_can_mean),
        cmocka_unit_test(target_of_a_token_is_none),
        cmocka_unit_test(takes_only_what_comes_back_whole),
    };

    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
