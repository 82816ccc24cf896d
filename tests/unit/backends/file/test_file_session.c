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

#define AUTO_VAULT LWC_AUTO(struct lwc_store_session, lwc_store_session_clear)

static void init(struct lwc_store_session *vault, struct bed *bed)
{
    assert_int_equal(lwc_store_session_init(vault, &bed->host, bed->path, bed_random, NULL),
                     LWC_OK);
}

/* Put a vector in the store's place as others would: another file is renamed over it. */
static void replace_by(struct bed *bed, const char *name)
{
    char real[TMPDIR_PATH_LEN];
    char other[TMPDIR_PATH_LEN];

    memcpy(real, bed->path, sizeof real);
    tmpdir_join(&bed->dir, "other.lwc", other);
    memcpy(bed->path, other, sizeof other);
    bed_use_vector(bed, name);
    memcpy(bed->path, real, sizeof real);
    assert_int_equal(rename(other, real), 0);
}

static void load_without_a_file_is_ok_and_not_loaded(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};

    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_false(vault.loaded);
    tmpdir_join(&bed->dir, "no/such/directory/keys.lwc", bed->path);
    {
        AUTO_VAULT deeper = {0};

        init(&deeper, bed);
        assert_int_equal(lwc_store_session_load(&deeper, NULL), LWC_OK);
        assert_false(deeper.loaded);
    }
}

static void load_reads_again_only_what_changed(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};
    const uint8_t *bytes = NULL;

    bed_use_vector(bed, "store-keyfile.lwc");
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    bytes = vault.image.bytes;
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_ptr_equal(vault.image.bytes, bytes);
    replace_by(bed, "store-several.lwc");
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_int_equal(vault.image.format.record_count, 5);
    assert_int_equal(unlink(bed->path), 0);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_false(vault.loaded);
}

static void same_store_keeps_its_key_and_is_authenticated_anew(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};

    bed_use_vector(bed, "store-keyfile.lwc");
    bed_use_key_file(bed);
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&vault, NULL), LWC_OK);
    replace_by(bed, "store-several.lwc"); /* of the same id and key */
    bed_set(bed, "LWCRED_KEY_FILE", NULL);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_false(vault.authentic);
    assert_int_equal(lwc_store_session_authenticate(&vault, NULL), LWC_OK);
    assert_int_equal(bed->asked, 0);
}

static void other_store_drops_the_key(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};

    bed_use_vector(bed, "store-keyfile.lwc");
    bed_use_key_file(bed);
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&vault, NULL), LWC_OK);
    assert_int_equal(unlink(bed->path), 0);
    {
        struct lwc_store *store = NULL;

        bed_random_reset();
        bed_random(bed->log, 1); /* another id than the vector's */
        bed->log[0] = '\0';
        store = bed_store(bed);
        assert_int_equal(bed_put(store, "new", "x", NULL), LWC_OK);
        lwc_store_free(&store);
    }
    bed_set(bed, "LWCRED_KEY_FILE", NULL);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_null(vault.master);
    assert_int_equal(lwc_store_session_authenticate(&vault, NULL), LWC_E_LOCKED);
}

static void key_that_was_replaced_is_got_anew(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};
    struct lwc_buf *stale = NULL;

    bed_use_vector(bed, "store-keyfile.lwc");
    bed_use_key_file(bed);
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_int_equal(lwc_buf_copy("the key before the last re-keying", 32, &stale, NULL), LWC_OK);
    lwc_store_session_set_master(&vault, vault.image.format.store_id, stale);
    assert_int_equal(lwc_store_session_authenticate(&vault, NULL), LWC_OK);
    assert_true(vault.authentic);
}

static void forged_store_is_corrupt_and_names_the_file(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    struct lwc_error err = {0};
    size_t len = 0;

    bytes = bed_read_data("store-keyfile.lwc", &len);
    bytes[LWC_FORMAT_AT_GENERATION + 7]++;
    bed_fix_digest(bytes, len);
    bed_write(bed->path, bytes, len);
    bed_use_key_file(bed);
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    assert_int_equal(lwc_store_session_authenticate(&vault, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, bed->path));
    assert_non_null(strstr(err.msg, "not authentic"));
    assert_null(vault.master);
}

static void damaged_store_points_at_the_generation_before(void **state)
{
    struct bed *bed = *state;

    for (int previous = 0; previous < 2; previous++) {
        AUTO_VAULT vault = {0};
        struct lwc_error err = {0};

        bed_write(bed->path, (const uint8_t *)"LWCREDS\n\1", 9);
        if (previous == 1) {
            tmpdir_write(&bed->dir, "keys.lwc.prev", "", 0, 0600);
        }
        init(&vault, bed);
        assert_int_equal(lwc_store_session_load(&vault, &err), LWC_E_CORRUPT);
        assert_int_equal(strstr(err.hint, "'.prev'") != NULL, previous == 1);
    }
}

static void store_that_others_can_read_is_unsafe(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};

    bed_use_vector(bed, "store-keyfile.lwc");
    assert_int_equal(chmod(bed->path, 0640), 0);
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_E_UNSAFE);
    assert_false(vault.loaded);
}

static void store_that_is_no_file_is_refused_without_waiting(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};

    init(&vault, bed);
    tmpdir_mkdir(&bed->dir, "keys.lwc", 0700);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_E_INVALID);
    assert_int_equal(rmdir(bed->path), 0);
    assert_int_equal(mkfifo(bed->path, 0600), 0);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_E_INVALID);
}

static void failure_names_the_file_once(void **state)
{
    struct bed *bed = *state;
    AUTO_VAULT vault = {0};
    struct lwc_error err = {0};
    const char *first = NULL;

    bed_use_vector(bed, "store-passphrase.lwc");
    init(&vault, bed);
    assert_int_equal(lwc_store_session_load(&vault, NULL), LWC_OK);
    bed->host.prompt = NULL;
    assert_int_equal(lwc_store_session_authenticate(&vault, &err), LWC_E_LOCKED);
    first = strstr(err.msg, bed->path);
    assert_non_null(first);
    assert_null(strstr(first + 1, bed->path));
    assert_int_equal(lwc_store_session_wrap(&vault, LWC_E_LOCKED, &err), LWC_E_LOCKED);
    assert_null(strstr(strstr(err.msg, bed->path) + 1, bed->path));
    assert_int_equal(lwc_store_session_wrap(&vault, LWC_E_IO, NULL), LWC_E_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

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
