/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_EXEC_PROCESS_H
#define BACKENDS_EXEC_PROCESS_H

#include <stddef.h>

#include <lwcred/backend.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * An outside program that reads a request and writes an answer.
 *
 * MUST:
 *  1. The program is named by an absolute path: no search path, no shell.  The file, and the way to
 *     it, is root's or ours and not writable by other users, like a module's (base/safefile.h).
 *  2. The program gets the request on its stdin, and nothing else of ours: no descriptor, no
 *     terminal (a session of its own), only variables of a short list, "/" as its directory.
 *  3. The answer has a cap, in bytes and in time.  When the call ends, with any result, the program
 *     and all its process group are dead: a daemon that it started cannot keep secrets, because
 *     nothing of it would outlive the backend host anyway.
 *  4. No part of a request or an answer is in a message: of stderr only the first line is shown,
 *     and not if that line shares bytes with a secret in either direction (complaint.h).
 */

/* The largest answer: a secret and the names around it. */
#define LWC_PROGRAM_ANSWER_MAX ((size_t)LWC_SECRET_MAX + 16384)

/*
 * path        absolute, and argv[0].
 * argv        NULL-terminated, with argv[0].
 * timeout_ms  at most that long.
 */
struct lwc_process {
    const struct lwc_host *host;
    const char *path;
    char *const *argv;
    int64_t timeout_ms;
};

/*
 * Runs the program.
 *
 * @withheld  text of a secret in the request that no message may show, or NULL.
 * @answer    receives the bytes of its stdout; reset first.
 * Returns LWC_OK; LWC_E_UNAVAILABLE if it is not installed; LWC_E_FAILED if it cannot be started,
 * failed, crashed or was too slow; LWC_E_UNSAFE; LWC_E_INVALID for an answer above the cap, or a
 * path that is no program.
 */
enum lwc_code lwc_process_run(const struct lwc_process *program, const struct lwc_buf *request,
                              const char *withheld, struct lwc_buf *answer, struct lwc_error *err)
    LWC_RESULT;

#endif
