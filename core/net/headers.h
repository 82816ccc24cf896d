/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_HEADERS_H
#define CORE_NET_HEADERS_H

#include <stdbool.h>

#include "net/http.h"

/* HTTP messages, as far as they need no library: requests checked, headers of replies read. */

#define LWC_HTTP_SCHEME "https://"
#define LWC_HTTP_HOST_LEN 280

/*
 * Headers as they come in, line by line.
 *
 * reply     receives them.
 * len       bytes seen, interim replies included.
 * done      the empty line was seen that ends the headers of the last status line; what comes
 *           later are trailers, which do not count.
 * retry_at  Retry-After where it was a date, or -1.
 */
struct lwc_headers {
    struct lwc_http_reply *reply;
    size_t len;
    bool done;
    int64_t retry_at;
};

/* Read one line.  False if LWC_HTTP_HEADERS_MAX is passed. */
bool lwc_headers_read(struct lwc_headers *headers, const char *line, size_t len) LWC_RESULT;

/* All are read: make a Retry-After that was a date seconds from now, by the server's clock. */
void lwc_headers_finish(struct lwc_headers *headers);

/*
 * Is @request fit to be sent: https, a host, no byte that breaks a line?  @host_out is the
 * host[:port] of its URL.
 */
enum lwc_code lwc_http_check(const struct lwc_http_request *request,
                             char host_out[LWC_HTTP_HOST_LEN], struct lwc_error *err) LWC_RESULT;

#endif
