/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_REGION_H
#define CORE_BASE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

/*
 * Memory for what must stay in it: pages of its own between two that nobody can touch, locked
 * where the system allows, left out of core dumps, wiped before they go.  The bytes end where the
 * guard page behind them begins, so that one too many is the end of the process.
 */

/*
 * @len bytes, zero; lwc_region_free().  NULL if there is no memory.
 *
 * @locked_out  whether they are locked in memory.
 */
uint8_t *lwc_region_new(size_t len, bool *locked_out) LWC_RESULT;

/* @len as it was given to lwc_region_new().  NULL is allowed. */
void lwc_region_free(uint8_t *bytes, size_t len);

#endif
