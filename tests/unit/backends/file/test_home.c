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
    struct bed *bed = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_error err = {0};

        bed_set(bed, "HOME", cases[i].home);
        if (lwc_home_check(&bed->host, cases[i].path, &err) != cases[i].code ||
            (cases[i].code != LWC_OK && strstr(err.hint, "LWCRED_STORE") == NULL)) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
    }
}

/* Neither the store nor what was seen of it brings a home directory into being, nor is anything
 * asked. */
static void store_makes_no_home_directory(void **state)
{
    struct bed *bed = *state;
    char home[TMPDIR_PATH_LEN];
    size_t entries = 0;

    bed_set(bed, "HOME", tmpdir_join(&bed->dir, "none", home));
    bed_use_key_file(bed);
    {
        AUTO_STORE elsewhere = bed_store(bed);

        assert_int_equal(bed_put(elsewhere, "a", "secret", NULL), LWC_OK);
        assert_int_equal(bed->warnings, 1); /* the generation cannot be remembered */
    }
    tmpdir_join(&bed->dir, "none/.local/share/lwcred/keys.lwc", bed->path);
    bed_set(bed, "LWCRED_KEY_FILE", NULL);
    bed->answers[0] = "new passphrase";
    entries = tmpdir_count(&bed->dir, ".");
    {
        AUTO_STORE store = bed_store(bed);
        char names[1024];

        assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, NULL), LWC_E_INVALID);
        assert_int_equal(bed->asked, 0);
        assert_int_equal(bed_put(store, "a", "secret", NULL), LWC_E_INVALID);
        assert_int_equal(bed_list(store, names, NULL), LWC_OK);
    }
    assert_int_equal(tmpdir_count(&bed->dir, "."), entries);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check_refuses_only_below_a_missing_home),
        TEST(store_makes_no_home_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
