/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_API_OUTPUT_H
#define PLUGINS_HELPER_API_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Standard output of command api: bytes as they are, or on a terminal as text that it shows and does
 * not obey: all that it would obey becomes \uNNNN.  Wiped when it ends: replies hold secrets, too.
 */
#define LWC_API_OUTPUT_ROOM 16384

struct lwc_api_output {
    bool is_terminal;
    bool is_behind_newline; /* the last byte was one, or there was none */
    char room[LWC_API_OUTPUT_ROOM];
    size_t len;
    char rest[4]; /* start of a character whose end is to come */
    size_t rest_len;
};

/* Takes bytes of a reply, or, with @is_markup, of our own. */
enum lwc_code lwc_api_output_write(struct lwc_api_output *output, const char *bytes, size_t len,
                                   bool is_markup, struct lwc_error *err) LWC_RESULT;

/* Ends a line that is not ended. */
enum lwc_code lwc_api_output_end_line(struct lwc_api_output *output, struct lwc_error *err)
    LWC_RESULT;

/* Writes all that was taken to standard output. */
enum lwc_code lwc_api_output_flush(struct lwc_api_output *output, struct lwc_error *err) LWC_RESULT;

void lwc_api_output_clear(struct lwc_api_output *output);

#endif
