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
#define LWC_HTTP_CONNECT_MS 10000
#define LWC_HTTP_TOTAL_MS 30000

/* Settings that name a proxy, as libcurl reads them. */
#define LWC_PROXY_SETTINGS "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"

struct lwc_http_header {
    const char *name;
    const char *value; /* not empty, without control bytes */
};

/*
 * A request to be sent.
 *
 * url           "https://host[:port]/path".
 * body, len     may be NULL and 0.
 * timeout_ms    for the whole exchange; cut to LWC_HTTP_TOTAL_MS.
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
    int64_t timeout_ms;
    const char *ca_file;
    const char *ca_dir;
    bool is_proxied;
    bool is_fast_open;
};

/*
 * A reply.  Times in seconds; -1 where the header is missing or unreadable.
 *
 * is_unwiped  libcurl keeps an allocator that does not wipe; set also where no reply came.
 */
struct lwc_http_reply {
    bool is_unwiped;
    int status;
    char content_type[128];
    int64_t date_s;        /* Date                                                         */
    int64_t reset_s;       /* RateLimit-Reset: seconds from now                            */
    int64_t retry_after_s; /* Retry-After, both forms, as seconds from now                 */
    struct lwc_buf *body;  /* never NULL after LWC_OK                                      */
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
