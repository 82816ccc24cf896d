/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CAPTURE_H
#define TESTS_SUPPORT_CAPTURE_H

#include <stddef.h>

/*
 * The standard streams of a function under test: stdin from memory, stdout and stderr into
 * memory.  Nothing may be printed by the test itself between begin and end.
 */

#define CAPTURE_LEN 16384

struct capture {
    int saved[3];
    int now[3];
    char out[CAPTURE_LEN];
    char err[CAPTURE_LEN];
};

/* @input may be NULL: stdin is then at its end. */
void capture_begin(struct capture *capture, const char *input);

/* Puts the streams back; out and err hold what was written, cut to fit. */
void capture_end(struct capture *capture);

#endif
