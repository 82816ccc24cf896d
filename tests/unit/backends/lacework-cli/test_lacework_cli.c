/* SPDX-License-Identifier: Apache-2.0 */
/* The backend "lacework-cli" through its descriptor: its file, the checks on it, its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

/* The descriptor is called lwc_backend in every backend, so that no archive can hold it. */
#include "backends/lacework-cli/lacework-cli.c"

#define SECRET "_0123456789abcdef0123456789abcdef"
#define ACME                                                           \
    "[default]\naccount = 'acme'\napi_key = 'ACME_01'\napi_secret = '" \
    "_0123456789abcdef0123456789abcdef'\n"
#define TOKEN "[tok]\naccount = 'tok'\napi_token = '_token'\n"
#define HALF "[half]\naccount = 'half'\napi_key = 'HALF_01'\n"

/* A host with one setting, and a record of what it was told. */
struct fixture {
    struct tmpdir *dir;
    struct lwc_host host;
    char home[TMPDIR_PATH_LEN];
    char file[TMPDIR_PATH_LEN];
    char log[4096];
    size_t warnings;
    char depends[TMPDIR_PATH_LEN];
    void *state;
    char listed[1024];
};

static const char *get_setting(void *data, const char *name)
{
    const struct fixture *fixture = data;

    assert_string_equal(name, "HOME");
    return fixture->home[0] != '\0' ? fixture->home : NULL;
}

static void take_log(void *data, enum lwc_log_level level, const char *text)
{
    struct fixture *fixture = data;
    const size_t used = strlen(fixture->log);

    fixture->warnings += level == LWC_LOG_WARNING;
    (void)snprintf(fixture->log + used, sizeof fixture->log - used, "%s\n", text);
}

static void note_dependency(void *data, const char *path)
{
    struct fixture *fixture = data;

    (void)snprintf(fixture->depends, sizeof fixture->depends, "%s", path);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    assert_int_equal(tmpdir_setup((void **)&fixture->dir), 0);
    fixture->host = (struct lwc_host){.abi = LWC_BACKEND_ABI,
                                      .size = sizeof fixture->host,
                                      .data = fixture,
                                      .log = take_log,
                                      .setting = get_setting,
                                      .depends = note_dependency};
    (void)snprintf(fixture->home, sizeof fixture->home, "%s", fixture->dir->path);
    tmpdir_join(fixture->dir, ".lacework.toml", fixture->file);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    lwc_backend.close(fixture->state);
    assert_int_equal(tmpdir_teardown((void **)&fixture->dir), 0);
    free(fixture);
    return 0;
}

static void write_file(struct fixture *fixture, const char *text, mode_t mode)
{
    tmpdir_write(fixture->dir, ".lacework.toml", text, strlen(text), mode);
}

static void open_plain(struct fixture *fixture)
{
    assert_int_equal(lwc_backend.open(&fixture->host, 0, NULL, &fixture->state, NULL), LWC_OK);
}

static enum lwc_code write_profile(void *data, const struct lwc_identity *id, struct lwc_error *err)
{
    struct fixture *fixture = data;
    const size_t used = strlen(fixture->listed);

    (void)err;
    (void)snprintf(fixture->listed + used, sizeof fixture->listed - used, "%s ", id->profile);
    return LWC_OK;
}

static enum lwc_code list(struct fixture *fixture, struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = fixture, .visit = write_profile};

    fixture->listed[0] = '\0';
    return lwc_backend.list(fixture->state, &visitor, err);
}

static const char *list_all(struct fixture *fixture)
{
    assert_int_equal(list(fixture, NULL), LWC_OK);
    return fixture->listed;
}

static enum lwc_code find(struct fixture *fixture, const struct lwc_identity *query,
                          struct lwc_buf **secret, struct lwc_error *err)
{
    struct lwc_sink sink;

    lwc_buf_sink(secret, &sink);
    return lwc_backend.find(fixture->state, query, &sink, err);
}

