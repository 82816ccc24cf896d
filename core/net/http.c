/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <curl/curl.h>

#include "base/append.h"
#include "base/descriptors.h"
#include "base/sigpipe.h"
#include "net/ca.h"
#include "net/ca_bundle.h"
#include "net/headers.h"

#define BODY_START ((size_t)4096)
#define PROXY_HINT "look at HTTPS_PROXY and NO_PROXY"

/* One request under way.  over_*: a limit was passed, so a callback has stopped it. */
struct transfer {
    CURL *curl;
    struct curl_slist *lines;
    struct lwc_ca_bundle *bundle; /* in place of the file of authorities; outlives @curl */
    bool needs_file;              /* a try with @bundle failed, or there is none         */
    const struct lwc_http_request *request;
    struct lwc_http_reply reply;
    struct lwc_headers headers;
    int64_t total_ms;
    bool over_headers;
    bool over_body;
    bool over_memory;
    char host[LWC_HTTP_HOST_LEN];
    char detail[CURL_ERROR_SIZE];
};

static void transfer_clear(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->curl);
    lwc_ca_bundle_free(&transfer->bundle);
    curl_slist_free_all(transfer->lines);
    lwc_http_reply_clear(&transfer->reply);
}

/* What arrives */

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;

    transfer->over_headers = !lwc_headers_read(&transfer->headers, line, size * count);
    return transfer->over_headers ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    struct lwc_buf *body = transfer->reply.body;
    size_t len = size * count;

    if (len > LWC_HTTP_BODY_MAX - lwc_buf_len(body)) {
        transfer->over_body = true;
        return 0;
    }
    if (lwc_buf_append(body, bytes, len, NULL) != LWC_OK) {
        transfer->over_memory = true;
        return 0;
    }
    return len;
}

/* What is sent */

/* The list holds copies, made by the allocator that wipes. */
static enum lwc_code add_headers(struct transfer *transfer, struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code = lwc_buf_new(256, &line, err);

    for (size_t i = 0; i < transfer->request->header_count && code == LWC_OK; i++) {
        const struct lwc_http_header *header = &transfer->request->headers[i];
        struct curl_slist *longer = NULL;

        lwc_buf_reset(line);
        code = lwc_text_append(line, err, "%s: ", header->name);
        if (code == LWC_OK) {
            code = lwc_buf_append(line, header->value, strlen(header->value), err);
        }
        if (code == LWC_OK) {
            longer = curl_slist_append(transfer->lines, lwc_buf_text(line));
            code = longer != NULL ? LWC_OK : lwc_fail_nomem(err);
        }
        transfer->lines = longer != NULL ? longer : transfer->lines;
    }
    return code;
}

/* What is the same in every request; the MUST list of http.h in curl's words. */
static CURLcode set_fixed(CURL *curl)
{
    static const struct {
        CURLoption option;
        long value;
    } fixed[] = {
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_SESSIONID_CACHE, 0},
        {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
        {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
        {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_HTTPAUTH, CURLAUTH_NONE},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_FRESH_CONNECT, 1},
        {CURLOPT_FORBID_REUSE, 1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_VERBOSE, 0},
        {CURLOPT_MAXFILESIZE, (long)LWC_HTTP_BODY_MAX},
    };
    CURLcode result = CURLE_OK;

    for (size_t i = 0; i < LWC_ARRAY_LEN(fixed) && result == CURLE_OK; i++) {
        result = curl_easy_setopt(curl, fixed[i].option, fixed[i].value);
    }
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A resolver that hangs must not hold us beyond the deadline; older libraries cannot. */
    (void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") : result;
#else
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS)
                              : result;
#endif
}

static CURLcode set_times(CURL *curl, int64_t total_ms)
{
    int64_t connect_ms = total_ms < LWC_HTTP_CONNECT_MS ? total_ms : LWC_HTTP_CONNECT_MS;
    CURLcode result = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)total_ms);

    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms)
                              : result;
}

/* Called for each TLS connection, to a proxy or the server. */
static CURLcode on_tls(CURL *curl, void *ssl_ctx, void *data)
{
    struct transfer *transfer = data;

    (void)curl;
    return lwc_ca_bundle_attach(transfer->needs_file ? NULL : transfer->bundle, ssl_ctx)
               ? CURLE_OK
               : CURLE_OUT_OF_MEMORY;
}

