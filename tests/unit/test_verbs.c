/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/identity.h"
#include "plugins/helper/command.h"
#include "tests/support/capture.h"

#define SECRET "_0123456789abcdef0123456789abcdef"
#define ACME "protocol=https\nhost=acme.lacework.net\n"

/* A library with a few credentials, that notes what is stored and removed. */
static struct {
    const struct lwc_identity *held[3];
    enum lwc_code list_code;
    enum lwc_code remove_code;
    int opened;
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

static char forgotten[256]; /* "ACCOUNT TOKEN" of the last lwc_token_forget() */

enum lwc_code __wrap_lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                              struct lwc_error *err);
enum lwc_code __wrap_lwc_open(const struct lwc_options *options, struct lwc_context **ctx_out,
                              struct lwc_error *err)
{
    (void)options;
    (void)ctx_out;
    (void)err;
    fake.opened++;
    return LWC_OK;
}

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
                                      const char *token, size_t len, struct lwc_error *err);
enum lwc_code __wrap_lwc_token_forget(struct lwc_context *ctx, const char *account,
                                      const char *token, size_t len, struct lwc_error *err)
{
    (void)ctx;
    (void)err;
    (void)snprintf(forgotten, sizeof forgotten, "%s %.*s", account, (int)len,
                   token != NULL ? token : "");
    return LWC_OK;
}

enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                    struct lwc_error *err);
enum lwc_code __wrap_lwc_key_remove(struct lwc_context *ctx, const struct lwc_query *query,
                                    const void *secret, size_t len, const char *backend,
                                    char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                    struct lwc_error *err)
{
    (void)ctx;
    assert_null(backend);
    (void)snprintf(fake.removed, sizeof fake.removed, "%s %s %s [%.*s]",
                   query->profile == NULL ? "-" : query->profile, query->account, query->key_id,
                   secret == NULL ? 4 : (int)len, secret == NULL ? "none" : (const char *)secret);
    if (fake.remove_code != LWC_OK) {
        return lwc_fail(err, fake.remove_code, "told to");
    }
    strcpy(backend_out, "file");
    return LWC_OK;
}

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

typedef enum lwc_code verb_fn(struct lwc_app *app, struct lwc_error *err);

static enum lwc_code run(verb_fn *verb, const char *profile, const char *input,
                         struct capture *capture, struct lwc_error *err)
{
    struct lwc_app app = {.git_helper = true};
    enum lwc_code code = LWC_OK;

    app.args.option[LWC_OPT_PROFILE] = profile;
    capture_begin(capture, input);
    code = verb(&app, err);
    capture_end(capture);
    assert_string_equal(capture->out, "");
    assert_null(strstr(capture->err, SECRET));
    return code;
}

static void store_puts_a_key_where_it_belongs(void **state)
{
    static const struct {
        const char *name;
        const struct lwc_identity *held[3];
        const char *profile;
        const char *stored;
    } cases[] = {
        {"nothing there", {NULL}, NULL, "default acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"default taken",
         {&other_default},
         NULL,
         "acme acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"same key id",
         {&other_default, &same_key},
         NULL,
         "prod acme.lacework.net [127.0.0.1:18443] ACME_01 [sub] " SECRET " 1 1"},
        {"same key id, that profile",
         {&same_key},
         "prod",
         "prod acme.lacework.net [127.0.0.1:18443] ACME_01 [sub] " SECRET " 1 1"},
        {"same key id, other profile",
         {&same_key},
         "dev",
         "dev acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"same key id, other account",
         {&same_key_elsewhere},
         NULL,
         "acme acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
        {"in the environment",
         {&environment},
         NULL,
         "default acme.lacework.net [] ACME_01 [] " SECRET " 0 0"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        memcpy(fake.held, cases[i].held, sizeof fake.held);
        assert_int_equal(run(lwc_verb_store, cases[i].profile,
                             ACME "username=ACME_01\npassword=" SECRET "\n", &capture, NULL),
                         LWC_OK);
        print_message("%s\n", cases[i].name);
        assert_string_equal(fake.stored, cases[i].stored);
        assert_non_null(strstr(capture.err, "in backend 'file'"));
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
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_verb_store, NULL, cases[i], &capture, NULL), LWC_OK);
        assert_string_equal(fake.stored, "");
        assert_string_equal(capture.err, "");
        assert_int_equal(fake.opened, 0);
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
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;
        struct lwc_error err = {0};

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_verb_store, NULL, cases[i], &capture, &err), LWC_E_INVALID);
        assert_string_equal(fake.stored, "");
        assert_null(strstr(err.msg, SECRET));
    }
}

