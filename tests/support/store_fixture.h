/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STORE_FIXTURE_H
#define TESTS_SUPPORT_STORE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "backends/file/format.h"
#include "backends/file/store.h"
#include "base/buffer.h"
#include "base/identity.h"
#include "tests/support/tmpdir.h"

/*
 * Fixture of the tests of the file store: a host that answers from tables, random bytes and
 * time that are the same in every run, and the known answers in tests/data.
 */

#define STORE_FIXTURE_SETTINGS 8
#define STORE_FIXTURE_PASSPHRASE "correct horse battery staple"
#define STORE_FIXTURE_NOW 1700000000

/*
 * settings  pairs of name and value; a NULL name ends them.
 * answers   what the user types, in order; NULL: declines.
 * asked     how many questions there were; question is the last one, flags its flags.
 * log       every line that was logged, each with a newline; warnings counts the warnings.
 */
struct store_fixture {
    struct tmpdir dir;
    struct lwc_host host;
    const char *settings[STORE_FIXTURE_SETTINGS][2];
    const char *answers[4];
    size_t asked;
    char question[TMPDIR_PATH_LEN];
    uint32_t flags;
    char log[8192];
    size_t warnings;
    int64_t remaining_ms;
    struct lwc_format_cost cost;    /* of a passphrase; the lowest there is            */
    char path[TMPDIR_PATH_LEN];     /* of the store, DIR/keys.lwc                         */
    char key_path[TMPDIR_PATH_LEN]; /* DIR/store.key, made by store_fixture_use_key_file()       */
};

/* cmocka fixture: *state is the struct store_fixture; HOME is its directory. */
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);

void store_fixture_set(struct store_fixture *fixture, const char *name, const char *value);
void store_fixture_unset(struct store_fixture *fixture, const char *name);

/* Copy tests/data/store.key to key_path and set LWCRED_KEY_FILE. */
void store_fixture_use_key_file(struct store_fixture *fixture);

/* Write the passphrase, with a newline, to a file and set LWCRED_PASSPHRASE_FILE. */
void store_fixture_use_passphrase(struct store_fixture *fixture, const char *passphrase);

/* Copy tests/data/@name to the store's path, mode 0600. */
void store_fixture_use_vector(struct store_fixture *fixture, const char *name);

/* A store on fixture->path, with repeatable random bytes and a fixed clock. */
struct lwc_store *store_fixture_store(struct store_fixture *fixture);

/* Start the random bytes anew. */
void store_fixture_random_reset(void);
void store_fixture_random(void *bytes, size_t len);
const struct lwc_clock *store_fixture_clock(void);

/* An access key of acme.lacework.net; key_id is "ACME_" and the profile. */
struct lwc_identity store_fixture_identity(const char *profile,
                                           char key_id_out[LWC_KEY_ID_MAX + 1]);

/* Make one call each. */
enum lwc_code store_fixture_put(struct lwc_store *store, const char *profile, const char *secret,
                                struct lwc_error *err);
enum lwc_code store_fixture_find(struct lwc_store *store, const char *profile, char secret_out[256],
                                 struct lwc_error *err);

/* Profiles in the store, joined by blanks. */
enum lwc_code store_fixture_list(struct lwc_store *store, char names_out[1024],
                                 struct lwc_error *err);

/* Whole files; free() what is read. */
uint8_t *store_fixture_read(const char *path, size_t *len_out);
uint8_t *store_fixture_read_data(const char *name, size_t *len_out);
void store_fixture_write(const char *path, const uint8_t *bytes, size_t len);

/* Make the unkeyed digest fit again, as any writer can. */
void store_fixture_fix_digest(uint8_t *bytes, size_t len);

#endif