static void arguments_name_the_file_or_are_refused(void **state)
{
    static const struct {
        const char *argument;
        const char *second;
        const char *msg;
    } cases[] = {
        {"paht=/x", NULL, "unknown argument 'paht=/x'"},
        {"profile=x", NULL, "unknown argument 'profile=x'"},
        {"path", NULL, "unknown argument 'path'"},
        {"path=", NULL, "neither absolute nor"},
        {"path=x.toml", NULL, "neither absolute nor"},
        {"path=/a", "path=/b", "repeated"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const char *const argv[] = {cases[i].argument, cases[i].second};
        struct lwc_error err = {0};

        assert_int_equal(lwc_backend.open(&fixture->host, cases[i].second != NULL ? 2 : 1, argv,
                                          &fixture->state, &err),
                         LWC_E_INVALID);
        assert_null(fixture->state);
        assert_non_null(strstr(err.msg, cases[i].msg));
    }
}

static void open_with_endless_path_is_invalid(void **state)
{
    static char argument[PATH_MAX + 16] = "path=/";
    static char below_home[PATH_MAX + 16] = "path=~/";
    struct fixture *fixture = *state;
    const char *const absolute[] = {argument};
    const char *const home[] = {below_home};

    memset(argument + 6, 'a', PATH_MAX);
    memset(below_home + 7, 'a', PATH_MAX - 8);
    assert_int_equal(lwc_backend.open(&fixture->host, 1, absolute, &fixture->state, NULL),
                     LWC_E_INVALID);
    assert_int_equal(lwc_backend.open(&fixture->host, 1, home, &fixture->state, NULL),
                     LWC_E_INVALID);
}

static void path_argument_names_the_file(void **state)
{
    struct fixture *fixture = *state;
    char argument[TMPDIR_PATH_LEN + 8];
    const char *const argv[][1] = {{"path=~/other.toml"}, {argument}};
    char other[TMPDIR_PATH_LEN];

    (void)snprintf(argument, sizeof argument, "path=%s",
                   tmpdir_join(fixture->dir, "other.toml", other));
    tmpdir_write(fixture->dir, "other.toml", TOKEN, strlen(TOKEN), 0600);
    for (size_t i = 0; i < LWC_ARRAY_LEN(argv); i++) {
        assert_int_equal(lwc_backend.open(&fixture->host, 1, argv[i], &fixture->state, NULL),
                         LWC_OK);
        assert_int_equal(list(fixture, NULL), LWC_OK);
        assert_string_equal(fixture->listed, "tok ");
        assert_string_equal(fixture->depends, other);
        lwc_backend.close(fixture->state);
        fixture->state = NULL;
    }
}

static void missing_file_is_not_found_without_a_word(void **state)
{
    static const char *const homes[] = {"", "relative", "/nonexistent/home", NULL};
    struct fixture *fixture = *state;
    const struct lwc_identity any = LWC_IDENTITY_ANY;

    for (size_t i = 0; i < LWC_ARRAY_LEN(homes); i++) {
        LWC_AUTO_BUF secret = NULL;
        struct lwc_error err = {0};

        (void)snprintf(fixture->home, sizeof fixture->home, "%s",
                       homes[i] != NULL ? homes[i] : fixture->dir->path);
        open_plain(fixture);
        assert_int_equal(list(fixture, &err), LWC_E_NOT_FOUND);
        assert_int_equal(find(fixture, &any, &secret, &err), LWC_E_NOT_FOUND);
        assert_int_equal(lwc_backend.probe(fixture->state, LWC_CAP_READ, &err), LWC_OK);
        assert_string_equal(err.msg, "");
        assert_string_equal(fixture->log, "");
        lwc_backend.close(fixture->state);
        fixture->state = NULL;
    }
    assert_string_equal(fixture->depends, fixture->file);
}

static void profiles_are_listed_and_found(void **state)
{
    struct fixture *fixture = *state;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_BUF secret = NULL;

    write_file(fixture, ACME TOKEN, 0600);
    open_plain(fixture);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "default tok ");
    assert_string_equal(fixture->depends, fixture->file);
    fixture->depends[0] = '\0';
    query.profile = "tok";
    assert_int_equal(find(fixture, &query, &secret, NULL), LWC_OK);
    assert_string_equal(fixture->depends, fixture->file);
    assert_true(lwc_buf_equal(secret, "_token", 6));
    query.kind = LWC_KIND_ACCESS_KEY;
    assert_int_equal(find(fixture, &query, &secret, NULL), LWC_E_NOT_FOUND);
    query = (struct lwc_identity)LWC_IDENTITY_ANY;
    query.account = "acme.lacework.net";
    assert_int_equal(find(fixture, &query, &secret, NULL), LWC_OK);
    assert_true(lwc_buf_equal(secret, SECRET, strlen(SECRET)));
    query.profile = "tok";
    assert_int_equal(find(fixture, &query, &secret, NULL), LWC_E_NOT_FOUND);
    query = (struct lwc_identity)LWC_IDENTITY_ANY;
    query.profile = "TOK";
    assert_int_equal(find(fixture, &query, &secret, NULL), LWC_E_NOT_FOUND);
    assert_string_equal(fixture->log, "");
}

