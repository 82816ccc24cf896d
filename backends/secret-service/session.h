/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_SESSION_H
#define BACKENDS_SECRET_SERVICE_SESSION_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/* The user's session: a bus to talk to the keyring, a screen for its windows. */

/*
 * Checks that there is a session bus, without starting or connecting to it.  LWC_E_UNAVAILABLE
 * without a bus.
 */
enum lwc_code lwc_session_bus(const struct lwc_host *host, struct lwc_error *err) LWC_RESULT;

/* Returns why the keyring may not show its window, or NULL if it may.  Static. */
const char *lwc_session_silence(const struct lwc_host *host);

/*
 * Returns the time limit of a call: @timeout_ms, or a little less than the caller's time left, so
 * that the user reads this backend's message, and not only the caller's.
 */
int64_t lwc_session_limit_ms(const struct lwc_host *host, int64_t timeout_ms);

/* Makes the answer depend on the files of GNOME Keyring. */
void lwc_session_depend(const struct lwc_host *host);

#endif
