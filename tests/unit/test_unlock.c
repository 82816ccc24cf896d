/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/unlock.h"
#include "base/util.h"
#include "tests/support/storebed.h"

#define AUTO_UNLOCK LWC_AUTO(struct lwc_unlock *, lwc_unlock_free)
#define MASTER "0123456789abcdef0123456789abcdef"

static const uint8_t store_id[LWC_FORMAT_ID_LEN] = {9};

static struct lwc_unlock *unlock_of(struct bed *bed)
{
    struct lwc_unlock *unlock = NULL;

    assert_int_equal(lwc_unlock_new(&bed->host, bed->path, bed_random, &unlock, NULL), LWC_OK);
    return unlock;
}

static void enrol(struct bed *bed, struct lwc_unlock_slot *slot)
{
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;

    assert_int_equal(lwc_secret_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, store_id, master, slot, NULL), LWC_OK);
    assert_ptr_equal(slot->slot.body, slot->body);
}

/* A store with a slot for store.key, for the passphrase "horse", or both. */
enum slots { KEY = 1, PASS = 2 };

static struct lwc_format format_with(struct bed *bed, unsigned which,
                                     struct lwc_unlock_slot slots[2])
{
    struct lwc_format format = {.generation = 1};

    memcpy(format.store_id, store_id, sizeof store_id);
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
        const struct lwc_format format = format_with(bed, c->slots, slots);
        AUTO_UNLOCK unlock = unlock_of(bed);
        LWC_AUTO_SECRET master = NULL;
        struct lwc_error err = {0};
        enum lwc_code code = LWC_OK;

        give(bed, c);
        code = lwc_unlock_open(unlock, &format, &master, &err);
        if (code != c->code || bed->asked != c->asked || err.code != c->code) {
            fail_msg("%s: code %d, asked %zu, %s", c->name, (int)code, bed->asked, err.msg);
        }
        if (code == LWC_OK ? !lwc_secret_equal(master, MASTER, strlen(MASTER)) : master != NULL) {
            fail_msg("%s: wrong master key", c->name);
        }
    }
}

static void open_of_unknown_slots_only_is_too_new(void **state)
{
    struct bed *bed = *state;
    const uint8_t body[4] = {0};
    const struct lwc_format format = {.slot_count = 1,
                                      .slots = {{LWC_FORMAT_SLOT_RECOVERY, 4, body}}};
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;

    assert_int_equal(lwc_unlock_open(unlock, &format, &master, NULL), LWC_E_TOO_NEW);
    assert_int_equal(bed->asked, 0);
}

static void open_with_both_settings_is_invalid(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    const struct lwc_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;

    bed_use_passphrase(bed, "horse");
    bed_set(bed, "LWCRED_PASSPHRASE_FD", "3");
    assert_int_equal(lwc_unlock_open(unlock, &format, &master, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
}

static void open_of_several_passphrase_slots_tries_each(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot second = {0};
    struct lwc_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;

    bed_use_passphrase(bed, "cow");
    enrol(bed, &second);
    format.slots[format.slot_count++] = second.slot;
    assert_int_equal(lwc_unlock_open(unlock, &format, &master, NULL), LWC_OK);
    assert_true(lwc_secret_equal(master, MASTER, strlen(MASTER)));
}

static void slot_beyond_the_memory_is_io_unless_another_opens(void **state)
{
    struct bed *bed = *state;
    struct lwc_unlock_slot slots[2] = {0};
    struct lwc_unlock_slot huge = {0};
    struct lwc_format format = format_with(bed, PASS, slots);
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;
    struct lwc_error err = {0};

    huge = slots[1];
    lwc_format_cost_put((struct lwc_format_cost){1, UINT32_MAX}, huge.body);
    format.slots[0].body = huge.body;
    bed_use_passphrase(bed, "horse");
    assert_int_equal(lwc_unlock_open(unlock, &format, &master, &err), LWC_E_IO);
    assert_int_equal(err.sys, ENOMEM);
    format.slots[format.slot_count++] = slots[1].slot;
    assert_int_equal(lwc_unlock_open(unlock, &format, &master, NULL), LWC_OK);
}

static void prepare_keeps_the_new_passphrase_until_forgotten(void **state)
{
    struct bed *bed = *state;
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;
    struct lwc_unlock_slot slot = {0};

    bed->answers[0] = "horse";
    assert_int_equal(lwc_secret_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, store_id, master, &slot, NULL), LWC_OK);
    assert_int_equal(bed->asked, 1);
    lwc_unlock_forget(unlock);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_LOCKED);
    assert_int_equal(bed->asked, 2);
}

static void enrol_with_missing_key_file_makes_none(void **state)
{
    struct bed *bed = *state;
    AUTO_UNLOCK unlock = unlock_of(bed);
    LWC_AUTO_SECRET master = NULL;
    struct lwc_unlock_slot slot = {0};
    struct lwc_error err = {0};

    bed_set(bed, "LWCRED_KEY_FILE", bed->key_path);
    bed->answers[0] = "horse";
    assert_int_equal(lwc_secret_copy(MASTER, strlen(MASTER), &master, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_prepare(unlock, NULL), LWC_E_INVALID);
    assert_int_equal(lwc_unlock_enrol(unlock, bed->cost, store_id, master, &slot, &err),
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
        TEST(prepare_keeps_the_new_passphrase_until_forgotten),
        TEST(enrol_with_missing_key_file_makes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
