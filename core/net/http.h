/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_HTTP_H
#define CORE_NET_HTTP_H

#include "base/error.h"
#include "net/message.h"

/*
 * The transport of HTTPS requests.  Only http.c and http_failure.c know libcurl; tests hand in
 * another struct lwc_http.
 *
 * MUST (http.c):
 *  1. https only, for any URL; certificate chain and host name verified; TLS 1.2+.
 *  2. No redirect is followed; no cookie, no netrc, no authentication of curl's own.
 *  3. Reply body at most LWC_HTTP_BODY_MAX bytes, decoded size included; headers at most
 *     LWC_HTTP_HEADERS_MAX.
 *  4. Connecting takes at most 10 s, the whole exchange at most min(30 s, timeout_ms), name
 *     resolution and dripping servers included.
 *  5. Memory of curl is wiped when freed, unless the program initialised libcurl before us; the
 *     reply then says so.
 *  6. No header or body ever reaches a log; no header of ours goes to a proxy.
 *  7. No SIGPIPE reaches the program, however it handles that signal.
 */

/*
 * perform: returns LWC_OK for any HTTP status; LWC_E_NETWORK where no whole reply came, with a text
 * that distinguishes DNS, connection, certificate, name, time-out and size; LWC_E_INVALID for a bad
 * request of ours, or a CA file without certificates.  The caller clears @reply_out with
 * lwc_http_reply_clear().
 */
struct lwc_http {
    void *data;
    enum lwc_code (*perform)(void *data, const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err);
};

/* Returns the transport over libcurl.  Static.  Any thread. */
const struct lwc_http *lwc_http_curl(void);

#endif
