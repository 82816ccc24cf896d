/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/session.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/host.h"
#include "base/text.h"
#include "base/util.h"

#define HINT "log in to a session that has one, or keep keys in the encrypted file (backend 'file')"
#define MARGIN_MS 500
#define BUS_ADDRESS "DBUS_SESSION_BUS_ADDRESS"

/* A transport that would start a program is none: a helper starts no bus and no shell. */
static bool starts_something(const char *address)
{
    static const char *const transports[] = {"autolaunch:", "unixexec:", "launchd:"};

    while (address != NULL) {
        for (size_t i = 0; i < LWC_ARRAY_LEN(transports); i++) {
            if (strncmp(address, transports[i], strlen(transports[i])) == 0) {
                return true;
            }
        }
        address = strchr(address, ';');
        address = address != NULL ? address + 1 : NULL;
    }
    return false;
}

static bool is_own_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

enum lwc_code lwc_session_bus(const struct lwc_host *host, struct lwc_error *err)
{
    const char *address = lwc_host_setting(host, BUS_ADDRESS);
    const char *run = lwc_host_setting(host, "XDG_RUNTIME_DIR");
    char path[PATH_MAX];

    if (address != NULL && !starts_something(address)) {
        return LWC_OK;
    }
    if (address != NULL) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_UNAVAILABLE,
                                 BUS_ADDRESS " names a bus that would have to be started"),
                        HINT);
    }
    if (run != NULL && snprintf(path, sizeof path, "%s/bus", run) < (int)sizeof path &&
        is_own_socket(path)) {
        return LWC_OK;
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_UNAVAILABLE, "there is no session bus: %s",
                             run != NULL ? BUS_ADDRESS
                                 " is not set, and XDG_RUNTIME_DIR holds no bus"
                                         : BUS_ADDRESS " and XDG_RUNTIME_DIR are not set"),
                    HINT);
}

const char *lwc_session_silence(const struct lwc_host *host)
{
    const char *no_prompt = lwc_host_setting(host, "LWCRED_NO_PROMPT");

    if ((no_prompt != NULL && !lwc_text_is_no(no_prompt)) ||
        lwc_text_is_yes(lwc_host_setting(host, "CI"))) {
        return "cannot ask: not interactive";
    }
    if (lwc_host_setting(host, "DISPLAY") == NULL &&
        lwc_host_setting(host, "WAYLAND_DISPLAY") == NULL) {
        return "there is no display to ask on";
    }
    return NULL;
}

int64_t lwc_session_limit_ms(const struct lwc_host *host, int64_t timeout_ms)
{
    int64_t left_ms = host->remaining_ms(host->data);
    int64_t limit_ms = left_ms < timeout_ms ? left_ms : timeout_ms;

    return limit_ms - (limit_ms / 8 < MARGIN_MS ? limit_ms / 8 : MARGIN_MS);
}

void lwc_session_depend(const struct lwc_host *host)
{
    const char *data = lwc_host_dir(host, "XDG_DATA_HOME");
    const char *home = lwc_host_dir(host, "HOME");
    char path[PATH_MAX];
    int len;

    if (data == NULL && home == NULL) {
        return;
    }
    len = snprintf(path, sizeof path, "%s%s", data != NULL ? data : home,
                   data != NULL ? "/keyrings" : "/.local/share/keyrings");
    if (len > 0 && len < (int)sizeof path) {
        host->depends(host->data, path);
    }
}
