/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STOREVECTORS_H
#define TESTS_SUPPORT_STOREVECTORS_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "tests/support/store_fixture.h"

/*
 * The known answers tests/data/store-*.lwc: how they are made, and what is in them.  They are
 * never made anew: if this makes other bytes, this is wrong.
 */

struct vector_record {
    struct lwc_identity id;
    const char *secret;
    size_t len;
};

#define VECTOR_RECORDS 6

struct vector {
    const char *name;
    const char *passphrase; /* NULL: opened by store.key                                 */
    void (*make)(struct store_fixture *fixture, const struct vector *vector);
    struct vector_record records[VECTOR_RECORDS]; /* in order; a NULL profile ends them  */
};

extern const struct vector vectors[];
extern const size_t vector_count;

/* Make the vector at fixture->path. */
void vector_make(struct store_fixture *fixture, const struct vector *vector);

/*
 * Add slots of the given types, with bodies of 40 bytes, to the key file store at fixture->path,
 * and set its optional feature bits, as a newer version would that has the key.
 */
void vector_amend(struct store_fixture *fixture, const uint16_t *types, size_t count,
                  uint32_t optional);

#endif
