/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/home.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/host.h"

static size_t length_without_slashes(const char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == '/') {
        len--;
    }
    return len;
}

static bool is_below(const char *path, const char *dir)
{
    const size_t len = length_without_slashes(dir);

    return strncmp(path, dir, len) == 0 && path[len] == '/';
}

enum lwc_code lwc_home_check(const struct lwc_host *host, const char *path, struct lwc_error *err)
{
    const char *home = lwc_host_dir(host, "HOME");
    struct stat st;

    if (home == NULL || !is_below(path, home) || stat(home, &st) == 0 ||
        (errno != ENOENT && errno != ENOTDIR)) {
        return LWC_OK;
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "the home directory %s does not exist", home),
                    "make it, or set LWCRED_STORE to the path of the store");
}
