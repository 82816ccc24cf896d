/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "tests/support/entries.h"

static void assert_encodes_to(const struct lwc_entry *entry, const void *bytes, size_t len)
{
    LWC_AUTO_BUF out = entries_empty_secret();

    assert_int_equal(lwc_buf_append(out, "old", 3, NULL), LWC_OK);
    assert_int_equal(lwc_entry_encode(entry, out, NULL), LWC_OK);
    assert_int_equal(lwc_buf_len(out), len);
    assert_memory_equal(lwc_buf_bytes(out), bytes, len);
}

/* Refused with some reason, or canonical. */
static void assert_refused_or_canonical(const void *bytes, size_t len)
{
    LWC_AUTO_FREE uint8_t *copy = entries_copy(bytes, len);
    LWC_AUTO_ENTRY entry = NULL;
    struct lwc_error err = {0};

    if (lwc_entry_decode(copy, len, &entry, &err) == LWC_OK) {
        assert_encodes_to(entry, copy, len);
        return;
    }
    assert_null(entry);
    assert_int_equal(err.code, LWC_E_CORRUPT);
    assert_memory_equal(err.msg, "cache entry: wrong ", 19);
    assert_null(strstr(err.msg, "secret"));
}

static void encode_gives_the_known_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < (size_t)ENTRIES_COUNT; i++) {
        LWC_AUTO_ENTRY entry = entries_samples[i].make();

        print_message("%s\n", entries_samples[i].name);
        assert_encodes_to(entry, entries_samples[i].bytes, entries_samples[i].len);
    }
}

static struct lwc_entry *decode(const struct entries_sample *sample)
{
    struct lwc_entry *entry = NULL;

    assert_int_equal(lwc_entry_decode(sample->bytes, sample->len, &entry, NULL), LWC_OK);
    return entry;
}

static void assert_same_identity(const struct lwc_entry *entry)
{
    const struct lwc_identity_copy *copy = &entry->identity;

    assert_string_equal(entry->boot_id, ENTRIES_BOOT_ID_TEXT);
    assert_string_equal(entry->source, "file");
    assert_ptr_equal(copy->id.profile, copy->profile);
    assert_ptr_equal(copy->id.account, copy->account);
    assert_ptr_equal(copy->id.origin, copy->origin);
    assert_ptr_equal(copy->id.key_id, copy->key_id);
    assert_ptr_equal(copy->id.sub_account, copy->sub_account);
    assert_string_equal(copy->profile, "prod");
    assert_string_equal(copy->account, "acme.lacework.net");
    assert_string_equal(copy->origin, "localhost:8443");
    assert_string_equal(copy->key_id, "ACME_KEY");
    assert_string_equal(copy->sub_account, "sub");
    assert_int_equal(copy->id.kind, LWC_KIND_ACCESS_KEY);
    assert_int_equal(copy->id.flags, LWC_ID_ORG_ACCESS);
}

static void decode_of_a_token_gives_every_member(void **state)
{
    LWC_AUTO_ENTRY entry = decode(&entries_samples[ENTRIES_TOKEN]);

    (void)state;
    assert_int_equal(entry->kind, LWC_ENTRY_TOKEN);
    assert_same_identity(entry);
    assert_int_equal(entry->lifetime_s, 3599);
    assert_int_equal(entry->ttl_s, 3600);
    assert_true(entry->sent_boot_ms == INT64_C(0x010203040506));
    assert_int_equal(entry->sent_wall_s, 1700000000);
    assert_true(lwc_buf_equal(entry->text, ENTRIES_TOKEN_TEXT, strlen(ENTRIES_TOKEN_TEXT)));
    assert_string_equal(entry->target, "");
    assert_string_equal(entry->scope, "");
    assert_int_equal(entry->dependencies.count, 0);
    assert_true(entry->dependencies.is_complete);
}

static void decode_of_a_reference_gives_every_member(void **state)
{
    LWC_AUTO_ENTRY expected = entries_reference();
    LWC_AUTO_ENTRY entry = decode(&entries_samples[ENTRIES_REFERENCE]);

    (void)state;
    assert_int_equal(entry->kind, LWC_ENTRY_ANSWER);
    assert_same_identity(entry);
    assert_null(entry->text);
    assert_int_equal(entry->lifetime_s, 0);
    assert_int_equal(entry->ttl_s, 3600);
    assert_true(entry->sent_boot_ms == INT64_C(0x010203040506));
    assert_int_equal(entry->sent_wall_s, 1700000000);
    assert_string_equal(entry->target, ENTRIES_TARGET_TEXT);
    assert_string_equal(entry->scope, ENTRIES_SCOPE_TEXT);
    assert_true(entry->dependencies.is_complete);
    assert_int_equal(entry->dependencies.count, 2);
    assert_memory_equal(entry->dependencies.file, expected->dependencies.file,
                        2 * sizeof *expected->dependencies.file);
    assert_int_equal(entry->dependencies.variable_count, 1);
    assert_memory_equal(entry->dependencies.variable, expected->dependencies.variable,
                        sizeof *expected->dependencies.variable);
}

static void fill(char *text, char c, size_t len)
{
    memset(text, c, len);
    text[len] = '\0';
}

