/* SPDX-License-Identifier: Apache-2.0 */
#include "module/builtin.h"

#include <stddef.h>

#include "backends/env/env.h"

/* env: a cached token of the environment's key is sealed with that key's secret. */
const struct lwc_backend *const lwc_builtin_backends[] = {&lwc_env_backend, NULL};