static void store_without_a_list_stores_nothing(void **state)
{
    struct capture capture;

    (void)state;
    fake.list_code = LWC_E_CORRUPT;
    assert_int_equal(
        run(lwc_verb_store, NULL, ACME "username=ACME_01\npassword=" SECRET "\n", &capture, NULL),
        LWC_E_CORRUPT);
    assert_string_equal(fake.stored, "");
}

static void erase_names_the_key_and_its_secret(void **state)
{
    static const struct {
        const char *profile;
        const char *input;
        const char *removed;
    } cases[] = {
        {NULL, ACME "username=ACME_01\n", "- acme.lacework.net ACME_01 [none]"},
        {NULL, ACME "username=ACME_01\npassword=x\n", "- acme.lacework.net ACME_01 [x]"},
        {NULL, ACME "username=ACME_01\npassword=\n", "- acme.lacework.net ACME_01 []"},
        {"prod", ACME "username=ACME_01\n", "prod acme.lacework.net ACME_01 [none]"},
        {NULL, "protocol=https\nhost=127.0.0.1:1844\nusername=A_1\n",
         "- 127.0.0.1:1844 A_1 [none]"},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i].input);
        assert_int_equal(run(lwc_verb_erase, cases[i].profile, cases[i].input, &capture, NULL),
                         LWC_OK);
        assert_string_equal(fake.removed, cases[i].removed);
        assert_non_null(strstr(capture.err, "removed key id"));
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
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i]);
        assert_int_equal(run(lwc_verb_erase, NULL, cases[i], &capture, NULL), LWC_OK);
        assert_string_equal(fake.removed, "");
        assert_string_equal(capture.err, "");
    }
}

static void erase_of_an_unknown_key_is_silent(void **state)
{
    struct capture capture;
    struct lwc_error err = {0};

    (void)state;
    fake.remove_code = LWC_E_NOT_FOUND;
    assert_int_equal(run(lwc_verb_erase, NULL, ACME "username=ACME_01\n", &capture, &err), LWC_OK);
    assert_string_equal(capture.err, "");
    assert_int_equal(err.code, LWC_OK);
    fake.remove_code = LWC_E_LOCKED;
    assert_int_equal(run(lwc_verb_erase, NULL, ACME "username=ACME_01\n", &capture, &err),
                     LWC_E_LOCKED);
}

static void erase_forgets_a_token_or_all_of_the_host(void **state)
{
    static const struct {
        const char *input;
        const char *forgotten;
    } cases[] = {
        {ACME "username=x-lw-token\npassword=_tok\n", "acme.lacework.net _tok"},
        {ACME "capability[]=authtype\nauthtype=Bearer\ncredential=_cred\n",
         "acme.lacework.net _cred"},
        {ACME "username=ACME_01\npassword=_tok\n", "acme.lacework.net _tok"},
        {ACME "username=ACME_01\n", ""},
        {ACME "username=x-lw-token\n", "acme.lacework.net "},
        {ACME, "acme.lacework.net "},
        {"protocol=http\nhost=acme.lacework.net\npassword=_tok\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        print_message("%s\n", cases[i].input);
        forgotten[0] = '\0';
        fake.remove_code = LWC_E_NOT_FOUND;
        assert_int_equal(run(lwc_verb_erase, NULL, cases[i].input, &capture, NULL), LWC_OK);
        assert_string_equal(forgotten, cases[i].forgotten);
    }
}

static void erase_of_an_empty_request_is_refused(void **state)
{
    static const char *const cases[] = {"", "\n", "\r\n"};

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct capture capture;

        assert_int_equal(run(lwc_verb_erase, NULL, cases[i], &capture, NULL), LWC_E_INVALID);
        assert_string_equal(fake.removed, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(store_puts_a_key_where_it_belongs, reset),
        cmocka_unit_test_setup(store_of_anything_else_is_ignored, reset),
        cmocka_unit_test_setup(store_of_malformed_keys_is_refused, reset),
        cmocka_unit_test_setup(store_without_a_list_stores_nothing, reset),
        cmocka_unit_test_setup(erase_names_the_key_and_its_secret, reset),
        cmocka_unit_test_setup(erase_of_anything_else_removes_nothing, reset),
        cmocka_unit_test_setup(erase_of_an_unknown_key_is_silent, reset),
        cmocka_unit_test_setup(erase_forgets_a_token_or_all_of_the_host, reset),
        cmocka_unit_test_setup(erase_of_an_empty_request_is_refused, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
