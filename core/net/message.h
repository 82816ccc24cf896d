/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_MESSAGE_H
#define CORE_NET_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* HTTP messages without a library: requests are checked here, replies cleared. */

#define LWC_HTTP_SCHEME "https://"
#define LWC_HTTP_HOST_LEN 280
#define LWC_HTTP_BODY_MAX ((size_t)1024 * 1024)
#define LWC_HTTP_HEADERS_MAX ((size_t)64 * 1024)
#define LWC_HTTP_MESSAGE_MAX ((size_t)64 * 1024)
#define LWC_HTTP_CONNECT_MS 10000
#define LWC_HTTP_TOTAL_MS 30000
#define LWC_HTTP_SILENCE_S 130 /* above the 125 s after which the API gives up itself */

/* Settings that name a proxy, as libcurl reads them. */
#define LWC_PROXY_SETTINGS "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"

struct lwc_http_header {
    const char *name;
    const char *value; /* not empty, without control bytes */
};

struct lwc_http_reply;

/*
 * A body to be sent in pieces.
 *
 * len   of the whole, or -1 if it is unknown: the request is then chunked.
 * read  writes up to @room bytes to @bytes and their number to *len_out; 0 is the end.
 */
struct lwc_http_source {
    void *data;
    int64_t len;
    enum lwc_code (*read)(void *data, void *bytes, size_t room, size_t *len_out,
                          struct lwc_error *err);
};

/*
 * Receives a reply in pieces of any total size.  Interim replies and trailers are left out.
 *
 * begin   called once, when the headers are complete: decides whether the reply is taken.  The body
 *         of a reply that is not taken goes to lwc_http_reply.body, its first LWC_HTTP_MESSAGE_MAX
 *         bytes; more is not read.
 * header  called for each header of a reply that is taken; may be NULL.
 * write   called for each piece of the body.
 *
 * Any code but LWC_OK ends the transfer and is returned by perform().
 */
struct lwc_http_target {
    void *data;
    enum lwc_code (*begin)(void *data, const struct lwc_http_reply *head, bool *is_taken_out,
                           struct lwc_error *err);
    enum lwc_code (*header)(void *data, const char *name, const char *value, struct lwc_error *err);
    enum lwc_code (*write)(void *data, const void *bytes, size_t len, struct lwc_error *err);
};

/*
 * A request to be sent.
 *
 * method        HEAD: the reply has no body.
 * url           "https://host[:port]/path".
 * body, len     may be NULL and 0.
 * source        sent in place of @body, or NULL.
 * target        receives the reply in place of lwc_http_reply.body, or NULL.
 * timeout_ms    for the whole exchange; without @target cut to LWC_HTTP_TOTAL_MS.  With @target, the
 *               server may send nothing for LWC_HTTP_SILENCE_S.
 * ca_file       PEM file, or NULL.
 * ca_dir        hashed directory, or NULL; without file and directory, the system's count.
 * is_proxied    the environment names a proxy, which may cause a failure.
 * is_fast_open  TCP Fast Open, where libcurl, kernel and server can.
 */
struct lwc_http_request {
    const char *method;
    const char *url;
    const struct lwc_http_header *headers;
    size_t header_count;
    const void *body;
    size_t len;
    const struct lwc_http_source *source;
    const struct lwc_http_target *target;
    int64_t timeout_ms;
    const char *ca_file;
    const char *ca_dir;
    bool is_proxied;
    bool is_fast_open;
};

/*
 * A reply.  Numbers, times in seconds, are -1 where the header is missing or unreadable; texts are
 * printable, cut to fit, and "" without the header.
 *
 * is_unwiped  libcurl keeps an allocator that does not wipe; set also where no reply came.
 */
struct lwc_http_reply {
    bool is_unwiped;
    int status;
    char content_type[128];
    char encoding[32];                     /* Content-Encoding                             */
    char location_host[LWC_HTTP_HOST_LEN]; /* host[:port] in Location, without a user      */
    int64_t date_s;                        /* Date                                         */
    int64_t rate_limit;                    /* RateLimit-Limit                              */
    int64_t rate_remaining;                /* RateLimit-Remaining                          */
    int64_t reset_s;                       /* RateLimit-Reset: seconds from now            */
    int64_t retry_after_s;                 /* Retry-After, both forms, as seconds from now */
    struct lwc_buf *body;                  /* never NULL after LWC_OK                      */
};

/* Frees the body and empties @reply, also before its first use.  NULL is allowed. */
void lwc_http_reply_clear(struct lwc_http_reply *reply);
#define LWC_AUTO_HTTP_REPLY LWC_AUTO(struct lwc_http_reply, lwc_http_reply_clear)

/*
 * Checks that @request can be sent: https, a host, no byte that breaks a line.
 *
 * @host_out  host[:port] of its URL.
 * Returns LWC_OK or LWC_E_INVALID.
 */
enum lwc_code lwc_http_check(const struct lwc_http_request *request,
                             char host_out[LWC_HTTP_HOST_LEN], struct lwc_error *err) LWC_RESULT;

#endif
