/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"
#include "plugins/helper/program.h"
#include "tests/support/args.h"
#include "tests/support/capture.h"
#include "tests/support/fake_library.h"

#define SECRET "_0123456789abcdef0123456789abcdef"
#define ACME "protocol=https\nhost=acme.lacework.net\n"

/* A library with a few credentials, that notes what is stored and removed. */
static struct {
    const struct lwc_identity *held[3];
    const char *git_store; /* the setting, NULL: not in the stack file */
    enum lwc_code list_code;
    enum lwc_code prove_code;
    enum lwc_code remove_code;
    int opened;
    int proved;
    bool is_traced;
    char stored[512];  /* profile account origin key-id sub-account secret flags */
    char removed[512]; /* profile account key-id secret                          */
} fake;

static const struct lwc_identity other_default = {
    .profile = "default",
    .account = "other.lacework.net",
    .origin = "",
    .key_id = "OTHER_01",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};
static const struct lwc_identity same_key = {
    .profile = "prod",
    .account = "acme.lacework.net",
    .origin = "127.0.0.1:18443",
    .key_id = "ACME_01",
    .sub_account = "sub",
    .kind = LWC_KIND_ACCESS_KEY,
    .flags = LWC_ID_ORG_ACCESS,
};
static const struct lwc_identity same_key_elsewhere = {
    .profile = "default",
    .account = "other.lacework.net",
    .origin = "",
    .key_id = "ACME_01",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};
static const struct lwc_identity environment = {
    .profile = "env",
    .account = "acme.lacework.net",
    .origin = "",
    .key_id = "ACME_01",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};

static const struct lwc_identity unlike_default = {
    .profile = "staging",
    .account = "other.lacework.net",
    .origin = "",
    .key_id = "OTHER_01",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};
static const struct lwc_identity label = {
    .profile = "acme",
    .account = "acme.lacework.net",
    .origin = "",
    .key_id = "ACME_07",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};
static const struct lwc_identity label_2 = {
    .profile = "acme-2",
    .account = "acme.lacework.net",
    .origin = "",
    .key_id = "ACME_08",
    .sub_account = "",
    .kind = LWC_KIND_ACCESS_KEY,
};

static char forgotten[256]; /* "ACCOUNT [KEY ID] TOKEN" of the last lwc_token_forget() */

enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_list(struct lwc_context *ctx, const struct lwc_query *query,
                              lwc_list_fn *visit, void *data, struct lwc_error *err)
{
    (void)ctx;
    assert_null(query);
    for (size_t i = 0; i < LWC_ARRAY_LEN(fake.held) && fake.held[i] != NULL; i++) {
        assert_int_equal(visit(data, fake.held[i], "file", err), LWC_OK);
    }
    return fake.list_code == LWC_OK ? LWC_OK : lwc_fail(err, fake.list_code, "told to");
}

enum lwc_code __wrap_lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, const char *backend,
                                   uint32_t flags, char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err);
enum lwc_code __wrap_lwc_key_store(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, const char *backend,
                                   uint32_t flags, char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                   struct lwc_error *err)
{
    (void)ctx;
    (void)err;
    assert_null(backend);
    assert_int_equal(identity->kind, LWC_KIND_ACCESS_KEY);
    (void)snprintf(fake.stored, sizeof fake.stored, "%s %s [%s] %s [%s] %.*s %u %u",
                   identity->profile, identity->account, identity->origin, identity->key_id,
                   identity->sub_account, (int)len, (const char *)secret, identity->flags, flags);
    strcpy(backend_out, "file");
    return LWC_OK;
}

enum lwc_code __wrap_lwc_token_forget(struct lwc_context *ctx, const char *account,
                                      const char *key_id, const char *token, size_t len,
                                      struct lwc_error *err);
enum lwc_code __wrap_lwc_token_forget(struct lwc_context *ctx, const char *account,
                                      const char *key_id, const char *token, size_t len,
                                      struct lwc_error *err)
{
    (void)ctx;
    (void)err;
    (void)snprintf(forgotten, sizeof forgotten, "%s [%s] %.*s", account, key_id,
                   token == NULL ? 3 : (int)len, token == NULL ? "all" : token);
    return LWC_OK;
}

enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    lwc_removed_fn *visit, void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    lwc_removed_fn *visit, void *data, struct lwc_error *err)
{
    (void)ctx;
    assert_null(backend);
    (void)snprintf(fake.removed, sizeof fake.removed, "%s %s %s [%.*s]",
                   query->profile == NULL ? "-" : query->profile, query->account, query->key_id,
                   secret == NULL ? 4 : (int)len, secret == NULL ? "none" : (const char *)secret);
    if (fake.remove_code != LWC_OK) {
        return lwc_fail(err, fake.remove_code, "told to");
    }
    visit(data, "file", NULL);
    return LWC_OK;
}

enum lwc_code __wrap_lwc_config_lines(struct lwc_context *ctx, lwc_config_line_fn *visit,
                                      void *data, struct lwc_error *err);
enum lwc_code __wrap_lwc_config_lines(struct lwc_context *ctx, lwc_config_line_fn *visit,
                                      void *data, struct lwc_error *err)
{
    const char *const modes[] = {"none", NULL};
    const char *const words[] = {fake.git_store, NULL};
    const char *const no_words[] = {NULL};
    struct lwc_config_line lines[] = {
        {.operation = "set", .name = "cache", .argc = 1, .argv = modes},
        {.operation = "set", .name = "git-store", .argc = 1, .argv = words},
        {.operation = "lookup", .control = "[]", .name = "git-store", .argv = no_words},
    };

    (void)ctx;
    (void)err;
    for (size_t i = 0; i < LWC_ARRAY_LEN(lines); i++) {
        if (lines[i].argc == 0 || lines[i].argv[0] != NULL) {
            visit(data, &lines[i]);
        }
    }
    return LWC_OK;
}

enum lwc_code __wrap_lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, struct lwc_error *err);
enum lwc_code __wrap_lwc_key_prove(struct lwc_context *ctx, const struct lwc_identity *identity,
                                   const void *secret, size_t len, struct lwc_error *err)
{
    (void)ctx;
    assert_string_equal(identity->origin, "");
    assert_string_equal(fake.stored, "");
    assert_true(len > 0 && secret != NULL);
    fake.proved++;
    return fake.prove_code == LWC_OK ? LWC_OK : lwc_fail(err, fake.prove_code, "told to");
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&fake_library, 0, sizeof fake_library);
    forgotten[0] = '\0';
    return 0;
}

typedef enum lwc_code verb_fn(struct lwc_app *app, struct lwc_error *err);

static enum lwc_code run(verb_fn *verb, const char *profile, const char *input,
                         struct capture *capture, struct lwc_error *err)
{
    struct lwc_app app = {.git_helper = true};
    enum lwc_code code = LWC_OK;

    struct lwc_error ignored = {0};

    err = err == NULL ? &ignored : err;
    args_set(&app.args, &lwc_opt_profile, profile);
    args_set(&app.args, &lwc_opt_verbose, fake.is_traced ? "" : NULL);
    capture_begin(capture, input);
    code = verb(&app, err);
    capture_end(capture);
    assert_string_equal(capture->out, "");
    assert_null(strstr(capture->err, SECRET));
    return code;
}

#define KEY ACME "username=ACME_01\npassword=" SECRET "\n"

static const struct lwc_identity *const holders[][3] = {
    {NULL}, {&other_default}, {&other_default, &same_key}, {&same_key_elsewhere}};

static void store_of_a_key_is_ignored_unless_the_stack_says_otherwise(void **state)
{
    static const char *const settings[] = {NULL, "off"};
    static const char *const inputs[] = {
        KEY, ACME "username=alice\npassword=hunter2\n", ACME "username=A B\npassword=" SECRET "\n",
        "url=https://ACME_01:" SECRET "@acme.lacework.net/x.git\n"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(settings) * LWC_ARRAY_LEN(holders); i++) {
        for (size_t j = 0; j < LWC_ARRAY_LEN(inputs); j++) {
            struct capture capture;

            assert_int_equal(reset(state), 0);
            memcpy(fake.held, holders[i / 2], sizeof fake.held);
            fake.git_store = settings[i % 2];
            assert_int_equal(run(lwc_store_command.run, NULL, inputs[j], &capture, NULL), LWC_OK);
            assert_string_equal(capture.err, "");
            fake.is_traced = true;
            assert_int_equal(run(lwc_store_command.run, "new", inputs[j], &capture, NULL), LWC_OK);
            assert_string_equal(capture.err, "lw-credential-helper: store: ignored, as 'set "
                                             "git-store proved' is not in the stack file\n");
            assert_string_equal(fake.stored, "");
            assert_int_equal(fake.proved, 0);
        }
    }
}

