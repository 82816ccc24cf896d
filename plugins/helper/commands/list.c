/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/append.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/credentials.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"
#include "plugins/helper/shared_options.h"

#define OUT_CAP 4096
#define CELL_LEN 320
#define GAP 2 /* blanks between columns */

/* The columns of list, and the lines of show. */
typedef const char *cell_fn(const struct lwc_credentials_entry *entry);

static const char *show_profile(const struct lwc_credentials_entry *entry)
{
    return entry->id.profile;
}

static const char *show_account(const struct lwc_credentials_entry *entry)
{
    return entry->id.account;
}

static const char *show_origin(const struct lwc_credentials_entry *entry)
{
    return lwc_identity_authority(&entry->id);
}

static const char *show_key_id(const struct lwc_credentials_entry *entry)
{
    return entry->id.key_id;
}

static const char *show_sub_account(const struct lwc_credentials_entry *entry)
{
    return entry->id.sub_account;
}

static const char *show_org(const struct lwc_credentials_entry *entry)
{
    return (entry->id.flags & LWC_ID_ORG_ACCESS) != 0 ? "yes" : "no";
}

static const char *show_kind(const struct lwc_credentials_entry *entry)
{
    return lwc_kind_name(entry->id.kind);
}

static const char *show_backend(const struct lwc_credentials_entry *entry)
{
    return entry->backend;
}

static const char *show_place(const struct lwc_credentials_entry *entry)
{
    return entry->place;
}

static const char *show_token(const struct lwc_credentials_entry *entry)
{
    return entry->token;
}

struct column {
    const char *title;
    cell_fn *cell;
};

static const struct column columns[] = {
    {"PROFILE", show_profile}, {"ACCOUNT", show_account},
    {"KEY ID", show_key_id},   {"SUB-ACCOUNT", show_sub_account},
    {"ORG", show_org},         {"BACKEND", show_place},
    {"TOKEN", show_token},
};

#define COLUMN_COUNT LWC_ARRAY_LEN(columns)

static const struct column lines[] = {
    {"profile", show_profile}, {"account", show_account},         {"API at", show_origin},
    {"key id", show_key_id},   {"sub-account", show_sub_account}, {"org access", show_org},
    {"kind", show_kind},       {"backend", show_backend},         {"token", show_token},
};

/* An empty cell would shift the others for a program that splits at blanks. */
static const char *clean_cell(char room[CELL_LEN], const char *text)
{
    const size_t len = strlen(text);

    if (len > 0 && len < CELL_LEN && lwc_text_is_graph(text, len)) {
        return text;
    }
    lwc_text_printable(room, CELL_LEN, text, len);
    return room[0] == '\0' ? "-" : room;
}

static void measure_columns(const struct lwc_credentials *credentials,
                            size_t widths_out[COLUMN_COUNT])
{
    char room[CELL_LEN];

    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        widths_out[i] = strlen(columns[i].title);
    }
    for (const struct lwc_credentials_entry *entry = credentials->first; entry != NULL;
         entry = entry->next) {
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            const size_t len = strlen(clean_cell(room, columns[i].cell(entry)));

            widths_out[i] = len > widths_out[i] ? len : widths_out[i];
        }
    }
}

/* Appends a row; @entry NULL: the titles. */
static enum lwc_code append_row(struct lwc_buf *out, const size_t *widths,
                                const struct lwc_credentials_entry *entry, struct lwc_error *err)
{
    char row[COLUMN_COUNT * (CELL_LEN + GAP)];
    char room[CELL_LEN];
    size_t begin = 0;
    size_t end = 0;

    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const char *text =
            entry == NULL ? columns[i].title : clean_cell(room, columns[i].cell(entry));
        const size_t len = strlen(text);

        memset(row + end, ' ', begin - end);
        memcpy(row + begin, text, len);
        end = begin + len;
        begin += widths[i] + GAP;
    }
    row[end++] = '\n';
    return lwc_buf_append(out, row, end, err);
}

static enum lwc_code append_table(struct lwc_buf *out, const struct lwc_credentials *credentials,
                                  struct lwc_error *err)
{
    size_t widths[COLUMN_COUNT];
    size_t row_len = 1;
    enum lwc_code code = LWC_OK;

    measure_columns(credentials, widths);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        row_len += widths[i] + GAP;
    }
    /* Reserve at once: growing locked memory is copied and wiped each time. */
    if (credentials->count > 0 &&
        lwc_buf_reserve(out, (credentials->count + 1) * row_len) == NULL) {
        return lwc_fail_nomem(err);
    }
    if (credentials->count > 0) {
        code = append_row(out, widths, NULL, err);
    }
    for (const struct lwc_credentials_entry *entry = credentials->first;
         code == LWC_OK && entry != NULL; entry = entry->next) {
        code = append_row(out, widths, entry, err);
    }
    return code;
}

