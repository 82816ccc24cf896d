/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_APP_H
#define PLUGINS_HELPER_APP_H

#include <stdbool.h>
#include <sys/types.h>

#include <lwcred.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/util.h"
#include "plugins/helper/options.h"

/*
 * State of a run: the command line, and the library once a command needs it.
 *
 * git_helper   called by a git helper's name: runs git's verbs, ignores all others.
 * is_silent    not interactive, also without --no-prompt.
 * account      canonical form of --account, or "".
 * umask        of the caller: for files and programs that are not ours.
 * deadline_ms  end of the command by the boot clock; 0: not fixed yet, see lwc_app_deadline_ms().
 */
struct lwc_app {
    struct lwc_args args;
    bool git_helper;
    bool is_silent;
    char account[LWC_ACCOUNT_MAX + 1];
    mode_t umask;
    int64_t deadline_ms;
    struct lwc_context *ctx;
};

/* Closes the library, and restores the terminal after a hidden answer. */
void lwc_app_clear(struct lwc_app *app);
#define LWC_AUTO_APP LWC_AUTO(struct lwc_app, lwc_app_clear)

/* Is the run not interactive: --no-prompt, LWCRED_NO_PROMPT, CI, GIT_TERMINAL_PROMPT=0? */
bool lwc_app_no_prompt(const struct lwc_app *app);

/*
 * Returns the end of the command by the boot clock: --timeout, or 60 s, from the first call on.
 * Reading input and calls of the library end then.
 */
int64_t lwc_app_deadline_ms(struct lwc_app *app);

/* Ends the command @ms from now, unless its deadline is earlier. */
void lwc_app_limit_ms(struct lwc_app *app, int64_t ms);

/* Returns the deadline for standard input: none at a terminal. */
int64_t lwc_app_input_deadline_ms(struct lwc_app *app);

/* Returns the options of lwc_open() from command line and environment; borrows from @app. */
struct lwc_options lwc_app_options(struct lwc_app *app);

/* Opens the library if it is not open yet. */
enum lwc_code lwc_app_open(struct lwc_app *app, struct lwc_error *err) LWC_RESULT;

/*
 * Calls lwc_prompt_ask() and moves the deadline by the time that the answer took.
 *
 * @answer_out  owned by the caller, lwc_buf_free().
 */
enum lwc_code lwc_app_ask(struct lwc_app *app, const char *text, uint32_t flags,
                          struct lwc_buf **answer_out, struct lwc_error *err) LWC_RESULT;

/* Returns a query for --profile and --account; borrows from @app. */
struct lwc_query lwc_app_query(const struct lwc_app *app);

/* Print a line on stderr: the outcome; a warning; a step (with --verbose). */
void lwc_app_say(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);
void lwc_app_warn(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);
void lwc_app_trace(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);

#endif