static void store_keeps_a_proved_key_under_a_free_profile(void **state)
{
    static const struct {
        const char *name;
        const struct lwc_identity *held[3];
        const char *profile;
        const char *stored;
    } cases[] = {
        {"nothing there", {NULL}, NULL, "default acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"nothing but the environment",
         {&environment},
         NULL,
         "default acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"default taken",
         {&other_default},
         NULL,
         "acme acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"another profile only",
         {&unlike_default},
         NULL,
         "acme acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"label taken",
         {&other_default, &label},
         NULL,
         "acme-2 acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"label and its second taken",
         {&label, &label_2},
         NULL,
         "acme-3 acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"same key id, other account",
         {&same_key_elsewhere},
         NULL,
         "acme acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"named", {&other_default}, "dev", "dev acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i].name);
        assert_int_equal(reset(state), 0);
        fake.git_store = "proved";
        memcpy(fake.held, cases[i].held, sizeof fake.held);
        assert_int_equal(run(lwc_store_command.run, cases[i].profile, KEY, &capture, NULL), LWC_OK);
        assert_string_equal(fake.stored, cases[i].stored);
        assert_int_equal(fake.proved, 1);
        assert_non_null(strstr(capture.err, "in backend 'file'"));
    }
}

static void store_never_takes_the_place_of_a_stored_key(void **state)
{
    static const char *const profiles[] = {NULL, "prod", "dev"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(profiles); i++) {
        struct capture capture;

        assert_int_equal(reset(state), 0);
        fake.git_store = "proved";
        fake.held[0] = &same_key;
        assert_int_equal(run(lwc_store_command.run, profiles[i], KEY, &capture, NULL), LWC_OK);
        assert_string_equal(fake.stored, "");
        assert_int_equal(fake.proved, 0);
        assert_string_equal(capture.err, "");
    }
}

static void store_of_a_key_that_is_not_proved_keeps_nothing(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_REFUSED, LWC_E_NETWORK, LWC_E_RATE_LIMITED};

    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        struct capture capture;

        assert_int_equal(reset(state), 0);
        fake.git_store = "proved";
        fake.prove_code = codes[i];
        assert_int_equal(run(lwc_store_command.run, NULL, KEY, &capture, NULL), codes[i]);
        assert_string_equal(fake.stored, "");
    }
}

static void store_of_anything_else_is_ignored(void **state)
{
    static const char *const cases[] = {
        ACME "username=x-lw-token\npassword=tok\n",
        ACME "username=ACME_01\npassword=" SECRET "\nephemeral=1\n",
        ACME "username=ACME_01\npassword=" SECRET "\nauthtype=Bearer\n",
        ACME "authtype=Bearer\ncredential=tok\nephemeral=1\n",
        ACME "username=ACME_01\npassword=" SECRET "\ncredential=x\n",
        ACME "username=ACME_01\n",
        ACME "password=" SECRET "\n",
        "protocol=http\nhost=acme.lacework.net\nusername=ACME_01\npassword=" SECRET "\n",
        "protocol=https\nhost=github.com\nusername=ACME_01\npassword=" SECRET "\n",
        "protocol=https\nhost=acme.lacework.net.evil.example\nusername=A_0\npassword=" SECRET "\n",
        "protocol=https\nhost=acme.lacework.net:8443\nusername=A_0\npassword=" SECRET "\n",
        "protocol=https\nhost=127.0.0.1:18443\nusername=ACME_01\npassword=" SECRET "\n",
        "protocol=https\nhost=acme\nusername=ACME_01\npassword=" SECRET "\n",
        "protocol=https\nusername=ACME_01\npassword=" SECRET "\n",
        "\n",
    };

    (void)state;
    fake.git_store = "proved";
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_store_command.run, NULL, cases[i], &capture, NULL), LWC_OK);
        assert_string_equal(fake.stored, "");
        assert_string_equal(capture.err, "");
        assert_int_equal(fake_library.opened, 0);
    }
}