static void several_that_fit_are_an_error(void **state)
{
    struct fixture *fixture = *state;
    const struct lwc_identity any = LWC_IDENTITY_ANY;
    LWC_AUTO_BUF secret = NULL;

    write_file(fixture, ACME TOKEN, 0600);
    open_plain(fixture);
    assert_int_equal(find(fixture, &any, &secret, NULL), LWC_E_INVALID);
    assert_null(secret);
}

/* The file is read anew at each call: nothing of it is kept in between. */
static void a_changed_file_is_seen(void **state)
{
    struct fixture *fixture = *state;

    open_plain(fixture);
    assert_int_equal(list(fixture, NULL), LWC_E_NOT_FOUND);
    write_file(fixture, TOKEN, 0600);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "tok ");
    assert_int_equal(unlink(fixture->file), 0);
    assert_int_equal(list(fixture, NULL), LWC_E_NOT_FOUND);
}

static void what_others_can_read_is_used_with_one_warning(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0604};
    struct fixture *fixture = *state;
    const struct lwc_identity any = LWC_IDENTITY_ANY;

    for (size_t i = 0; i < LWC_ARRAY_LEN(modes); i++) {
        LWC_AUTO_BUF secret = NULL;
        char expected[TMPDIR_PATH_LEN * 3];

        write_file(fixture, TOKEN, modes[i]);
        open_plain(fixture);
        fixture->log[0] = '\0';
        assert_int_equal(list(fixture, NULL), LWC_OK);
        assert_int_equal(find(fixture, &any, &secret, NULL), LWC_OK);
        (void)snprintf(expected, sizeof expected,
                       "%s can be read by others (mode %04o); chmod 600 '%s'\n", fixture->file,
                       modes[i], fixture->file);
        assert_string_equal(fixture->log, expected);
        lwc_backend.close(fixture->state);
        fixture->state = NULL;
    }
    assert_int_equal(fixture->warnings, LWC_ARRAY_LEN(modes));
}

static void what_others_can_write_is_unsafe(void **state)
{
    static const mode_t modes[] = {0620, 0602, 0666};
    struct fixture *fixture = *state;
    const struct lwc_identity any = LWC_IDENTITY_ANY;
    LWC_AUTO_BUF secret = NULL;

    open_plain(fixture);
    for (size_t i = 0; i < LWC_ARRAY_LEN(modes); i++) {
        struct lwc_error err = {0};

        write_file(fixture, TOKEN, modes[i]);
        assert_int_equal(list(fixture, &err), LWC_E_UNSAFE);
        assert_non_null(strstr(err.msg, fixture->file));
        assert_int_equal(find(fixture, &any, &secret, &err), LWC_E_UNSAFE);
        assert_int_equal(lwc_backend.probe(fixture->state, LWC_CAP_READ, &err), LWC_E_UNSAFE);
    }
    write_file(fixture, TOKEN, 0600);
    assert_int_equal(chmod(fixture->home, 0777), 0);
    assert_int_equal(list(fixture, NULL), LWC_E_UNSAFE);
    assert_int_equal(chmod(fixture->home, 0700), 0);
    assert_null(secret);
}

static void a_link_to_a_file_of_ours_is_followed(void **state)
{
    struct fixture *fixture = *state;
    struct lwc_error err = {0};

    tmpdir_mkdir(fixture->dir, "dotfiles", 0700);
    tmpdir_write(fixture->dir, "dotfiles/toml", TOKEN, strlen(TOKEN), 0600);
    assert_int_equal(symlink("dotfiles/toml", fixture->file), 0);
    open_plain(fixture);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "tok ");
    tmpdir_write(fixture->dir, "dotfiles/toml", TOKEN, strlen(TOKEN), 0606);
    assert_int_equal(list(fixture, &err), LWC_E_UNSAFE);
}

