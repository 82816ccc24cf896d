/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_HEADERS_H
#define CORE_NET_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/message.h"

/*
 * A reader of a reply's headers, line by line.
 *
 * reply           receives the values.
 * len             bytes seen, interim replies included.
 * is_done         the empty line was seen that ends the headers of the last status line; later
 *                 lines are trailers, which do not count.
 * is_status_line  the last line began the headers of another reply.
 * retry_at        Retry-After where it was a date, or -1.
 */
struct lwc_headers {
    struct lwc_http_reply *reply;
    size_t len;
    bool is_done;
    bool is_status_line;
    int64_t retry_at;
};

/* A header's parts, borrowed from its line; blanks around the value are left out. */
struct lwc_header_line {
    const char *name;
    size_t name_len;
    const char *value;
    size_t len;
};

/* Splits a line of a header.  Returns false for a line without a colon. */
bool lwc_headers_split(const char *line, size_t len, struct lwc_header_line *line_out) LWC_RESULT;

/* Reads a line.  Returns false if LWC_HTTP_HEADERS_MAX is passed. */
bool lwc_headers_read(struct lwc_headers *headers, const char *line, size_t len) LWC_RESULT;

/* Turns a Retry-After that was a date into seconds from now, by the server's clock. */
void lwc_headers_finish(struct lwc_headers *headers);

#endif
