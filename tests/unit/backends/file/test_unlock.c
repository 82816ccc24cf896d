/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/seal.h"
#include "backends/file/unlock.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

#define AUTO_UNLOCK LWC_AUTO(struct lwc_unlock *, lwc_unlock_free)
#define MASTER "0123456789abcdef0123456789abcdef"

static const struct lwc_store_format store = {.generation = 1, .key_epoch = 1, .store_id = {9}};

/* Stretches are counted; after number @stop_after the time is over, 0: never. */
static struct store_fixture *stretching;
static size_t stretches;
static size_t stop_after;

enum lwc_code __wrap_lwc_seal_stretch(const struct lwc_buf *passphrase, uint32_t passes,
                                      uint32_t memory_kib, const uint8_t *salt,
                                      struct lwc_buf **key_out, uint8_t *commit_out,
                                      struct lwc_error *err);
enum lwc_code __real_lwc_seal_stretch(const struct lwc_buf *passphrase, uint32_t passes,
                                      uint32_t memory_kib, const uint8_t *salt,
                                      struct lwc_buf **key_out, uint8_t *commit_out,
                                      struct lwc_error *err);
enum lwc_code __wrap_lwc_seal_stretch(const struct lwc_buf *passphrase, uint32_t passes,
                                      uint32_t memory_kib, const uint8_t *salt,
                                      struct lwc_buf **key_out, uint8_t *commit_out,
                                      struct lwc_error *err)
{
    stretches++;
    if (stop_after != 0 && stretches == stop_after) {
        stretching->remaining_ms = 0;
    }
    return __real_lwc_seal_stretch(passphrase, passes, memory_kib, salt, key_out, commit_out, err);
}

/* A bit of the wrapped key flips on its way into the slot. */
static bool flip_wrap;

void __wrap_lwc_seal_wrap(const struct lwc_buf *key, const uint8_t *nonce, struct lwc_seal_ad ad,
                          const struct lwc_buf *master, uint8_t *wrapped_out);
void __real_lwc_seal_wrap(const struct lwc_buf *key, const uint8_t *nonce, struct lwc_seal_ad ad,
                          const struct lwc_buf *master, uint8_t *wrapped_out);
void __wrap_lwc_seal_wrap(const struct lwc_buf *key, const uint8_t *nonce, struct lwc_seal_ad ad,
                          const struct lwc_buf *master, uint8_t *wrapped_out)
{
    __real_lwc_seal_wrap(key, nonce, ad, master, wrapped_out);
    wrapped_out[7] ^= flip_wrap;
}

static struct lwc_unlock *unlock_of(struct store_fixture *fixture)
{
    struct lwc_unlock *unlock = NULL;

    assert_int_equal(
        lwc_unlock_new(&fixture->host, fixture->path, store_fixture_random, &unlock, NULL), LWC_OK);
    return unlock;
}

static void enrol_master(struct store_fixture *fixture, const char *text,
                         struct lwc_unlock_slot *slot)
{
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;

    assert_int_equal(lwc_buf_copy(text, strlen(text), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, fixture->cost, &store, master, slot, NULL), LWC_OK);
    assert_ptr_equal(slot->slot.body, slot->body);
}

static void enrol(struct store_fixture *fixture, struct lwc_unlock_slot *slot)
{
    enrol_master(fixture, MASTER, slot);
}

/* The store with the slots of @format and no record, made authentic with MASTER. */
static struct lwc_contents make_contents(const struct lwc_store_format *format)
{
    LWC_AUTO_BUF master = NULL;
    struct lwc_contents contents = {.format = *format};

    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_format_encode(format, &contents.bytes, &contents.len, NULL), LWC_OK);
    assert_int_equal(lwc_seal_finish(master, contents.bytes, contents.len, NULL), LWC_OK);
    lwc_seal_hash(contents.bytes, contents.len, contents.hash);
    return contents;
}

static enum lwc_code open_store(struct lwc_unlock *unlock, const struct lwc_store_format *format,
                                struct lwc_buf **master_out, struct lwc_error *err)
{
    LWC_AUTO_CONTENTS contents = make_contents(format);

    return lwc_unlock_open(unlock, &contents, master_out, err);
}

/* A store with a slot for store.key, for the passphrase "horse", or both. */
enum slots { KEY = 1, PASS = 2 };

