/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/file/contents.h"
#include "backends/file/seal.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

static const uint8_t slot_body[3] = {1, 2, 3};

static struct lwc_buf *make_master(void)
{
    struct lwc_buf *master = NULL;

    assert_int_equal(lwc_buf_copy("0123456789abcdef0123456789abcdef", 32, &master, NULL), LWC_OK);
    return master;
}

static struct lwc_store_format new_store(void)
{
    return (struct lwc_store_format){
        .key_epoch = 1, .slot_count = 1, .slots = {{77, sizeof slot_body, slot_body}}};
}

static void assert_names_generation_before(const struct lwc_store_format *next,
                                           const struct lwc_store_format *base)
{
    static const uint8_t none[LWC_FORMAT_DIGEST_LEN];

    assert_memory_equal(next->previous_mac, base->generation == 0 ? none : base->mac, sizeof none);
}

/* Puts, or with a NULL @secret drops, @profile; *contents becomes the next one. */
static enum lwc_code change(struct lwc_contents *contents, const char *profile, const char *secret)
{
    LWC_AUTO_BUF master = make_master();
    const struct lwc_store_format empty = new_store();
    const struct lwc_store_format *base = contents->bytes != NULL ? &contents->format : &empty;
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity(profile, key_id);
    struct lwc_contents_change wanted = {.now = 5};
    LWC_AUTO_CONTENTS next = {0};
    enum lwc_code code = LWC_OK;

    wanted.drop = lwc_contents_locate(base, profile, &wanted.index);
    if (secret != NULL) {
        wanted.identity = &id;
        wanted.secret = secret;
        wanted.len = strlen(secret);
    }
    store_fixture_random(wanted.id, sizeof wanted.id);
    store_fixture_random(wanted.nonce, sizeof wanted.nonce);
    code = lwc_contents_build(base, &wanted, master, &next.bytes, &next.len, NULL);
    if (code == LWC_OK) {
        assert_int_equal(lwc_format_parse(next.bytes, next.len, &next.format, NULL), LWC_OK);
        lwc_seal_hash(next.bytes, next.len, next.hash);
        assert_names_generation_before(&next.format, base);
        lwc_contents_clear(contents);
        *contents = next;
        next = (struct lwc_contents){0};
    }
    return code;
}

static void assert_holds(const struct lwc_contents *contents, size_t index, const char *profile,
                         const char *secret)
{
    LWC_AUTO_BUF master = make_master();
    LWC_AUTO_BUF opened = NULL;

    assert_string_equal(contents->format.records[index].id.profile, profile);
    assert_int_equal(lwc_contents_authenticate(contents, master, NULL), LWC_OK);
    assert_int_equal(lwc_contents_open(contents, index, master, &opened, NULL), LWC_OK);
    assert_true(lwc_buf_equal(opened, secret, strlen(secret)));
}

static void build_puts_replaces_and_drops_in_order(void **state)
{
    LWC_AUTO_CONTENTS contents = {0};

    (void)state;
    assert_int_equal(change(&contents, "m", "1"), LWC_OK);
    assert_int_equal(change(&contents, "a", "2"), LWC_OK);
    assert_int_equal(change(&contents, "z", "3"), LWC_OK);
    assert_int_equal(change(&contents, "B", "4"), LWC_OK);
    assert_int_equal(change(&contents, "m", "five"), LWC_OK);
    assert_int_equal(contents.format.generation, 5);
    assert_int_equal(contents.format.record_count, 4);
    assert_holds(&contents, 0, "B", "4");
    assert_holds(&contents, 1, "a", "2");
    assert_holds(&contents, 2, "m", "five");
    assert_holds(&contents, 3, "z", "3");
    assert_int_equal(change(&contents, "a", NULL), LWC_OK);
    assert_int_equal(change(&contents, "z", NULL), LWC_OK);
    assert_int_equal(change(&contents, "B", NULL), LWC_OK);
    assert_int_equal(contents.format.record_count, 1);
    assert_holds(&contents, 0, "m", "five");
    assert_int_equal(change(&contents, "m", NULL), LWC_OK);
    assert_int_equal(contents.format.record_count, 0);
    assert_int_equal(contents.format.generation, 9);
}

static void build_refuses_what_a_store_cannot_hold(void **state)
{
    LWC_AUTO_CONTENTS contents = {0};
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t len = 0;
    LWC_AUTO_BUF master = make_master();
    const struct lwc_contents_change nothing = {0};
    LWC_AUTO_FREE char *long_one = calloc(1, LWC_SECRET_MAX + 2);

    (void)state;
    assert_non_null(long_one);
    memset(long_one, 'x', LWC_SECRET_MAX + 1);
    assert_int_equal(change(&contents, "a", ""), LWC_E_INVALID);
    assert_int_equal(change(&contents, "a", long_one), LWC_E_INVALID);
    assert_int_equal(change(&contents, "a/b", "x"), LWC_E_INVALID);
    assert_int_equal(change(&contents, "a", "x"), LWC_OK);
    contents.format.generation = INT64_MAX;
    assert_int_equal(lwc_contents_build(&contents.format, &nothing, master, &bytes, &len, NULL),
                     LWC_E_INVALID);
    assert_null(bytes);
}

