/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_HTTP_H
#define CORE_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * One HTTPS request.  http.c is the only file that knows libcurl; tests hand in another
 * struct lwc_http.
 *
 * MUST (http.c):
 *  1. https only, whatever the URL says; certificate chain and host name verified; TLS 1.2+.
 *  2. No redirect is followed; no cookie, no netrc, no authentication of curl's own.
 *  3. Reply body at most LWC_HTTP_BODY_MAX bytes, decoded size included; headers at most
 *     LWC_HTTP_HEADERS_MAX.
 *  4. Connecting takes at most 10 s, everything at most min(30 s, timeout_ms), name resolution
 *     and dripping servers included.
 *  5. What curl allocates is wiped when freed, unless the program initialised libcurl before us;
 *     the reply says so.
 *  6. No header or body ever reaches a log; no header of ours goes to a proxy.
 *  7. No SIGPIPE reaches the program, whatever it does about that signal.
 */

#define LWC_HTTP_BODY_MAX ((size_t)1024 * 1024)
#define LWC_HTTP_HEADERS_MAX ((size_t)64 * 1024)
#define LWC_HTTP_CONNECT_MS 10000
#define LWC_HTTP_TOTAL_MS 30000

struct lwc_http_header {
    const char *name;
    const char *value; /* empty or with a control byte: the request is refused               */
};

/*
 * url         "https://host[:port]/path".
 * body, len   may be NULL and 0.
 * timeout_ms  for everything; cut to LWC_HTTP_TOTAL_MS.
 * ca_file     PEM file, or NULL.
 * ca_dir      hashed directory, or NULL; with neither, the system's.
 * proxied     the environment names a proxy, which may be to blame.
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
    bool proxied;
    bool is_fast_open;
};

/*
 * Times in seconds; -1 where the header is missing or unreadable.
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

void lwc_http_reply_clear(struct lwc_http_reply *reply);
#define LWC_AUTO_HTTP_REPLY LWC_AUTO(struct lwc_http_reply, lwc_http_reply_clear)

/*
 * perform: any HTTP status is LWC_OK; LWC_E_NETWORK where no whole reply came, with a text that
 * tells DNS, connection, certificate, name, time-out and size apart; LWC_E_INVALID for a bad
 * request of ours, or a CA file without certificates.  @reply_out is cleared by the caller with
 * lwc_http_reply_clear().
 */
struct lwc_http {
    void *data;
    enum lwc_code (*perform)(void *data, const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err);
};

/* Over libcurl.  Static.  Any thread. */
const struct lwc_http *lwc_http_curl(void);

#endif
