/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/storevectors.h"

/* Known answers, and what becomes of them when anything in them is changed. */

#define AUTO_STORE LWC_AUTO(struct lwc_store *, lwc_store_free)

static void vectors_open_for_ever(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < vector_count; i++) {
        const struct vector *vector = &vectors[i];
        AUTO_STORE store = NULL;
        char names[1024];
        size_t count = 0;

        store_fixture_use_vector(fixture, vector->name);
        store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
        store = store_fixture_store(fixture);
        assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
        if (vector->passphrase != NULL) {
            store_fixture_use_passphrase(fixture, vector->passphrase);
        } else {
            store_fixture_use_key_file(fixture);
        }
        assert_int_equal(lwc_store_unlock(store, NULL), LWC_OK);
        for (; count < VECTOR_RECORDS && vector->records[count].id.profile != NULL; count++) {
            const struct vector_record *record = &vector->records[count];
            LWC_AUTO_BUF secret = NULL;
            struct lwc_sink sink = {0};

            lwc_buf_sink(&secret, &sink);
            if (lwc_store_find(store, &record->id, &sink, NULL) != LWC_OK ||
                !lwc_buf_equal(secret, record->secret, record->len)) {
                fail_msg("%s: %s", vector->name, record->id.profile);
            }
            assert_non_null(strstr(names, record->id.profile));
        }
        assert_int_equal(count == 0, names[0] == '\0');
    }
}

static void vectors_are_made_byte_for_byte(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < vector_count; i++) {
        LWC_AUTO_FREE uint8_t *known = NULL;
        LWC_AUTO_FREE uint8_t *made = NULL;
        size_t known_len = 0;
        size_t made_len = 0;

        (void)unlink(fixture->path);
        store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
        vector_make(fixture, &vectors[i]);
        known = store_fixture_read_data(vectors[i].name, &known_len);
        made = store_fixture_read(fixture->path, &made_len);
        if (made_len != known_len || memcmp(made, known, known_len) != 0) {
            fail_msg("%s: other bytes", vectors[i].name);
        }
    }
}

/* Bytes that say how the rest is to be read; what is unknown there looks like a newer version. */
static bool tells_version(size_t at)
{
    return at == LWC_FORMAT_AT_MAJOR || at == LWC_FORMAT_AT_SUITE ||
           at == LWC_FORMAT_AT_SUITE + 1 ||
           (at >= LWC_FORMAT_AT_REQUIRED && at < LWC_FORMAT_AT_REQUIRED + 4);
}

static void every_flipped_byte_is_refused_while_locked(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t v = 0; v < vector_count; v++) {
        size_t len = 0;
        LWC_AUTO_FREE uint8_t *bytes = store_fixture_read_data(vectors[v].name, &len);

        for (size_t i = 0; i < len; i++) {
            AUTO_STORE store = store_fixture_store(fixture);
            char names[1024];

            bytes[i] ^= 0xff;
            store_fixture_write(fixture->path, bytes, len);
            bytes[i] ^= 0xff;
            if (store_fixture_list(store, names, NULL) !=
                (tells_version(i) ? LWC_E_TOO_NEW : LWC_E_CORRUPT)) {
                fail_msg("%s: byte %zu", vectors[v].name, i);
            }
        }
    }
}

static void every_truncation_is_corrupt(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t v = 0; v < vector_count; v++) {
        size_t len = 0;
        LWC_AUTO_FREE uint8_t *bytes = store_fixture_read_data(vectors[v].name, &len);

        for (size_t cut = 0; cut < len; cut++) {
            AUTO_STORE store = store_fixture_store(fixture);
            char names[1024];

            store_fixture_write(fixture->path, bytes, cut);
            if (store_fixture_list(store, names, NULL) != LWC_E_CORRUPT) {
                fail_msg("%s: cut to %zu", vectors[v].name, cut);
            }
        }
    }
}

/* @unlock refuses @bytes with each byte changed in turn although the digest fits again. */
static void assert_flips_are_refused(struct store_fixture *fixture, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len - LWC_FORMAT_DIGEST_LEN; i++) {
        AUTO_STORE store = store_fixture_store(fixture);
        enum lwc_code code = LWC_OK;

        bytes[i] ^= 0x01;
        store_fixture_fix_digest(bytes, len);
        store_fixture_write(fixture->path, bytes, len);
        bytes[i] ^= 0x01;
        code = lwc_store_unlock(store, NULL);
        if (code != LWC_E_CORRUPT && code != LWC_E_TOO_NEW && code != LWC_E_DENIED &&
            code != LWC_E_LOCKED) {
            fail_msg("byte %zu: code %d", i, (int)code);
        }
    }
}

static void every_forged_byte_is_refused_after_unlocking(void **state)
{
    struct store_fixture *fixture = *state;
    size_t len = 0;
    LWC_AUTO_FREE uint8_t *several = store_fixture_read_data("store-several.lwc", &len);

    store_fixture_use_key_file(fixture);
    assert_flips_are_refused(fixture, several, len);
}

static void every_forged_byte_of_passphrase_store_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t len = 0;

    store_fixture_use_passphrase(fixture, "horse");
    assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_OK);
    bytes = store_fixture_read(fixture->path, &len);
    assert_flips_are_refused(fixture, bytes, len);
}

static void records_moved_between_generations_are_refused(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_FREE uint8_t *old = NULL;
    LWC_AUTO_FREE uint8_t *new = NULL;
    size_t len = 0;

    store_fixture_use_key_file(fixture);
    {
        AUTO_STORE store = store_fixture_store(fixture);
        char key_id[LWC_KEY_ID_MAX + 1];
        const struct lwc_identity id = store_fixture_identity("a", key_id);

        assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_OK);
        old = store_fixture_read(fixture->path, &len);
        assert_int_equal(lwc_store_put(store, &id, "2", 1, LWC_STORE_REPLACE, NULL), LWC_OK);
    }
    new = store_fixture_read(fixture->path, &len);
    memcpy(new + LWC_FORMAT_AT_SLOTS, old + LWC_FORMAT_AT_SLOTS,
           len - LWC_FORMAT_AT_SLOTS - LWC_FORMAT_TRAILER_LEN);
    store_fixture_fix_digest(new, len);
    store_fixture_write(fixture->path, new, len);
    {
        AUTO_STORE store = store_fixture_store(fixture);

        assert_int_equal(lwc_store_unlock(store, NULL), LWC_E_CORRUPT);
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(vectors_open_for_ever),
        TEST(vectors_are_made_byte_for_byte),
        TEST(every_flipped_byte_is_refused_while_locked),
        TEST(every_truncation_is_corrupt),
        TEST(every_forged_byte_is_refused_after_unlocking),
        TEST(every_forged_byte_of_passphrase_store_is_refused),
        TEST(records_moved_between_generations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
