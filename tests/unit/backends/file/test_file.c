/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/store_fixture.h"

/* The descriptor is called lwc_backend in every backend, so that no archive can hold it. */
#include "backends/file/file.c"

static enum lwc_code open_with(struct store_fixture *fixture, size_t argc, const char *const *argv,
                               void **state, struct lwc_error *err)
{
    return lwc_backend.open(&fixture->host, argc, argv, state, err);
}

/* Open with @argument (NULL: none) and use; the question names the path in use. */
static void assert_path(struct store_fixture *fixture, const char *argument, const char *path)
{
    const char *const argv[] = {argument};
    void *state = NULL;
    char question[TMPDIR_PATH_LEN];

    fixture->answers[0] = NULL;
    assert_int_equal(open_with(fixture, argument != NULL, argv, &state, NULL), LWC_OK);
    assert_int_equal(lwc_backend.probe(state, LWC_CAP_STORE, NULL), LWC_E_LOCKED);
    (void)snprintf(question, sizeof question,
                   "Keys will be kept in a new encrypted store. New passphrase for %s", path);
    assert_string_equal(fixture->question, question);
    lwc_backend.close(state);
}

static void open_chooses_the_path_in_order(void **state)
{
    struct store_fixture *fixture = *state;
    char argument[TMPDIR_PATH_LEN + 8];
    char setting[TMPDIR_PATH_LEN];
    char data[TMPDIR_PATH_LEN];
    char path[TMPDIR_PATH_LEN];

    assert_path(fixture, NULL, tmpdir_join(&fixture->dir, ".local/share/lwcred/keys.lwc", path));
    store_fixture_set(fixture, "XDG_DATA_HOME", "relative");
    assert_path(fixture, NULL, path);
    store_fixture_set(fixture, "XDG_DATA_HOME", tmpdir_join(&fixture->dir, "data", data));
    assert_path(fixture, NULL, tmpdir_join(&fixture->dir, "data/lwcred/keys.lwc", path));
    store_fixture_set(fixture, "LWCRED_STORE", "~/mine.lwc");
    assert_path(fixture, NULL, tmpdir_join(&fixture->dir, "mine.lwc", path));
    store_fixture_set(fixture, "LWCRED_STORE", tmpdir_join(&fixture->dir, "set.lwc", setting));
    assert_path(fixture, NULL, setting);
    assert_path(fixture, "path=~/arg.lwc", tmpdir_join(&fixture->dir, "arg.lwc", path));
    (void)snprintf(argument, sizeof argument, "path=%s", fixture->path);
    assert_path(fixture, argument, fixture->path);
}

static void open_with_bad_arguments_is_invalid(void **state)
{
    static const struct {
        const char *argument;
        const char *second;
        const char *words;
    } cases[] = {
        {"paht=/x", NULL, "unknown argument 'paht=/x'"},
        {"path", NULL, "unknown argument"},
        {"path=relative.lwc", NULL, "neither absolute nor"},
        {"path=", NULL, "neither absolute nor"},
        {"path=/a", "path=/b", "repeated"},
        {"kdf=fast", NULL, "unknown kdf 'fast'"},
        {"kdf=", NULL, "unknown kdf"},
        {"kdf=moderate", "kdf=moderate", "repeated"},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const char *const argv[] = {cases[i].argument, cases[i].second};
        struct lwc_error err = {0};
        void *opened = NULL;

        if (open_with(fixture, 1 + (cases[i].second != NULL), argv, &opened, &err) !=
                LWC_E_INVALID ||
            strstr(err.msg, cases[i].words) == NULL || opened != NULL) {
            fail_msg("%s: %s", cases[i].argument, err.msg);
        }
    }
}

static void open_without_home_is_invalid_and_says_what_to_set(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_error err = {0};
    void *opened = NULL;

    store_fixture_set(fixture, "HOME", NULL);
    assert_int_equal(open_with(fixture, 0, NULL, &opened, &err), LWC_E_INVALID);
    assert_non_null(strstr(err.hint, "LWCRED_STORE"));
    store_fixture_set(fixture, "HOME", "not/absolute");
    assert_int_equal(open_with(fixture, 0, NULL, &opened, NULL), LWC_E_INVALID);
    assert_null(opened);
}

static void open_with_endless_path_is_invalid(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_FREE char *path = calloc(1, PATH_MAX + 2);
    void *opened = NULL;

    assert_non_null(path);
    memset(path, '/', PATH_MAX + 1);
    store_fixture_set(fixture, "LWCRED_STORE", path);
    assert_int_equal(open_with(fixture, 0, NULL, &opened, NULL), LWC_E_INVALID);
    assert_null(opened);
}

