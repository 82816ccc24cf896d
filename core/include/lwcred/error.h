/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_ERROR_H
#define LWCRED_ERROR_H

#include <stdint.h>

/*
 * Failures of calls, for programs (lwcred.h) and backends (lwcred/backend.h).
 *
 * There are few codes, and callers act differently on each.  Their numbers are also the exit
 * statuses of lw-credential-helper(1); they never change.  Since 0.1.
 */
enum lwc_code {
    LWC_OK = 0,
    LWC_E_INTERNAL = 1,      /* a defect of ours, or of a backend                        */
    LWC_E_INVALID = 2,       /* argument, request, configuration, name or file is wrong  */
    LWC_E_NOT_FOUND = 3,     /* nothing is held for this query                           */
    LWC_E_LOCKED = 4,        /* a store is locked: declined, or not interactive          */
    LWC_E_DENIED = 5,        /* wrong passphrase or key file                             */
    LWC_E_CORRUPT = 6,       /* a store is damaged                                       */
    LWC_E_TOO_NEW = 7,       /* a store was made by a newer version                      */
    LWC_E_UNAVAILABLE = 8,   /* backend absent: not installed, no bus, no provider       */
    LWC_E_IO = 9,            /* disk full, read-only, out of memory, input/output error  */
    LWC_E_NETWORK = 10,      /* no connection, time-out, TLS failure, unusable reply     */
    LWC_E_REFUSED = 11,      /* the API refused the key or the call                      */
    LWC_E_RATE_LIMITED = 12, /* the API asks to wait, see lwc_error.wait_s               */
    LWC_E_BUSY = 13,         /* a lock was not obtained in time                          */
    LWC_E_UNSAFE = 14,       /* owner or mode of a file makes it unsafe to use           */
    LWC_E_FAILED = 15,       /* backend or helper program crashed, hung, lied or failed  */
};

#define LWC_ERROR_MSG_LEN 512
#define LWC_ERROR_HINT_LEN 256

/*
 * A failure.  Owned by the caller, who zeroes it before first use ("= {0}"); calls that
 * succeed leave it alone.  Holds no pointer and needs no freeing.  Wherever a function takes a
 * struct lwc_error pointer, NULL means "not interested".
 *
 * code    what happened; equals the code that the call returned.
 * sys     errno at that moment, or 0.
 * wait_s  LWC_E_RATE_LIMITED: seconds until the next call can pass; otherwise 0.
 * msg     one line of printable text, never a secret, no newline at the end.
 * hint    one line that says what the user can do about it, or empty.
 *
 * The layout is part of ABI 1.  Since 0.1.
 */
struct lwc_error {
    enum lwc_code code;
    int sys;
    int64_t wait_s;
    char msg[LWC_ERROR_MSG_LEN];
    char hint[LWC_ERROR_HINT_LEN];
};

#endif
