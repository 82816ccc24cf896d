/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/modules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/paths.h"

void modules_use_test_ones(void)
{
    char dir[4096];

    (void)snprintf(dir, sizeof dir, "%s/../../tests/modules", lwc_lib_dir);
    (void)setenv("LWCRED_BACKEND_DIR", dir, 1);
}