static struct lwc_store_format format_with(struct store_fixture *fixture, unsigned which,
                                           struct lwc_unlock_slot slots[2])
{
    struct lwc_store_format format = store;

    store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
    if ((which & KEY) != 0) {
        store_fixture_use_key_file(fixture);
        enrol(fixture, &slots[0]);
        assert_int_equal(slots[0].slot.type, LWC_FORMAT_SLOT_KEYFILE);
        format.slots[format.slot_count++] = slots[0].slot;
        store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    }
    if ((which & PASS) != 0) {
        store_fixture_use_passphrase(fixture, "horse");
        enrol(fixture, &slots[1]);
        assert_int_equal(slots[1].slot.type, LWC_FORMAT_SLOT_PASSPHRASE);
        format.slots[format.slot_count++] = slots[1].slot;
        store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
    }
    return format;
}

enum given { RIGHT_KEY = 1, WRONG_KEY = 2, RIGHT_FILE = 4, WRONG_FILE = 8 };

static const struct open_case {
    const char *name;
    unsigned slots;
    unsigned given;
    const char *answers[4];
    enum lwc_code code;
    size_t asked;
} open_cases[] = {
    {"key file", KEY, RIGHT_KEY, {0}, LWC_OK, 0},
    {"key file of two ways", KEY | PASS, RIGHT_KEY, {0}, LWC_OK, 0},
    {"passphrase of two ways", KEY | PASS, RIGHT_FILE, {0}, LWC_OK, 0},
    {"wrong key file", KEY, WRONG_KEY, {"horse"}, LWC_E_DENIED, 0},
    {"wrong key file asks nobody", KEY | PASS, WRONG_KEY, {"horse"}, LWC_E_DENIED, 0},
    {"wrong key file, right passphrase", KEY | PASS, WRONG_KEY | RIGHT_FILE, {0}, LWC_OK, 0},
    {"wrong key file and passphrase", PASS, WRONG_KEY | WRONG_FILE, {0}, LWC_E_DENIED, 0},
    {"key file for passphrase store", PASS, RIGHT_KEY, {"horse"}, LWC_E_DENIED, 0},
    {"no key file", KEY, 0, {"horse"}, LWC_E_LOCKED, 0},
    {"passphrase for key file store", KEY, RIGHT_FILE, {0}, LWC_E_LOCKED, 0},
    {"passphrase file", PASS, RIGHT_FILE, {0}, LWC_OK, 0},
    {"wrong passphrase file is final", PASS, WRONG_FILE, {"horse"}, LWC_E_DENIED, 0},
    {"typed", PASS, 0, {"horse"}, LWC_OK, 1},
    {"typed at last", PASS, 0, {"cow", "", "horse"}, LWC_OK, 3},
    {"typed too late", PASS, 0, {"a", "b", "c", "horse"}, LWC_E_DENIED, 3},
    {"declined", PASS, 0, {NULL}, LWC_E_LOCKED, 1},
    {"declined after a try", PASS, 0, {"cow", NULL}, LWC_E_LOCKED, 2},
    {"empty answers", PASS, 0, {"", "", ""}, LWC_E_DENIED, 3},
};

static void give(struct store_fixture *fixture, const struct open_case *c)
{
    store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE", NULL);
    if ((c->given & RIGHT_KEY) != 0) {
        store_fixture_use_key_file(fixture);
    }
    if ((c->given & WRONG_KEY) != 0) {
        static const uint8_t other[32] = {1};

        store_fixture_write(fixture->key_path, other, sizeof other);
        store_fixture_set(fixture, "LWCRED_KEY_FILE", fixture->key_path);
    }
    if ((c->given & (RIGHT_FILE | WRONG_FILE)) != 0) {
        store_fixture_use_passphrase(fixture, (c->given & RIGHT_FILE) != 0 ? "horse" : "cow");
    }
    memcpy(fixture->answers, c->answers, sizeof fixture->answers);
    fixture->asked = 0;
}

