/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_CHECK_H
#define BACKENDS_FILE_CHECK_H

#include <lwcred/backend.h>

#include "backends/file/session.h"
#include "base/error.h"

/*
 * Reports the state of the store in one record, without unlocking it and without writing anything:
 *
 *   path        of the store, made printable.
 *   present     "yes"; "no", and no more fields.
 *   format      "1.MINOR".
 *   id          of the store, in hexadecimal.
 *   generation, key-epoch, slots, records
 *               numbers.
 *   digest      "intact": the bytes are those that were written; a store whose digest does not fit
 *               is LWC_E_CORRUPT.
 *   authentic   "yes" if the session has the master key and the MAC fits; "unknown" if locked.
 *   writable    "no" for a store with features that this version does not know, else "yes".
 *
 * Returns LWC_OK; LWC_E_CORRUPT, LWC_E_TOO_NEW, LWC_E_UNSAFE, LWC_E_IO as for reading the store; the
 * failure of @reporter.
 */
enum lwc_code lwc_store_check(struct lwc_store_session *session,
                              const struct lwc_reporter *reporter, struct lwc_error *err)
    LWC_RESULT;

#endif
