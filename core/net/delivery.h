/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_DELIVERY_H
#define CORE_NET_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/headers.h"
#include "net/message.h"

/* Bodies on their way: of a request from its source, of a reply to its target or its buffer. */

/* The limit that made a callback stop the transfer. */
enum lwc_http_limit {
    LWC_HTTP_LIMIT_NONE,
    LWC_HTTP_LIMIT_HEADERS,
    LWC_HTTP_LIMIT_BODY,
    LWC_HTTP_LIMIT_MEMORY,
    LWC_HTTP_LIMIT_ENOUGH,   /* the rest of the reply is not needed: no failure   */
    LWC_HTTP_LIMIT_CALLBACK, /* of source or target, whose failure is in @why     */
};

/*
 * A delivery under way.
 *
 * request  whose source and target are used.
 * reply    receives the headers' values, and the body where no target takes it.
 * lines    the header lines of the reply so far, for target->header; NULL until the first.
 * sent     bytes of the source.
 * limit    why the transfer was stopped.
 * why      the failure of a callback.
 */
struct lwc_delivery {
    const struct lwc_http_request *request;
    struct lwc_http_reply *reply;
    struct lwc_headers headers;
    struct lwc_buf *lines;
    int64_t sent;
    bool has_begun;
    bool is_taken;
    enum lwc_http_limit limit;
    struct lwc_error why;
};

/* Frees what the delivery holds, but for request and reply. */
void lwc_delivery_clear(struct lwc_delivery *delivery);

/* Takes a header line, or a piece of the reply's body.  Returns false to stop the transfer. */
bool lwc_delivery_header(struct lwc_delivery *delivery, const char *line, size_t len) LWC_RESULT;
bool lwc_delivery_write(struct lwc_delivery *delivery, const void *bytes, size_t len) LWC_RESULT;

/* Ends a whole reply, which may have had no body.  Returns false if the target refuses it. */
bool lwc_delivery_end(struct lwc_delivery *delivery) LWC_RESULT;

/* Reads the next piece of the source.  Returns false to stop the transfer. */
bool lwc_delivery_read(struct lwc_delivery *delivery, void *bytes, size_t room, size_t *len_out)
    LWC_RESULT;

#endif
