/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/storevectors.h"

#define AUTO_STORE LWC_AUTO(struct lwc_store *, lwc_store_free)

static void put_then_find_gives_the_secret(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    AUTO_STORE again = store_fixture_store(fixture);
    char secret[256];
    char names[1024];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "beta", "secret of beta", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "alpha", "secret of alpha", NULL), LWC_OK);
    assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_OK);
    assert_string_equal(secret, "secret of alpha");
    assert_int_equal(store_fixture_find(again, "beta", secret, NULL), LWC_OK);
    assert_string_equal(secret, "secret of beta");
    assert_int_equal(store_fixture_list(again, names, NULL), LWC_OK);
    assert_string_equal(names, "alpha beta");
}

static void store_that_does_not_exist_is_empty(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    struct lwc_identity query = LWC_IDENTITY_ANY;
    char secret[256];
    char names[1024];

    query.profile = "alpha";
    assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
    assert_string_equal(names, "");
    assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_store_unlock(store, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(fixture->asked, 0);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
}

static void put_makes_the_directory_and_private_files(void **state)
{
    struct store_fixture *fixture = *state;
    char secret[256];
    struct stat st;

    tmpdir_join(&fixture->dir, "a/b/keys.lwc", fixture->path);
    store_fixture_use_key_file(fixture);
    {
        AUTO_STORE store = store_fixture_store(fixture);

        assert_int_equal(store_fixture_put(store, "alpha", "x", NULL), LWC_OK);
        assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_OK);
    }
    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    *strrchr(fixture->path, '/') = '\0';
    assert_int_equal(stat(fixture->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void put_of_taken_profile_needs_replace(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity("alpha", key_id);
    struct lwc_error err = {0};
    char secret[256];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "alpha", "old", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "alpha", "new", &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "alpha is taken"));
    assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_OK);
    assert_string_equal(secret, "old");
    assert_int_equal(lwc_store_put(store, &id, "new", 3, LWC_STORE_REPLACE, NULL), LWC_OK);
    assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_OK);
    assert_string_equal(secret, "new");
}

static void put_of_bad_input_is_invalid_and_makes_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char key_id[LWC_KEY_ID_MAX + 1];
    struct lwc_identity id = store_fixture_identity("alpha", key_id);
    LWC_AUTO_FREE char *long_one = calloc(1, LWC_SECRET_MAX + 1);

    assert_non_null(long_one);
    assert_int_equal(lwc_store_put(store, &id, "", 0, 0, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_store_put(store, &id, long_one, LWC_SECRET_MAX + 1, 0, NULL),
                     LWC_E_INVALID);
    id.profile = "../x";
    assert_int_equal(lwc_store_put(store, &id, "x", 1, 0, NULL), LWC_E_INVALID);
    assert_int_equal(fixture->asked, 0);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
}

static void secret_of_the_largest_size_comes_back(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity("alpha", key_id);
    LWC_AUTO_FREE uint8_t *long_one = malloc(LWC_SECRET_MAX);
    LWC_AUTO_BUF secret = NULL;
    struct lwc_sink sink = {0};

    assert_non_null(long_one);
    for (size_t i = 0; i < LWC_SECRET_MAX; i++) {
        long_one[i] = (uint8_t)(i * 7);
    }
    store_fixture_use_key_file(fixture);
    lwc_buf_sink(&secret, &sink);
    assert_int_equal(lwc_store_put(store, &id, long_one, LWC_SECRET_MAX, 0, NULL), LWC_OK);
    assert_int_equal(lwc_store_find(store, &id, &sink, NULL), LWC_OK);
    assert_true(lwc_buf_equal(secret, long_one, LWC_SECRET_MAX));
}

