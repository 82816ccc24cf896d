/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_CALL_H
#define LWCRED_CALL_H

#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>
#include <lwcred/error.h>
#include <lwcred/types.h>

/* Types of lwc_call() in lwcred.h: a call of the API, and its reply. */

/* Longest path, with its query, in bytes.  Since 0.1. */
#define LWC_CALL_PATH_MAX 8192

/* Most headers of a call.  Since 0.1. */
#define LWC_CALL_HEADERS_MAX 32

/*
 * A reply without its body.  The program sets @size to sizeof(struct lwc_call_reply) and reads the
 * rest after lwc_call(), or in lwc_call.head; lwc_call() fills it also when it fails.  Times in
 * seconds.  Since 0.1.
 *
 * status          HTTP status; 0 if no reply came.
 * renewals        how often a new token replaced one that the API did not accept: 0 or 1.
 * rate_limit      RateLimit-Limit: calls in an hour, or -1.
 * rate_remaining  RateLimit-Remaining, or -1.
 * rate_reset_s    RateLimit-Reset: until the next call can pass, or -1.
 * retry_after_s   Retry-After, at most 3600, or -1.
 * date_s          the server's clock, seconds since the epoch, or -1.
 * delivered       bytes given to lwc_call.write.
 * origin          host[:port] that the call went to; "" if it went nowhere.
 * content_type    printable, cut to fit; "" if none came.
 */
struct lwc_call_reply {
    uint32_t size;
    int status;
    uint32_t renewals;
    int64_t rate_limit;
    int64_t rate_remaining;
    int64_t rate_reset_s;
    int64_t retry_after_s;
    int64_t date_s;
    uint64_t delivered;
    char origin[LWC_ORIGIN_MAX + 1];
    char content_type[128];
    /* 0.1 ends here */
};

/* A header of a call.  Since 0.1. */
struct lwc_call_header {
    const char *name;
    const char *value;
};

struct lwc_token;

/* Flags of a call.  Since 0.1. */
enum lwc_call_flag {
    LWC_CALL_ERROR_BODY = 1u << 0, /* head(), header() and write() also receive a failed reply */
};

/*
 * A call of the API.  Zero or NULL means "not set".  @size is sizeof(struct lwc_call).  Since 0.1.
 *
 * flags     enum lwc_call_flag.
 * query     which credential calls, as for lwc_token_get(); its sub_account and org_access become
 *           the headers Account-Name and Org-Access.
 * method    GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
 * path      "/api/v2/...", with a query if need be: printable ASCII, at most LWC_CALL_PATH_MAX
 *           bytes; no "//" at its start, no segment "." or "..", no fragment, no backslash.
 * headers   further headers, at most LWC_CALL_HEADERS_MAX; values are not empty and printable.
 *           Refused are those that the library sets or that concern the connection: Authorization,
 *           Host, Account-Name, Org-Access, Content-Length, Accept-Encoding, Cookie and the like.
 *           A body without Content-Type is application/json.
 * body      @body_len bytes in memory, or NULL; sent again if need be.
 * read      in place of @body: writes up to @room bytes to @bytes and their number to *len_out; 0
 *           is the end.  @body_len is the length of the whole, or -1 if it is unknown.
 * rewind    makes read() begin again.  NULL: it cannot, and a call whose token is not accepted
 *           fails.
 * data      handed to the callbacks.
 * head      receives the reply once, before its headers and its first byte.
 * header    receives each header of the reply; values may hold all bytes but NUL, CR and LF.
 * write     receives the body in pieces.  NULL: the body is dropped.
 * token     a token that lwc_token_get() gave for @query, to call with in place of asking for it
 *           again, or NULL.  It is not changed; where the API does not accept it, another one
 *           replaces it, as for any call.
 *
 * Callbacks run in the calling thread; any code but LWC_OK ends the call and is returned by
 * lwc_call().  They may use the context.
 */
struct lwc_call {
    uint32_t size;
    uint32_t flags;
    const struct lwc_query *query;
    const char *method;
    const char *path;
    const struct lwc_call_header *headers;
    size_t header_count;
    const void *body;
    int64_t body_len;
    void *data;
    enum lwc_code (*read)(void *data, void *bytes, size_t room, size_t *len_out,
                          struct lwc_error *err);
    enum lwc_code (*rewind)(void *data, struct lwc_error *err);
    enum lwc_code (*head)(void *data, const struct lwc_call_reply *reply, struct lwc_error *err);
    enum lwc_code (*header)(void *data, const char *name, const char *value, struct lwc_error *err);
    enum lwc_code (*write)(void *data, const void *bytes, size_t len, struct lwc_error *err);
    const struct lwc_token *token;
    /* 0.1 ends here */
};

#endif
