/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_SECRET_SERVICE_MESSAGES_H
#define BACKENDS_SECRET_SERVICE_MESSAGES_H

#include <stdint.h>

#include "base/error.h"

/*
 * Faults of a keyring, in words that name the cause, each with its cure.  Returns the code that
 * belongs to it: LWC_E_UNAVAILABLE only where there is no bus, no keyring or no collection.
 *
 * @collection  as the user calls it; NULL is the default one.
 */

enum lwc_wrong {
    LWC_WRONG_NO_BUS,      /* no answer at the address of the bus                            */
    LWC_WRONG_NOT_OURS,    /* the bus is run by another user, @why                           */
    LWC_WRONG_NO_PROVIDER, /* a bus, and no keyring on it                                    */
    LWC_WRONG_NO_DEFAULT,  /* a keyring without a default collection                         */
    LWC_WRONG_NO_NAMED,    /* a keyring without the requested collection                     */
    LWC_WRONG_HUNG,        /* @limit_ms went by without an answer                            */
    LWC_WRONG_LOCKED,      /* @why no person is asked, or NULL                               */
    LWC_WRONG_ASKS,        /* open, and asks before it does this; @why no person is asked    */
    LWC_WRONG_DISMISSED,   /* the keyring's window was closed, or could not be shown         */
    LWC_WRONG_UNANSWERED,  /* @limit_ms went by and the window was still there               */
    LWC_WRONG_DENIED,      /* the bus or the keyring refuses the call, @why                  */
    LWC_WRONG_FAILED,      /* anything else, in the words @why                               */
};

struct lwc_messages {
    const char *collection;
    const char *why;
    int64_t limit_ms;
};

enum lwc_code lwc_messages_fail(enum lwc_wrong wrong, const struct lwc_messages *words,
                                struct lwc_error *err) LWC_RESULT;

#endif
