/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_API_BODY_H
#define PLUGINS_HELPER_API_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include <lwcred.h>

#include "base/error.h"
#include "base/util.h"

/*
 * The body of command api: DATA, @FILE, or @- for standard input; borrowed text, or a descriptor.
 *
 * len            -1: unknown, as of a pipe.
 * start          offset of a regular file at which the body begins.
 * can_rewind     a regular file.
 * deadline_ms    for waiting for input.
 */
struct lwc_api_body {
    const char *text;
    int fd;
    bool is_own_fd;
    int64_t len;
    int64_t start;
    int64_t at;
    bool can_rewind;
    int64_t deadline_ms;
};

#define LWC_API_BODY_NONE \
    {                     \
        .fd = -1          \
    }

void lwc_api_body_clear(struct lwc_api_body *body);
#define LWC_AUTO_API_BODY LWC_AUTO(struct lwc_api_body, lwc_api_body_clear)

/*
 * Opens the body that @data names; NULL is none.  LWC_E_INVALID for a file that cannot be read.
 *
 * @input_deadline_ms  for standard input; @deadline_ms for files.
 */
enum lwc_code lwc_api_body_open(const char *data, int64_t input_deadline_ms, int64_t deadline_ms,
                                struct lwc_api_body *body_out, struct lwc_error *err) LWC_RESULT;

/* Reads the next piece, or begins again: for lwc_call.read and rewind. */
enum lwc_code lwc_api_body_read(struct lwc_api_body *body, void *bytes, size_t room,
                                size_t *len_out, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_api_body_rewind(struct lwc_api_body *body, struct lwc_error *err) LWC_RESULT;

#endif