static void add_files(struct lwc_entry *entry, size_t count)
{
    lwc_dependencies_reset(&entry->dependencies);
    for (size_t i = 0; i < count; i++) {
        fill(entries_add_file(entry, "/")->path, '/', LWC_DEPENDENCY_PATH_MAX);
    }
}

static void add_variables(struct lwc_entry *entry, size_t count)
{
    char name[LWC_VARIABLE_NAME_MAX + 1];

    entry->dependencies.variable_count = 0;
    fill(name, 'N', LWC_VARIABLE_NAME_MAX);
    for (size_t i = 0; i < count; i++) {
        entries_add_variable(entry, name);
    }
}

static void assert_survives(const struct lwc_entry *entry)
{
    LWC_AUTO_BUF out = entries_empty_secret();
    LWC_AUTO_ENTRY decoded = NULL;

    assert_int_equal(lwc_entry_encode(entry, out, NULL), LWC_OK);
    assert_true(lwc_buf_len(out) <= LWC_ENTRY_MAX);
    assert_int_equal(lwc_entry_decode(lwc_buf_bytes(out), lwc_buf_len(out), &decoded, NULL),
                     LWC_OK);
    assert_encodes_to(decoded, lwc_buf_bytes(out), lwc_buf_len(out));
}

static void largest_entries_survive(void **state)
{
    LWC_AUTO_ENTRY token = entries_token();
    LWC_AUTO_ENTRY reference = entries_reference();
    LWC_AUTO_FREE char *text = malloc(LWC_TOKEN_MAX + 1);

    (void)state;
    assert_non_null(text);
    fill(text, 'x', LWC_TOKEN_MAX);
    lwc_buf_reset(token->text);
    assert_int_equal(lwc_buf_append(token->text, text, LWC_TOKEN_MAX, NULL), LWC_OK);
    token->lifetime_s = LWC_TTL_MAX;
    token->ttl_s = LWC_TTL_MAX;
    token->sent_boot_ms = INT64_MAX;
    fill(token->identity.profile, 'p', LWC_PROFILE_MAX);
    fill(token->identity.key_id, 'K', LWC_KEY_ID_MAX);
    fill(token->identity.sub_account, 's', LWC_SUB_ACCOUNT_MAX);
    fill(token->source, 'b', LWC_BACKEND_NAME_MAX);
    assert_survives(token);
    add_files(reference, LWC_DEPENDENCIES_MAX);
    add_variables(reference, LWC_VARIABLES_MAX);
    reference->sent_wall_s = INT64_MAX;
    assert_survives(reference);
}

static void smallest_entries_survive(void **state)
{
    LWC_AUTO_ENTRY token = entries_token();
    LWC_AUTO_ENTRY reference = entries_reference();

    (void)state;
    lwc_buf_truncate(token->text, 1);
    token->lifetime_s = 1;
    token->ttl_s = 1;
    token->sent_boot_ms = 0;
    token->identity.origin[0] = '\0';
    token->identity.sub_account[0] = '\0';
    assert_survives(token);
    reference->dependencies.count = 0;
    reference->dependencies.variable_count = 0;
    reference->sent_wall_s = 0;
    assert_survives(reference);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < (size_t)ENTRIES_COUNT; i++) {
        print_message("%s\n", entries_samples[i].name);
        for (size_t len = 0; len < entries_samples[i].len; len++) {
            LWC_AUTO_FREE void *copy = entries_copy(entries_samples[i].bytes, len);
            struct lwc_entry *entry = NULL;

            assert_int_equal(lwc_entry_decode(copy, len, &entry, NULL), LWC_E_CORRUPT);
            assert_null(entry);
        }
    }
}

static void every_changed_byte_is_refused_or_canonical(void **state)
{
    static const uint8_t changes[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};

    (void)state;
    for (size_t i = 0; i < (size_t)ENTRIES_COUNT; i++) {
        LWC_AUTO_FREE char *copy = entries_copy(entries_samples[i].bytes, entries_samples[i].len);

        print_message("%s\n", entries_samples[i].name);
        for (size_t at = 0; at < entries_samples[i].len * LWC_ARRAY_LEN(changes); at++) {
            uint8_t change = changes[at % LWC_ARRAY_LEN(changes)];

            copy[at / LWC_ARRAY_LEN(changes)] ^= (char)change;
            assert_refused_or_canonical(copy, entries_samples[i].len);
            copy[at / LWC_ARRAY_LEN(changes)] ^= (char)change;
        }
    }
}

static void free_clears_the_pointer_and_takes_null(void **state)
{
    struct lwc_entry *entry = entries_token();

    (void)state;
    lwc_entry_free(&entry);
    assert_null(entry);
    lwc_entry_free(&entry);
    lwc_entry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_gives_the_known_bytes),
        cmocka_unit_test(decode_of_a_token_gives_every_member),
        cmocka_unit_test(decode_of_a_reference_gives_every_member),
        cmocka_unit_test(largest_entries_survive),
        cmocka_unit_test(smallest_entries_survive),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_changed_byte_is_refused_or_canonical),
        cmocka_unit_test(free_clears_the_pointer_and_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
