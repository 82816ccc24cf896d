/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "backends/file/home.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

#define AUTO_STORE LWC_AUTO(struct lwc_store *, lwc_store_free)

static void check_refuses_only_below_a_missing_home(void **state)
{
    static const struct {
        const char *name;
        const char *home;
        const char *path;
        enum lwc_code code;
    } cases[] = {
        {"home that is there", "/", "/usr/keys.lwc", LWC_OK},
        {"no home", NULL, "/nonexistent/keys.lwc", LWC_OK},
        {"relative home", "nonexistent", "nonexistent/keys.lwc", LWC_OK},
        {"elsewhere", "/nonexistent", "/srv/keys.lwc", LWC_OK},
        {"like it", "/nonexistent", "/nonexistent2/keys.lwc", LWC_OK},
        {"below", "/nonexistent", "/nonexistent/.local/share/keys.lwc", LWC_E_INVALID},
        {"slashes", "/nonexistent//", "/nonexistent//.local/keys.lwc", LWC_E_INVALID},
        {"below a file", "/dev/null/home", "/dev/null/home/keys.lwc", LWC_E_INVALID},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        store_fixture_set(fixture, "HOME", cases[i].home);
        if (lwc_home_check(&fixture->host, cases[i].path, &err) != cases[i].code ||
            (cases[i].code != LWC_OK && strstr(err.hint, "LWCRED_STORE") == NULL)) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
    }
}

/* Neither the store nor what was seen of it brings a home directory into being, nor is anything
 * asked. */
static void store_makes_no_home_directory(void **state)
{
    struct store_fixture *fixture = *state;
    char home[TMPDIR_PATH_LEN];
    size_t entries = 0;

    store_fixture_set(fixture, "HOME", tmpdir_join(&fixture->dir, "none", home));
    store_fixture_use_key_file(fixture);
    {
        AUTO_STORE elsewhere = store_fixture_store(fixture);

        assert_int_equal(store_fixture_put(elsewhere, "a", "secret", NULL), LWC_OK);
        assert_int_equal(fixture->warnings, 1); /* the generation cannot be remembered */
    }
    tmpdir_join(&fixture->dir, "none/.local/share/lwcred/keys.lwc", fixture->path);
    store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    fixture->answers[0] = "new passphrase";
    entries = tmpdir_count(&fixture->dir, ".");
    {
        AUTO_STORE store = store_fixture_store(fixture);
        char names[1024];

        assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, NULL), LWC_E_INVALID);
        assert_int_equal(fixture->asked, 0);
        assert_int_equal(store_fixture_put(store, "a", "secret", NULL), LWC_E_INVALID);
        assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
    }
    assert_int_equal(tmpdir_count(&fixture->dir, "."), entries);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check_refuses_only_below_a_missing_home),
        TEST(store_makes_no_home_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
