/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include <stdio.h>
#include <string.h>

#include "api/message.h"
#include "api/request.h"
#include "base/append.h"
#include "base/hints.h"
#include "base/identity.h"

#define HEADERS_OWN 6
#define TRACE_PATH_LEN 160

/* The collection whose members are named by secrets: agent access tokens. */
#define SECRET_NAMES "/AgentAccessTokens/"

static const struct lwc_status_meaning outcomes[] = {
    {401, 401, LWC_E_REFUSED, "the API does not accept the token", ""},
    {403, 403, LWC_E_REFUSED, "the API does not allow this call", LWC_HINT_RIGHT},
    {404, 404, LWC_E_REFUSED, "the API knows nothing there", ""},
    {400, 499, LWC_E_REFUSED, "the API refused the call", ""},
    {500, 599, LWC_E_NETWORK, "the server failed", ""},
    {INT32_MIN, INT32_MAX, LWC_E_NETWORK, "unusable reply: unknown status", ""},
};

/* The request with all memory that its pointers refer to, and the way of its reply. */
struct sending {
    const struct lwc_api_call *call;
    struct lwc_call_reply *reply;
    struct lwc_http_request request;
    struct lwc_http_header headers[HEADERS_OWN + LWC_CALL_HEADERS_MAX];
    struct lwc_http_source source;
    struct lwc_http_target target;
    struct lwc_ca ca;
    struct lwc_buf *url;
    struct lwc_buf *bearer;
    struct lwc_buf *secrets; /* the token, and what stands in the path */
    struct lwc_buf *failure; /* start of a failed reply's body that the program gets */
};

static void sending_clear(struct sending *sending)
{
    lwc_buf_free(&sending->url);
    lwc_buf_free(&sending->bearer);
    lwc_buf_free(&sending->secrets);
    lwc_buf_free(&sending->failure);
}

static bool is_success(int status)
{
    return status >= 200 && status <= 299;
}

/* Returns the place in @path behind SECRET_NAMES, or NULL. */
static const char *find_secret_name(const char *path)
{
    const char *found = strcasestr(path, SECRET_NAMES);

    return found != NULL ? found + strlen(SECRET_NAMES) : NULL;
}

static enum lwc_code copy_secrets(struct sending *sending, struct lwc_error *err)
{
    const struct lwc_api_call *call = sending->call;
    const char *name = find_secret_name(call->call->path);
    const size_t name_len = name != NULL ? strcspn(name, "/?") : 0;
    enum lwc_code code = lwc_buf_copy(call->token, call->token_len, &sending->secrets, err);

    if (code == LWC_OK && name_len > 0 && strncasecmp(name, "search", name_len) != 0) {
        code = lwc_buf_append(sending->secrets, "\n", 1, err);
        code = code == LWC_OK ? lwc_buf_append(sending->secrets, name, name_len, err) : code;
    }
    return code;
}

