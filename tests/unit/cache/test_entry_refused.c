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

static void fill(char *text, char c, size_t len)
{
    memset(text, c, len);
    text[len] = '\0';
}

/* @bytes in memory of exactly that size are refused, and why says so without a value. */
static void assert_refused(const void *bytes, size_t len, const char *why)
{
    LWC_AUTO_FREE uint8_t *copy = entries_copy(bytes, len);
    struct lwc_entry *entry = NULL;
    struct lwc_error err = {0};

    assert_int_equal(lwc_entry_decode(copy, len, &entry, &err), LWC_E_CORRUPT);
    assert_null(entry);
    assert_int_equal(err.code, LWC_E_CORRUPT);
    assert_string_equal(err.msg, why);
}

static void more_bytes_are_refused(void **state)
{
    LWC_AUTO_FREE char *bytes = calloc(1, LWC_ENTRY_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < (size_t)ENTRIES_COUNT; i++) {
        memcpy(bytes, entries_samples[i].bytes, entries_samples[i].len);
        assert_refused(bytes, entries_samples[i].len + 1, "cache entry: wrong end");
        assert_refused(bytes, LWC_ENTRY_MAX, "cache entry: wrong end");
        assert_refused(bytes, LWC_ENTRY_MAX + 1, "cache entry: wrong size");
    }
}

/* Replace the only @old in @sample by @new, which is as long. */
struct edit {
    const char *name;
    size_t sample;
    const char *old;
    const char *new;
    size_t len;
    const char *why;
};
#define TOKEN_EDIT(name, old, new, why)         \
    {                                           \
        name, 0, old, new, sizeof(old) - 1, why \
    }
#define REFERENCE_EDIT(name, old, new, why)     \
    {                                           \
        name, 1, old, new, sizeof(old) - 1, why \
    }

static const struct edit edits[] = {
    TOKEN_EDIT("magic", "LWCENTRY", "LWCENTRX", "magic"),
    TOKEN_EDIT("older version", "RY\0\2", "RY\0\1", "version"),
    TOKEN_EDIT("newer version", "RY\0\2", "RY\0\3", "version"),
    TOKEN_EDIT("kind 0", "Y\0\2\0\1", "Y\0\2\0\0", "kind"),
    TOKEN_EDIT("kind 3", "Y\0\2\0\1", "Y\0\2\0\3", "kind"),
    TOKEN_EDIT("kind of credential", "\0\0\0\1\0\0\0\1", "\0\0\0\0\0\0\0\1", "identity"),
    TOKEN_EDIT("flags", "\0\0\0\1\0\0\0\1", "\0\0\0\1\0\0\0\2", "identity"),
    TOKEN_EDIT("no lifetime", "\0\0\0\0\0\0\16\17", "\0\0\0\0\0\0\0\0", "lifetime"),
    TOKEN_EDIT("too long a life", "\0\0\0\0\0\0\16\17", "\0\0\0\0\0\1\x51\x81", "lifetime"),
    TOKEN_EDIT("negative life", "\0\0\0\0\0\0\16\17", "\377\0\0\0\0\0\16\17", "lifetime"),
    TOKEN_EDIT("nothing asked for", "\0\0\0\0\0\0\16\20", "\0\0\0\0\0\0\0\0", "lifetime asked for"),
    TOKEN_EDIT("too much asked for", "\0\0\0\0\0\0\16\20", "\0\0\0\0\0\1\x51\x81",
               "lifetime asked for"),
    TOKEN_EDIT("negative time", "\0\0\1\2\3\4\5\6", "\200\0\1\2\3\4\5\6", "time sent"),
    TOKEN_EDIT("before 1970", "\0\0\0\0\145\123\361\0", "\200\0\0\0\145\123\361\0", "wall clock"),
    TOKEN_EDIT("upper case boot id", "\0\44" ENTRIES_BOOT_ID_TEXT,
               "\0\44"
               "01234567-89AB-cdef-0123-456789abcdef",
               "boot id"),
    TOKEN_EDIT("longer boot id", "\0\44" ENTRIES_BOOT_ID_TEXT, "\0\45" ENTRIES_BOOT_ID_TEXT,
               "boot id"),
    TOKEN_EDIT("shorter boot id", "\0\44" ENTRIES_BOOT_ID_TEXT, "\0\43" ENTRIES_BOOT_ID_TEXT,
               "profile"),
    TOKEN_EDIT("text to the end", "\0\4prod", "\377\377prod", "profile"),
    TOKEN_EDIT("profile", "\0\4prod", "\0\4-rod", "identity"),
    TOKEN_EDIT("NUL in profile", "\0\4prod", "\0\4pr\0d", "profile"),
    TOKEN_EDIT("NUL at the end of profile", "\0\4prod", "\0\4pro\0", "profile"),
    TOKEN_EDIT("account", "acme.lacework.net", "Acme.lacework.net", "identity"),
    TOKEN_EDIT("origin", "localhost:8443", "localhost:0443", "identity"),
    TOKEN_EDIT("key id", "ACME_KEY", "ACME KEY", "identity"),
    TOKEN_EDIT("sub-account", "\0\3sub", "\0\3s\nb", "identity"),
    TOKEN_EDIT("source", "\0\4file", "\0\4File", "source"),
    TOKEN_EDIT("path as source", "\0\4file", "\0\4../f", "source"),
    TOKEN_EDIT("newline in token", ENTRIES_TOKEN_TEXT, "_very-secret-token\n0123==", "token"),
    TOKEN_EDIT("blank in token", ENTRIES_TOKEN_TEXT, "_very-secret token.0123==", "token"),
    TOKEN_EDIT("NUL in token", ENTRIES_TOKEN_TEXT, "_very-secret-token.012\0==", "token"),
    TOKEN_EDIT("token as reference", "Y\0\2\0\1", "Y\0\2\0\2", "token"),
    TOKEN_EDIT("file of a token", "0123==\0\0\0\0", "0123==\0\1\0\0", "a file"),
    TOKEN_EDIT("setting of a token", "0123==\0\0\0\0", "0123==\0\0\0\1", "name of a setting"),
    REFERENCE_EDIT("reference as token", "Y\0\2\0\2", "Y\0\2\0\1", "lifetime"),
    REFERENCE_EDIT("upper case target", ENTRIES_TARGET_TEXT,
                   "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", "target"),
    REFERENCE_EDIT("longer target", "\0\100" ENTRIES_TARGET_TEXT, "\0\101" ENTRIES_TARGET_TEXT,
                   "target"),
    REFERENCE_EDIT("upper case scope", ENTRIES_SCOPE_TEXT,
                   "FFeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100", "scope"),
    REFERENCE_EDIT("33 settings", "\0\1\0\4TEAM", "\0\41\0\4TEAM", "settings"),
    REFERENCE_EDIT("one setting too many", "\0\1\0\4TEAM", "\0\2\0\4TEAM", "name of a setting"),
    REFERENCE_EDIT("one setting too few", "\0\1\0\4TEAM", "\0\0\0\4TEAM", "end"),
    REFERENCE_EDIT("NUL in the name of a setting", "\0\4TEAM", "\0\4TE\0M", "name of a setting"),
    REFERENCE_EDIT("longer name of a setting", "\0\4TEAM", "\0\5TEAM", "a setting"),
    REFERENCE_EDIT("nine files", "\0\2\0\5/keys", "\0\11\0\5/keys", "files"),
    REFERENCE_EDIT("one file too many", "\0\2\0\5/keys", "\0\3\0\5/keys", "path of a file"),
    REFERENCE_EDIT("one file too few", "\0\2\0\5/keys", "\0\1\0\5/keys", "name of a setting"),
    REFERENCE_EDIT("relative path", "/keys", "xkeys", "path of a file"),
    REFERENCE_EDIT("NUL in path", "/keys", "/ke\0s", "path of a file"),
    REFERENCE_EDIT("negative size", "\0\0\0\0\0\0\2\1", "\377\0\0\0\0\0\2\1", "size of a file"),
};