/* A file that is all certificates is read here, where libcurl's TLS is the one that we know. */
static CURLcode open_bundle(struct transfer *transfer)
{
    const char *file = transfer->request->ca_file;
    CURLcode result = CURLE_OK;

    transfer->needs_file = true;
    if (!lwc_ca_bundle_fits(curl_version_info(CURLVERSION_NOW)->ssl_version)) {
        return CURLE_OK;
    }
    transfer->bundle = file != NULL ? lwc_ca_bundle_open(file) : NULL;
    transfer->needs_file = transfer->bundle == NULL;
    result = curl_easy_setopt(transfer->curl, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    return result == CURLE_OK ? curl_easy_setopt(transfer->curl, CURLOPT_SSL_CTX_DATA, transfer)
                              : result;
}

/* Chosen authorities replace curl's own in whole: what is not said is switched off. */
static CURLcode set_authorities(const struct transfer *transfer)
{
    const char *dir = transfer->request->ca_dir;
    const char *file = transfer->needs_file ? transfer->request->ca_file : NULL;
    const struct {
        CURLoption option;
        const char *value;
    } options[] = {
        {CURLOPT_CAINFO, file},
        {CURLOPT_CAPATH, dir},
        {CURLOPT_PROXY_CAINFO, file},
        {CURLOPT_PROXY_CAPATH, dir},
    };
    CURLcode result = CURLE_OK;

    if (transfer->request->ca_file == NULL && dir == NULL) {
        return CURLE_OK;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(options) && result == CURLE_OK; i++) {
        result = curl_easy_setopt(transfer->curl, options[i].option, options[i].value);
    }
    return result;
}

/*
 * A certificate that names its authority in other bytes than the authority names itself is not
 * found in the bundle by them.  No request was sent yet: the whole file is tried then.
 */
static CURLcode try_whole_file(struct transfer *transfer)
{
    CURLcode result = CURLE_OK;
    curl_off_t spent_us = 0;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_TOTAL_TIME_T, &spent_us);
    transfer->total_ms -= spent_us / 1000;
    if (transfer->total_ms < 1) {
        return CURLE_OPERATION_TIMEDOUT;
    }
    transfer->needs_file = true;
    result = set_authorities(transfer);
    if (result == CURLE_OK) {
        result = set_times(transfer->curl, transfer->total_ms);
    }
    return result == CURLE_OK ? curl_easy_perform(transfer->curl) : result;
}

static CURLcode set_body(CURL *curl, const struct lwc_http_request *request)
{
    CURLcode result = CURLE_OK;

    if (request->body != NULL) {
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
        if (result == CURLE_OK) {
            result = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        }
    }
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method)
                              : result;
}

static CURLcode set_callbacks(struct transfer *transfer)
{
    CURL *curl = transfer->curl;
    const struct {
        CURLoption option;
        void *data;
    } data[] = {
        {CURLOPT_HEADERDATA, transfer},
        {CURLOPT_WRITEDATA, transfer},
        {CURLOPT_HTTPHEADER, transfer->lines},
        {CURLOPT_ERRORBUFFER, transfer->detail},
    };
    CURLcode result = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);

    if (result == CURLE_OK) {
        result = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(data) && result == CURLE_OK; i++) {
        result = curl_easy_setopt(curl, data[i].option, data[i].data);
    }
    return result;
}

static CURLcode set_all(struct transfer *transfer)
{
    const struct lwc_http_request *request = transfer->request;
    CURL *curl = transfer->curl;
    CURLcode result = set_fixed(curl);

    if (result == CURLE_OK) {
        result = curl_easy_setopt(curl, CURLOPT_URL, request->url);
    }
    if (result == CURLE_OK) {
        result = open_bundle(transfer);
    }
    if (result == CURLE_OK) {
        result = set_authorities(transfer);
    }
    if (result == CURLE_OK) {
        result = set_body(curl, request);
    }
    if (result == CURLE_OK) {
        result = set_times(curl, transfer->total_ms);
    }
    if (request->is_fast_open) {
        /* A libcurl without it connects as always. */
        (void)curl_easy_setopt(curl, CURLOPT_TCP_FASTOPEN, 1L);
    }
    return result == CURLE_OK ? set_callbacks(transfer) : result;
}

/* What went wrong */

