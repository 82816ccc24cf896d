/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_ARGUMENTS_H
#define CORE_BASE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The arguments of a backend's line in a stack file: a table of words. */

/*
 * Reads the @value of an argument into the member @member of the caller's structure.  Returns
 * LWC_E_INVALID with a reason for a wrong value.
 */
typedef enum lwc_code lwc_argument_fn(void *member, const char *value, struct lwc_error *err);

/*
 * word        "name=" where a value follows, "name" where none does.
 * member      offset of the member that receives the value.
 * read        NULL: the member is a const char * that will point to the value.
 * can_repeat  any number of these; otherwise a second one is an error.
 */
struct lwc_argument {
    const char *word;
    size_t member;
    lwc_argument_fn *read;
    bool can_repeat;
};

/* @known tells the user which words there are.  At most 32 words. */
struct lwc_argument_table {
    const struct lwc_argument *words;
    size_t count;
    const char *known;
};

/*
 * Reads all arguments into the structure @into, whose values borrow from @argv.  Returns LWC_OK;
 * LWC_E_INVALID for a word that is unknown or repeated; or the first failure of a reader.
 */
enum lwc_code lwc_arguments_read(const struct lwc_argument_table *table, size_t argc,
                                 const char *const *argv, void *into, struct lwc_error *err)
    LWC_RESULT;

/*
 * A reader for a path, absolute or beginning with "~/"; the member is a const char *.  A line may
 * come from a file of the system: its path must not depend on the current directory.
 */
enum lwc_code lwc_argument_path(void *member, const char *value, struct lwc_error *err);

#endif