static void kdf_argument_decides_the_cost_of_a_new_store(void **state)
{
    static const struct {
        const char *argument;
        struct lwc_format_cost cost;
    } cases[] = {
        {NULL, {3, 256 * 1024}},
        {"interactive", {2, 64 * 1024}},
        {"moderate", {3, 256 * 1024}},
        {"sensitive", {4, 1024 * 1024}},
    };

    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        struct lwc_format_cost cost = {0};

        assert_int_equal(choose_cost(cases[i].argument, &cost, NULL), LWC_OK);
        assert_int_equal(cost.passes, cases[i].cost.passes);
        assert_int_equal(cost.memory_kib, cases[i].cost.memory_kib);
    }
}

static void new_store_has_the_cost_in_its_slot(void **state)
{
    struct store_fixture *fixture = *state;
    const char *const argv[] = {"kdf=interactive"};
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity("alpha", key_id);
    LWC_AUTO_FORMAT format = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t len = 0;
    void *opened = NULL;

    store_fixture_set(fixture, "LWCRED_STORE", fixture->path);
    store_fixture_use_passphrase(fixture, "horse");
    assert_int_equal(open_with(fixture, 1, argv, &opened, NULL), LWC_OK);
    assert_int_equal(lwc_backend.store(opened, &id, "x", 1, 0, NULL), LWC_OK);
    lwc_backend.close(opened);
    bytes = store_fixture_read(fixture->path, &len);
    assert_int_equal(lwc_format_parse(bytes, len, &format, NULL), LWC_OK);
    assert_int_equal(format.slot_count, 1);
    assert_int_equal(lwc_format_cost_get(format.slots[0].body).passes, 2);
    assert_int_equal(lwc_format_cost_get(format.slots[0].body).memory_kib, 64 * 1024);
}

static enum lwc_code visit(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    size_t *count = data;

    (void)err;
    assert_string_equal(identity->profile, "alpha");
    (*count)++;
    return LWC_OK;
}

static enum lwc_code refuse(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    (void)data;
    (void)identity;
    return lwc_fail(err, LWC_E_BUSY, "enough");
}

static void every_function_works_through_the_descriptor(void **state)
{
    struct store_fixture *fixture = *state;
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity("alpha", key_id);
    LWC_AUTO_BUF secret = NULL;
    struct lwc_sink sink = {0};
    size_t count = 0;
    const struct lwc_visitor visitor = {.data = &count, .visit = visit};
    const struct lwc_visitor refuser = {.visit = refuse};
    void *opened = NULL;

    store_fixture_set(fixture, "LWCRED_STORE", fixture->path);
    store_fixture_use_key_file(fixture);
    lwc_buf_sink(&secret, &sink);
    assert_int_equal(open_with(fixture, 0, NULL, &opened, NULL), LWC_OK);
    assert_int_equal(lwc_backend.probe(opened, LWC_CAP_STORE, NULL), LWC_OK);
    assert_int_equal(access(fixture->path, F_OK), -1);
    assert_int_equal(lwc_backend.unlock(opened, NULL), LWC_E_NOT_FOUND);
    assert_int_equal(lwc_backend.store(opened, &id, "x", 1, 0, NULL), LWC_OK);
    assert_int_equal(lwc_backend.lock(opened, NULL), LWC_OK);
    assert_int_equal(lwc_backend.unlock(opened, NULL), LWC_OK);
    assert_int_equal(lwc_backend.find(opened, &id, &sink, NULL), LWC_OK);
    assert_true(lwc_buf_equal(secret, "x", 1));
    assert_int_equal(lwc_backend.list(opened, &visitor, NULL), LWC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(lwc_backend.list(opened, &refuser, NULL), LWC_E_BUSY);
    assert_int_equal(lwc_backend.erase(opened, &id, NULL), LWC_OK);
    assert_int_equal(lwc_backend.find(opened, &id, &sink, NULL), LWC_E_NOT_FOUND);
    lwc_backend.close(opened);
    lwc_backend.close(NULL);
}

static void descriptor_declares_what_it_has(void **state)
{
    (void)state;
    assert_string_equal(lwc_backend.name, "file");
    assert_int_equal(lwc_backend.abi, LWC_BACKEND_ABI);
    assert_int_equal(lwc_backend.size, sizeof lwc_backend);
    assert_int_equal(lwc_backend.caps, LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST |
                                           LWC_CAP_UNLOCK | LWC_CAP_PROMPTS);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_chooses_the_path_in_order),
        TEST(open_with_bad_arguments_is_invalid),
        TEST(open_without_home_is_invalid_and_says_what_to_set),
        TEST(open_with_endless_path_is_invalid),
        TEST(kdf_argument_decides_the_cost_of_a_new_store),
        TEST(new_store_has_the_cost_in_its_slot),
        TEST(every_function_works_through_the_descriptor),
        TEST(descriptor_declares_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
