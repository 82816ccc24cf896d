/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/cure.h"

#include <stdio.h>
#include <string.h>

#include "base/hints.h"
#include "base/util.h"

static const struct {
    const char *hint;
    const char *cure;
} cures[] = {
    {LWC_HINT_EXISTS, "replace it with --replace, or choose another --profile"},
    {LWC_HINT_CHOOSE, "choose one with --profile or LW_PROFILE"},
    {LWC_HINT_ABSENT,
     "'lw-credential-helper list' shows what is stored, 'add' stores an access key"},
    {LWC_HINT_EMPTY, "'lw-credential-helper add' stores an access key"},
    {LWC_HINT_BACKEND, "'lw-credential-helper backends' lists those of the stack"},
    {LWC_HINT_NOT_TAKEN, "'lw-credential-helper backends' lists them; with -v each says why"},
    {LWC_HINT_UNREADABLE, LWC_HINT_UNREADABLE " with --replace"},
    {LWC_HINT_WINDOW, LWC_HINT_WINDOW " with --timeout"},
    {LWC_HINT_RIGHT, LWC_HINT_RIGHT " See --sub-account and --org-access"},
};

const char *lwc_cure_name(const char *hint, char *out, size_t cap)
{
    const char *cure = "";
    size_t len = 0;

    for (size_t i = 0; i < LWC_ARRAY_LEN(cures) && len == 0; i++) {
        if (strncmp(hint, cures[i].hint, strlen(cures[i].hint)) == 0) {
            cure = cures[i].cure;
            len = strlen(cures[i].hint);
        }
    }
    (void)snprintf(out, cap, "%s%s", cure, hint + len);
    return out;
}
