/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>

#include "base/append.h"
#include "base/sigpipe.h"
#include "net/ca_bundle.h"
#include "net/delivery.h"
#include "net/http_failure.h"

#define BODY_START ((size_t)4096)
#define UPLOAD_ROOM 16384 /* the least: all of it is wiped, and so made, when libcurl frees it */

/* A request under way. */
struct transfer {
    CURL *curl;
    struct curl_slist *lines;
    struct lwc_ca_bundle *bundle; /* replaces the file of authorities; outlives @curl */
    bool needs_file;              /* without a bundle, or after a try with it failed  */
    const struct lwc_http_request *request;
    struct lwc_http_reply reply;
    struct lwc_delivery delivery;
    int64_t total_ms;
    char host[LWC_HTTP_HOST_LEN];
    char detail[CURL_ERROR_SIZE];
};

static void transfer_clear(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->curl);
    lwc_ca_bundle_free(&transfer->bundle);
    curl_slist_free_all(transfer->lines);
    lwc_delivery_clear(&transfer->delivery);
    lwc_http_reply_clear(&transfer->reply);
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;

    return lwc_delivery_header(&transfer->delivery, line, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;

    return lwc_delivery_write(&transfer->delivery, bytes, size * count) ? size * count : 0;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t len = 0;

    return lwc_delivery_read(&transfer->delivery, bytes, size * count, &len) ? len
                                                                             : CURL_READFUNC_ABORT;
}

/* Appends a copy of @text, which the wiping allocator makes. */
static enum lwc_code add_line(struct transfer *transfer, const char *text, struct lwc_error *err)
{
    struct curl_slist *longer = curl_slist_append(transfer->lines, text);

    if (longer == NULL) {
        return lwc_fail_nomem(err);
    }
    transfer->lines = longer;
    return LWC_OK;
}

static enum lwc_code add_headers(struct transfer *transfer, struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code = lwc_buf_new(256, &line, err);

    for (size_t i = 0; i < transfer->request->header_count && code == LWC_OK; i++) {
        const struct lwc_http_header *header = &transfer->request->headers[i];

        lwc_buf_reset(line);
        code = lwc_text_append(line, err, "%s: ", header->name);
        if (code == LWC_OK) {
            code = lwc_buf_append(line, header->value, strlen(header->value), err);
        }
        if (code == LWC_OK) {
            code = add_line(transfer, lwc_buf_text(line), err);
        }
    }
    /* A server without 100 (Continue) would cost a second. */
    return code == LWC_OK ? add_line(transfer, "Expect:", err) : code;
}

/* Sets the options of every request: the MUST list of http.h in curl's words. */
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
        {CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_ROOM},
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

/* Reads a file of nothing but certificates, if libcurl uses the OpenSSL that we call. */
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

/* Replaces all of curl's own authorities: a file or directory that is not chosen is switched off. */
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
 * Tries the whole file: a bundle lacks a certificate that names its authority in other bytes than
 * the authority names itself.  No request was sent yet.
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

static CURLcode set_source(struct transfer *transfer)
{
    CURL *curl = transfer->curl;
    CURLcode result = curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);

    if (result == CURLE_OK) {
        result = curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                                  (curl_off_t)transfer->request->source->len);
    }
    if (result == CURLE_OK) {
        result = curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    }
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read) : result;
}

static CURLcode set_body(struct transfer *transfer)
{
    const struct lwc_http_request *request = transfer->request;
    CURL *curl = transfer->curl;
    CURLcode result = CURLE_OK;

    if (request->source != NULL) {
        result = set_source(transfer);
    } else if (request->body != NULL) {
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
        if (result == CURLE_OK) {
            result = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        }
    } else if (lwc_streq(request->method, "HEAD")) {
        result = curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    }
    return result == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method)
                              : result;
}

