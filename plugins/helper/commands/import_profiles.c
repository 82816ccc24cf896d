/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The import of profiles of the Lacework CLI: copies from a stack that is its file alone, so that
 * backend lacework-cli stays the only reader of that file, and secrets stay in the library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/append.h"
#include "base/identity.h"
#include "base/util.h"
#include "plugins/helper/commands/import.h"
#include "plugins/helper/program.h"

#define PROFILES_MAX 1000

struct profile_list {
    const struct lwc_import *import;
    struct lwc_identity_copy *all;
    size_t count;
};

static void clear_list(struct profile_list *list)
{
    free(list->all);
    list->all = NULL;
    list->count = 0;
}
#define AUTO_LIST LWC_AUTO(struct profile_list, clear_list)

/* Appends an argument of a stack line, in brackets, in which "]" is escaped. */
static enum lwc_code append_path(struct lwc_buf *out, const char *path, struct lwc_error *err)
{
    enum lwc_code code = lwc_text_append(out, err, " [path=");

    for (; *path != '\0' && code == LWC_OK; path++) {
        code = *path == '\n' || *path == '\\'
                   ? lwc_fail(err, LWC_E_INVALID, "import: a path without '\\' expected")
                   : lwc_text_append(out, err, "%s%c", *path == ']' ? "\\" : "", *path);
    }
    return code == LWC_OK ? lwc_text_append(out, err, "]") : code;
}

/* Opens the stack of the file alone.  @as: name for a profile whose own cannot be used. */
static enum lwc_code open_source(const struct lwc_import *import, const char *as,
                                 struct lwc_context **ctx_out, struct lwc_error *err)
{
    static const char *const operations[] = {"lookup", "erase"};
    struct lwc_options options = lwc_app_options(import->app);
    LWC_AUTO_BUF stack = NULL;
    enum lwc_code code = lwc_buf_new(1024, &stack, err);

    if (code == LWC_OK) {
        code = lwc_text_append(stack, err, "set cache none\n");
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(operations) && code == LWC_OK; i++) {
        code = lwc_text_append(stack, err, "%s required lacework-cli", operations[i]);
        code = code == LWC_OK ? append_path(stack, import->path, err) : code;
        if (code == LWC_OK && as != NULL) {
            code = lwc_text_append(stack, err, " as=%s%s%s", as,
                                   import->account != NULL ? " account=" : "",
                                   import->account != NULL ? import->account : "");
        }
        code = code == LWC_OK ? lwc_text_append(stack, err, "\n") : code;
    }
    if (code != LWC_OK) {
        return code;
    }
    options.service = NULL;
    options.config = NULL;
    options.stack = lwc_buf_text(stack);
    return lwc_open(&options, ctx_out, err);
}

static enum lwc_code add_profile(void *data, const struct lwc_identity *id, const char *backend,
                                 struct lwc_error *err)
{
    struct profile_list *list = data;
    struct lwc_identity_copy *all = NULL;

    (void)backend;
    if (list->import->account != NULL && !lwc_streq(list->import->account, id->account)) {
        return LWC_OK;
    }
    if (list->count == PROFILES_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d profiles", PROFILES_MAX);
    }
    all = reallocarray(list->all, list->count + 1, sizeof *all);
    if (all == NULL) {
        return lwc_fail_nomem(err);
    }
    list->all = all;
    return lwc_identity_copy(id, &all[list->count++], err);
}

/* The texts of an identity move with the array: its pointers are set anew. */
static struct lwc_identity identity_at(const struct profile_list *list, size_t number)
{
    const struct lwc_identity_copy *copy = &list->all[number];
    struct lwc_identity id = copy->id;

    id.profile = copy->profile;
    id.account = copy->account;
    id.origin = copy->origin;
    id.key_id = copy->key_id;
    id.sub_account = copy->sub_account;
    return id;
}

static enum lwc_code list_source(struct lwc_context *ctx, struct profile_list *list,
                                 struct lwc_error *err)
{
    clear_list(list);
    return lwc_list(ctx, NULL, add_profile, list, err);
}

/* Returns the position of the profile in the list, or its length. */
static size_t find_profile(const struct profile_list *list, const char *profile)
{
    size_t i = 0;

    while (i < list->count && !lwc_streq(list->all[i].profile, profile)) {
        i++;
    }
    return i;
}

