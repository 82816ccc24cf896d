/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in turn.h. */
#include "backends/file/turn.h"

#include "base/safefile.h"
#include "base/util.h"

static int64_t get_patience_ms(const struct lwc_host *host)
{
    int64_t half_ms = host->remaining_ms(host->data) / 2;

    return half_ms < LWC_TURN_MAX_MS ? half_ms : LWC_TURN_MAX_MS;
}

int lwc_turn_take(const struct lwc_host *host, const char *path)
{
    LWC_AUTO_PATH store = LWC_PATH_INIT;
    LWC_AUTO_LOCK fd = -1;
    enum lwc_code code = lwc_path_resolve(path, &store, NULL);

    if (code == LWC_OK) {
        code = lwc_file_open(&store, LWC_TRUST_PRIVATE, &fd, NULL, NULL);
    }
    if (code == LWC_OK) {
        code = lwc_lock_take_fd(fd, 0, NULL);
    }
    if (code == LWC_E_BUSY) {
        host->log(host->data, LWC_LOG_INFO, "waiting for another caller that derives a key");
        code = lwc_lock_take_fd(fd, get_patience_ms(host), NULL);
    }
    return code == LWC_OK ? LWC_TAKE_FD(fd) : -1;
}
