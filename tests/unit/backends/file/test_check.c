/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/util.h"
#include "tests/support/storevectors.h"

#define AUTO_STORE LWC_AUTO(struct lwc_store *, lwc_store_free)

/* Joins the fields of the only record but its path. */
static enum lwc_code note_fields(void *data, const struct lwc_field *fields, size_t count,
                                 struct lwc_error *err)
{
    char *text = data;

    (void)err;
    assert_string_equal(fields[0].name, "path");
    assert_int_equal(text[0], '\0');
    for (size_t i = 1; i < count; i++) {
        const size_t len = strlen(text);

        (void)snprintf(text + len, 512 - len, "%s=%s ", fields[i].name, fields[i].value);
    }
    return LWC_OK;
}

static enum lwc_code check_store(struct lwc_store *store, char text_out[512], struct lwc_error *err)
{
    const struct lwc_reporter reporter = {.data = text_out, .report = note_fields};

    text_out[0] = '\0';
    return lwc_store_report(store, &reporter, err);
}

static void absent_store_is_reported_and_not_made(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char text[512];

    assert_int_equal(check_store(store, text, NULL), LWC_OK);
    assert_string_equal(text, "present=no ");
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
    assert_int_equal(fixture->asked, 0);
}

static void locked_store_is_reported_without_a_question(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char text[512];
    size_t before = 0;

    store_fixture_use_vector(fixture, "store-passphrase.lwc");
    before = tmpdir_count(&fixture->dir, ".");
    assert_int_equal(check_store(store, text, NULL), LWC_OK);
    print_message("%s\n", text);
    assert_non_null(strstr(text, "present=yes format=1.0 id="));
    assert_non_null(strstr(text, " generation="));
    assert_non_null(strstr(text, " key-epoch=1 slots=1 records="));
    assert_non_null(strstr(text, " digest=intact authentic=unknown writable=yes "));
    assert_int_equal(fixture->asked, 0);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), before);
}

static void counts_follow_the_store(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    AUTO_STORE other = store_fixture_store(fixture);
    char text[512];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "alpha", "a", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "beta", "b", NULL), LWC_OK);
    assert_int_equal(check_store(store, text, NULL), LWC_OK);
    assert_non_null(strstr(text, " generation=2 key-epoch=1 slots=1 records=2 "));
    assert_non_null(strstr(text, " authentic=yes "));
    assert_int_equal(check_store(other, text, NULL), LWC_OK);
    assert_non_null(strstr(text, " authentic=unknown "));
}

static void store_of_a_newer_version_is_not_writable(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char text[512];

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    vector_amend(fixture, (const uint16_t[]){900}, 1, 0x10);
    assert_int_equal(check_store(store, text, NULL), LWC_OK);
    assert_non_null(strstr(text, " slots=2 "));
    assert_non_null(strstr(text, " writable=no "));
}

/* Each byte that is flipped, and each cut, is found without a key. */
static void damage_is_corrupt_or_too_new(void **state)
{
    struct store_fixture *fixture = *state;
    size_t len = 0;
    LWC_AUTO_FREE uint8_t *bytes = store_fixture_read_data("store-keyfile.lwc", &len);
    char text[512];

    for (size_t at = 0; at < len; at += 7) {
        AUTO_STORE store = store_fixture_store(fixture);
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        bytes[at] ^= 1;
        store_fixture_write(fixture->path, bytes, len);
        code = check_store(store, text, &err);
        assert_true(code == LWC_E_CORRUPT || code == LWC_E_TOO_NEW);
        assert_non_null(strstr(err.msg, fixture->path));
        assert_string_equal(text, "");
        bytes[at] ^= 1;
    }
    for (size_t cut = 1; cut < len; cut += 13) {
        AUTO_STORE store = store_fixture_store(fixture);

        store_fixture_write(fixture->path, bytes, len - cut);
        assert_int_equal(check_store(store, text, NULL), LWC_E_CORRUPT);
    }
}

static void forged_store_is_found_with_the_key_alone(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    AUTO_STORE locked = store_fixture_store(fixture);
    size_t len = 0;
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    struct lwc_error err = {0};
    char text[512];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "alpha", "a", NULL), LWC_OK);
    assert_int_equal(check_store(store, text, NULL), LWC_OK);
    bytes = store_fixture_read(fixture->path, &len);
    bytes[len - LWC_FORMAT_TRAILER_LEN] ^= 1; /* the MAC */
    store_fixture_fix_digest(bytes, len);
    store_fixture_write(fixture->path, bytes, len);
    assert_int_equal(check_store(store, text, &err), LWC_E_CORRUPT);
    assert_string_equal(text, "");
    assert_int_equal(check_store(locked, text, NULL), LWC_OK);
    assert_non_null(strstr(text, " authentic=unknown "));
}

static void store_that_others_can_read_is_unsafe(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char text[512];

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    assert_int_equal(chmod(fixture->path, 0644), 0);
    assert_int_equal(check_store(store, text, NULL), LWC_E_UNSAFE);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(absent_store_is_reported_and_not_made),
        TEST(locked_store_is_reported_without_a_question),
        TEST(counts_follow_the_store),
        TEST(store_of_a_newer_version_is_not_writable),
        TEST(damage_is_corrupt_or_too_new),
        TEST(forged_store_is_found_with_the_key_alone),
        TEST(store_that_others_can_read_is_unsafe),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