static enum lwc_code fail_verify(const struct transfer *transfer, struct lwc_error *err)
{
    static const char ca_hint[] = "name your CA's PEM file in LWCRED_CA_BUNDLE";
    static const char clock_hint[] = "is this machine's clock right?";
    /* Results of X509_verify_cert(); a wrong name is no result of it. */
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

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_PROXY_SSL_VERIFYRESULT, &result);
    if (result == 0) {
        whose = "server";
        (void)curl_easy_getinfo(transfer->curl, CURLINFO_SSL_VERIFYRESULT, &result);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(results) && code == LWC_OK; i++) {
        if (results[i].result == result && results[i].hint == ca_hint) {
            code = lwc_ca_check_readable(transfer->request->ca_dir, transfer->host, err);
        }
        if (results[i].result == result && code == LWC_OK) {
            code = lwc_fail(err, LWC_E_NETWORK, "%s: the %s's certificate %s", transfer->host,
                            whose, results[i].what);
            return results[i].hint[0] != '\0' ? lwc_hint(err, code, "%s", results[i].hint) : code;
        }
    }
    return code != LWC_OK
               ? code
               : lwc_fail(err, LWC_E_NETWORK, "%s: the %s's certificate is not trusted: %s",
                          transfer->host, whose, transfer->detail);
}

static enum lwc_code fail_time(const struct transfer *transfer, struct lwc_error *err)
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

        if (curl_easy_getinfo(transfer->curl, phases[i].info, &phase_us) == CURLE_OK &&
            phase_us == 0) {
            what = phases[i].what;
        }
    }
    (void)curl_easy_getinfo(transfer->curl, CURLINFO_TOTAL_TIME_T, &spent_us);
    return lwc_fail(err, LWC_E_NETWORK, "%s: timed out: %s within %" PRId64 " ms", transfer->host,
                    what, (int64_t)spent_us / 1000);
}

static enum lwc_code fail_connect(const struct transfer *transfer, struct lwc_error *err)
{
    long sys = 0;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_OS_ERRNO, &sys);
    if (sys == 0) {
        return lwc_fail(err, LWC_E_NETWORK, "%s: cannot connect", transfer->host);
    }
    return lwc_fail_sys(err, LWC_E_NETWORK, (int)sys, "%s: cannot connect", transfer->host);
}

static enum lwc_code fail_size(const struct transfer *transfer, struct lwc_error *err)
{
    if (transfer->over_memory) {
        return lwc_fail_nomem(err);
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: the reply is too large: more than %zu bytes of %s",
                    transfer->host,
                    transfer->over_headers ? LWC_HTTP_HEADERS_MAX : LWC_HTTP_BODY_MAX,
                    transfer->over_headers ? "headers" : "body");
}

/* libcurl reports a header line above its own limit as this. */
static enum lwc_code fail_memory(const struct transfer *transfer, struct lwc_error *err)
{
    long header_len = 0;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_HEADER_SIZE, &header_len);
    if (header_len == 0) {
        return lwc_fail_nomem(err);
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: the reply is too large: a header line",
                    transfer->host);
}

static enum lwc_code fail_tls(const struct transfer *transfer, struct lwc_error *err)
{
    enum lwc_code code = lwc_ca_check_readable(transfer->request->ca_dir, transfer->host, err);

    if (code != LWC_OK) {
        return code;
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: no TLS connection: %s", transfer->host,
                    transfer->detail[0] != '\0' ? transfer->detail : "the handshake failed");
}

static enum lwc_code fail_authorities(const struct transfer *transfer, struct lwc_error *err)
{
    const char *file = transfer->request->ca_file;

    return lwc_fail(err, LWC_E_INVALID, "%s: no CA certificates can be read from it",
                    file != NULL ? file : "libcurl's default CA file");
}

/* Was it the way to a proxy that failed, or may it have been? */
static bool may_be_proxy(const struct transfer *transfer)
{
    curl_off_t connected_us = 0;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_APPCONNECT_TIME_T, &connected_us);
    return transfer->request->proxied && connected_us == 0;
}

