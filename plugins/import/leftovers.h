/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_IMPORT_LEFTOVERS_H
#define PLUGINS_IMPORT_LEFTOVERS_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Other files with secrets that the Lacework CLI leaves below ~/.config/lacework: backups of its
 * configuration (cfg_backups/.lacework.toml.*) and tokens in plain text
 * (cache/ACCOUNT/SUBACCOUNT/KEYID/token).
 *
 * MUST: no link is followed, and only files of ours, in directories of ours, are named or removed.
 */

/* Receives each file, by its path; @why is NULL, or why it could not be removed. */
typedef void lwc_leftover_fn(void *data, const char *path, const struct lwc_error *why);

/*
 * Visits the files, and removes them first with @remove.
 *
 * @home  the home directory.
 * Returns LWC_OK, also if there are none; the first failure after all others were visited;
 * LWC_E_INVALID for more than 10000 entries.
 */
enum lwc_code lwc_leftovers_visit(const char *home, bool remove, lwc_leftover_fn *visit, void *data,
                                  struct lwc_error *err) LWC_RESULT;

#endif