static void what_is_no_file_is_invalid(void **state)
{
    struct fixture *fixture = *state;
    struct lwc_error err = {0};

    open_plain(fixture);
    tmpdir_mkdir(fixture->dir, ".lacework.toml", 0700);
    assert_int_equal(list(fixture, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is a directory"));
    assert_int_equal(rmdir(fixture->file), 0);
    assert_int_equal(mkfifo(fixture->file, 0600), 0);
    assert_int_equal(list(fixture, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "is a FIFO"));
}

static void a_file_has_one_mebibyte_at_most(void **state)
{
    struct fixture *fixture = *state;
    const size_t len = (size_t)1024 * 1024;
    LWC_AUTO_FREE char *text = malloc(len + 2);
    struct lwc_error err = {0};

    assert_non_null(text);
    memset(text, '\n', len + 1);
    text[len + 1] = '\0';
    memcpy(text, TOKEN, strlen(TOKEN));
    open_plain(fixture);
    write_file(fixture, text, 0600);
    assert_int_equal(list(fixture, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, fixture->file));
    assert_non_null(strstr(err.msg, "more than 1048576"));
    text[len] = '\0';
    write_file(fixture, text, 0600);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "tok ");
}

static void malformed_file_is_invalid_never_absent(void **state)
{
    struct fixture *fixture = *state;
    const struct lwc_identity any = LWC_IDENTITY_ANY;
    LWC_AUTO_BUF secret = NULL;
    struct lwc_error err = {0};

    write_file(fixture, TOKEN "api_secret = _SECRET\n", 0600);
    open_plain(fixture);
    assert_int_equal(list(fixture, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, ".lacework.toml:4:14: not TOML"));
    assert_null(strstr(err.msg, "SECRET"));
    assert_int_equal(find(fixture, &any, &secret, &err), LWC_E_INVALID);
    assert_int_equal(lwc_backend.probe(fixture->state, LWC_CAP_READ, &err), LWC_E_INVALID);
    assert_string_equal(fixture->listed, "");
}

static void unusable_profiles_are_warned_of_once(void **state)
{
    struct fixture *fixture = *state;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_BUF secret = NULL;
    struct lwc_error err = {0};

    write_file(fixture, TOKEN HALF "['a b']\naccount = 'x'\n", 0600);
    open_plain(fixture);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "tok ");
    assert_int_equal(fixture->warnings, 2);
    assert_non_null(strstr(fixture->log, "profile 'half' lacks api_secret; 'lacework configure"));
    assert_non_null(strstr(fixture->log, ":8: the profile's name cannot be used here"));
    query.profile = "half";
    assert_int_equal(find(fixture, &query, &secret, &err), LWC_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "profile 'half' lacks api_secret"));
}

static void nothing_usable_is_not_found_with_the_reason(void **state)
{
    struct fixture *fixture = *state;
    struct lwc_error err = {0};

    write_file(fixture, HALF, 0600);
    open_plain(fixture);
    assert_int_equal(list(fixture, &err), LWC_E_NOT_FOUND);
    assert_int_equal(err.code, LWC_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "profile 'half' lacks api_secret"));
    assert_string_equal(fixture->log, "");
    write_file(fixture, "# nothing\n", 0600);
    assert_int_equal(list(fixture, NULL), LWC_OK);
    assert_string_equal(fixture->listed, "");
}

static enum lwc_code refuse(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    size_t *count = data;

    (void)identity;
    (*count)++;
    return lwc_fail(err, LWC_E_BUSY, "enough");
}

static void list_ends_where_the_visitor_ends_it(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    const struct lwc_visitor refuser = {.data = &count, .visit = refuse};

    write_file(fixture, ACME TOKEN, 0600);
    open_plain(fixture);
    assert_int_equal(lwc_backend.list(fixture->state, &refuser, NULL), LWC_E_BUSY);
    assert_int_equal(count, 1);
}

static enum lwc_code erase(struct fixture *fixture, const char *profile, struct lwc_error *err)
{
    struct lwc_identity query = LWC_IDENTITY_ANY;

    query.profile = profile;
    return lwc_backend.erase(fixture->state, &query, err);
}

