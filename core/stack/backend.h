/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_BACKEND_H
#define CORE_STACK_BACKEND_H

#include "stack/stack.h"

/* How stack.c makes and frees units; everybody else sees stack.h. */

/* @line and @host are borrowed until the unit is freed. */
struct lwc_stack_backend *lwc_backend_new(const struct lwc_conf_line *line,
                                          const struct lwc_host *host, bool external);
void lwc_backend_free(struct lwc_stack_backend **unit);

/* Is it the backend of @line with the same arguments? */
bool lwc_backend_serves(const struct lwc_stack_backend *unit, const struct lwc_conf_line *line);

/* The descriptor, with functions to call, or NULL and in *why_out the reason, borrowed. */
const struct lwc_backend *lwc_backend_backend(struct lwc_stack_backend *unit,
                                              const struct lwc_error **why_out);

#endif