static void remove_takes_the_one_that_is_meant(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_error err = {0};
    char names[1024];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "b", "2", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "c", "3", NULL), LWC_OK);
    assert_int_equal(lwc_store_remove(store, &query, &err), LWC_E_INVALID);
    query.account = "acme.lacework.net";
    assert_int_equal(lwc_store_remove(store, &query, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.msg, "a, b, c"));
    query.key_id = "ACME_b";
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_OK);
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
    assert_string_equal(names, "a c");
}

static void find_with_partial_query_must_be_unique(void **state)
{
    static const struct {
        const char *name;
        const char *profile;
        const char *account;
        const char *key_id;
        enum lwc_code code;
    } cases[] = {
        {"profile", "default", "", "", LWC_OK},
        {"key id", "", "", "LAB_1", LWC_OK},
        {"account", "", "acme.fra.lacework.net", "", LWC_OK},
        {"origin", "", "lab.example.org:8443", "", LWC_OK},
        {"several", "", "acme.lacework.net", "", LWC_E_INVALID},
        {"anything", "", "", "", LWC_E_INVALID},
        {"other account", "default", "lab.lacework.net", "", LWC_E_NOT_FOUND},
        {"other case", "Default", "", "", LWC_E_NOT_FOUND},
        {"begin of a name", "def", "", "", LWC_E_NOT_FOUND},
    };
    struct store_fixture *fixture = *state;

    store_fixture_use_vector(fixture, "store-several.lwc");
    store_fixture_use_key_file(fixture);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        AUTO_STORE store = store_fixture_store(fixture);
        LWC_AUTO_BUF secret = NULL;
        struct lwc_identity query = LWC_IDENTITY_ANY;
        struct lwc_sink sink = {0};

        query.profile = cases[i].profile;
        query.account = cases[i].account;
        query.key_id = cases[i].key_id;
        lwc_buf_sink(&secret, &sink);
        if (lwc_store_find(store, &query, &sink, NULL) != cases[i].code ||
            (secret != NULL) != (cases[i].code == LWC_OK)) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void passphrase_is_asked_once_and_forgotten_by_lock(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    char secret[256];

    store_fixture_use_vector(fixture, "store-passphrase.lwc");
    store = store_fixture_store(fixture);
    fixture->answers[0] = STORE_FIXTURE_PASSPHRASE;
    fixture->answers[1] = STORE_FIXTURE_PASSPHRASE;
    assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "beta", "x", NULL), LWC_OK);
    assert_int_equal(store_fixture_find(store, "beta", secret, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 1);
    lwc_store_lock(store);
    assert_int_equal(store_fixture_find(store, "beta", secret, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 2);
    lwc_store_lock(store);
    assert_int_equal(store_fixture_find(store, "beta", secret, NULL), LWC_E_LOCKED);
}

static void probe_of_new_store_asks_once_and_makes_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    char secret[256];

    tmpdir_join(&fixture->dir, "new/keys.lwc", fixture->path);
    store = store_fixture_store(fixture);
    fixture->answers[0] = "horse";
    assert_int_equal(lwc_store_probe(store, LWC_CAP_READ, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 0);
    assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 1);
    assert_int_equal(fixture->flags, LWC_PROMPT_TWICE);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
    assert_int_equal(store_fixture_put(store, "alpha", "x", NULL), LWC_OK);
    assert_int_equal(store_fixture_find(store, "alpha", secret, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 1);
}

static void probe_without_passphrase_is_locked(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    struct lwc_error err = {0};

    assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, &err), LWC_E_LOCKED);
    assert_non_null(strstr(err.hint, "LWCRED_PASSPHRASE_FILE"));
}

static void newer_optional_feature_is_read_and_not_written(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    LWC_AUTO_FREE uint8_t *before = NULL;
    LWC_AUTO_FREE uint8_t *after = NULL;
    size_t before_len = 0;
    size_t after_len = 0;
    char secret[256];

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    vector_amend(fixture, NULL, 0, 0x10);
    before = store_fixture_read(fixture->path, &before_len);
    store = store_fixture_store(fixture);
    query.profile = "default";
    assert_int_equal(store_fixture_find(store, "default", secret, NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "beta", "x", NULL), LWC_E_TOO_NEW);
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_E_TOO_NEW);
    assert_int_equal(lwc_store_probe(store, LWC_CAP_STORE, NULL), LWC_E_TOO_NEW);
    after = store_fixture_read(fixture->path, &after_len);
    assert_int_equal(after_len, before_len);
    assert_memory_equal(after, before, before_len);
}

