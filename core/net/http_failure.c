/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_failure.h"

#include <errno.h>
#include <inttypes.h>

#include "base/descriptors.h"
#include "net/ca.h"

#define PROXY_HINT "look at HTTPS_PROXY and NO_PROXY"

static enum lwc_code fail_verify(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    static const char ca_hint[] = "name your CA's PEM file in LWCRED_CA_BUNDLE";
    static const char clock_hint[] = "is this machine's clock right?";
    /* Results of X509_verify_cert(), which does not report a wrong name. */
    static const struct {
        long result;
        const char *what;
        const char *hint;
    } results[] = {
        {0, "is for another name", ""},
        {1, "is for another name", ""},
        {2, "is signed by an unknown CA", ca_hint},
        {9, "is not valid yet", clock_hint},
        {10, "has expired", clock_hint},
        {18, "is signed by itself", ca_hint},
        {19, "is signed by an unknown CA", ca_hint},
        {20, "is signed by an unknown CA", ca_hint},
        {21, "is signed by an unknown CA", ca_hint},
        {62, "is for another name", ""},
    };
    const char *whose = "proxy";
    long result = 0;
    enum lwc_code code = LWC_OK;

    (void)curl_easy_getinfo(failure->curl, CURLINFO_PROXY_SSL_VERIFYRESULT, &result);
    if (result == 0) {
        whose = "server";
        (void)curl_easy_getinfo(failure->curl, CURLINFO_SSL_VERIFYRESULT, &result);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(results) && code == LWC_OK; i++) {
        if (results[i].result == result && results[i].hint == ca_hint) {
            code = lwc_ca_check_readable(failure->request->ca_dir, failure->host, err);
        }
        if (results[i].result == result && code == LWC_OK) {
            code = lwc_fail(err, LWC_E_NETWORK, "%s: the %s's certificate %s", failure->host, whose,
                            results[i].what);
            return results[i].hint[0] != '\0' ? lwc_hint(err, code, "%s", results[i].hint) : code;
        }
    }
    return code != LWC_OK
               ? code
               : lwc_fail(err, LWC_E_NETWORK, "%s: the %s's certificate is not trusted: %s",
                          failure->host, whose, failure->detail);
}

static enum lwc_code fail_time(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    static const struct {
        CURLINFO info;
        const char *what;
    } phases[] = {
        {CURLINFO_NAMELOOKUP_TIME_T, "the name was not resolved"},
        {CURLINFO_APPCONNECT_TIME_T, "no TLS connection"},
    };
    const char *what = "no whole reply";
    curl_off_t spent_us = 0;

    for (size_t i = LWC_ARRAY_LEN(phases); i-- > 0;) {
        curl_off_t phase_us = 0;

        if (curl_easy_getinfo(failure->curl, phases[i].info, &phase_us) == CURLE_OK &&
            phase_us == 0) {
            what = phases[i].what;
        }
    }
    (void)curl_easy_getinfo(failure->curl, CURLINFO_TOTAL_TIME_T, &spent_us);
    return lwc_fail(err, LWC_E_NETWORK, "%s: timed out: %s within %" PRId64 " ms", failure->host,
                    what, (int64_t)spent_us / 1000);
}

static enum lwc_code fail_connect(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    long sys = 0;

    (void)curl_easy_getinfo(failure->curl, CURLINFO_OS_ERRNO, &sys);
    if (sys == 0) {
        return lwc_fail(err, LWC_E_NETWORK, "%s: cannot connect", failure->host);
    }
    return lwc_fail_sys(err, LWC_E_NETWORK, (int)sys, "%s: cannot connect", failure->host);
}

static enum lwc_code fail_size(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    const bool is_header = failure->limit == LWC_HTTP_LIMIT_HEADERS;

    if (failure->limit == LWC_HTTP_LIMIT_MEMORY) {
        return lwc_fail_nomem(err);
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: the reply is too large: more than %zu bytes of %s",
                    failure->host, is_header ? LWC_HTTP_HEADERS_MAX : LWC_HTTP_BODY_MAX,
                    is_header ? "headers" : "body");
}

