/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ARGS_H
#define TESTS_SUPPORT_ARGS_H

#include "plugins/helper/options.h"
#include "plugins/helper/shared_options.h"

/* Sets the one value of @option; NULL: it is not given. */
void args_set(struct lwc_args *args, const struct lwc_option *option, const char *value);

#endif
