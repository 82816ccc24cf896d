/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_EXEC_PROTOCOL_H
#define BACKENDS_EXEC_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Git's credential protocol, from the side of git: gitcredentials(7), git-credential(1).
 *
 * MUST:
 *  1. No value with NUL, CR, LF or another control byte is written, nor taken from an answer.
 *  2. An answer that speaks of another protocol, host or user name than was asked for is refused.
 *  3. A line without '=' or without its end, and a key that is given twice, are refused; unknown
 *     keys are ignored.
 */

/* A request, or a credential to store.  username and password may be "" or NULL: not given. */
struct lwc_ask {
    const char *host;
    const char *username;
    const char *password;
    size_t password_len;
};

/* Write the request, blank line included; LWC_E_INVALID for a value that cannot be written. */
enum lwc_code lwc_ask_write(const struct lwc_ask *ask, struct lwc_buf *out, struct lwc_error *err)
    LWC_RESULT;

/* An answer.  The password is borrowed from the answer's bytes. */
struct lwc_exec_answer {
    char username[LWC_KEY_ID_MAX + 1];
    const char *password; /* NULL: the program has nothing */
    size_t password_len;
    bool is_refused; /* "quit": ask no other backend */
};

/*
 * Reads @answer, given to @request.  Sets password to NULL for a name without a password, a
 * password without a name, or a password that ended before @now_s.  LWC_E_INVALID for an answer that breaks
 * the rules; no message holds a value.
 */
enum lwc_code lwc_exec_answer_read(const struct lwc_ask *request, const struct lwc_buf *answer,
                                   int64_t now_s, struct lwc_exec_answer *answer_out,
                                   struct lwc_error *err) LWC_RESULT;

#endif
