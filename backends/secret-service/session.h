/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_SESSION_H
#define BACKENDS_SECRET_SERVICE_SESSION_H

#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/* What the user's session offers: a bus to talk to the keyring, a screen to be asked on. */

/*
 * Is there a session bus that can be connected to without starting one?  LWC_E_UNAVAILABLE if
 * not.  Connects to nothing.
 */
enum lwc_code lwc_session_bus(const struct lwc_host *host, struct lwc_error *err) LWC_RESULT;

/*
 * Why may the keyring not show its window to the user?  NULL: it may.  Static.
 */
const char *lwc_session_silence(const struct lwc_host *host);

/*
 * How long a call may take: @timeout_ms, or what the caller has left; and a little less, so that
 * the words of this backend reach the user, and not only those of whoever would end it.
 */
int64_t lwc_session_limit_ms(const struct lwc_host *host, int64_t timeout_ms);

/* GNOME Keyring keeps its files there; changes there are changes of the answer. */
void lwc_session_depend(const struct lwc_host *host);

#endif