static void store_of_malformed_keys_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        ACME "username=ACME 01\npassword=" SECRET "\n",
        ACME "username=\npassword=" SECRET "\n",
        ACME "username=ACME_01\npassword=\n",
        ACME "username=ACME_01\npassword=a b\n",
        ACME "username=ACME_01\npassword=\"" SECRET "\"\n",
        ACME "username=ACME_01\npassword=a\tb\n",
        ACME "username=ACME_01\nusername=ACME_02\npassword=" SECRET "\n",
    };

    (void)state;
    fake.git_store = "proved";
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_store_command.run, NULL, cases[i], &capture, &err), LWC_E_INVALID);
        assert_string_equal(fake.stored, "");
        assert_null(strstr(err.msg, SECRET));
    }
}

static void store_without_a_list_stores_nothing(void **state)
{
    struct capture capture;

    (void)state;
    fake.git_store = "proved";
    fake.list_code = LWC_E_CORRUPT;
    assert_int_equal(run(lwc_store_command.run, NULL,
                         ACME "username=ACME_01\npassword=" SECRET "\n", &capture, NULL),
                     LWC_E_CORRUPT);
    assert_string_equal(fake.stored, "");
}

static void erase_removes_a_key_only_where_allowed_and_against_its_secret(void **state)
{
    static const struct {
        const char *git_store;
        const char *profile;
        const char *input;
        const char *removed;
    } cases[] = {
        {NULL, NULL, ACME "username=ACME_01\npassword=" SECRET "\n", ""},
        {"off", NULL, ACME "username=ACME_01\npassword=" SECRET "\n", ""},
        {NULL, NULL, ACME "username=ACME_01\n", ""},
        {"proved", NULL, ACME "username=ACME_01\n", ""},
        {"proved", "prod", ACME "username=ACME_01\n", ""},
        {"proved", NULL, ACME "username=ACME_01\npassword=x\n", "- acme.lacework.net ACME_01 [x]"},
        {"proved", NULL, ACME "username=ACME_01\npassword=\n", "- acme.lacework.net ACME_01 []"},
        {"proved", "prod", ACME "username=ACME_01\npassword=x\n",
         "prod acme.lacework.net ACME_01 [x]"},
        {"proved", NULL, "protocol=https\nhost=127.0.0.1:1844\nusername=A_1\npassword=x\n",
         "- 127.0.0.1:1844 A_1 [x]"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const bool is_removed = cases[i].removed[0] != '\0';
        struct capture capture;

        print_message("%s\n", cases[i].input);
        assert_int_equal(reset(state), 0);
        fake.git_store = cases[i].git_store;
        assert_int_equal(
            run(lwc_erase_command.run, cases[i].profile, cases[i].input, &capture, NULL), LWC_OK);
        assert_string_equal(fake.removed, cases[i].removed);
        assert_int_equal(strstr(capture.err, "removed key id") != NULL, is_removed);
        assert_int_equal(forgotten[0] == '\0', is_removed);
    }
}

static void erase_of_anything_else_removes_nothing(void **state)
{
    static const char *const cases[] = {
        ACME "username=x-lw-token\npassword=tok\n",
        ACME "authtype=Bearer\ncredential=tok\n",
        ACME "username=ACME_01\nauthtype=Bearer\ncredential=tok\n",
        ACME "username=ACME_01\ncredential=tok\n",
        ACME "password=tok\n",
        ACME,
        "protocol=https\nusername=ACME_01\n",
        "protocol=http\nhost=acme.lacework.net\nusername=ACME_01\n",
        "protocol=https\nhost=acme.lacework.net.\nusername=ACME_01\n",
    };

    (void)state;
    fake.git_store = "proved";
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_erase_command.run, NULL, cases[i], &capture, NULL), LWC_OK);
        assert_string_equal(fake.removed, "");
        assert_string_equal(capture.err, "");
    }
}

