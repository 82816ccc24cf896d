/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/json_edit.h"

#include <string.h>

#include "base/append.h"

/* Appends the bytes of @whole from @start to @end. */
static enum lwc_code copy_part(const char *start, const char *end, struct lwc_buf *out,
                               struct lwc_error *err)
{
    return end > start ? lwc_buf_append(out, start, (size_t)(end - start), err) : LWC_OK;
}

static enum lwc_code copy_text(const char *text, struct lwc_buf *out, struct lwc_error *err)
{
    return lwc_buf_append(out, text, strlen(text), err);
}

/* Returns how many blanks stand behind the opening brace of @object. */
static size_t count_blanks(struct lwc_json_span object)
{
    size_t count = 0;

    while (strchr(" \t\r\n", object.at[1 + count]) != NULL) {
        count++;
    }
    return count;
}

/* Appends the new member, behind the blanks that stand before the first one, and a comma. */
static enum lwc_code insert_member(struct lwc_json_span object, const char *name, const char *value,
                                   struct lwc_buf *out, struct lwc_error *err)
{
    const size_t blanks = count_blanks(object);
    const bool is_empty = object.at[1 + blanks] == '}';
    enum lwc_code code =
        is_empty ? LWC_OK : copy_part(object.at + 1, object.at + 1 + blanks, out, err);

    if (code == LWC_OK) {
        code = lwc_text_append_json(out, name, err);
    }
    if (code == LWC_OK) {
        code = copy_text(":", out, err);
    }
    if (code == LWC_OK) {
        code = copy_text(value, out, err);
    }
    return code == LWC_OK && !is_empty ? copy_text(",", out, err) : code;
}

enum lwc_code lwc_json_edit_set(struct lwc_json_span whole, struct lwc_json_span object,
                                const char *name, enum lwc_json_case how, const char *value,
                                struct lwc_buf *out, struct lwc_error *err)
{
    struct lwc_json_span old = {0};
    const char *cut = NULL;    /* the text before it is kept */
    const char *resume = NULL; /* and from here on           */
    enum lwc_code code = lwc_json_span_member(object, name, how, NULL, &old, err);

    if (code != LWC_OK) {
        return code;
    }
    cut = old.at != NULL ? old.at : object.at + 1;
    resume = old.at != NULL ? old.at + old.len : cut;
    code = copy_part(whole.at, cut, out, err);
    if (code == LWC_OK) {
        code = old.at != NULL ? copy_text(value, out, err)
                              : insert_member(object, name, value, out, err);
    }
    return code == LWC_OK ? copy_part(resume, whole.at + whole.len, out, err) : code;
}
