/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_LINT_H
#define CORE_CONF_LINT_H

#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"

/* Parts of a stack without effect. */

/*
 * Reports parts that can never have an effect, and only these: lines that no walk reaches, lines
 * that ignore every outcome, operations that no line can bring to success.
 */
void lwc_conf_lint(const struct lwc_conf *conf, lwc_conf_fault_fn *visit, void *data);

#endif
