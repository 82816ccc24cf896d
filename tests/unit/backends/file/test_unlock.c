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
static struct bed *stretching;
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

static struct lwc_unlock *unlock_of(struct bed *bed)
{
    struct lwc_unlock *unlock = NULL;

    assert_int_equal(lwc_unlock_new(&bed->host, bed->path, bed_random, &unlock, NULL), LWC_OK);
    return unlock;
}

static void enrol_master(struct bed *bed, const char *text, struct lwc_unlock_slot *slot)
{
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;

    assert_int_equal(lwc_buf_copy(text, strlen(text), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, &store, master, slot, NULL), LWC_OK);
    assert_ptr_equal(slot->slot.body, slot->body);
}

static void enrol(struct bed *bed, struct lwc_unlock_slot *slot)
{
    enrol_master(bed, MASTER, slot);
}

/* The store with the slots of @format and no record, made authentic with MASTER. */
static struct lwc_contents image_of(const struct lwc_store_format *format)
{
    LWC_AUTO_BUF master = NULL;
    struct lwc_contents image = {.format = *format};

    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_format_encode(format, &image.bytes, &image.len, NULL), LWC_OK);
    assert_int_equal(lwc_seal_finish(master, image.bytes, image.len, NULL), LWC_OK);
    lwc_seal_hash(image.bytes, image.len, image.hash);
    return image;
}

static enum lwc_code open_store(struct lwc_unlock *unlock, const struct lwc_store_format *format,
                                struct lwc_buf **master_out, struct lwc_error *err)
{
    LWC_AUTO_CONTENTS image = image_of(format);

    return lwc_unlock_open(unlock, &image, master_out, err);
}

/* A store with a slot for store.key, for the passphrase "horse", or both. */
enum slots { KEY = 1, PASS = 2 };

static struct lwc_store_format format_with(struct bed *bed, unsigned which,
                                           struct lwc_unlock_slot slots[2])
{
    struct lwc_store_format format = store;

    bed_set(bed, "LWCRED_KEY_FILE", NULL);
    bed_set(bed, "LWCRED_PASSPHRASE_FILE", NULL);
    if ((which & KEY) != 0) {
        bed_use_key_file(bed);
        enrol(bed, &slots[0]);
        assert_int_equal(slots[0].slot.type, LWC_FORMAT_SLOT_KEYFILE);
        format.slots[format.slot_count++] = slots[0].slot;
        bed_set(bed, "LWCRED_KEY_FILE", NULL);
    }
    if ((which & PASS) != 0) {
        bed_use_passphrase(bed, "horse");
        enrol(bed, &slots[1]);
        assert_int_equal(slots[1].slot.type, LWC_FORMAT_SLOT_PASSPHRASE);
        format.slots[format.slot_count++] = slots[1].slot;
        bed_set(bed, "LWCRED_PASSPHRASE_FILE", NULL);
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

static void give(struct bed *bed, const struct open_case *c)
{
    bed_set(bed, "LWCRED_KEY_FILE", NULL);
    bed_set(bed, "LWCRED_PASSPHRASE_FILE", NULL);
    if ((c->given & RIGHT_KEY) != 0) {
        bed_use_key_file(bed);
    }
    if ((c->given & WRONG_KEY) != 0) {
        static const uint8_t other[32] = {1};

        bed_write(bed->key_path, other, sizeof other);
        bed_set(bed, "LWCRED_KEY_FILE", bed->key_path);
    }
    if ((c->given & (RIGHT_FILE | WRONG_FILE)) != 0) {
        bed_use_passphrase(bed, (c->given & RIGHT_FILE) != 0 ? "horse" : "cow");
    }
    memcpy(bed->answers, c->answers, sizeof bed->answers);
    bed->asked = 0;
}

static void open_uses_what_is_given(void **state)
{
    struct bed *bed = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(open_cases); i++) {
        const struct open_case *c = &open_cases[i];
        struct lwc_unlock_slot slots[2] = {0};
        const struct lwc_store_format format = format_with(bed, c->slots, slots);
        AUTO_UNLOCK unlock = unlock_of(bed);
        LWC_AUTO_BUF master = NULL;
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        give(bed, c);
        code = open_store(unlock, &format, &master, &err);
        if (code != c->code || bed->asked != c->asked || err.code != c->code) {
            fail_msg("%s: code %d, asked %zu, %s", c->name, (int)code, bed->asked, err.msg);
        }
        if (code == LWC_OK ? !lwc_buf_equal(master, MASTER, strlen(MASTER)) : master != NULL) {
            fail_msg("%s: wrong master key", c->name);
        }
    }
}

static void open_of_unknown_slots_only_is_too_new(void **state)
{
    struct bed *bed = *state;
    const uint8_t body[4] = {0};
    const struct lwc_store_format format = {.generation = 1,
                                            .key_epoch = 1,
                                            .slot_count = 1,
                                            .slots = {{LWC_FORMAT_SLOT_RECOVERY, 4, body}}};
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;

    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_TOO_NEW);
    assert_int_equal(bed->asked, 0);
}

