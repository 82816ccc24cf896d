/* SPDX-License-Identifier: Apache-2.0 */
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

#include "backends/file/session.h"
#include "base/util.h"
#include "tests/support/storevectors.h"

#define AUTO_SESSION LWC_AUTO(struct lwc_store_session, lwc_store_session_clear)

static void init(struct lwc_store_session *session, struct store_fixture *fixture)
{
    assert_int_equal(
        lwc_store_session_init(session, &fixture->host, fixture->path, store_fixture_random, NULL),
        LWC_OK);
}

/* Put a vector in the store's place as others would: another file is renamed over it. */
static void replace_by(struct store_fixture *fixture, const char *name)
{
    char real[TMPDIR_PATH_LEN];
    char other[TMPDIR_PATH_LEN];

    memcpy(real, fixture->path, sizeof real);
    tmpdir_join(&fixture->dir, "other.lwc", other);
    memcpy(fixture->path, other, sizeof other);
    store_fixture_use_vector(fixture, name);
    memcpy(fixture->path, real, sizeof real);
    assert_int_equal(rename(other, real), 0);
}

static void load_without_a_file_is_ok_and_not_loaded(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};

    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_false(session.loaded);
    tmpdir_join(&fixture->dir, "no/such/directory/keys.lwc", fixture->path);
    {
        AUTO_SESSION deeper = {0};

        init(&deeper, fixture);
        assert_int_equal(lwc_store_session_load(&deeper, NULL), LWC_OK);
        assert_false(deeper.loaded);
    }
}

static void load_reads_again_only_what_changed(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};
    const uint8_t *bytes = NULL;

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    bytes = session.contents.bytes;
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_ptr_equal(session.contents.bytes, bytes);
    replace_by(fixture, "store-several.lwc");
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_int_equal(session.contents.format.record_count, 5);
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_false(session.loaded);
}

static void same_store_keeps_its_key_and_is_authenticated_anew(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&session, NULL), LWC_OK);
    replace_by(fixture, "store-several.lwc"); /* of the same id and key */
    store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_false(session.authentic);
    assert_int_equal(lwc_store_session_authenticate(&session, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 0);
}

static void other_store_drops_the_key(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&session, NULL), LWC_OK);
    assert_int_equal(unlink(fixture->path), 0);
    {
        struct lwc_store *store = NULL;

        store_fixture_random_reset();
        store_fixture_random(fixture->log, 1); /* another id than the vector's */
        fixture->log[0] = '\0';
        store = store_fixture_store(fixture);
        assert_int_equal(store_fixture_put(store, "new", "x", NULL), LWC_OK);
        lwc_store_free(&store);
    }
    store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_null(session.master);
    assert_int_equal(lwc_store_session_authenticate(&session, NULL), LWC_E_LOCKED);
}

static void key_that_was_replaced_is_got_anew(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};
    struct lwc_buf *stale = NULL;

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_int_equal(lwc_buf_copy("the key before the last re-keying", 32, &stale, NULL), LWC_OK);
    lwc_store_session_set_master(&session, session.contents.format.store_id, stale);
    assert_int_equal(lwc_store_session_authenticate(&session, NULL), LWC_OK);
    assert_true(session.authentic);
}

static void forged_store_is_corrupt_and_names_the_file(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    struct lwc_error err = {0};
    size_t len = 0;

    bytes = store_fixture_read_data("store-keyfile.lwc", &len);
    bytes[LWC_FORMAT_AT_GENERATION + 7]++;
    store_fixture_fix_digest(bytes, len);
    store_fixture_write(fixture->path, bytes, len);
    store_fixture_use_key_file(fixture);
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&session, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, fixture->path));
    assert_non_null(strstr(err.msg, "not authentic"));
    assert_null(session.master);
}

static void damaged_store_points_at_the_generation_before(void **state)
{
    struct store_fixture *fixture = *state;

    for (int previous = 0; previous < 2; previous++) {
        AUTO_SESSION session = {0};
        struct lwc_error err = {0};

        store_fixture_write(fixture->path, (const uint8_t *)"LWCREDS\n\1", 9);
        if (previous == 1) {
            tmpdir_write(&fixture->dir, "keys.lwc.prev", "", 0, 0600);
        }
        init(&session, fixture);
        assert_int_equal(lwc_store_session_load(&session, &err), LWC_E_CORRUPT);
        assert_int_equal(strstr(err.hint, "'.prev'") != NULL, previous == 1);
    }
}

static void store_that_others_can_read_is_unsafe(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    assert_int_equal(chmod(fixture->path, 0640), 0);
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_E_UNSAFE);
    assert_false(session.loaded);
}

static void store_that_is_no_file_is_refused_without_waiting(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};

    init(&session, fixture);
    tmpdir_mkdir(&fixture->dir, "keys.lwc", 0700);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_E_INVALID);
    assert_int_equal(rmdir(fixture->path), 0);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_E_INVALID);
}

static void failure_names_the_file_once(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_SESSION session = {0};
    struct lwc_error err = {0};
    const char *first = NULL;

    store_fixture_use_vector(fixture, "store-passphrase.lwc");
    init(&session, fixture);
    assert_int_equal(lwc_store_session_load(&session, NULL), LWC_OK);
    fixture->host.prompt = NULL;
    assert_int_equal(lwc_store_session_authenticate(&session, &err), LWC_E_LOCKED);
    first = strstr(err.msg, fixture->path);
    assert_non_null(first);
    assert_null(strstr(first + 1, fixture->path));
    assert_int_equal(lwc_store_session_wrap(&session, LWC_E_LOCKED, &err), LWC_E_LOCKED);
    assert_null(strstr(strstr(err.msg, fixture->path) + 1, fixture->path));
    assert_int_equal(lwc_store_session_wrap(&session, LWC_E_IO, NULL), LWC_E_IO);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(load_without_a_file_is_ok_and_not_loaded),
        TEST(load_reads_again_only_what_changed),
        TEST(same_store_keeps_its_key_and_is_authenticated_anew),
        TEST(other_store_drops_the_key),
        TEST(key_that_was_replaced_is_got_anew),
        TEST(forged_store_is_corrupt_and_names_the_file),
        TEST(failure_names_the_file_once),
        TEST(damaged_store_points_at_the_generation_before),
        TEST(store_that_others_can_read_is_unsafe),
        TEST(store_that_is_no_file_is_refused_without_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
