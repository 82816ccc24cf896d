/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_CONF_H
#define CORE_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * Stack files name the backends to ask, their order, and the meaning of each outcome.
 * lwcred.conf(5) is their manual; the grammar is that of pam.d(5):
 *
 *     OPERATION CONTROL BACKEND [ARGUMENT...]        # comment
 *     include FILE
 *     OPERATION include FILE
 *     set NAME VALUE
 *
 * Parsing makes each control an action table, and all files one list of lines: a walk of the stack
 * only looks up.
 */

enum lwc_op { LWC_OP_LOOKUP, LWC_OP_STORE, LWC_OP_ERASE, LWC_OP_COUNT };

/* Returns the word for @op in a stack file.  Static. */
const char *lwc_op_name(enum lwc_op op);

/* Outcomes of a backend's call: the columns of an action table. */
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

/* LWC_ACT_SKIP + N passes over the next N lines of the same operation; N is at least 1. */
enum lwc_action {
    LWC_ACT_IGNORE,
    LWC_ACT_OK,
    LWC_ACT_DONE,
    LWC_ACT_BAD,
    LWC_ACT_DIE,
    LWC_ACT_SKIP
};

/* Places of cached tokens; conf/setting.h has the words. */
enum lwc_cache_mode {
    LWC_CACHE_AUTO, /* keyring, else runtime, else sealed where there is a key to seal with */
    LWC_CACHE_KEYRING,
    LWC_CACHE_RUNTIME,
    LWC_CACHE_SEALED,
    LWC_CACHE_NONE,
};

/* Treatment of an access key that git gives to be stored. */
enum lwc_git_store {
    LWC_GIT_STORE_OFF,    /* ignored                             */
    LWC_GIT_STORE_PROVED, /* stored once an exchange proved it   */
};

/* A position in a stack file, from 1.  @file is borrowed; NULL: no place. */
struct lwc_conf_place {
    const char *file;
    unsigned line;
    unsigned column;
};

/* @where  the operation's word; @control  its control. */
struct lwc_conf_line {
    enum lwc_op op;
    uint16_t actions[LWC_OUT_COUNT]; /* enum lwc_action */
    char backend[LWC_BACKEND_NAME_MAX + 1];
    char **argv;
    size_t argc;
    struct lwc_conf_place where;
    struct lwc_conf_place control;
};

enum lwc_setting {
    LWC_SET_CACHE,
    LWC_SET_MIN_VALID,
    LWC_SET_GIT_STORE,
    LWC_SET_FAST_OPEN,
    LWC_SET_COUNT
};

/*
 * source       path, or "built-in".
 * min_valid_s  of "set min-valid"; 0 if not set.
 * cache        of "set cache"; LWC_CACHE_AUTO if not set.
 * git_store    of "set git-store"; LWC_GIT_STORE_OFF if not set.
 * is_fast_open of "set tcp-fast-open"; false if not set.
 * set          where each setting was made last.
 * files        names of all files, to which the places point.
 */
struct lwc_conf {
    char *source;
    int64_t min_valid_s;
    enum lwc_cache_mode cache;
    enum lwc_git_store git_store;
    bool is_fast_open;
    struct lwc_conf_place set[LWC_SET_COUNT];
    struct lwc_conf_line *lines;
    size_t count;
    char **files;
    size_t file_count;
};

#define LWC_CONF_FILE_MAX ((size_t)64 * 1024) /* bytes of one file                       */
#define LWC_CONF_LINE_MAX 4096                /* bytes of one line with all its words    */
#define LWC_CONF_REST_MAX 3840                /* bytes of a line without its control     */
#define LWC_CONF_LINES_MAX 256                /* lines of the stack, includes flattened  */
#define LWC_CONF_ARGS_MAX 32
#define LWC_CONF_DEPTH_MAX 8  /* files within files                      */
#define LWC_CONF_FILES_MAX 64 /* files read in all                       */

/* Receives a fault at @where; @what does not name the place.  Borrowed for the call. */
typedef void lwc_conf_fault_fn(void *data, const struct lwc_conf_place *where,
                               const struct lwc_error *what);

/* Frees *conf and sets it to NULL.  NULL is allowed. */
void lwc_conf_free(struct lwc_conf **conf);
#define LWC_AUTO_CONF LWC_AUTO(struct lwc_conf *, lwc_conf_free)

/* Returns the column of an action table for the code of a backend. */
enum lwc_outcome lwc_outcome_of(enum lwc_code code);

#endif
