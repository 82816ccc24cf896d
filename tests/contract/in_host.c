/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/in_host.h"

#include "remote/client.h"
#include "stack/backend.h"

static struct lwc_backend hosted_backend;

static enum lwc_code in_host_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                                  void **state_out, struct lwc_error *err)
{
    struct lwc_client *hosted = lwc_backend_new_client(&hosted_backend, true, host, argc, argv);
    enum lwc_code code = hosted != NULL ? lwc_client_open(hosted, err) : lwc_fail_nomem(err);

    if (code == LWC_OK) {
        *state_out = hosted;
        return LWC_OK;
    }
    lwc_client_free(&hosted);
    return code;
}

static void in_host_close(void *state)
{
    struct lwc_client *hosted = state;

    lwc_client_free(&hosted);
}

void in_host_wrap(struct lwc_backend *backend)
{
    hosted_backend = *backend;
    lwc_client_proxy(backend);
    backend->open = in_host_open;
    backend->close = in_host_close;
}
