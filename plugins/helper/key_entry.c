/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/key_entry.h"

#include <stdio.h>
#include <unistd.h>

#include "base/identity.h"
#include "base/safefile.h"
#include "plugins/helper/key_format.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

static bool is_given(const struct lwc_key_entry *entry, const struct lwc_option *option)
{
    return lwc_args_has(&entry->app->args, option);
}

enum lwc_code lwc_key_entry_begin(struct lwc_key_entry *entry, struct lwc_app *app, bool is_kept,
                                  struct lwc_error *err)
{
    const char *key_id = lwc_args_value(&app->args, &lwc_opt_key_id);

    *entry = (struct lwc_key_entry){.app = app, .is_kept = is_kept};
    if (is_given(entry, &lwc_opt_secret_file) && is_given(entry, &lwc_opt_secret_stdin)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "options --secret-file and --secret-stdin: not together");
    }
    (void)snprintf(entry->key_id, sizeof entry->key_id, "%s", key_id != NULL ? key_id : "");
    return LWC_OK;
}

void lwc_key_entry_clear(struct lwc_key_entry *entry)
{
    lwc_buf_free(&entry->secret);
}

enum lwc_code lwc_key_entry_ask_missing(struct lwc_app *app, const char *option_name,
                                        const char *question, uint32_t flags,
                                        struct lwc_buf **answer_out, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_app_no_prompt(app)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_LOCKED,
                                 "option %s: missing, and cannot ask: not interactive",
                                 option_name),
                        "give %s", option_name);
    }
    code = lwc_app_ask(app, question, flags, answer_out, err);
    return lwc_wrap(err, code, "option %s is missing", option_name);
}

enum lwc_code lwc_key_entry_ask_id(struct lwc_key_entry *entry, struct lwc_error *err)
{
    LWC_AUTO_BUF answer = NULL;
    enum lwc_code code = LWC_OK;

    if (entry->is_kept) {
        return LWC_OK;
    }
    if (entry->key_id[0] == '\0') {
        code = lwc_key_entry_ask_missing(entry->app, "--key-id", "Access key id", LWC_PROMPT_ECHO,
                                         &answer, err);
        if (code == LWC_OK) {
            code = lwc_key_id_check(lwc_buf_text(answer), err);
        }
        if (code != LWC_OK) {
            return code;
        }
        (void)snprintf(entry->key_id, sizeof entry->key_id, "%s", lwc_buf_text(answer));
    }
    code = lwc_key_slip_check(entry->key_id, NULL, err);
    if (code == LWC_OK && !lwc_key_id_is_usual(entry->key_id)) {
        /* Not quoted: it may be a secret in the wrong place. */
        lwc_app_warn(entry->app, "the key id has an unusual form; usual is ACME_0123456789ABCDEF");
    }
    return code;
}

static enum lwc_code read_secret(struct lwc_key_entry *entry, struct lwc_error *err)
{
    const char *file = lwc_args_value(&entry->app->args, &lwc_opt_secret_file);
    enum lwc_code code = lwc_buf_new(64, &entry->secret, err);

    if (code != LWC_OK) {
        return code;
    }
    if (file == NULL && isatty(STDIN_FILENO) == 1) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID,
                     "option --secret-stdin: standard input is a terminal, which would show it"),
            "leave the option out to be asked");
    }
    if (file == NULL) {
        code = lwc_fd_read(STDIN_FILENO, LWC_SECRET_MAX + 2, lwc_app_deadline_ms(entry->app),
                           entry->secret, err);
        code = lwc_wrap(err, code, "option --secret-stdin");
    } else {
        code = lwc_file_read_named("option --secret-file", file, LWC_SECRET_MAX + 2, entry->secret,
                                   err);
    }
    lwc_buf_drop_newline(entry->secret);
    return code;
}

enum lwc_code lwc_key_entry_read_file(struct lwc_key_entry *entry, struct lwc_error *err)
{
    return is_given(entry, &lwc_opt_secret_file) ? read_secret(entry, err) : LWC_OK;
}

enum lwc_code lwc_key_entry_ask_secret(struct lwc_key_entry *entry, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (is_given(entry, &lwc_opt_secret_stdin)) {
        code = read_secret(entry, err);
    } else if (entry->secret == NULL) {
        code = lwc_key_entry_ask_missing(entry->app, "--secret-file or --secret-stdin",
                                         "Secret (not shown)", 0, &entry->secret, err);
    }
    if (code == LWC_OK) {
        code = lwc_key_secret_check(lwc_buf_bytes(entry->secret), lwc_buf_len(entry->secret), err);
    }
    if (code != LWC_OK || entry->is_kept) {
        return code;
    }
    code = lwc_key_slip_check(NULL, lwc_buf_text(entry->secret), err);
    if (code == LWC_OK && !lwc_key_secret_is_usual(entry->key_id, lwc_buf_bytes(entry->secret),
                                                   lwc_buf_len(entry->secret))) {
        lwc_app_warn(entry->app, "the secret has an unusual form; usual is '_' and 32 more");
    }
    return code;
}