static void open_with_both_settings_is_invalid(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    const struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;

    bed_use_passphrase(bed, "horse");
    bed_set(bed, "LWCRED_PASSPHRASE_FD", "3");
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
}

static void open_of_several_passphrase_slots_tries_each(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot second = {0};
    struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;

    bed_use_passphrase(bed, "cow");
    enrol(bed, &second);
    format.slots[format.slot_count++] = second.slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
    assert_true(lwc_buf_equal(master, MASTER, strlen(MASTER)));
}

static void slot_beyond_the_memory_is_io_unless_another_opens(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot huge = {0};
    struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    huge = slots[1];
    lwc_format_cost_put((struct lwc_format_cost){1, UINT32_MAX}, huge.body);
    format.slots[0].body = huge.body;
    bed_use_passphrase(bed, "horse");
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    format.slots[format.slot_count++] = slots[1].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* Not even one stretch is begun without time, and none after the time is over. */
static void open_without_time_left_is_failed(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    for (size_t i = 0; i < 3; i++) {
        format.slots[format.slot_count++] = slots[1].slot;
    }
    bed_use_passphrase(bed, "cow");
    for (size_t n = 1; n <= 2; n++) {
        stretching = bed;
        stretches = 0;
        stop_after = n;
        bed->remaining_ms = 60000;
        assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_FAILED);
        assert_non_null(strstr(err.msg, "the passphrase took all of the time"));
        assert_int_equal(stretches, n);
    }
    stretches = 0;
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_FAILED);
    assert_int_equal(stretches, 0);
    stop_after = 0;
    bed_use_passphrase(bed, "new");
    {
        AUTO_UNLOCK fresh = unlock_of(bed);
        struct lwc_unlock_slot slot = {0};

        assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
        assert_int_equal(lwc_unlock_enrol(fresh, bed->cost, &store, master, &slot, NULL),
                         LWC_E_FAILED);
    }
    assert_int_equal(stretches, 0);
}

/* The master key is there; that the next step has no time left is explained. */
static void open_that_takes_all_of_the_time_warns(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    const struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;

    bed_use_passphrase(bed, "horse");
    stretching = bed;
    stretches = 0;
    stop_after = 1;
    bed->warnings = 0;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
    stop_after = 0;
    assert_int_equal(bed->warnings, 1);
    assert_non_null(strstr(bed->log, "the passphrase took all of the time"));
}

/*
 * A forger who can write the store makes a slot for a guess.  That the guess was right must not
 * show: the answer is that to a wrong passphrase, and the true slot still opens.
 */
