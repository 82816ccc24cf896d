/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_LINT_H
#define CORE_CONF_LINT_H

#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"

/* What is wrong, or of no use, with a stack as a whole. */

/*
 * Point out what can never matter, and only that: lines that no walk reaches, lines that change
 * nothing whatever happens, operations that no line can bring to success.
 */
void lwc_conf_lint(const struct lwc_conf *conf, lwc_conf_fault_fn *visit, void *data);

#endif