static void open_uses_what_is_given(void **state)
{
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(open_cases); i++) {
        const struct open_case *c = &open_cases[i];
        struct lwc_unlock_slot slots[2] = {0};
        const struct lwc_store_format format = format_with(fixture, c->slots, slots);
        AUTO_UNLOCK unlock = unlock_of(fixture);
        LWC_AUTO_BUF master = NULL;
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        give(fixture, c);
        code = open_store(unlock, &format, &master, &err);
        if (code != c->code || fixture->asked != c->asked || err.code != c->code) {
            fail_msg("%s: code %d, asked %zu, %s", c->name, (int)code, fixture->asked, err.msg);
        }
        if (code == LWC_OK ? !lwc_buf_equal(master, MASTER, strlen(MASTER)) : master != NULL) {
            fail_msg("%s: wrong master key", c->name);
        }
    }
}

static void open_of_unknown_slots_only_is_too_new(void **state)
{
    struct store_fixture *fixture = *state;
    const uint8_t body[4] = {0};
    const struct lwc_store_format format = {.generation = 1,
                                            .key_epoch = 1,
                                            .slot_count = 1,
                                            .slots = {{LWC_FORMAT_SLOT_RECOVERY, 4, body}}};
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;

    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_TOO_NEW);
    assert_int_equal(fixture->asked, 0);
}

static void open_with_both_settings_is_invalid(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    const struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;

    store_fixture_use_passphrase(fixture, "horse");
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FD", "3");
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
}

static void open_of_several_passphrase_slots_tries_each(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot second = {0};
    struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;

    store_fixture_use_passphrase(fixture, "cow");
    enrol(fixture, &second);
    format.slots[format.slot_count++] = second.slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
    assert_true(lwc_buf_equal(master, MASTER, strlen(MASTER)));
}

static void slot_beyond_the_memory_is_io_unless_another_opens(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot huge = {0};
    struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    huge = slots[1];
    lwc_format_cost_put((struct lwc_format_cost){1, UINT32_MAX}, huge.body);
    format.slots[0].body = huge.body;
    store_fixture_use_passphrase(fixture, "horse");
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    format.slots[format.slot_count++] = slots[1].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* Not even one stretch is begun without time, and none after the time is over. */
static void open_without_time_left_is_failed(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    for (size_t i = 0; i < 3; i++) {
        format.slots[format.slot_count++] = slots[1].slot;
    }
    store_fixture_use_passphrase(fixture, "cow");
    for (size_t n = 1; n <= 2; n++) {
        stretching = fixture;
        stretches = 0;
        stop_after = n;
        fixture->remaining_ms = 60000;
        assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_FAILED);
        assert_non_null(strstr(err.msg, "the passphrase took all of the time"));
        assert_int_equal(stretches, n);
    }
    stretches = 0;
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_FAILED);
    assert_int_equal(stretches, 0);
    stop_after = 0;
    store_fixture_use_passphrase(fixture, "new");
    {
        AUTO_UNLOCK fresh = unlock_of(fixture);
        struct lwc_unlock_slot slot = {0};

        assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
        assert_int_equal(lwc_unlock_enrol(fresh, fixture->cost, &store, master, &slot, NULL),
                         LWC_E_FAILED);
    }
    assert_int_equal(stretches, 0);
}

/* The master key is there; that the next step has no time left is explained. */
static void open_that_takes_all_of_the_time_warns(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    const struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;

    store_fixture_use_passphrase(fixture, "horse");
    stretching = fixture;
    stretches = 0;
    stop_after = 1;
    fixture->warnings = 0;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
    stop_after = 0;
    assert_int_equal(fixture->warnings, 1);
    assert_non_null(strstr(fixture->log, "the passphrase took all of the time"));
}

/*
 * A forger who can write the store makes a slot for a guess.  That the guess was right must not
 * show: the answer is that to a wrong passphrase, and the true slot still opens.
 */