/* Is the whole of @part somewhere in @bytes? */
static bool contains(const uint8_t *bytes, size_t len, const uint8_t *part, size_t part_len)
{
    return memmem(bytes, len, part, part_len) != NULL;
}

static void what_is_not_touched_is_carried_byte_for_byte(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    LWC_AUTO_FORMAT format = {0};
    LWC_AUTO_FREE uint8_t *before = NULL;
    LWC_AUTO_FREE uint8_t *after = NULL;
    size_t before_len = 0;
    size_t after_len = 0;
    struct lwc_identity query = LWC_IDENTITY_ANY;

    store_fixture_use_vector(fixture, "store-several.lwc");
    store_fixture_use_key_file(fixture);
    vector_amend(fixture, (const uint16_t[]){900}, 1, 0);
    before = store_fixture_read(fixture->path, &before_len);
    store = store_fixture_store(fixture);
    query.profile = "token";
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "middle", "x", NULL), LWC_OK);
    after = store_fixture_read(fixture->path, &after_len);
    assert_int_equal(lwc_format_parse(before, before_len, &format, NULL), LWC_OK);
    for (size_t i = 0; i < format.slot_count; i++) {
        assert_true(contains(after, after_len, format.slots[i].body, format.slots[i].len));
    }
    for (size_t i = 0; i < format.record_count; i++) {
        assert_int_equal(contains(after, after_len, format.records[i].bytes, format.records[i].len),
                         strcmp(format.records[i].id.profile, "token") != 0);
    }
    assert_int_equal(lwc_bytes_get64(after + LWC_FORMAT_AT_GENERATION), format.generation + 2);
}

static void replaced_record_keeps_its_id_and_birth(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    LWC_AUTO_FORMAT old = {0};
    LWC_AUTO_FORMAT new = {0};
    LWC_AUTO_FREE uint8_t *before = NULL;
    LWC_AUTO_FREE uint8_t *after = NULL;
    size_t len = 0;

    store_fixture_use_vector(fixture, "store-keyfile.lwc");
    store_fixture_use_key_file(fixture);
    before = store_fixture_read(fixture->path, &len);
    assert_int_equal(lwc_format_parse(before, len, &old, NULL), LWC_OK);
    store = store_fixture_store(fixture);
    assert_int_equal(lwc_store_put(store, &old.records[0].id, "new", 3, LWC_STORE_REPLACE, NULL),
                     LWC_OK);
    after = store_fixture_read(fixture->path, &len);
    assert_int_equal(lwc_format_parse(after, len, &new, NULL), LWC_OK);
    assert_memory_equal(new.records[0].bytes, old.records[0].bytes, LWC_FORMAT_ID_LEN);
    assert_int_equal(lwc_format_record_created_at(&new.records[0]),
                     lwc_format_record_created_at(&old.records[0]));
    assert_int_equal(lwc_format_record_generation(&new.records[0]), 2);
    assert_memory_not_equal(new.records[0].bytes + LWC_FORMAT_RECORD_AT_NONCE,
                            old.records[0].bytes + LWC_FORMAT_RECORD_AT_NONCE,
                            LWC_FORMAT_NONCE_LEN);
}

static void previous_generation_stays_beside_the_store(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    AUTO_STORE previous = NULL;
    char names[1024];
    char secret[256];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "b", "2", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "c", "3", NULL), LWC_OK);
    tmpdir_join(&fixture->dir, "keys.lwc.prev", fixture->path);
    previous = store_fixture_store(fixture);
    assert_int_equal(store_fixture_list(previous, names, NULL), LWC_OK);
    assert_string_equal(names, "a b");
    assert_int_equal(store_fixture_find(previous, "b", secret, NULL), LWC_OK);
    assert_string_equal(secret, "2");
}

