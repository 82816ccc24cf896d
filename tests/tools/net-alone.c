/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net-alone URL CA_FILE: make a GET and print the status and the member "message" of a reply in
 * JSON.  Linked with core/base and core/net alone, all of it: a reference to any other folder
 * breaks the build.
 */
#include <stdio.h>

#include "net/http.h"
#include "net/json.h"

static enum lwc_code print_reply(const struct lwc_http_reply *reply, struct lwc_error *err)
{
    LWC_AUTO_JSON json = NULL;
    const char *message = NULL;
    enum lwc_code code =
        lwc_json_parse(lwc_buf_bytes(reply->body), lwc_buf_len(reply->body), &json, err);

    if (code == LWC_OK) {
        message = lwc_json_text(lwc_json_at(json, "message"));
        printf("%d %s\n", reply->status, message != NULL ? message : "");
    }
    return code;
}

int main(int argc, char **argv)
{
    struct lwc_http_request request = {.method = "GET", .timeout_ms = 10000};
    LWC_AUTO_HTTP_REPLY reply = {.body = NULL};
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    if (argc != 3) {
        fprintf(stderr, "usage: net-alone URL CA_FILE\n");
        return LWC_E_INVALID;
    }
    request.url = argv[1];
    request.ca_file = argv[2];
    code = lwc_http_curl()->perform(NULL, &request, &reply, &err);
    code = code == LWC_OK ? print_reply(&reply, &err) : code;
    if (code != LWC_OK) {
        fprintf(stderr, "net-alone: %s\n", err.msg);
    }
    return (int)code;
}