static void forged_slot_counts_as_not_opened(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot forged = {0};
    struct lwc_store_format format = format_with(fixture, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error right = {0};
    struct lwc_error wrong = {0};

    store_fixture_use_passphrase(fixture, "horse");
    enrol_master(fixture, "the master key that a forger has", &forged);
    format.slots[0] = forged.slot;
    assert_int_equal(open_store(unlock, &format, &master, &right), LWC_E_DENIED);
    lwc_unlock_forget(unlock);
    store_fixture_use_passphrase(fixture, "cow");
    assert_int_equal(open_store(unlock, &format, &master, &wrong), LWC_E_DENIED);
    assert_string_equal(right.msg, wrong.msg);
    assert_non_null(strstr(right.msg, "wrong passphrase, or the store was changed"));
    assert_null(master);
    lwc_unlock_forget(unlock);
    store_fixture_use_passphrase(fixture, "horse");
    format.slots[format.slot_count++] = slots[1].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* With a key file there is nothing to guess: the forgery is named. */
static void forged_key_file_slot_is_corrupt_unless_another_opens(void **state)
{
    struct store_fixture *fixture = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot forged = {0};
    struct lwc_store_format format = format_with(fixture, KEY, slots);
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    store_fixture_use_key_file(fixture);
    enrol_master(fixture, "the master key that a forger has", &forged);
    format.slots[0] = forged.slot;
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "not authentic"));
    format.slots[format.slot_count++] = slots[0].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* Without the commitment a slot could be made that opens under several passphrases. */
static void slot_whose_commitment_does_not_fit_is_denied(void **state)
{
    struct store_fixture *fixture = *state;

    for (unsigned which = KEY; which <= PASS; which++) {
        struct lwc_unlock_slot slots[2] = {0};
        struct lwc_store_format format = format_with(fixture, which, slots);
        AUTO_UNLOCK unlock = unlock_of(fixture);
        LWC_AUTO_BUF master = NULL;

        if (which == KEY) {
            slots[0].body[LWC_FORMAT_KEYFILE_AT_COMMIT + 5] ^= 1;
            format.slots[0].body = slots[0].body;
            store_fixture_use_key_file(fixture);
        } else {
            slots[1].body[LWC_FORMAT_PASS_AT_COMMIT + 5] ^= 1;
            format.slots[0].body = slots[1].body;
            store_fixture_use_passphrase(fixture, "horse");
        }
        assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_DENIED);
    }
}

static void enrol_of_a_slot_that_does_not_open_is_internal(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    for (unsigned which = KEY; which <= PASS; which++) {
        AUTO_UNLOCK unlock = unlock_of(fixture);
        struct lwc_unlock_slot slot = {0};
        enum lwc_code code = LWC_OK;

        if (which == KEY) {
            store_fixture_use_key_file(fixture);
        } else {
            store_fixture_set(fixture, "LWCRED_KEY_FILE", NULL);
            store_fixture_use_passphrase(fixture, "horse");
        }
        flip_wrap = true;
        code = lwc_unlock_enrol(unlock, fixture->cost, &store, master, &slot, &err);
        flip_wrap = false;
        assert_int_equal(code, LWC_E_INTERNAL);
        assert_non_null(strstr(err.msg, "the new slot does not open"));
    }
}

static void prepare_keeps_the_new_passphrase_until_forgotten(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_unlock_slot slot = {0};

    fixture->answers[0] = "horse";
    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, fixture->cost, &store, master, &slot, NULL), LWC_OK);
    assert_int_equal(fixture->asked, 1);
    lwc_unlock_forget(unlock);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_LOCKED);
    assert_int_equal(fixture->asked, 2);
}

static void enrol_with_missing_key_file_makes_none(void **state)
{
    struct store_fixture *fixture = *state;
    AUTO_UNLOCK unlock = unlock_of(fixture);
    LWC_AUTO_BUF master = NULL;
    struct lwc_unlock_slot slot = {0};
    struct lwc_error err = {0};

    store_fixture_set(fixture, "LWCRED_KEY_FILE", fixture->key_path);
    fixture->answers[0] = "horse";
    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_enrol(unlock, fixture->cost, &store, master, &slot, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.hint, "/dev/urandom"));
    assert_int_equal(fixture->asked, 0);
    assert_int_equal(tmpdir_count(&fixture->dir, "."), 0);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(open_uses_what_is_given),
        TEST(open_of_unknown_slots_only_is_too_new),
        TEST(open_with_both_settings_is_invalid),
        TEST(open_of_several_passphrase_slots_tries_each),
        TEST(slot_beyond_the_memory_is_io_unless_another_opens),
        TEST(open_without_time_left_is_failed),
        TEST(open_that_takes_all_of_the_time_warns),
        TEST(forged_slot_counts_as_not_opened),
        TEST(forged_key_file_slot_is_corrupt_unless_another_opens),
        TEST(slot_whose_commitment_does_not_fit_is_denied),
        TEST(enrol_of_a_slot_that_does_not_open_is_internal),
        TEST(prepare_keeps_the_new_passphrase_until_forgotten),
        TEST(enrol_with_missing_key_file_makes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