/* With --profile: the one of that name, else one that cannot have its name here, else the only. */
static enum lwc_code choose_profile(const struct lwc_import *import, struct lwc_context **ctx,
                                    struct profile_list *list, size_t *number_out,
                                    struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    *number_out = find_profile(list, import->profile);
    if (*number_out < list->count) {
        return LWC_OK;
    }
    lwc_close(ctx);
    code = open_source(import, import->profile, ctx, err);
    if (code == LWC_OK) {
        code = list_source(*ctx, list, err);
    }
    if (code != LWC_OK && code != LWC_E_NOT_FOUND) {
        return code;
    }
    *number_out = find_profile(list, import->profile);
    if (*number_out == list->count && list->count == 1) {
        *number_out = 0;
    }
    return *number_out < list->count
               ? LWC_OK
               : lwc_hint(err,
                          lwc_fail(err, LWC_E_NOT_FOUND, "import: %s has no profile '%s'",
                                   import->shown, import->profile),
                          "--account chooses a profile that is to get that name");
}

static void import_profile(struct lwc_import *import, struct lwc_context *from,
                           const struct lwc_identity *id)
{
    struct lwc_identity shown = *id;
    struct lwc_copy copy = {.size = sizeof copy,
                            .flags = LWC_COPY_RESUME,
                            .profile = id->profile,
                            .new_profile = import->profile,
                            .new_backend = import->backend};
    struct lwc_error why = {0};
    char text[128];

    shown.profile = import->profile != NULL ? import->profile : id->profile;
    copy.flags |= import->is_proved ? LWC_COPY_PROVE : 0;
    copy.flags |= import->is_replacing ? LWC_COPY_REPLACE : 0;
    copy.flags |= import->is_deleting ? LWC_COPY_REMOVE : 0;
    if (import->is_dry) {
        lwc_outcomes_add(&import->outcomes, &shown, "would-import", "", "would be imported", NULL);
        return;
    }
    if (lwc_key_copy(from, import->app->ctx, &copy, &why) != LWC_OK) {
        lwc_outcomes_add(&import->outcomes, &shown, NULL, copy.is_stored ? copy.to : "",
                         copy.is_stored ? "is imported, but not removed there" : "is not imported",
                         &why);
        return;
    }
    (void)snprintf(text, sizeof text, "%s backend '%s'%s",
                   copy.was_there ? "already imported: in" : "imported into", copy.to,
                   copy.is_removed ? ", and removed where it was" : "");
    lwc_outcomes_add(&import->outcomes, &shown, copy.was_there ? "already" : "imported", copy.to,
                     text, NULL);
}

static enum lwc_code import_list(struct lwc_import *import, struct lwc_context **ctx,
                                 struct profile_list *list, struct lwc_error *err)
{
    size_t number = 0;
    enum lwc_code code = LWC_OK;

    if (import->profile != NULL) {
        code = choose_profile(import, ctx, list, &number, err);
        if (code == LWC_OK) {
            const struct lwc_identity id = identity_at(list, number);

            import_profile(import, *ctx, &id);
        }
        return code;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct lwc_identity id = identity_at(list, i);

        import_profile(import, *ctx, &id);
    }
    return LWC_OK;
}

enum lwc_code lwc_import_profiles(struct lwc_import *import, struct lwc_error *err)
{
    LWC_AUTO(struct lwc_context *, lwc_close) ctx = NULL;
    AUTO_LIST list = {.import = import};
    enum lwc_code code = open_source(import, NULL, &ctx, err);

    if (code != LWC_OK) {
        return code;
    }
    code = list_source(ctx, &list, err);
    if (code != LWC_OK && (code != LWC_E_NOT_FOUND || import->profile == NULL)) {
        return lwc_wrap(err, code, "import");
    }
    if (list.count == 0 && import->is_again) {
        lwc_app_say(import->app, "the interrupted import of %s is finished", import->shown);
        return LWC_OK;
    }
    if (list.count == 0 && import->profile == NULL) {
        return lwc_fail(err, LWC_E_NOT_FOUND, "import: %s has no profile with a key",
                        import->shown);
    }
    return import_list(import, &ctx, &list, err);
}
