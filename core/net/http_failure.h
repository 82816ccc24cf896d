/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_HTTP_FAILURE_H
#define CORE_NET_HTTP_FAILURE_H

#include <curl/curl.h>

#include "base/error.h"
#include "net/delivery.h"
#include "net/message.h"

/* Texts for requests that failed.  Included by http.c only. */

/*
 * curl    the handle after curl_easy_perform(), which gave result.
 * host    host[:port] of the URL.
 * detail  text of CURLOPT_ERRORBUFFER, or "".
 */
struct lwc_http_failure {
    CURL *curl;
    CURLcode result;
    enum lwc_http_limit limit;
    const struct lwc_http_request *request;
    const char *host;
    const char *detail;
};

/* Describes @failure.  Never LWC_OK; LWC_E_IO if this process has no descriptors left. */
enum lwc_code lwc_http_fail(const struct lwc_http_failure *failure, struct lwc_error *err)
    LWC_RESULT;

#endif
