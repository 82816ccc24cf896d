/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_EXEC_COMPLAINT_H
#define BACKENDS_EXEC_COMPLAINT_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * The stderr of a program that was handed a secret or answered with one, made fit for a message.
 *
 * MUST:
 *  1. Only the first line is shown, and of that at most LWC_COMPLAINT_LEN bytes.
 *  2. A line that shares LWC_COMPLAINT_SHARED consecutive bytes with a secret is not shown at all:
 *     neither a cap nor a line break leaves a part of the secret in the message.
 *  3. A line with a key of git's protocol whose value is a secret ("password=") is not shown.
 */
#define LWC_COMPLAINT_LEN 200
#define LWC_COMPLAINT_SHARED 4

struct lwc_complaint {
    char text[LWC_COMPLAINT_LEN];
    size_t len;
};

/* Keep of @bytes as much as there is room for. */
void lwc_complaint_add(struct lwc_complaint *complaint, const char *bytes, size_t len);

/*
 * Write ": " and the first line, printable, or "" where it may not be shown.
 *
 * @withheld  secret that was handed to the program; NULL: none.
 * @answer    stdout of the program: each value that git's protocol does not call public counts as
 *            a secret.
 */
void lwc_complaint_show(const struct lwc_complaint *complaint, const char *withheld,
                        const struct lwc_buf *answer, char out[static LWC_COMPLAINT_LEN + 2]);

#endif