static enum lwc_code append_object(struct lwc_buf *out, const struct lwc_credentials_entry *entry,
                                   struct lwc_error *err)
{
    char life[24] = "null";

    if (entry->life_s > 0) {
        (void)snprintf(life, sizeof life, "%" PRId64, entry->life_s);
    }
    return lwc_json_append_stored(out, &entry->id, entry->backend, life, err);
}

static enum lwc_code append_array(struct lwc_buf *out, const struct lwc_credentials *credentials,
                                  struct lwc_error *err)
{
    enum lwc_code code = lwc_text_append(out, err, "[");

    for (const struct lwc_credentials_entry *entry = credentials->first;
         code == LWC_OK && entry != NULL; entry = entry->next) {
        code = entry == credentials->first ? LWC_OK : lwc_buf_append(out, ",", 1, err);
        if (code == LWC_OK) {
            code = append_object(out, entry, err);
        }
    }
    return code != LWC_OK ? code : lwc_text_append(out, err, "]\n");
}

static enum lwc_code print_credentials(const struct lwc_app *app,
                                       const struct lwc_credentials *credentials,
                                       struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    enum lwc_code code = lwc_buf_new(OUT_CAP, &out, err);

    if (code == LWC_OK) {
        code = lwc_args_has(&app->args, &lwc_opt_json) ? append_array(out, credentials, err)
                                                       : append_table(out, credentials, err);
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}

static void warn_held_twice(const struct lwc_app *app, const struct lwc_credentials *credentials)
{
    for (const struct lwc_credentials_entry *entry = credentials->first; entry != NULL;
         entry = entry->next) {
        const struct lwc_credentials_entry *other = entry->held_before;

        if (other != NULL) {
            lwc_app_warn(app,
                         "backends '%s' and '%s' both hold profile '%s': 'explain' says which "
                         "answers, 'remove --backend' removes one",
                         other->backend, entry->backend, entry->id.profile);
        }
    }
}

static void report_none(const struct lwc_app *app)
{
    if (lwc_args_has(&app->args, &lwc_opt_profile) || lwc_args_has(&app->args, &lwc_opt_account)) {
        lwc_app_say(app, "no stored credential is that of --profile and --account");
        return;
    }
    lwc_app_say(app, "no credential is stored; 'lw-credential-helper add' stores one");
}

/* Prints the credentials found even if a backend failed; the status reports the failure. */
static enum lwc_code run_list(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    struct lwc_error print_err = {0};
    enum lwc_code code = lwc_credentials_load(app, &credentials, err);
    enum lwc_code print_code = LWC_OK;

    if (code != LWC_OK && credentials.count == 0 && !lwc_args_has(&app->args, &lwc_opt_json)) {
        return code;
    }
    if (credentials.count == 0 && code == LWC_OK) {
        report_none(app);
    }
    warn_held_twice(app, &credentials);
    print_code = print_credentials(app, &credentials, &print_err);
    if (print_code != LWC_OK) {
        *err = print_err;
        return print_code;
    }
    return code;
}

/* Entries with the same profile are not ambiguous: the first backend answers. */
static bool is_ambiguous(const struct lwc_credentials *credentials)
{
    for (const struct lwc_credentials_entry *entry = credentials->first; entry != NULL;
         entry = entry->next) {
        if (!lwc_streq(show_profile(entry), show_profile(credentials->first))) {
            return true;
        }
    }
    return false;
}

static enum lwc_code check_single(const struct lwc_app *app,
                                  const struct lwc_credentials *credentials, struct lwc_error *err)
{
    const char *profile = lwc_args_value(&app->args, &lwc_opt_profile);
    enum lwc_code code = LWC_OK;

    if (credentials->count == 0) {
        code = profile == NULL && app->account[0] == '\0'
                   ? lwc_fail(err, LWC_E_NOT_FOUND, "no credential is stored")
               : profile == NULL
                   ? lwc_fail(err, LWC_E_NOT_FOUND, "no credential of account '%s'", app->account)
                   : lwc_fail(err, LWC_E_NOT_FOUND, "no credential with profile '%s'", profile);
        return lwc_hint(err, code, "'lw-credential-helper list' shows what there is");
    }
    if (is_ambiguous(credentials)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "%zu credentials fit", credentials->count),
                        "name one with --profile; 'lw-credential-helper list' shows "
                        "them");
    }
    return LWC_OK;
}

static enum lwc_code append_lines(struct lwc_buf *out, const struct lwc_credentials_entry *entry,
                                  struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;
    char room[CELL_LEN];

    for (size_t i = 0; code == LWC_OK && i < LWC_ARRAY_LEN(lines); i++) {
        code = lwc_text_append(out, err, "%s: %s\n", lines[i].title,
                               clean_cell(room, lines[i].cell(entry)));
    }
    return code;
}

static const struct lwc_option opt_reveal = {
    .name = "reveal",
    .help = "print a kept agent or scanner token, alone on a line",
};

