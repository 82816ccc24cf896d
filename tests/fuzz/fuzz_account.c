/* SPDX-License-Identifier: Apache-2.0 */
/* Account names and origins: what comes out is canonical, and canonical stays as it is. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "base/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[1024];
    char host[LWC_ACCOUNT_MAX + 1];
    char again[LWC_ACCOUNT_MAX + 1];
    char origin[LWC_ORIGIN_MAX + 1];
    struct lwc_error err = {0};

    (void)snprintf(text, sizeof text, "%.*s", (int)(size < sizeof text ? size : sizeof text),
                   (const char *)data);
    if (lwc_account_canonical(text, host, &err) == LWC_OK) {
        assert(lwc_host_is_canonical(host, false));
        assert(strstr(host, ".lacework.net") != NULL);
        assert(lwc_account_canonical(host, again, NULL) == LWC_OK);
        assert(strcmp(host, again) == 0);
    }
    if (lwc_origin_canonical(text, origin, &err) == LWC_OK) {
        assert(lwc_host_is_canonical(origin, true));
    }
    return 0;
}
