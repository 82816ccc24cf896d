/* SPDX-License-Identifier: Apache-2.0 */
#include "api/load.h"

#include <pthread.h>

#include "base/paths.h"
#include "module/module.h"

/* Set by success or a lasting refusal; a passing failure changes neither. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const struct lwc_api *loaded;
static struct lwc_error refused;

static enum lwc_code load_object(const struct lwc_api **net_out, struct lwc_error *err)
{
    const void *data = NULL;
    enum lwc_code code = lwc_module_object(lwc_lib_dir, "net.so", "lwc_api", &data, err);
    const struct lwc_api *net = data;

    if (code != LWC_OK) {
        return code;
    }
    if (net->abi != LWC_API_ABI || net->size != sizeof *net || net->exchange == NULL ||
        net->call == NULL) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "net.so belongs to another version of lwcred"),
                        "install all parts of lwcred from one build");
    }
    *net_out = net;
    return LWC_OK;
}

static enum lwc_code load_once(const struct lwc_api **net_out, struct lwc_error *err)
{
    struct lwc_error why = refused;
    enum lwc_code code = refused.code;

    if (code == LWC_OK && loaded == NULL) {
        code = load_object(&loaded, &why);
    }
    if (code == LWC_OK) {
        *net_out = loaded;
        return LWC_OK;
    }
    if (!lwc_error_is_passing(&why)) {
        refused = why;
    }
    return lwc_error_pass(err, code, &why);
}

static void lock_mutex(void)
{
    (void)pthread_mutex_lock(&mutex);
}

static void unlock_mutex(void)
{
    (void)pthread_mutex_unlock(&mutex);
}

/*
 * Makes fork() wait until another thread has ended its load: in the child no thread would release
 * the mutex.
 */
static void guard_fork(void)
{
    (void)pthread_atfork(lock_mutex, unlock_mutex, unlock_mutex);
}

enum lwc_code lwc_api_load(const struct lwc_api **net_out, struct lwc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    enum lwc_code code = LWC_OK;

    (void)pthread_once(&once, guard_fork);
    lock_mutex();
    code = load_once(net_out, err);
    unlock_mutex();
    return code;
}