/* Prints a token that is only kept; the secret of an access key never. */
static enum lwc_code reveal_token(struct lwc_app *app, const struct lwc_credentials_entry *entry,
                                  struct lwc_error *err)
{
    LWC_AUTO_BUF token = NULL;
    struct lwc_sink sink = {.data = NULL};
    enum lwc_code code = LWC_OK;

    if (!lwc_kind_is_kept(entry->id.kind)) {
        return lwc_fail(err, LWC_E_INVALID,
                        "option --reveal: profile '%s' is no agent or scanner token",
                        entry->id.profile);
    }
    lwc_buf_sink(&token, &sink);
    code = lwc_kept_token_get(app->ctx, entry->id.profile, entry->id.kind, &sink, err);
    if (code == LWC_OK) {
        code = lwc_buf_append(token, "\n", 1, err);
    }
    return code == LWC_OK ? lwc_output_write(token, err) : code;
}

static enum lwc_code run_show(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_CREDENTIALS credentials = {0};
    LWC_AUTO_BUF out = NULL;
    enum lwc_code code = lwc_credentials_load(app, &credentials, err);

    if (code == LWC_OK) {
        code = check_single(app, &credentials, err);
    }
    if (code == LWC_OK) {
        warn_held_twice(app, &credentials);
        code = lwc_buf_new(OUT_CAP, &out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (lwc_args_has(&app->args, &opt_reveal)) {
        return reveal_token(app, credentials.first, err);
    }
    if (lwc_args_has(&app->args, &lwc_opt_json)) {
        code = append_object(out, credentials.first, err);
        code = code != LWC_OK ? code : lwc_text_append(out, err, "\n");
    } else {
        code = append_lines(out, credentials.first, err);
    }
    return code != LWC_OK ? code : lwc_output_write(out, err);
}

/* Results of a removal in several backends.  The error holds the first failure only. */
struct remove_report {
    const struct lwc_app *app;
    const char *profile;
    bool has_removed;
    bool has_failed;
};

static void note_removed(void *data, const char *backend, const struct lwc_error *why)
{
    struct remove_report *removal = data;

    if (why == NULL) {
        lwc_app_say(removal->app, "removed profile '%s' from backend '%s'", removal->profile,
                    backend);
    } else if (removal->has_failed) {
        lwc_app_warn(removal->app, "backend '%s' may hold it still: %s", backend, why->msg);
    }
    removal->has_removed = removal->has_removed || why == NULL;
    removal->has_failed = removal->has_failed || why != NULL;
}

static enum lwc_code run_remove(struct lwc_app *app, struct lwc_error *err)
{
    const char *profile = lwc_args_value(&app->args, &lwc_opt_profile);
    const struct lwc_query query = lwc_app_query(app);
    struct remove_report removal = {.app = app, .profile = profile};
    enum lwc_code code = LWC_OK;

    if (profile == NULL) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "remove: no profile given"),
                        "'lw-credential-helper list' shows the profiles");
    }
    code = lwc_app_open(app, err);
    if (code == LWC_OK) {
        code =
            lwc_key_remove(app->ctx, &query, NULL, 0, lwc_args_value(&app->args, &lwc_opt_backend),
                           note_removed, &removal, err);
    }
    if (code == LWC_OK) {
        return code;
    }
    code = lwc_wrap(err, code, "profile '%s'", profile);
    if (removal.has_removed) {
        return lwc_hint(err, code,
                        "remove it there once that can be asked; with --backend no other is");
    }
    if (code == LWC_E_NOT_FOUND && err != NULL && err->hint[0] == '\0') {
        return lwc_hint(err, code, "'lw-credential-helper list' shows the profiles");
    }
    return code;
}

const struct lwc_command lwc_list_command = {
    .name = "list",
    .aliases = LWC_ALIASES("ls"),
    .summary = "list the stored credentials",
    .text = "Never shows a secret and unlocks nothing.",
    .example = "list --json",
    .run = run_list,
};

const struct lwc_command lwc_show_command = {
    .name = "show",
    .summary = "show one stored credential",
    .options = LWC_OPTIONS(&opt_reveal),
    .operands = "[PROFILE]",
    .operands_max = 1,
    .has_profile_operand = true,
    .text = "PROFILE as with --profile.  Never shows the secret of an access key.",
    .example = "show prod",
    .run = run_show,
};

const struct lwc_command lwc_remove_command = {
    .name = "remove",
    .aliases = LWC_ALIASES("rm"),
    .summary = "remove a stored credential",
    .options = LWC_OPTIONS(&lwc_opt_backend),
    .operands = "PROFILE",
    .operands_max = 1,
    .has_profile_operand = true,
    .text = "PROFILE as with --profile.  The access key itself stays valid: disable\n"
            "it in the Lacework console.",
    .example = "remove prod",
    .run = run_remove,
};
