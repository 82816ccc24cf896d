/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/args.h"

#include <stdlib.h>

void args_set(struct lwc_args *args, const struct lwc_option *option, const char *value)
{
    size_t kept = 0;

    for (size_t i = 0; i < args->given_count; i++) {
        if (args->given[i].option != option) {
            args->given[kept++] = args->given[i];
        }
    }
    args->given_count = kept;
    if (!lwc_args_add(args, option, value)) {
        abort();
    }
}
