/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/rollback.h"
#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

#define ID_HEX "0123456789abcdef0123456789abcdef"
#define STATE ".local/state/lwcred/"

static const uint8_t id[LWC_FORMAT_ID_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                              0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

/* A generation of the line @line of a store: its MAC is made of both numbers. */
static struct lwc_store_format store_of(uint64_t generation, uint8_t line)
{
    struct lwc_store_format store = {.generation = generation, .key_epoch = 1};

    memcpy(store.store_id, id, sizeof id);
    memset(store.mac, (int)(generation & 0xff), sizeof store.mac);
    store.mac[0] = line;
    memset(store.previous_mac, (int)((generation - 1) & 0xff), sizeof store.previous_mac);
    store.previous_mac[0] = line;
    return store;
}

static void note_at(struct store_fixture *fixture, const char *path,
                    const struct lwc_store_format *store, enum lwc_rollback_event event)
{
    struct lwc_rollback rollback = {.host = &fixture->host};

    lwc_rollback_note(&rollback, path, store, event);
}

static void note(struct store_fixture *fixture, uint64_t generation)
{
    const struct lwc_store_format store = store_of(generation, 1);

    note_at(fixture, "/the/store", &store, LWC_ROLLBACK_READ);
}

/* The file @name holds generation and MAC of the line 1. */
static void assert_known(struct store_fixture *fixture, const char *name, uint64_t generation)
{
    char text[128];
    size_t len = (size_t)snprintf(text, sizeof text, "%" PRIu64 " 01", generation);

    for (size_t i = 1; i < LWC_FORMAT_DIGEST_LEN; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%02x", (unsigned)(generation & 0xff));
    }
    (void)snprintf(text + len, sizeof text - len, "\n");
    tmpdir_assert_text(&fixture->dir, name, text);
}

static void note_remembers_the_newest_generation(void **state)
{
    struct store_fixture *fixture = *state;

    note(fixture, 7);
    assert_known(fixture, STATE ID_HEX, 7);
    note(fixture, 7);
    note(fixture, 8);
    note(fixture, 20);
    assert_known(fixture, STATE ID_HEX, 20);
    assert_int_equal(fixture->warnings, 0);
    note(fixture, 8);
    assert_known(fixture, STATE ID_HEX, 20);
    assert_int_equal(fixture->warnings, 1);
    assert_non_null(strstr(fixture->log, "/the/store"));
    assert_non_null(strstr(fixture->log, "generation 8, last seen 20"));
    note(fixture, INT64_MAX);
    note(fixture, INT64_MAX);
    assert_int_equal(fixture->warnings, 1);
}

static void note_tells_a_store_that_diverged(void **state)
{
    static const struct {
        const char *name;
        uint64_t generation;
        uint8_t line;
        size_t warnings;
    } cases[] = {
        {"the same", 7, 1, 0},
        {"same generation, another MAC", 7, 2, 1},
        {"next generation of another line", 8, 2, 1},
        {"next generation", 8, 1, 0},
        {"far ahead on another line, which cannot be told", 30, 2, 0},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        const struct lwc_store_format known = store_of(7, 1);
        const struct lwc_store_format now = store_of(cases[i].generation, cases[i].line);

        note_at(fixture, "/the/store", &known, LWC_ROLLBACK_WRITTEN);
        fixture->warnings = 0;
        fixture->log[0] = '\0';
        /* Read twice: it is told each time, for a single warning is easily missed. */
        note_at(fixture, "/the/store", &now, LWC_ROLLBACK_READ);
        note_at(fixture, "/the/store", &now, LWC_ROLLBACK_READ);
        if (fixture->warnings != 2 * cases[i].warnings ||
            (fixture->warnings > 0 && strstr(fixture->log, "has diverged") == NULL)) {
            fail_msg("%s: %zu warnings: %s", cases[i].name, fixture->warnings, fixture->log);
        }
    }
}

/* Made anew with the same key file, and then the file of before put back: another store id. */
static void note_tells_another_store_at_the_same_path(void **state)
{
    struct store_fixture *fixture = *state;
    const struct lwc_store_format first = store_of(3, 1);
    struct lwc_store_format second = store_of(1, 1);

    second.store_id[0] = 0x99;
    note_at(fixture, "/the/store", &first, LWC_ROLLBACK_READ);
    note_at(fixture, "/elsewhere", &second, LWC_ROLLBACK_READ);
    assert_int_equal(fixture->warnings, 0);
    note_at(fixture, "/the/store", &second, LWC_ROLLBACK_READ);
    note_at(fixture, "/the/store", &second, LWC_ROLLBACK_READ);
    assert_int_equal(fixture->warnings, 2);
    assert_non_null(strstr(fixture->log, "/the/store is another store than last time"));
    assert_non_null(strstr(fixture->log, STATE "path-")); /* the file to remove, if it was meant */
    /* Made by us: known from now on, and the one of before is the other one. */
    note_at(fixture, "/the/store", &second, LWC_ROLLBACK_WRITTEN);
    note_at(fixture, "/the/store", &second, LWC_ROLLBACK_READ);
    assert_int_equal(fixture->warnings, 2);
    note_at(fixture, "/the/store", &first, LWC_ROLLBACK_READ);
    assert_int_equal(fixture->warnings, 3);
}

/* A change made on top of an older state goes on from there, after the warning at its reading. */
static void written_generation_is_known_from_now_on(void **state)
{
    struct store_fixture *fixture = *state;
    const struct lwc_store_format written = store_of(6, 1);

    note(fixture, 9);
    note_at(fixture, "/the/store", &written, LWC_ROLLBACK_WRITTEN);
    assert_known(fixture, STATE ID_HEX, 6);
    note(fixture, 6);
    assert_int_equal(fixture->warnings, 0);
}

/* Another process notes 9 between our look and our turn. */
static struct store_fixture *racing;

enum lwc_code __wrap_lwc_lock_take(const struct lwc_path *path, const char *name,
                                   int64_t timeout_ms, int *fd_out, struct lwc_error *err);
enum lwc_code __real_lwc_lock_take(const struct lwc_path *path, const char *name,
                                   int64_t timeout_ms, int *fd_out, struct lwc_error *err);
enum lwc_code __wrap_lwc_lock_take(const struct lwc_path *path, const char *name,
                                   int64_t timeout_ms, int *fd_out, struct lwc_error *err)
{
    struct store_fixture *fixture = racing;

    racing = NULL;
    if (fixture != NULL) {
        note(fixture, 9);
    }
    return __real_lwc_lock_take(path, name, timeout_ms, fd_out, err);
}

static void reader_does_not_overwrite_a_newer_generation(void **state)
{
    struct store_fixture *fixture = *state;

    note(fixture, 5);
    racing = fixture;
    note(fixture, 6);
    assert_null(racing);
    assert_known(fixture, STATE ID_HEX, 9);
}

static void note_uses_the_state_directory_that_is_set(void **state)
{
    struct store_fixture *fixture = *state;
    char path[TMPDIR_PATH_LEN];

    store_fixture_set(fixture, "XDG_STATE_HOME", "relative/is/ignored");
    note(fixture, 1);
    assert_known(fixture, STATE ID_HEX, 1);
    store_fixture_set(fixture, "XDG_STATE_HOME", tmpdir_join(&fixture->dir, "state", path));
    note(fixture, 2);
    assert_known(fixture, "state/lwcred/" ID_HEX, 2);
}

static void note_without_a_place_is_silent(void **state)
{
    struct store_fixture *fixture = *state;

    store_fixture_set(fixture, "HOME", NULL);
    note(fixture, 1);
    assert_string_equal(fixture->log, "");
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
}

static void note_that_cannot_be_kept_complains_once(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_rollback rollback = {.host = &fixture->host};
    const struct lwc_store_format store = store_of(1, 1);

    tmpdir_write(&fixture->dir, ".local", "", 0, 0600);
    lwc_rollback_note(&rollback, "/the/store", &store, LWC_ROLLBACK_READ);
    lwc_rollback_note(&rollback, "/the/store", &store, LWC_ROLLBACK_WRITTEN);
    assert_int_equal(fixture->warnings, 1);
    assert_non_null(strstr(fixture->log, "cannot remember"));
}

#define MAC_63 "012345678901234567890123456789012345678901234567890123456789012"

static void note_over_garbage_starts_anew(void **state)
{
    static const char *const garbage[] = {
        "",
        "\n",
        "x\n",
        "7",
        "7\n",
        "7 \n",
        "-5 " MAC_63 "4\n",
        " " MAC_63 "4\n",
        "99999999999999999999 " MAC_63 "4\n",
        "8 " MAC_63 "\n",
        "8 " MAC_63 "45\n",
        "8 " MAC_63 "4",
        "8 " MAC_63 "G\n",
        "8 " MAC_63 "4\n8",
    };
    struct store_fixture *fixture = *state;

    note(fixture, 1);
    for (size_t i = 0; i < LWC_ARRAY_LEN(garbage); i++) {
        tmpdir_write(&fixture->dir, STATE ID_HEX, garbage[i], strlen(garbage[i]), 0600);
        note(fixture, 3);
        assert_known(fixture, STATE ID_HEX, 3);
    }
    assert_int_equal(fixture->warnings, 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(note_remembers_the_newest_generation),
        TEST(note_tells_a_store_that_diverged),
        TEST(note_tells_another_store_at_the_same_path),
        TEST(written_generation_is_known_from_now_on),
        TEST(reader_does_not_overwrite_a_newer_generation),
        TEST(note_uses_the_state_directory_that_is_set),
        TEST(note_without_a_place_is_silent),
        TEST(note_that_cannot_be_kept_complains_once),
        TEST(note_over_garbage_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