static const struct failure {
    CURLcode result;
    enum lwc_code (*fail)(const struct transfer *transfer, struct lwc_error *err);
    const char *what;
    const char *hint;
} failures[] = {
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

static enum lwc_code fail_result(const struct transfer *transfer, CURLcode result,
                                 struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (result != CURLE_OPERATION_TIMEDOUT && lwc_descriptors_lack()) {
        return lwc_fail_sys(err, LWC_E_IO, EMFILE, "%s: cannot connect", transfer->host);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(failures); i++) {
        const struct failure *failure = &failures[i];

        if (failure->result == result && failure->fail != NULL) {
            return failure->fail(transfer, err);
        }
        if (failure->result == result) {
            code = lwc_fail(err, LWC_E_NETWORK, "%s: %s", transfer->host, failure->what);
            return failure->hint != NULL ? lwc_hint(err, code, "%s", failure->hint) : code;
        }
    }
    return lwc_fail(err, LWC_E_NETWORK, "%s: %s", transfer->host, curl_easy_strerror(result));
}

static enum lwc_code fail_transfer(const struct transfer *transfer, CURLcode result,
                                   struct lwc_error *err)
{
    long proxy_status = 0;
    enum lwc_code code = LWC_OK;

    (void)curl_easy_getinfo(transfer->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300) {
        code = lwc_fail(err, LWC_E_NETWORK, "%s: the proxy does not connect to it (status %ld)",
                        transfer->host, proxy_status);
        return lwc_hint(err, code, PROXY_HINT);
    }
    code = fail_result(transfer, result, err);
    if (err != NULL && err->hint[0] == '\0' && may_be_proxy(transfer)) {
        return lwc_hint(err, code, PROXY_HINT);
    }
    return code;
}

/* From start to end */

static CURLcode global_result;

/* Where the program initialised libcurl before, that keeps its allocator, and ours is not called.
 */
static atomic_bool is_wiping;

static void *note_calloc(size_t count, size_t len)
{
    atomic_store_explicit(&is_wiping, true, memory_order_relaxed);
    return calloc(count, len);
}

static void global_once(void)
{
    global_result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, lwc_wiping_free,
                                         lwc_wiping_realloc, strdup, note_calloc);
}

static enum lwc_code transfer_open(struct transfer *transfer, struct lwc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int64_t timeout_ms = transfer->request->timeout_ms;
    enum lwc_code code = lwc_http_check(transfer->request, transfer->host, err);

    if (code != LWC_OK) {
        return code;
    }
    if (timeout_ms <= 0) {
        return lwc_fail(err, LWC_E_NETWORK, "%s: timed out: no time left to connect",
                        transfer->host);
    }
    transfer->total_ms = timeout_ms < LWC_HTTP_TOTAL_MS ? timeout_ms : LWC_HTTP_TOTAL_MS;
    (void)pthread_once(&once, global_once);
    transfer->curl = global_result == CURLE_OK ? curl_easy_init() : NULL;
    if (transfer->curl == NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "libcurl cannot be initialised");
    }
    code = lwc_buf_new(BODY_START, &transfer->reply.body, err);
    return code == LWC_OK ? add_headers(transfer, err) : code;
}

static enum lwc_code perform_guarded(const struct lwc_http_request *request,
                                     struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    __attribute__((cleanup(transfer_clear))) struct transfer transfer = {.request = request};
    CURLcode result = CURLE_OK;
    long status = 0;
    enum lwc_code code = LWC_OK;

    lwc_http_reply_clear(&transfer.reply);
    transfer.headers = (struct lwc_headers){.reply = &transfer.reply, .retry_at = -1};
    code = transfer_open(&transfer, err);
    if (code != LWC_OK) {
        return code;
    }
    transfer.reply.is_unwiped = !atomic_load_explicit(&is_wiping, memory_order_relaxed);
    reply_out->is_unwiped = transfer.reply.is_unwiped;
    result = set_all(&transfer);
    if (result != CURLE_OK) {
        return lwc_fail(err, LWC_E_INTERNAL, "libcurl refuses an option: %s",
                        curl_easy_strerror(result));
    }
    result = curl_easy_perform(transfer.curl);
    if (result == CURLE_PEER_FAILED_VERIFICATION && !transfer.needs_file) {
        result = try_whole_file(&transfer);
    }
    if (result == CURLE_OK && !transfer.headers.done) {
        result = CURLE_PARTIAL_FILE;
    }
    if (result != CURLE_OK) {
        return fail_transfer(&transfer, result, err);
    }
    (void)curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = (int)status;
    lwc_headers_finish(&transfer.headers);
    *reply_out = transfer.reply;
    transfer.reply.body = NULL;
    return LWC_OK;
}

/* All of it: what is closed at the end writes, too. */
static enum lwc_code perform(void *data, const struct lwc_http_request *request,
                             struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    const struct lwc_sigpipe guard = lwc_sigpipe_block();
    enum lwc_code code = perform_guarded(request, reply_out, err);

    (void)data;
    lwc_sigpipe_restore(&guard);
    return code;
}

const struct lwc_http *lwc_http_curl(void)
{
    static const struct lwc_http http = {.data = NULL, .perform = perform};

    return &http;
}