static void store_put_back_to_an_older_state_is_reported(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    AUTO_STORE again = store_fixture_store(fixture);
    LWC_AUTO_FREE uint8_t *old = NULL;
    size_t len = 0;
    char secret[256];

    store_fixture_use_key_file(fixture);
    assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_OK);
    old = store_fixture_read(fixture->path, &len);
    assert_int_equal(store_fixture_put(store, "b", "2", NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "c", "3", NULL), LWC_OK);
    assert_int_equal(fixture->warnings, 0);
    store_fixture_write(fixture->path, old, len);
    assert_int_equal(store_fixture_find(again, "a", secret, NULL), LWC_OK);
    assert_int_equal(fixture->warnings, 1);
    assert_non_null(strstr(fixture->log, "generation 1, last seen 3"));
}

/* Each child adds its own records; both must be there in the end. */
#define CHILD_RECORDS 20

static int add_records(struct store_fixture *fixture, char who)
{
    struct lwc_store *store = store_fixture_store(fixture);
    char profile[16];
    int failures = 0;

    for (int i = 0; i < CHILD_RECORDS; i++) {
        (void)snprintf(profile, sizeof profile, "%c%d", who, i);
        failures += store_fixture_put(store, profile, profile, NULL) != LWC_OK;
    }
    lwc_store_free(&store);
    return failures;
}

static void two_processes_that_add_lose_nothing(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = NULL;
    pid_t children[2];
    char names[1024];
    size_t count = 1;

    store_fixture_use_key_file(fixture);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            _exit(add_records(fixture, (char)('a' + i)));
        }
    }
    for (int i = 0; i < 2; i++) {
        int status = -1;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    store = store_fixture_store(fixture);
    assert_int_equal(store_fixture_list(store, names, NULL), LWC_OK);
    for (const char *at = names; *at != '\0'; at++) {
        count += *at == ' ';
    }
    assert_int_equal(count, 2 * CHILD_RECORDS);
    assert_int_equal(lwc_store_unlock(store, NULL), LWC_OK);
}

static void lock_that_is_held_is_busy(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_STORE store = store_fixture_store(fixture);
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;

    store_fixture_use_key_file(fixture);
    fixture->remaining_ms = 10;
    assert_int_equal(lwc_path_resolve(fixture->path, &path, NULL), LWC_OK);
    assert_int_equal(lwc_lock_take(&path, "keys.lwc.lock", 0, &fd, NULL), LWC_OK);
    assert_int_equal(store_fixture_put(store, "a", "1", NULL), LWC_E_BUSY);
    assert_int_equal(access(fixture->path, F_OK), -1);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(put_then_find_gives_the_secret),
        TEST(store_that_does_not_exist_is_empty),
        TEST(put_makes_the_directory_and_private_files),
        TEST(put_of_taken_profile_needs_replace),
        TEST(put_of_bad_input_is_invalid_and_makes_nothing),
        TEST(secret_of_the_largest_size_comes_back),
        TEST(remove_takes_the_one_that_is_meant),
        TEST(find_with_partial_query_must_be_unique),
        TEST(passphrase_is_asked_once_and_forgotten_by_lock),
        TEST(probe_of_new_store_asks_once_and_makes_nothing),
        TEST(probe_without_passphrase_is_locked),
        TEST(newer_optional_feature_is_read_and_not_written),
        TEST(what_is_not_touched_is_carried_byte_for_byte),
        TEST(replaced_record_keeps_its_id_and_birth),
        TEST(previous_generation_stays_beside_the_store),
        TEST(store_put_back_to_an_older_state_is_reported),
        TEST(two_processes_that_add_lose_nothing),
        TEST(lock_that_is_held_is_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