static void decode_names_the_wrong_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(edits); i++) {
        const struct entries_sample *sample = &entries_samples[edits[i].sample];
        LWC_AUTO_FREE char *copy = entries_copy(sample->bytes, sample->len);
        char *at = NULL;
        char why[64] = "cache entry: wrong ";

        print_message("%s\n", edits[i].name);
        at = memmem(copy, sample->len, edits[i].old, edits[i].len);
        assert_non_null(at);
        memcpy(at, edits[i].new, edits[i].len);
        memcpy(why + strlen(why), edits[i].why, strlen(edits[i].why) + 1);
        assert_refused(copy, sample->len, why);
    }
}

/* Defects of an entry that must not be written. */

static void no_token(struct lwc_entry *entry)
{
    lwc_buf_free(&entry->text);
}

static void empty_token(struct lwc_entry *entry)
{
    lwc_buf_reset(entry->text);
}

static void token_too_long(struct lwc_entry *entry)
{
    LWC_AUTO_FREE char *text = malloc(LWC_TOKEN_MAX + 2);

    assert_non_null(text);
    fill(text, 'x', LWC_TOKEN_MAX + 1);
    lwc_buf_reset(entry->text);
    assert_int_equal(lwc_buf_append(entry->text, text, LWC_TOKEN_MAX + 1, NULL), LWC_OK);
}

static void a_token(struct lwc_entry *entry)
{
    assert_int_equal(
        lwc_buf_copy(ENTRIES_TOKEN_TEXT, strlen(ENTRIES_TOKEN_TEXT), &entry->text, NULL), LWC_OK);
}

static void a_target(struct lwc_entry *entry)
{
    memcpy(entry->target, ENTRIES_TARGET_TEXT, sizeof ENTRIES_TARGET_TEXT);
}

static void no_target(struct lwc_entry *entry)
{
    entry->target[0] = '\0';
}

