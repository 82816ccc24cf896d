/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_COMMANDS_IMPORT_H
#define PLUGINS_HELPER_COMMANDS_IMPORT_H

#include <stdbool.h>

#include "base/path.h"

#include "plugins/helper/journal.h"
#include "plugins/helper/outcomes.h"
#include "plugins/import/readers.h"

/*
 * An import under way.
 *
 * path      of the file, links followed; "" for standard input and the environment.
 * shown     the source in messages.
 * is_again  the journal was found: an earlier run was interrupted.
 */
struct lwc_import {
    struct lwc_app *app;
    const char *profile;
    const char *account;
    const char *backend;
    bool is_dry;
    bool is_proved;
    bool is_replacing;
    bool is_deleting;
    bool is_deleting_all;
    bool is_again;
    char path[LWC_PATH_TEXT_LEN];
    const char *shown;
    struct lwc_journal *journal;
    struct lwc_outcomes outcomes;
};

/* Import the one key of a file (or stdin, or the environment) that is read by @format's reader. */
enum lwc_code lwc_import_one(struct lwc_import *import, enum lwc_import_format format,
                             struct lwc_error *err) LWC_RESULT;

/* Import profiles of the Lacework CLI's file. */
enum lwc_code lwc_import_profiles(struct lwc_import *import, struct lwc_error *err) LWC_RESULT;

/* Name the CLI's other files with secrets, or remove them with --delete-source=all. */
enum lwc_code lwc_import_leftovers(struct lwc_import *import, struct lwc_error *err) LWC_RESULT;

#endif