static void forged_slot_counts_as_not_opened(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot forged = {0};
    struct lwc_store_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error right = {0};
    struct lwc_error wrong = {0};

    bed_use_passphrase(bed, "horse");
    enrol_master(bed, "the master key that a forger has", &forged);
    format.slots[0] = forged.slot;
    assert_int_equal(open_store(unlock, &format, &master, &right), LWC_E_DENIED);
    lwc_unlock_forget(unlock);
    bed_use_passphrase(bed, "cow");
    assert_int_equal(open_store(unlock, &format, &master, &wrong), LWC_E_DENIED);
    assert_string_equal(right.msg, wrong.msg);
    assert_non_null(strstr(right.msg, "wrong passphrase, or the store was changed"));
    assert_null(master);
    lwc_unlock_forget(unlock);
    bed_use_passphrase(bed, "horse");
    format.slots[format.slot_count++] = slots[1].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* With a key file there is nothing to guess: the forgery is named. */
static void forged_key_file_slot_is_corrupt_unless_another_opens(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot forged = {0};
    struct lwc_store_format format = format_with(bed, KEY, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    bed_use_key_file(bed);
    enrol_master(bed, "the master key that a forger has", &forged);
    format.slots[0] = forged.slot;
    assert_int_equal(open_store(unlock, &format, &master, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "not authentic"));
    format.slots[format.slot_count++] = slots[0].slot;
    assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_OK);
}

/* Without the commitment a slot could be made that opens under several passphrases. */
static void slot_whose_commitment_does_not_fit_is_denied(void **state)
{
    struct bed *bed = *state;

    for (unsigned which = KEY; which <= PASS; which++) {
        struct lwc_unlock_slot slots[2] = {0};
        struct lwc_store_format format = format_with(bed, which, slots);
        AUTO_UNLOCK unlock = unlock_of(bed);
        LWC_AUTO_BUF master = NULL;

        if (which == KEY) {
            slots[0].body[LWC_FORMAT_KEYFILE_AT_COMMIT + 5] ^= 1;
            format.slots[0].body = slots[0].body;
            bed_use_key_file(bed);
        } else {
            slots[1].body[LWC_FORMAT_PASS_AT_COMMIT + 5] ^= 1;
            format.slots[0].body = slots[1].body;
            bed_use_passphrase(bed, "horse");
        }
        assert_int_equal(open_store(unlock, &format, &master, NULL), LWC_E_DENIED);
    }
}

static void enrol_of_a_slot_that_does_not_open_is_internal(void **state)
{
    struct bed *bed = *state;
    LWC_AUTO_BUF master = NULL;
    struct lwc_error err = {0};

    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    for (unsigned which = KEY; which <= PASS; which++) {
        AUTO_UNLOCK unlock = unlock_of(bed);
        struct lwc_unlock_slot slot = {0};
        enum lwc_code code = LWC_OK;

        if (which == KEY) {
            bed_use_key_file(bed);
        } else {
            bed_set(bed, "LWCRED_KEY_FILE", NULL);
            bed_use_passphrase(bed, "horse");
        }
        flip_wrap = true;
        code = lwc_unlock_enrol(unlock, bed->cost, &store, master, &slot, &err);
        flip_wrap = false;
        assert_int_equal(code, LWC_E_INTERNAL);
        assert_non_null(strstr(err.msg, "the new slot does not open"));
    }
}

static void prepare_keeps_the_new_passphrase_until_forgotten(void **state)
{
    struct bed *bed = *state;
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_unlock_slot slot = {0};

    bed->answers[0] = "horse";
    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, &store, master, &slot, NULL), LWC_OK);
    assert_int_equal(bed->asked, 1);
    lwc_unlock_forget(unlock);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_LOCKED);
    assert_int_equal(bed->asked, 2);
}

static void enrol_with_missing_key_file_makes_none(void **state)
{
    struct bed *bed = *state;
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_BUF master = NULL;
    struct lwc_unlock_slot slot = {0};
    struct lwc_error err = {0};

    bed_set(bed, "LWCRED_KEY_FILE", bed->key_path);
    bed->answers[0] = "horse";
    assert_int_equal(lwc_buf_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, &store, master, &slot, &err),
                     LWC_E_INVALID);
    assert_non_null(strstr(err.hint, "/dev/urandom"));
    assert_int_equal(bed->asked, 0);
    assert_int_equal(tmpdir_count(&bed->dir, "."), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

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
