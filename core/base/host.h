/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_HOST_H
#define CORE_BASE_HOST_H

#include <lwcred/backend.h>

#include "base/util.h"

/* Settings of a host (lwcred/backend.h) as both the core and backends read them. */

/* Returns the value of the setting @name; NULL also where it is empty. */
static inline const char *lwc_host_setting(const struct lwc_host *host, const char *name)
{
    const char *value = host->setting(host->data, name);

    return lwc_is_set(value) ? value : NULL;
}

/* Returns the absolute path that is the value of the setting @name; NULL for any other value. */
static inline const char *lwc_host_dir(const struct lwc_host *host, const char *name)
{
    const char *value = host->setting(host->data, name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

#endif
