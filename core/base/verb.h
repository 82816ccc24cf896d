/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_VERB_H
#define CORE_BASE_VERB_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "base/error.h"

/* Checks of the words that go into control() of a backend and come out of it. */

/* Checks a command.  Returns LWC_OK; LWC_E_INVALID with a text that names the limit. */
enum lwc_code lwc_verb_check(const char *verb, size_t argc, const char *const *argv,
                             struct lwc_error *err) LWC_RESULT;

/* Checks a record.  Returns LWC_OK; LWC_E_INVALID with a text that completes "reports ...". */
enum lwc_code lwc_record_check(const struct lwc_field *fields, size_t count, struct lwc_error *err)
    LWC_RESULT;

/* Fails with LWC_E_INVALID because the backend @name has no command @verb. */
enum lwc_code lwc_verb_unknown(const char *name, const char *verb, struct lwc_error *err);

#endif