/* Handles CURLE_OUT_OF_MEMORY, which libcurl gives for a header line above its own limit, too. */
static enum lwc_code fail_memory(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    long header_len = 0;

    (void)curl_easy_getinfo(failure->curl, CURLINFO_HEADER_SIZE, &header_len);
    if (header_len == 0) {
        return lwc_fail_nomem(err);
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: the reply is too large: a header line", failure->host);
}

static enum lwc_code fail_tls(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    enum lwc_code code = lwc_ca_check_readable(failure->request->ca_dir, failure->host, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: no TLS connection: %s", failure->host,
                    failure->detail[0] != '\0' ? failure->detail : "the handshake failed");
}

static enum lwc_code fail_authorities(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    const char *file = failure->request->ca_file;

    return lwc_fail(err, LWC_E_INVALID, "%s: no CA certificates can be read from it",
                    file != NULL ? file : "libcurl's default CA file");
}

/* Returns whether the connection to a proxy may have failed. */
static bool may_be_proxy(const struct lwc_http_failure *failure)
{
    curl_off_t connected_us = 0;

    (void)curl_easy_getinfo(failure->curl, CURLINFO_APPCONNECT_TIME_T, &connected_us);
    return failure->request->is_proxied && connected_us == 0;
}

static const struct cause {
    CURLcode result;
    enum lwc_code (*fail)(const struct lwc_http_failure *failure, struct lwc_error *err);
    const char *what;
    const char *hint;
} causes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, NULL, "the name cannot be resolved",
     "is the account name right, and is the network up?"},
    {CURLE_COULDNT_RESOLVE_PROXY, NULL, "the name of the proxy cannot be resolved", PROXY_HINT},
    {CURLE_COULDNT_CONNECT, fail_connect, NULL, NULL},
    {CURLE_OPERATION_TIMEDOUT, fail_time, NULL, NULL},
    {CURLE_SSL_CONNECT_ERROR, fail_tls, NULL, NULL},
    {CURLE_PEER_FAILED_VERIFICATION, fail_verify, NULL, NULL},
    {CURLE_SSL_CACERT_BADFILE, fail_authorities, NULL, NULL},
    {CURLE_WRITE_ERROR, fail_size, NULL, NULL},
    {CURLE_FILESIZE_EXCEEDED, fail_size, NULL, NULL},
    {CURLE_OUT_OF_MEMORY, fail_memory, NULL, NULL},
    {CURLE_PARTIAL_FILE, NULL, "the reply was cut short", NULL},
    {CURLE_GOT_NOTHING, NULL, "the server closed the connection without a reply", NULL},
    {CURLE_RECV_ERROR, NULL, "the connection broke before the whole reply came", NULL},
    {CURLE_SEND_ERROR, NULL, "the connection broke before the request was sent", NULL},
    {CURLE_UNSUPPORTED_PROTOCOL, NULL, "what came is no HTTP reply", NULL},
    {CURLE_WEIRD_SERVER_REPLY, NULL, "what came is no HTTP reply", NULL},
    {CURLE_BAD_CONTENT_ENCODING, NULL, "the reply's encoding is broken", NULL},
};

static enum lwc_code fail_result(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (failure->result != CURLE_OPERATION_TIMEDOUT && lwc_descriptors_are_exhausted()) {
        return lwc_fail_sys(err, LWC_E_IO, EMFILE, "%s: cannot connect", failure->host);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(causes); i++) {
        const struct cause *cause = &causes[i];

        if (cause->result == failure->result && cause->fail != NULL) {
            return cause->fail(failure, err);
        }
        if (cause->result == failure->result) {
            code = lwc_fail(err, LWC_E_NETWORK, "%s: %s", failure->host, cause->what);
            return cause->hint != NULL ? lwc_hint(err, code, "%s", cause->hint) : code;
        }
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: %s", failure->host,
                    curl_easy_strerror(failure->result));
}

enum lwc_code lwc_http_fail(const struct lwc_http_failure *failure, struct lwc_error *err)
{
    long proxy_status = 0;
    enum lwc_code code = LWC_OK;

    (void)curl_easy_getinfo(failure->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_NETWORK,
                                 "%s: the proxy does not connect to it (status %ld)", failure->host,
                                 proxy_status),
                        PROXY_HINT);
    }
    code = fail_result(failure, err);
    if (err != NULL && err->hint[0] == '\0' && may_be_proxy(failure)) {
        return lwc_hint(err, code, PROXY_HINT);
    }
    return code;
}
