/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/file/seal.h"
#include "backends/file/unlock.h"
#include "base/util.h"
#include "tests/support/storevectors.h"

#define KEY_SECRET "_0123456789abcdef0123456789abcdef"
#define SECRET_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ACCESS_KEY(p, a, o, k, s, f)                                                      \
    {                                                                                     \
        .profile = (p), .account = (a), .origin = (o), .key_id = (k), .sub_account = (s), \
        .kind = LWC_KIND_ACCESS_KEY, .flags = (f),                                        \
    }
#define RECORD(id_, secret_)                                       \
    {                                                              \
        .id = id_, .secret = (secret_), .len = sizeof(secret_) - 1 \
    }

static void put_all(struct store_fixture *fixture, const struct vector *vector)
{
    struct lwc_store *store = store_fixture_store(fixture);

    for (size_t i = 0; i < VECTOR_RECORDS && vector->records[i].id.profile != NULL; i++) {
        assert_int_equal(lwc_store_put(store, &vector->records[i].id, vector->records[i].secret,
                                       vector->records[i].len, 0, NULL),
                         LWC_OK);
    }
    lwc_store_free(&store);
}

static void make_empty(struct store_fixture *fixture, const struct vector *vector)
{
    struct lwc_store *store = store_fixture_store(fixture);
    struct lwc_identity query = LWC_IDENTITY_ANY;

    (void)vector;
    query.profile = "gone";
    assert_int_equal(store_fixture_put(store, "gone", "gone", NULL), LWC_OK);
    assert_int_equal(lwc_store_remove(store, &query, NULL), LWC_OK);
    lwc_store_free(&store);
}

/* The second record was replaced once. */
static void make_several(struct store_fixture *fixture, const struct vector *vector)
{
    struct lwc_store *store = NULL;
    const struct vector_record *second = &vector->records[1];

    put_all(fixture, vector);
    store = store_fixture_store(fixture);
    assert_int_equal(
        lwc_store_put(store, &second->id, second->secret, second->len, LWC_STORE_REPLACE, NULL),
        LWC_OK);
    lwc_store_free(&store);
}

static void make_unknown_slot(struct store_fixture *fixture, const struct vector *vector)
{
    static const uint16_t types[] = {0x1234, LWC_FORMAT_SLOT_RECOVERY};

    put_all(fixture, vector);
    vector_amend(fixture, types, LWC_ARRAY_LEN(types), 0);
}

const struct vector vectors[] =
    {
        {.name = "store-empty.lwc", .passphrase = STORE_FIXTURE_PASSPHRASE, .make = make_empty},
        {
            .name = "store-passphrase.lwc",
            .passphrase = STORE_FIXTURE_PASSPHRASE,
            .make = put_all,
            .records = {RECORD(ACCESS_KEY("default", "acme.lacework.net", "", "ACME_1234", "", 0),
                               KEY_SECRET)},
        },
        {
            .name = "store-keyfile.lwc",
            .make = put_all,
            .records = {RECORD(ACCESS_KEY("default", "acme.lacework.net", "", "ACME_1234", "", 0),
                               KEY_SECRET)},
        },
        {
            .name = "store-unknown-slot.lwc",
            .make = make_unknown_slot,
            .records = {RECORD(ACCESS_KEY("default", "acme.lacework.net", "", "ACME_1234", "", 0),
                               KEY_SECRET)},
        },
        {
            .name = "store-several.lwc",
            .make = make_several,
            .records =
                {
                    RECORD(ACCESS_KEY("Prod.eu", "acme.fra.lacework.net", "", "ACME_EU", "", 0),
                           SECRET_64),
                    RECORD(ACCESS_KEY("default", "acme.lacework.net", "", "ACME_1234", "", 0),
                           KEY_SECRET),
                    RECORD(ACCESS_KEY("lab", "lab.lacework.net", "lab.example.org:8443", "LAB_1",
                                      "Sub-1", LWC_ID_ORG_ACCESS),
                           "\x80\x01\xff binary\n\x80"),
                    RECORD((
                               (struct lwc_identity){
                                   .profile = "token",
                                   .account = "acme.lacework.net",
                                   .origin = "",
                                   .key_id = "",
                                   .sub_account = "",
                                   .kind = LWC_KIND_TOKEN,
                               }),
                           "x"),
                    RECORD((
                               (struct lwc_identity){
                                   .profile = "zz-agent@host",
                                   .account = "acme.lacework.net",
                                   .origin = "",
                                   .key_id = "",
                                   .sub_account = "",
                                   .kind = LWC_KIND_AGENT_TOKEN,
                               }),
                           "agent" SECRET_64),
                },
        },
};
const size_t vector_count = LWC_ARRAY_LEN(vectors);

void vector_make(struct store_fixture *fixture, const struct vector *vector)
{
    store_fixture_random_reset();
    fixture->cost = (struct lwc_format_cost){.passes = 1, .memory_kib = LWC_FORMAT_MEMORY_KIB_MIN};
    if (vector->passphrase != NULL) {
        store_fixture_use_passphrase(fixture, vector->passphrase);
    } else {
        store_fixture_use_key_file(fixture);
    }
    vector->make(fixture, vector);
}

void vector_amend(struct store_fixture *fixture, const uint16_t *types, size_t count,
                  uint32_t optional)
{
    size_t len = 0;
    size_t amended_len = 0;
    LWC_AUTO_FREE uint8_t *bytes = store_fixture_read(fixture->path, &len);
    LWC_AUTO_FREE uint8_t *amended = NULL;
    struct lwc_contents contents = {.bytes = bytes, .len = len}; /* borrowed                      */
    LWC_AUTO_FORMAT format = {0};
    LWC_AUTO_BUF master = NULL;
    struct lwc_unlock *unlock = NULL;
    uint8_t body[40];

    memset(body, 0xa5, sizeof body);
    assert_int_equal(lwc_format_parse(bytes, len, &format, NULL), LWC_OK);
    contents.format = format;
    lwc_seal_hash(bytes, len, contents.hash);
    assert_int_equal(
        lwc_unlock_new(&fixture->host, fixture->path, store_fixture_random, &unlock, NULL), LWC_OK);
    assert_int_equal(lwc_unlock_open(unlock, &contents, &master, NULL), LWC_OK);
    lwc_unlock_free(&unlock);
    for (size_t i = 0; i < count; i++) {
        format.slots[format.slot_count++] =
            (struct lwc_format_slot){.type = types[i], .len = sizeof body, .body = body};
    }
    format.optional = optional;
    assert_int_equal(lwc_format_encode(&format, &amended, &amended_len, NULL), LWC_OK);
    assert_int_equal(lwc_seal_finish(master, amended, amended_len, NULL), LWC_OK);
    store_fixture_write(fixture->path, amended, amended_len);
}
