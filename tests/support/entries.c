/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* By the table in entry.c. */

#define IDENTITY_BYTES       \
    "\0\4prod"               \
    "\0\21acme.lacework.net" \
    "\0\16localhost:8443"    \
    "\0\10ACME_KEY"          \
    "\0\3sub"                \
    "\0\4file"

static const char token_bytes[] = "LWCENTRY\0\2\0\1"
                                  "\0\0\0\1\0\0\0\1"
                                  "\0\0\0\0\0\0\16\17"
                                  "\0\0\0\0\0\0\16\20"
                                  "\0\0\1\2\3\4\5\6"
                                  "\0\0\0\0\145\123\361\0"
                                  "\0\44" ENTRIES_BOOT_ID_TEXT IDENTITY_BYTES "\0\0\0\0"
                                  "\0\31" ENTRIES_TOKEN_TEXT "\0\0\0\0";

static const char reference_bytes[] =
    "LWCENTRY\0\2\0\2"
    "\0\0\0\1\0\0\0\1"
    "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\16\20"
    "\0\0\1\2\3\4\5\6"
    "\0\0\0\0\145\123\361\0"
    "\0\44" ENTRIES_BOOT_ID_TEXT IDENTITY_BYTES "\0\100" ENTRIES_TARGET_TEXT
    "\0\100" ENTRIES_SCOPE_TEXT "\0\0"
    "\0\2"
    "\0\5/keys"
    "\0\0\0\0\0\0\xfe\1"
    "\200\0\0\0\0\0\0\7"
    "\0\0\0\0\0\0\2\1"
    "\27\227\234\376\66\52\0\0"
    "\377\377\377\377\377\377\377\377"
    "\0\7/absent"
    "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"
    "\0\1"
    "\0\4TEAM" ENTRIES_HASH_TEXT;

const struct entries_sample entries_samples[ENTRIES_COUNT] = {
    [ENTRIES_TOKEN] = {"token", entries_token, token_bytes, sizeof token_bytes - 1},
    [ENTRIES_REFERENCE] = {"reference", entries_reference, reference_bytes,
                           sizeof reference_bytes - 1},
};

static struct lwc_entry *entry_of(enum lwc_entry_kind kind)
{
    const struct lwc_identity id = {
        .profile = "prod",
        .account = "acme.lacework.net",
        .origin = "localhost:8443",
        .key_id = "ACME_KEY",
        .sub_account = "sub",
        .kind = LWC_KIND_ACCESS_KEY,
        .flags = LWC_ID_ORG_ACCESS,
    };
    struct lwc_entry *entry = calloc(1, sizeof *entry);

    assert_non_null(entry);
    entry->kind = kind;
    memcpy(entry->boot_id, ENTRIES_BOOT_ID_TEXT, sizeof ENTRIES_BOOT_ID_TEXT);
    entry->ttl_s = 3600;
    entry->sent_boot_ms = INT64_C(0x010203040506);
    entry->sent_wall_s = 1700000000;
    memcpy(entry->source, "file", 5);
    assert_int_equal(lwc_identity_copy(&id, &entry->identity, NULL), LWC_OK);
    return entry;
}

struct lwc_entry *entries_token(void)
{
    struct lwc_entry *entry = entry_of(LWC_ENTRY_TOKEN);

    entry->lifetime_s = 3599;
    assert_int_equal(
        lwc_buf_copy(ENTRIES_TOKEN_TEXT, strlen(ENTRIES_TOKEN_TEXT), &entry->text, NULL), LWC_OK);
    return entry;
}

struct lwc_dependency *entries_add_file(struct lwc_entry *entry, const char *path)
{
    struct lwc_dependency *file = lwc_dependencies_next(&entry->dependencies);

    assert_non_null(file);
    memcpy(file->path, path, strlen(path) + 1);
    entry->dependencies.count++;
    return file;
}

void entries_add_variable(struct lwc_entry *entry, const char *name)
{
    struct lwc_variable *variable = lwc_dependencies_next_variable(&entry->dependencies);

    assert_non_null(variable);
    memcpy(variable->name, name, strlen(name) + 1);
    memcpy(variable->hash, ENTRIES_HASH_TEXT, LWC_HASH_LEN);
    entry->dependencies.variable_count++;
}

struct lwc_entry *entries_reference(void)
{
    struct lwc_entry *entry = entry_of(LWC_ENTRY_ANSWER);

    memcpy(entry->target, ENTRIES_TARGET_TEXT, sizeof ENTRIES_TARGET_TEXT);
    memcpy(entry->scope, ENTRIES_SCOPE_TEXT, sizeof ENTRIES_SCOPE_TEXT);
    lwc_dependencies_reset(&entry->dependencies);
    *entries_add_file(entry, "/keys") = (struct lwc_dependency){
        .path = "/keys",
        .dev = 0xfe01,
        .ino = UINT64_C(0x8000000000000007),
        .size = 513,
        .mtime_ns = INT64_C(1700000000000000000),
        .ctime_ns = -1,
    };
    (void)entries_add_file(entry, "/absent");
    entries_add_variable(entry, "TEAM");
    return entry;
}

struct lwc_buf *entries_empty_secret(void)
{
    struct lwc_buf *secret = NULL;

    assert_int_equal(lwc_buf_new(16, &secret, NULL), LWC_OK);
    return secret;
}

void *entries_copy(const void *bytes, size_t len)
{
    void *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return copy;
}