static void erase_empties_the_secret_and_keeps_the_rest(void **state)
{
    struct fixture *fixture = *state;
    char text[1024];

    write_file(fixture, "# mine\n" ACME TOKEN, 0640);
    open_plain(fixture);
    assert_int_equal(erase(fixture, "none", NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_backend.probe(fixture->state, LWC_CAP_ERASE, NULL), LWC_OK);
    assert_int_equal(erase(fixture, "default", NULL), LWC_OK);
    tmpdir_assert_text(fixture->dir, ".lacework.toml",
                       "# mine\n[default]\naccount = 'acme'\napi_key = 'ACME_01'\n"
                       "api_secret = \"\"\n" TOKEN);
    assert_int_equal(erase(fixture, "default", NULL), LWC_E_NOT_FOUND);
    fixture->warnings = 0;
    assert_string_equal(list_all(fixture), "tok ");
    assert_int_equal(fixture->warnings, 0); /* an emptied profile is no fault */

    (void)snprintf(text, sizeof text, "# was %s\n%s", SECRET, ACME);
    write_file(fixture, text, 0600);
    assert_int_equal(erase(fixture, "default", NULL), LWC_OK);
    assert_int_equal(fixture->warnings, 1);
    assert_non_null(strstr(fixture->log, "stands elsewhere"));
    assert_null(strstr(fixture->log, SECRET));
}

static void as_names_the_one_profile_that_has_no_usable_name(void **state)
{
    static const struct {
        const char *text;
        const char *account;
        const char *listed;
    } cases[] = {
        {"['a b']\naccount = 'acme'\napi_key = 'A'\napi_secret = '" SECRET "'\n" TOKEN, NULL,
         "new tok "},
        {"[env]\naccount = 'acme'\napi_key = 'A'\napi_secret = '" SECRET "'\n", NULL, "new "},
        {"['a b']\naccount = 'acme'\napi_key = 'A'\napi_secret = 's'\n"
         "['c d']\naccount = 'other'\napi_key = 'A'\napi_secret = 's'\n" TOKEN,
         NULL, "tok "},
        {"['a b']\naccount = 'acme'\napi_key = 'A'\napi_secret = 's'\n"
         "['c d']\naccount = 'other'\napi_key = 'A'\napi_secret = 's'\n" TOKEN,
         "account=other", "new tok "},
        {"['a b']\naccount = 'acme'\napi_key = 'A'\napi_secret = 's'\n" TOKEN, "account=other",
         "tok "},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const arguments[] = {"as=new", cases[i].account};

        lwc_backend.close(fixture->state);
        write_file(fixture, cases[i].text, 0600);
        assert_int_equal(lwc_backend.open(&fixture->host, cases[i].account != NULL ? 2 : 1,
                                          arguments, &fixture->state, NULL),
                         LWC_OK);
        assert_string_equal(list_all(fixture), cases[i].listed);
    }
}

static void descriptor_declares_no_storing(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(lwc_backend.name, "lacework-cli");
    assert_int_equal(lwc_backend.abi, LWC_BACKEND_ABI);
    assert_int_equal(lwc_backend.size, sizeof lwc_backend);
    assert_int_equal(lwc_backend.caps, LWC_CAP_READ | LWC_CAP_LIST | LWC_CAP_ERASE);
    assert_null(lwc_backend.store);
    open_plain(fixture);
    assert_int_equal(lwc_backend.probe(fixture->state, LWC_CAP_STORE, NULL), LWC_E_INVALID);
    lwc_backend.close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arguments_name_the_file_or_are_refused),
        TEST(open_with_endless_path_is_invalid),
        TEST(path_argument_names_the_file),
        TEST(missing_file_is_not_found_without_a_word),
        TEST(profiles_are_listed_and_found),
        TEST(several_that_fit_are_an_error),
        TEST(a_changed_file_is_seen),
        TEST(what_others_can_read_is_used_with_one_warning),
        TEST(what_others_can_write_is_unsafe),
        TEST(a_link_to_a_file_of_ours_is_followed),
        TEST(what_is_no_file_is_invalid),
        TEST(a_file_has_one_mebibyte_at_most),
        TEST(malformed_file_is_invalid_never_absent),
        TEST(unusable_profiles_are_warned_of_once),
        TEST(nothing_usable_is_not_found_with_the_reason),
        TEST(list_ends_where_the_visitor_ends_it),
        TEST(erase_empties_the_secret_and_keeps_the_rest),
        TEST(as_names_the_one_profile_that_has_no_usable_name),
        TEST(descriptor_declares_no_storing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