static void a_file(struct lwc_entry *entry)
{
    lwc_dependencies_reset(&entry->dependencies);
    (void)entries_add_file(entry, "/keys");
}

static void a_scope(struct lwc_entry *entry)
{
    memcpy(entry->scope, ENTRIES_SCOPE_TEXT, sizeof ENTRIES_SCOPE_TEXT);
}

static void no_scope(struct lwc_entry *entry)
{
    entry->scope[0] = '\0';
}

static void a_setting(struct lwc_entry *entry)
{
    entries_add_variable(entry, "TEAM");
}

static void a_setting_too_many(struct lwc_entry *entry)
{
    entry->dependencies.variable_count = LWC_VARIABLES_MAX + 1;
}

static void nameless_setting(struct lwc_entry *entry)
{
    entry->dependencies.variable[0].name[0] = '\0';
}

static void endless_setting(struct lwc_entry *entry)
{
    memset(entry->dependencies.variable[0].name, 'N', sizeof entry->dependencies.variable[0].name);
}

static void negative_time(struct lwc_entry *entry)
{
    entry->sent_wall_s = -1;
}

static void nine_files(struct lwc_entry *entry)
{
    entry->dependencies.count = LWC_DEPENDENCIES_MAX + 1;
}

static void incomplete_files(struct lwc_entry *entry)
{
    entry->dependencies.is_complete = false;
}

static void endless_path(struct lwc_entry *entry)
{
    memset(entry->dependencies.file[0].path, '/', sizeof entry->dependencies.file[0].path);
}

static void no_boot_id(struct lwc_entry *entry)
{
    entry->boot_id[0] = '\0';
}

static void endless_boot_id(struct lwc_entry *entry)
{
    memset(entry->boot_id, '0', sizeof entry->boot_id);
}

static void no_source(struct lwc_entry *entry)
{
    entry->source[0] = '\0';
}

static void no_profile(struct lwc_entry *entry)
{
    entry->identity.profile[0] = '\0';
}

static void no_kind(struct lwc_entry *entry)
{
    entry->kind = (enum lwc_entry_kind)0;
}

static void no_life(struct lwc_entry *entry)
{
    entry->lifetime_s = 0;
}

static void negative_life(struct lwc_entry *entry)
{
    entry->lifetime_s = -1;
}

static const struct {
    const char *name;
    struct lwc_entry *(*make)(void);
    void (*spoil)(struct lwc_entry *entry);
    const char *why;
} unfit[] = {
    {"no token", entries_token, no_token, "token"},
    {"empty token", entries_token, empty_token, "token"},
    {"token too long", entries_token, token_too_long, "token"},
    {"target of a token", entries_token, a_target, "target"},
    {"file of a token", entries_token, a_file, "files"},
    {"scope of a token", entries_token, a_scope, "scope"},
    {"setting of a token", entries_token, a_setting, "settings"},
    {"before 1970", entries_token, negative_time, "wall clock"},
    {"no boot id", entries_token, no_boot_id, "boot id"},
    {"endless boot id", entries_token, endless_boot_id, "boot id"},
    {"no source", entries_token, no_source, "source"},
    {"no profile", entries_token, no_profile, "identity"},
    {"no kind", entries_token, no_kind, "kind"},
    {"no life", entries_token, no_life, "lifetime"},
    {"negative life", entries_token, negative_life, "lifetime"},
    {"token of a reference", entries_reference, a_token, "token"},
    {"no target", entries_reference, no_target, "target"},
    {"no scope", entries_reference, no_scope, "scope"},
    {"a setting too many", entries_reference, a_setting_too_many, "settings"},
    {"a setting without a name", entries_reference, nameless_setting, "name of a setting"},
    {"endless name of a setting", entries_reference, endless_setting, "name of a setting"},
    {"nine files", entries_reference, nine_files, "files"},
    {"incomplete files", entries_reference, incomplete_files, "files"},
    {"endless path", entries_reference, endless_path, "path of a file"},
    {"negative life of a reference", entries_reference, negative_life, "lifetime"},
};

static void encode_of_an_unfit_entry_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LWC_ARRAY_LEN(unfit); i++) {
        LWC_AUTO_ENTRY entry = unfit[i].make();
        LWC_AUTO_BUF out = entries_empty_secret();
        struct lwc_error err = {0};

        print_message("%s\n", unfit[i].name);
        unfit[i].spoil(entry);
        assert_int_equal(lwc_entry_encode(entry, out, &err), LWC_E_INVALID);
        assert_int_equal(lwc_buf_len(out), 0);
        assert_memory_equal(err.msg, "cache entry: ", 13);
        assert_memory_equal(err.msg + 13, unfit[i].why, strlen(unfit[i].why));
        assert_string_equal(err.msg + 13 + strlen(unfit[i].why), " cannot be kept");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_bytes_are_refused),
        cmocka_unit_test(decode_names_the_wrong_member),
        cmocka_unit_test(encode_of_an_unfit_entry_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
