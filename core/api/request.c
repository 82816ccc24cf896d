/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include <string.h>

#include "base/host.h"
#include "base/identity.h"
#include "base/util.h"

enum lwc_code lwc_request_check_authority(const char *authority, struct lwc_error *err)
{
    if (strlen(authority) > LWC_ORIGIN_MAX || !lwc_host_is_canonical(authority, true)) {
        return lwc_fail(err, LWC_E_INVALID, "not the host of an account: \"%s\"", authority);
    }
    return LWC_OK;
}

static bool is_proxied(const struct lwc_host *host)
{
    static const char *const names[] = {LWC_PROXY_SETTINGS};
    bool found = false;

    for (size_t i = 0; i < LWC_ARRAY_LEN(names); i++) {
        found = found || lwc_host_setting(host, names[i]) != NULL;
    }
    return found;
}

enum lwc_code lwc_request_begin(const struct lwc_host *host, struct lwc_ca *ca,
                                struct lwc_http_request *request, struct lwc_error *err)
{
    enum lwc_code code = lwc_ca_choose(host, ca, err);

    if (code == LWC_OK) {
        request->timeout_ms = host->remaining_ms(host->data);
        request->is_proxied = is_proxied(host);
        request->ca_file = ca->file[0] != '\0' ? ca->file : NULL;
        request->ca_dir = ca->dir[0] != '\0' ? ca->dir : NULL;
    }
    return code;
}

void lwc_request_warn_unwiped(const struct lwc_host *host)
{
    host->log(host->data, LWC_LOG_WARNING,
              "this program initialised libcurl before lwcred: copies of the secret in "
              "libcurl's memory are not wiped");
}
