/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/util.h"
#include "net/ca.h"
#include "tests/support/tmpdir.h"

struct settings {
    const char *bundle;
    const char *file;
    const char *dir;
};

static const char *setting(void *data, const char *name)
{
    const struct settings *settings = data;
    const struct {
        const char *name;
        const char *value;
    } known[] = {
        {"LWCRED_CA_BUNDLE", settings->bundle},
        {"SSL_CERT_FILE", settings->file},
        {"SSL_CERT_DIR", settings->dir},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(known); i++) {
        if (lwc_streq(known[i].name, name)) {
            return known[i].value;
        }
    }
    return NULL;
}

static enum lwc_code choose(const struct settings *settings, struct lwc_ca *ca_out,
                            struct lwc_error *err)
{
    struct settings copy = *settings;
    const struct lwc_host host = {.data = &copy, .setting = setting};

    return lwc_ca_choose(&host, ca_out, err);
}

static void settings_are_taken_in_their_order(void **state)
{
    const struct tmpdir *tmp = *state;
    char a[TMPDIR_PATH_LEN];
    char b[TMPDIR_PATH_LEN];
    const struct {
        const char *name;
        struct settings settings;
        const char *file;
        const char *dir;
    } cases[] = {
        {"bundle", {a, NULL, NULL}, a, ""},
        {"bundle before the others", {a, b, "/d"}, a, ""},
        {"bundle empty", {"", b, NULL}, b, ""},
        {"file", {NULL, b, NULL}, b, ""},
        {"dir", {NULL, NULL, "/d:/e"}, "", "/d:/e"},
        {"file and dir", {NULL, b, "/d"}, b, "/d"},
    };

    tmpdir_join(tmp, "a.pem", a);
    tmpdir_join(tmp, "b.pem", b);
    tmpdir_write(tmp, "a.pem", "a", 1, 0644);
    tmpdir_write(tmp, "b.pem", "b", 1, 0600);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_ca ca;
        struct lwc_error err = {0};

        if (choose(&cases[i].settings, &ca, &err) != LWC_OK) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
        if (!lwc_streq(ca.file, cases[i].file) || !lwc_streq(ca.dir, cases[i].dir)) {
            fail_msg("%s: \"%s\" \"%s\"", cases[i].name, ca.file, ca.dir);
        }
    }
}

static void nothing_set_chooses_one_place_of_the_system(void **state)
{
    const struct settings none = {NULL, NULL, NULL};
    struct lwc_ca ca;

    (void)state;
    assert_int_equal(choose(&none, &ca, NULL), LWC_OK);
    assert_true(ca.file[0] == '\0' || ca.dir[0] == '\0');
    assert_true(ca.dir[0] == '\0' || lwc_ca_dir_is_hashed(ca.dir));
    assert_true(ca.file[0] == '\0' || access(ca.file, R_OK) == 0);
}

static void bad_files_are_refused_by_name(void **state)
{
    const struct tmpdir *tmp = *state;
    char fifo[TMPDIR_PATH_LEN];
    char open[TMPDIR_PATH_LEN];
    char endless[2 * TMPDIR_PATH_LEN];
    char open_dir[TMPDIR_PATH_LEN];
    char sticky_dir[TMPDIR_PATH_LEN];
    char list[TMPDIR_PATH_LEN + 16];
    const struct {
        const char *name;
        struct settings settings;
        enum lwc_code code;
        const char *text;
    } cases[] = {
        {"missing", {"/nonexistent/ca.pem", NULL, NULL}, LWC_E_INVALID, "LWCRED_CA_BUNDLE: "},
        {"missing file", {NULL, "/nonexistent/ca.pem", NULL}, LWC_E_INVALID, "SSL_CERT_FILE: "},
        {"directory", {tmp->path, NULL, NULL}, LWC_E_INVALID, "LWCRED_CA_BUNDLE: "},
        {"FIFO", {fifo, NULL, NULL}, LWC_E_INVALID, "LWCRED_CA_BUNDLE: "},
        {"others can write", {open, NULL, NULL}, LWC_E_UNSAFE, "LWCRED_CA_BUNDLE: "},
        {"endless", {endless, NULL, NULL}, LWC_E_INVALID, "LWCRED_CA_BUNDLE: "},
        {"endless dir", {NULL, NULL, endless}, LWC_E_INVALID, "SSL_CERT_DIR: "},
        {"file as dir", {NULL, NULL, fifo}, LWC_E_INVALID, "SSL_CERT_DIR: "},
        {"others can write the dir", {NULL, NULL, open_dir}, LWC_E_UNSAFE, "SSL_CERT_DIR: "},
        {"others can add to the dir", {NULL, NULL, sticky_dir}, LWC_E_UNSAFE, "SSL_CERT_DIR: "},
        {"the second of them", {NULL, NULL, list}, LWC_E_UNSAFE, "SSL_CERT_DIR: "},
    };

    tmpdir_join(tmp, "fifo", fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    tmpdir_join(tmp, "open.pem", open);
    tmpdir_write(tmp, "open.pem", "a", 1, 0666);
    tmpdir_mkdir(tmp, "dir", 0777);
    tmpdir_mkdir(tmp, "sticky", 01777);
    tmpdir_join(tmp, "dir", open_dir);
    tmpdir_join(tmp, "sticky", sticky_dir);
    (void)snprintf(list, sizeof list, "/nonexistent::%s", open_dir);
    memset(endless, 'a', sizeof endless);
    endless[0] = '/';
    endless[sizeof endless - 1] = '\0';
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_ca ca = {.file = "untouched"};
        struct lwc_error err = {0};
        enum lwc_code code = choose(&cases[i].settings, &ca, &err);

        if (code != cases[i].code || strstr(err.msg, cases[i].text) != err.msg ||
            !lwc_streq(ca.file, "untouched")) {
            fail_msg("%s: code %d, %s", cases[i].name, code, err.msg);
        }
    }
}

static void directory_is_hashed_if_one_name_is(void **state)
{
    static const struct {
        const char *entry;
        bool hashed;
    } cases[] = {
        {"0123abcd.0", true},   {"ffffffff.9", true},  {"0123abcd.r0", false},
        {"0123abcd.10", false}, {"0123ABCD.0", false}, {"0123abc.0", false},
        {"0123abcde.0", false}, {"0123abcd", false},   {"ca-certificates.crt", false},
        {"0123abcg.0", false},
    };
    const struct tmpdir *tmp = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        char dir[TMPDIR_PATH_LEN];
        char name[64];
        char file[128];

        (void)snprintf(name, sizeof name, "dir%zu", i);
        (void)snprintf(file, sizeof file, "%s/%s", name, cases[i].entry);
        tmpdir_mkdir(tmp, name, 0755);
        tmpdir_write(tmp, file, "", 0, 0644);
        if (lwc_ca_dir_is_hashed(tmpdir_join(tmp, name, dir)) != cases[i].hashed) {
            fail_msg("%s", cases[i].entry);
        }
    }
    assert_false(lwc_ca_dir_is_hashed("/nonexistent"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_are_taken_in_their_order),
        TEST(nothing_set_chooses_one_place_of_the_system),
        TEST(bad_files_are_refused_by_name),
        TEST(directory_is_hashed_if_one_name_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