/* Lets a reply for a target have any size, as long as bytes keep coming. */
static CURLcode set_target(struct transfer *transfer)
{
    static const struct {
        CURLoption option;
        long value;
    } options[] = {
        {CURLOPT_MAXFILESIZE, 0},
        {CURLOPT_LOW_SPEED_LIMIT, 1},
        {CURLOPT_LOW_SPEED_TIME, LWC_HTTP_SILENCE_S},
    };
    CURLcode result = CURLE_OK;

    if (transfer->request->target == NULL) {
        return CURLE_OK;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(options) && result == CURLE_OK; i++) {
        result = curl_easy_setopt(transfer->curl, options[i].option, options[i].value);
    }
    return result;
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
        result = set_body(transfer);
    }
    if (result == CURLE_OK) {
        result = set_target(transfer);
    }
    if (result == CURLE_OK) {
        result = set_times(curl, transfer->total_ms);
    }
    if (request->is_fast_open) {
        /* A libcurl without Fast Open connects as always. */
        (void)curl_easy_setopt(curl, CURLOPT_TCP_FASTOPEN, 1L);
    }
    return result == CURLE_OK ? set_callbacks(transfer) : result;
}

static CURLcode global_result;

/* Set by our allocator, which is not called if the program initialised libcurl before. */
static atomic_bool is_wiping;

static void *note_calloc(size_t count, size_t len)
{
    atomic_store_explicit(&is_wiping, true, memory_order_relaxed);
    return calloc(count, len);
}

static void init_libcurl(void)
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
    transfer->total_ms = timeout_ms < LWC_HTTP_TOTAL_MS || transfer->request->target != NULL
                             ? timeout_ms
                             : LWC_HTTP_TOTAL_MS;
    (void)pthread_once(&once, init_libcurl);
    transfer->curl = global_result == CURLE_OK ? curl_easy_init() : NULL;
    if (transfer->curl == NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "libcurl cannot be initialised");
    }
    code = lwc_buf_new(BODY_START, &transfer->reply.body, err);
    return code == LWC_OK ? add_headers(transfer, err) : code;
}

static enum lwc_code fail_transfer(const struct transfer *transfer, CURLcode result,
                                   struct lwc_error *err)
{
    const struct lwc_http_failure failure = {.curl = transfer->curl,
                                             .result = result,
                                             .limit = transfer->delivery.limit,
                                             .request = transfer->request,
                                             .host = transfer->host,
                                             .detail = transfer->detail};

    if (transfer->delivery.limit == LWC_HTTP_LIMIT_CALLBACK) {
        return lwc_error_pass(err, transfer->delivery.why.code, &transfer->delivery.why);
    }
    return lwc_http_fail(&failure, err);
}

/* Sends the request and receives the reply, also with the whole file of authorities. */
static CURLcode send_request(struct transfer *transfer)
{
    struct lwc_delivery *delivery = &transfer->delivery;
    CURLcode result = curl_easy_perform(transfer->curl);

    if (result == CURLE_PEER_FAILED_VERIFICATION && !transfer->needs_file) {
        result = try_whole_file(transfer);
    }
    if (result == CURLE_WRITE_ERROR && delivery->limit == LWC_HTTP_LIMIT_ENOUGH) {
        result = CURLE_OK;
    }
    if (result == CURLE_OK && !delivery->headers.is_done) {
        return CURLE_PARTIAL_FILE;
    }
    if (result == CURLE_OK && !lwc_delivery_end(delivery)) {
        return CURLE_WRITE_ERROR;
    }
    return result;
}

static enum lwc_code perform_guarded(const struct lwc_http_request *request,
                                     struct lwc_http_reply *reply_out, struct lwc_error *err)
{
    __attribute__((cleanup(transfer_clear))) struct transfer transfer = {.request = request};
    CURLcode result = CURLE_OK;
    enum lwc_code code = LWC_OK;

    lwc_http_reply_clear(&transfer.reply);
    transfer.delivery = (struct lwc_delivery){
        .request = request,
        .reply = &transfer.reply,
        .headers = {.reply = &transfer.reply, .retry_at = -1},
    };
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
    result = send_request(&transfer);
    if (result != CURLE_OK) {
        return fail_transfer(&transfer, result, err);
    }
    lwc_headers_finish(&transfer.delivery.headers);
    *reply_out = transfer.reply;
    transfer.reply.body = NULL;
    return LWC_OK;
}

/* Blocks SIGPIPE until all is closed: closing a connection writes, too. */
static enum lwc_code perform_request(void *data, const struct lwc_http_request *request,
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
    static const struct lwc_http http = {.data = NULL, .perform = perform_request};

    return &http;
}