static bool has_header(const struct lwc_call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (strcasecmp(call->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_header(struct sending *sending, const char *name, const char *value)
{
    sending->headers[sending->request.header_count++] =
        (struct lwc_http_header){.name = name, .value = value};
}

static void add_headers(struct sending *sending)
{
    const struct lwc_call *call = sending->call->call;
    const struct lwc_identity *id = sending->call->identity;
    const bool has_body = call->read != NULL || call->body != NULL;

    add_header(sending, "Authorization", lwc_buf_text(sending->bearer));
    if (!has_header(call, "Accept")) {
        add_header(sending, "Accept", "application/json");
    }
    if (!has_header(call, "User-Agent")) {
        add_header(sending, "User-Agent", "lwcred/" LWC_VERSION);
    }
    if (has_body && !has_header(call, "Content-Type")) {
        add_header(sending, "Content-Type", "application/json");
    }
    if (id->sub_account[0] != '\0') {
        add_header(sending, "Account-Name", id->sub_account);
    }
    if ((id->flags & LWC_ID_ORG_ACCESS) != 0) {
        add_header(sending, "Org-Access", "true");
    }
    for (size_t i = 0; i < call->header_count; i++) {
        add_header(sending, call->headers[i].name, call->headers[i].value);
    }
    sending->request.headers = sending->headers;
}

static enum lwc_code make_texts(struct sending *sending, struct lwc_error *err)
{
    const struct lwc_api_call *call = sending->call;
    enum lwc_code code = lwc_buf_copy("Bearer ", strlen("Bearer "), &sending->bearer, err);

    if (code == LWC_OK) {
        code = lwc_buf_append(sending->bearer, call->token, call->token_len, err);
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(256, &sending->url, err);
    }
    if (code == LWC_OK) {
        code = lwc_text_append(sending->url, err, LWC_HTTP_SCHEME "%s%s",
                               lwc_identity_authority(call->identity), call->call->path);
    }
    return code == LWC_OK ? copy_secrets(sending, err) : code;
}

static void fill_reply(struct lwc_call_reply *reply, const struct lwc_http_reply *head)
{
    reply->status = head->status;
    reply->rate_limit = head->rate_limit;
    reply->rate_remaining = head->rate_remaining;
    reply->rate_reset_s = head->reset_s;
    reply->retry_after_s =
        head->retry_after_s < LWC_WAIT_MAX_S ? head->retry_after_s : LWC_WAIT_MAX_S;
    reply->date_s = head->date_s;
    (void)snprintf(reply->content_type, sizeof reply->content_type, "%s", head->content_type);
}

static bool is_encoded(const struct lwc_http_reply *head)
{
    return head->encoding[0] != '\0' && strcasecmp(head->encoding, "identity") != 0;
}

/* Decides whether the program receives the reply. */
static enum lwc_code begin_reply(void *data, const struct lwc_http_reply *head, bool *is_taken_out,
                                 struct lwc_error *err)
{
    const struct sending *sending = data;
    const struct lwc_call *call = sending->call->call;
    const bool wants_failure = (call->flags & LWC_CALL_ERROR_BODY) != 0;
    const bool is_final = head->status != 401 || !sending->call->can_renew;

    fill_reply(sending->reply, head);
    if (is_success(head->status) && is_encoded(head)) {
        return lwc_fail(err, LWC_E_NETWORK,
                        "%s: unusable reply: its encoding is \"%s\", which was not asked for",
                        sending->reply->origin, head->encoding);
    }
    *is_taken_out = is_success(head->status) || (wants_failure && is_final);
    if (!*is_taken_out || call->head == NULL) {
        return LWC_OK;
    }
    return call->head(call->data, sending->reply, err);
}

static enum lwc_code pass_header(void *data, const char *name, const char *value,
                                 struct lwc_error *err)
{
    const struct sending *sending = data;
    const struct lwc_call *call = sending->call->call;

    return call->header(call->data, name, value, err);
}

/* Keeps the start of a failed reply, for its message. */
static enum lwc_code keep_failure(struct sending *sending, const void *bytes, size_t len,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;
    size_t room = LWC_HTTP_MESSAGE_MAX;

    if (sending->failure == NULL) {
        code = lwc_buf_new(4096, &sending->failure, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    room -= lwc_buf_len(sending->failure);
    return lwc_buf_append(sending->failure, bytes, len < room ? len : room, err);
}

static enum lwc_code pass_body(void *data, const void *bytes, size_t len, struct lwc_error *err)
{
    struct sending *sending = data;
    const struct lwc_call *call = sending->call->call;
    enum lwc_code code = LWC_OK;

    if (!is_success(sending->reply->status)) {
        code = keep_failure(sending, bytes, len, err);
    }
    if (code == LWC_OK && call->write != NULL) {
        code = call->write(call->data, bytes, len, err);
        sending->reply->delivered += code == LWC_OK ? len : 0;
    }
    return code;
}

static enum lwc_code read_body(void *data, void *bytes, size_t room, size_t *len_out,
                               struct lwc_error *err)
{
    const struct lwc_call *call = data;

    return call->read(call->data, bytes, room, len_out, err);
}

static void set_bodies(struct sending *sending)
{
    const struct lwc_call *call = sending->call->call;
    struct lwc_http_request *request = &sending->request;

    sending->target = (struct lwc_http_target){.data = sending,
                                               .begin = begin_reply,
                                               .header = call->header != NULL ? pass_header : NULL,
                                               .write = pass_body};
    request->target = &sending->target;
    if (call->read != NULL) {
        sending->source = (struct lwc_http_source){
            .data = (void *)(uintptr_t)call, .len = call->body_len, .read = read_body};
        request->source = &sending->source;
    } else if (call->body != NULL) {
        request->body = call->body;
        request->len = (size_t)call->body_len;
    }
}

static enum lwc_code make_request(struct sending *sending, struct lwc_error *err)
{
    const struct lwc_api_call *call = sending->call;
    const char *authority = lwc_identity_authority(call->identity);
    struct lwc_http_request *request = &sending->request;
    enum lwc_code code = lwc_request_check_authority(authority, err);

    if (code == LWC_OK) {
        code = lwc_request_begin(call->host, &sending->ca, request, err);
    }
    if (code == LWC_OK) {
        code = make_texts(sending, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    (void)snprintf(sending->reply->origin, sizeof sending->reply->origin, "%s", authority);
    add_headers(sending);
    set_bodies(sending);
    request->method = call->call->method;
    request->url = lwc_buf_text(sending->url);
    request->is_fast_open = call->is_fast_open;
    return LWC_OK;
}

/* Traces the call without the query and the secrets of its path. */
static void trace_call(const struct sending *sending)
{
    const struct lwc_api_call *call = sending->call;
    const char *path = call->call->path;
    const char *secret = find_secret_name(path);
    const size_t len = secret != NULL ? (size_t)(secret - path) : strcspn(path, "?");
    const int shown = len < TRACE_PATH_LEN ? (int)len : TRACE_PATH_LEN;
    char text[LWC_ERROR_MSG_LEN];

    (void)snprintf(text, sizeof text, "call: %s https://%s%.*s%s: status %d", call->call->method,
                   sending->reply->origin, shown, path, (size_t)shown < strlen(path) ? "..." : "",
                   sending->reply->status);
    call->host->log(call->host->data, LWC_LOG_TRACE, text);
}

static enum lwc_code fail_reply(const struct sending *sending, const struct lwc_http_reply *reply,
                                struct lwc_error *err)
{
    const struct lwc_buf *secrets = sending->secrets;
    enum lwc_code code = LWC_OK;

    if (reply->status >= 300 && reply->status <= 399) {
        return lwc_fail(err, LWC_E_NETWORK,
                        "%s: the API redirects (status %d) to %s, which is not followed",
                        sending->reply->origin, reply->status,
                        reply->location_host[0] != '\0' ? reply->location_host : "itself");
    }
    code = lwc_reply_fail(reply, outcomes, lwc_buf_bytes(secrets), lwc_buf_len(secrets), err);
    return lwc_wrap(err, code, "%s", sending->reply->origin);
}

enum lwc_code lwc_call_send(const struct lwc_http *http, const struct lwc_api_call *call,
                            struct lwc_call_reply *reply_out, struct lwc_error *err)
{
    __attribute__((cleanup(sending_clear))) struct sending sending = {.call = call,
                                                                      .reply = reply_out};
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    enum lwc_code code = make_request(&sending, err);

    if (code != LWC_OK) {
        return code;
    }
    code = http->perform(http->data, &sending.request, &reply, err);
    if (reply.is_unwiped) {
        lwc_request_warn_unwiped(call->host);
    }
    trace_call(&sending);
    if (code != LWC_OK || is_success(reply.status)) {
        return code;
    }
    if (sending.failure != NULL) {
        lwc_buf_free(&reply.body);
        reply.body = LWC_TAKE(sending.failure);
    }
    return fail_reply(&sending, &reply, err);
}
