/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_HELP_H
#define PLUGINS_HELPER_HELP_H

#include "base/error.h"
#include "plugins/helper/options.h"

/*
 * Help texts, all made from the tables.  The completion of shells reads them: a command stands in a
 * line "  NAME  SUMMARY" below "Commands:", an option in one that begins with "  -X, --NAME" or
 * "      --NAME".
 */

/* Print the help text of the command, or the program, of @args; the version; on stdout. */
enum lwc_code lwc_help_print(const struct lwc_args *args, struct lwc_error *err) LWC_RESULT;
enum lwc_code lwc_help_version(struct lwc_error *err) LWC_RESULT;

#endif
