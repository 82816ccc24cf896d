/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_FILE_HOME_H
#define BACKENDS_FILE_HOME_H

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Refuses a directory to be made below a home directory that does not exist: a service user's
 * HOME=/nonexistent would come into being, with a key in it that is not looked for there.
 *
 * Returns LWC_OK, also where @path is not below the setting HOME; LWC_E_INVALID with a hint.
 */
enum lwc_code lwc_home_check(const struct lwc_host *host, const char *path, struct lwc_error *err)
    LWC_RESULT;

#endif
