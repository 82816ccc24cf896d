/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_APP_H
#define PLUGINS_HELPER_APP_H

#include <stdbool.h>

#include <lwcred.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/util.h"
#include "plugins/helper/options.h"

/*
 * One run of the program: what was said, and the library once it is needed.
 *
 * git_helper   called by a git helper's name: only git's verbs, others are ignored.
 * is_silent    the command may not ask, whatever the options say.
 * account      canonical form of --account, or "".
 * deadline_ms  end of the command by the boot clock; 0: not fixed yet, see lwc_app_deadline_ms().
 */
struct lwc_app {
    struct lwc_args args;
    bool git_helper;
    bool is_silent;
    char account[LWC_ACCOUNT_MAX + 1];
    int64_t deadline_ms;
    struct lwc_context *ctx;
};

/* Close the library, and give the terminal back if a question has left it quiet. */
void lwc_app_clear(struct lwc_app *app);
#define LWC_AUTO_APP LWC_AUTO(struct lwc_app, lwc_app_clear)

/* May nobody be asked: --no-prompt, LWCRED_NO_PROMPT, CI, GIT_TERMINAL_PROMPT=0? */
bool lwc_app_no_prompt(const struct lwc_app *app);

/*
 * The end of the command by the boot clock: --timeout, or 60 s, counted from the first call.
 * Input is read no longer than this, and all calls of the library end with it.
 */
int64_t lwc_app_deadline_ms(struct lwc_app *app);

/* The same for reading standard input: a person at a terminal is waited for. */
int64_t lwc_app_input_deadline_ms(struct lwc_app *app);

/* What the command line and the environment say to lwc_open(); borrows from @app. */
struct lwc_options lwc_app_options(struct lwc_app *app);

/* Open the library if it is not open yet. */
enum lwc_code lwc_app_open(struct lwc_app *app, struct lwc_error *err) LWC_RESULT;

/*
 * lwc_prompt_ask(), whose time is not counted against the deadline.
 *
 * @answer_out  owned by the caller, lwc_buf_free().
 */
enum lwc_code lwc_app_ask(struct lwc_app *app, const char *text, uint32_t flags,
                          struct lwc_buf **answer_out, struct lwc_error *err) LWC_RESULT;

/* A query for --profile and --account; borrows from @app. */
struct lwc_query lwc_app_query(const struct lwc_app *app);

/* One line for people on stderr: the outcome; a warning; a step on the way (--verbose). */
void lwc_app_say(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);
void lwc_app_warn(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);
void lwc_app_trace(const struct lwc_app *app, const char *fmt, ...) LWC_PRINTF(2, 3);

#endif