static void locate_finds_each_and_where_others_would_stand(void **state)
{
    static const struct {
        const char *profile;
        bool found;
        size_t index;
    } cases[] = {
        {"A", false, 0},  {"b", true, 0}, {"c", false, 1}, {"d", true, 1},
        {"d1", false, 2}, {"f", true, 2}, {"g", false, 3},
    };
    LWC_AUTO_CONTENTS contents = {0};

    (void)state;
    assert_int_equal(change(&contents, "b", "1"), LWC_OK);
    assert_int_equal(change(&contents, "d", "1"), LWC_OK);
    assert_int_equal(change(&contents, "f", "1"), LWC_OK);
    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        size_t index = 99;

        if (lwc_contents_locate(&contents.format, cases[i].profile, &index) != cases[i].found ||
            index != cases[i].index) {
            fail_msg("%s at %zu", cases[i].profile, index);
        }
    }
}

static void open_with_another_key_is_corrupt_and_names_the_profile(void **state)
{
    LWC_AUTO_CONTENTS contents = {0};
    LWC_AUTO_BUF other = NULL;
    LWC_AUTO_BUF secret = NULL;
    struct lwc_error err = {0};

    (void)state;
    assert_int_equal(change(&contents, "alpha", "1"), LWC_OK);
    assert_int_equal(lwc_buf_copy("an0ther key of thirty-two bytes!", 32, &other, NULL), LWC_OK);
    assert_int_equal(lwc_contents_authenticate(&contents, other, NULL), LWC_E_CORRUPT);
    assert_int_equal(lwc_contents_open(&contents, 0, other, &secret, &err), LWC_E_CORRUPT);
    assert_non_null(strstr(err.msg, "alpha"));
    assert_null(secret);
}

static void read_gives_back_what_was_built(void **state)
{
    struct store_fixture *fixture = *state;
    LWC_AUTO_CONTENTS contents = {0};
    LWC_AUTO_CONTENTS again = {0};
    LWC_AUTO_CLOSE int fd = -1;

    assert_int_equal(change(&contents, "alpha", "1"), LWC_OK);
    store_fixture_write(fixture->path, contents.bytes, contents.len);
    fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(lwc_contents_read(fd, &again, NULL), LWC_OK);
    assert_int_equal(again.len, contents.len);
    assert_memory_equal(again.bytes, contents.bytes, contents.len);
    assert_holds(&again, 0, "alpha", "1");
}

static void read_of_what_is_no_store_says_so(void **state)
{
    static const struct {
        const char *name;
        char content[13];
        off_t len;
        enum lwc_code code;
        const char *words;
    } cases[] = {
        {"empty", "", 0, LWC_E_CORRUPT, "not an lwcred store"},
        {"text", "hello\n", 6, LWC_E_CORRUPT, "not an lwcred store"},
        {"magic only", "LWCREDS\n", 8, LWC_E_CORRUPT, "cut off after 8"},
        {"magic and zeros", "LWCREDS\n", 500, LWC_E_CORRUPT, "version 0"},
        {"newer", "LWCREDS\n\x07", 9, LWC_E_TOO_NEW, "format 7"},
        {"zeros behind", "LWCREDS\n\1\0\0\1", 500, LWC_E_CORRUPT, "digest"},
        {"huge", "LWCREDS\n\1\0\0\1", LWC_FORMAT_FILE_MAX + 1, LWC_E_CORRUPT, "larger than"},
        {"beyond 4 GiB", "LWCREDS\n\1\0\0\1", 0x100000080, LWC_E_CORRUPT, "larger than"},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        LWC_AUTO_CONTENTS contents = {0};
        LWC_AUTO_CLOSE int fd = -1;
        struct lwc_error err = {0};
        size_t len = (size_t)cases[i].len < 12 ? (size_t)cases[i].len : 12;

        store_fixture_write(fixture->path, (const uint8_t *)cases[i].content, len);
        assert_int_equal(truncate(fixture->path, cases[i].len), 0);
        fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
        if (lwc_contents_read(fd, &contents, &err) != cases[i].code ||
            strstr(err.msg, cases[i].words) == NULL || contents.bytes != NULL) {
            fail_msg("%s: %s", cases[i].name, err.msg);
        }
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(build_puts_replaces_and_drops_in_order),
        TEST(build_refuses_what_a_store_cannot_hold),
        TEST(locate_finds_each_and_where_others_would_stand),
        TEST(open_with_another_key_is_corrupt_and_names_the_profile),
        TEST(read_gives_back_what_was_built),
        TEST(read_of_what_is_no_store_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
