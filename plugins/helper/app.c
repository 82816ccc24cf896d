/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/safefile.h"
#include "base/text.h"
#include "plugins/helper/output.h"
#include "plugins/helper/prompt.h"
#include "plugins/helper/shared_options.h"

#define TEXT_LEN 1024
#define TIMEOUT_S 60

void lwc_app_clear(struct lwc_app *app)
{
    lwc_close(&app->ctx);
    lwc_prompt_release();
}

bool lwc_app_no_prompt(const struct lwc_app *app)
{
    const char *own = getenv("LWCRED_NO_PROMPT");

    return app->is_silent || lwc_args_has(&app->args, &lwc_opt_no_prompt) ||
           (lwc_is_set(own) && !lwc_text_is_no(own)) || lwc_text_is_yes(getenv("CI")) ||
           lwc_text_is_no(getenv("GIT_TERMINAL_PROMPT"));
}

static void write_log(void *data, enum lwc_log_level level, const char *text)
{
    if (level == LWC_LOG_WARNING) {
        lwc_app_warn(data, "%s", text);
    } else {
        lwc_app_trace(data, "%s", text);
    }
}

static const char *get_setting(const struct lwc_app *app, const struct lwc_option *option,
                               const char *variable)
{
    const char *given = lwc_args_value(&app->args, option);
    const char *value = given != NULL ? given : getenv(variable);

    return lwc_is_set(value) ? value : NULL;
}

int64_t lwc_app_deadline_ms(struct lwc_app *app)
{
    if (app->deadline_ms == 0) {
        app->deadline_ms = lwc_clock_boot_ms(lwc_clock_system()) +
                           lwc_args_seconds(&app->args, &lwc_opt_timeout, TIMEOUT_S) * 1000;
    }
    return app->deadline_ms;
}

void lwc_app_limit_ms(struct lwc_app *app, int64_t ms)
{
    const int64_t end_ms = lwc_clock_boot_ms(lwc_clock_system()) + ms;

    if (end_ms < lwc_app_deadline_ms(app)) {
        app->deadline_ms = end_ms;
    }
}

int64_t lwc_app_input_deadline_ms(struct lwc_app *app)
{
    return isatty(STDIN_FILENO) == 1 ? LWC_NO_DEADLINE : lwc_app_deadline_ms(app);
}

/* Returns the time left, at least 1 ms: for the library 0 means "not set". */
static int64_t get_left_ms(struct lwc_app *app)
{
    const int64_t left = lwc_app_deadline_ms(app) - lwc_clock_boot_ms(lwc_clock_system());

    return left > 1 ? left : 1;
}

/* Moves the deadline by the time that the answer took. */
static enum lwc_code ask_user(struct lwc_app *app, const char *text, uint32_t flags,
                              struct lwc_buf **answer_out, struct lwc_error *err)
{
    const int64_t deadline_ms = lwc_app_deadline_ms(app);
    const int64_t asked_ms = lwc_clock_boot_ms(lwc_clock_system());
    enum lwc_code code = lwc_prompt_ask(text, flags, answer_out, err);

    app->deadline_ms = deadline_ms + lwc_clock_boot_ms(lwc_clock_system()) - asked_ms;
    return code;
}

/* Ends all calls of the library with the command. */
static void set_library_deadline(struct lwc_app *app)
{
    if (app->ctx != NULL) {
        lwc_deadline_set(app->ctx, get_left_ms(app));
    }
}

enum lwc_code lwc_app_ask(struct lwc_app *app, const char *text, uint32_t flags,
                          struct lwc_buf **answer_out, struct lwc_error *err)
{
    enum lwc_code code = ask_user(app, text, flags, answer_out, err);

    set_library_deadline(app);
    return code;
}

static enum lwc_code ask_for_library(void *data, const char *text, uint32_t flags,
                                     const struct lwc_sink *answer, struct lwc_error *err)
{
    LWC_AUTO_BUF line = NULL;
    enum lwc_code code = ask_user(data, text, flags, &line, err); /* the library counts the time */

    if (code != LWC_OK) {
        return code;
    }
    return answer->put(answer->data, NULL, lwc_buf_bytes(line), lwc_buf_len(line), err);
}

struct lwc_options lwc_app_options(struct lwc_app *app)
{
    const bool no_prompt = lwc_app_no_prompt(app);

    return (struct lwc_options){
        .size = sizeof(struct lwc_options),
        .flags = no_prompt ? LWC_OPEN_NO_PROMPT : 0,
        .service = get_setting(app, &lwc_opt_service, "LWCRED_SERVICE"),
        .config = get_setting(app, &lwc_opt_config, "LWCRED_CONFIG"),
        .timeout_ms = get_left_ms(app),
        .data = app,
        .log = write_log,
        .prompt = no_prompt ? NULL : ask_for_library,
    };
}

enum lwc_code lwc_app_open(struct lwc_app *app, struct lwc_error *err)
{
    const struct lwc_options options = lwc_app_options(app);
    enum lwc_code code = app->ctx != NULL ? LWC_OK : lwc_open(&options, &app->ctx, err);

    set_library_deadline(app);
    return code;
}

struct lwc_query lwc_app_query(const struct lwc_app *app)
{
    return (struct lwc_query){
        .size = sizeof(struct lwc_query),
        .profile = lwc_args_value(&app->args, &lwc_opt_profile),
        .account = lwc_is_set(app->account) ? app->account : NULL,
    };
}

void lwc_app_say(const struct lwc_app *app, const char *fmt, ...)
{
    char text[TEXT_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!lwc_args_has(&app->args, &lwc_opt_quiet)) {
        lwc_output_line("%s", text);
    }
}

void lwc_app_warn(const struct lwc_app *app, const char *fmt, ...)
{
    char text[TEXT_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    lwc_app_say(app, "warning: %s", text);
}

void lwc_app_trace(const struct lwc_app *app, const char *fmt, ...)
{
    char text[TEXT_LEN];
    va_list args;

    if (!lwc_args_has(&app->args, &lwc_opt_verbose)) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    lwc_output_line("%s", text);
}
