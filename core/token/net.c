/* SPDX-License-Identifier: Apache-2.0 */
#include "token/net.h"

#include <pthread.h>

#include "paths.h"
#include "stack/module.h"

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static const struct lwc_net *loaded;
static struct lwc_error load_error;

static enum lwc_code load(const struct lwc_net **net_out, struct lwc_error *err)
{
    const void *data = NULL;
    enum lwc_code code = lwc_module_object(lwc_lib_dir, "net.so", "lwc_net", &data, err);
    const struct lwc_net *net = data;

    if (code != LWC_OK) {
        return code;
    }
    if (net->abi != LWC_NET_ABI || net->size != sizeof *net || net->exchange == NULL) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "net.so belongs to another version of lwcred"),
                        "install all parts of lwcred from one build");
    }
    *net_out = net;
    return LWC_OK;
}

static void load_first(void)
{
    load_error.code = load(&loaded, &load_error);
}

enum lwc_code lwc_net_load(const struct lwc_net **net_out, struct lwc_error *err)
{
    (void)pthread_once(&load_once, load_first);
    if (load_error.code != LWC_OK) {
        if (err != NULL) {
            *err = load_error;
        }
        return load_error.code;
    }
    *net_out = loaded;
    return LWC_OK;
}
