/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_STACK_CONF_H
#define CORE_STACK_CONF_H

#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Stack files: which backends are asked, in which order, and what each outcome means.  A line is
 *
 *     OPERATION CONTROL BACKEND [ARGUMENT...]        # comment
 *     set NAME VALUE
 *
 * with the control words of pam.d(5).  Parsing makes each control an action table; whoever walks
 * the stack looks up and does not reason.
 */

enum lwc_op { LWC_OP_LOOKUP, LWC_OP_STORE, LWC_OP_ERASE, LWC_OP_COUNT };

/* The word for @op in a stack file.  Static. */
const char *lwc_op_name(enum lwc_op op);

/* What a backend's answer means to the stack: the columns of an action table. */
enum lwc_outcome {
    LWC_OUT_SUCCESS,
    LWC_OUT_NOT_FOUND,
    LWC_OUT_LOCKED,
    LWC_OUT_DENIED,
    LWC_OUT_UNAVAILABLE,
    LWC_OUT_INVALID,
    LWC_OUT_ERROR,
    LWC_OUT_COUNT
};

enum lwc_action { LWC_ACT_IGNORE, LWC_ACT_OK, LWC_ACT_DONE, LWC_ACT_BAD, LWC_ACT_DIE };

struct lwc_conf_line {
    enum lwc_op op;
    uint8_t actions[LWC_OUT_COUNT]; /* enum lwc_action */
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char **argv;
    size_t argc;
    unsigned number; /* in its file, from 1 */
};

/*
 * min_valid_s  of "set min-valid SECONDS"; 0 if not said.
 * cache        of "set cache WORD"; "" if not said, else one of auto keyring runtime sealed none.
 */
struct lwc_conf {
    char *source; /* path, or "built-in" */
    int64_t min_valid_s;
    char cache[16];
    struct lwc_conf_line *lines;
    size_t count;
};

#define LWC_CONF_FILE_MAX ((size_t)64 * 1024)
#define LWC_CONF_LINES_MAX 256
#define LWC_CONF_ARGS_MAX 32

/*
 * Parse @len bytes of the stack file named @source.
 *
 * @conf_out  owned by the caller, lwc_conf_free().
 * Returns LWC_OK, or LWC_E_INVALID with "SOURCE:LINE:COLUMN: what", where near with the right
 * word as a hint.
 */
enum lwc_code lwc_conf_parse(const char *text, size_t len, const char *source,
                             struct lwc_conf **conf_out, struct lwc_error *err) LWC_RESULT;

/*
 * Find and parse the stack of @service: @config if given, else the first of SERVICE and then
 * "default" in $XDG_CONFIG_HOME/lwcred/stack.d and the system's stack.d, else the built-in
 * stack.  The file must be trusted: LWC_E_UNSAFE.
 */
enum lwc_code lwc_conf_load(const char *service, const char *config, struct lwc_conf **conf_out,
                            struct lwc_error *err) LWC_RESULT;

/* Free; sets *conf to NULL.  NULL is allowed. */
void lwc_conf_free(struct lwc_conf **conf);
#define LWC_AUTO_CONF LWC_AUTO(struct lwc_conf *, lwc_conf_free)

/* The column of an action table for what a backend returned. */
enum lwc_outcome lwc_outcome_of(enum lwc_code code);

#endif