static void erase_of_an_unknown_key_is_silent(void **state)
{
    static const char input[] = ACME "username=ACME_01\npassword=x\n";
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    fake.git_store = "proved";
    fake.remove_code = LWC_E_NOT_FOUND;
    assert_int_equal(run(lwc_erase_command.run, NULL, input, &capture, &err), LWC_OK);
    assert_string_equal(capture.err, "");
    assert_int_equal(err.code, LWC_OK);
}

/* A server's 401 is enough to come here: no question, and a token is forgotten nevertheless. */
static void erase_that_cannot_remove_asks_nobody_and_forgets_the_token(void **state)
{
    static const enum lwc_code codes[] = {LWC_E_LOCKED, LWC_E_UNAVAILABLE, LWC_E_FAILED};
    static const char input[] = ACME "username=ACME_01\npassword=x\n";

    for (size_t i = 0; i < LWC_ARRAY_LEN(codes); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        assert_int_equal(reset(state), 0);
        fake.git_store = "proved";
        fake.remove_code = codes[i];
        assert_int_equal(run(lwc_erase_command.run, NULL, input, &capture, &err), codes[i]);
        assert_string_equal(err.msg, "told to");
        assert_string_equal(forgotten, "acme.lacework.net [ACME_01] x");
        assert_true((fake_library.options.flags & LWC_OPEN_NO_PROMPT) != 0);
    }
}

static void erase_forgets_a_token_or_all_of_key_or_host(void **state)
{
    static const struct {
        const char *input;
        const char *forgotten;
    } cases[] = {
        {ACME "username=x-lw-token\npassword=_tok\n", "acme.lacework.net [] _tok"},
        {ACME "capability[]=authtype\nauthtype=Bearer\ncredential=_cred\n",
         "acme.lacework.net [] _cred"},
        {ACME "username=ACME_01\npassword=_tok\n", "acme.lacework.net [ACME_01] _tok"},
        {ACME "username=ACME_01\npassword=\n", "acme.lacework.net [ACME_01] "},
        {ACME "username=ACME_01\n", "acme.lacework.net [ACME_01] all"},
        {ACME "username=x-lw-token\n", "acme.lacework.net [] all"},
        {ACME "username=A B\n", "acme.lacework.net [] all"},
        {ACME, "acme.lacework.net [] all"},
        {"protocol=http\nhost=acme.lacework.net\npassword=_tok\n", ""},
    };
    static const char *const settings[] = {NULL, "proved"};

    for (size_t i = 0; i < 2 * LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i / 2].input);
        assert_int_equal(reset(state), 0);
        fake.git_store = settings[i % 2];
        fake.remove_code = LWC_E_NOT_FOUND;
        assert_int_equal(run(lwc_erase_command.run, NULL, cases[i / 2].input, &capture, NULL),
                         LWC_OK);
        assert_string_equal(forgotten, cases[i / 2].forgotten);
    }
}

static void erase_of_an_empty_request_is_refused(void **state)
{
    static const char *const cases[] = {"", "\n", "\r\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        assert_int_equal(run(lwc_erase_command.run, NULL, cases[i], &capture, NULL), LWC_E_INVALID);
        assert_string_equal(fake.removed, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(store_of_a_key_is_ignored_unless_the_stack_says_otherwise, reset),
        cmocka_unit_test_setup(store_keeps_a_proved_key_under_a_free_profile, reset),
        cmocka_unit_test_setup(store_never_takes_the_place_of_a_stored_key, reset),
        cmocka_unit_test_setup(store_of_a_key_that_is_not_proved_keeps_nothing, reset),
        cmocka_unit_test_setup(store_of_anything_else_is_ignored, reset),
        cmocka_unit_test_setup(store_of_malformed_keys_is_refused, reset),
        cmocka_unit_test_setup(store_without_a_list_stores_nothing, reset),
        cmocka_unit_test_setup(erase_removes_a_key_only_where_allowed_and_against_its_secret,
                               reset),
        cmocka_unit_test_setup(erase_of_anything_else_removes_nothing, reset),
        cmocka_unit_test_setup(erase_of_an_unknown_key_is_silent, reset),
        cmocka_unit_test_setup(erase_that_cannot_remove_asks_nobody_and_forgets_the_token, reset),
        cmocka_unit_test_setup(erase_forgets_a_token_or_all_of_key_or_host, reset),
        cmocka_unit_test_setup(erase_of_an_empty_request_is_refused, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
