/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include <string.h>

#include "base/text.h"
#include "base/util.h"

static const struct lwc_format *const formats[] = {
    &lwc_format_git,
    &lwc_format_token,
    &lwc_format_json,
};

const struct lwc_format *lwc_format_at(size_t index)
{
    return index < LWC_ARRAY_LEN(formats) ? formats[index] : NULL;
}

static enum lwc_code fail_unknown_format(const char *name, struct lwc_error *err)
{
    const char *names[LWC_ARRAY_LEN(formats)];
    const char *near = NULL;
    /* Do not quote other text: it may be a secret in the wrong place. */
    const bool is_word = lwc_text_span(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name);
    enum lwc_code code = is_word ? lwc_fail(err, LWC_E_INVALID, "no format '%.32s'", name)
                                 : lwc_fail(err, LWC_E_INVALID, "no such format (it is no word)");

    for (size_t i = 0; i < LWC_ARRAY_LEN(formats); i++) {
        names[i] = formats[i]->name;
    }
    near = lwc_text_nearest(name, names, LWC_ARRAY_LEN(names));
    if (near != NULL) {
        return lwc_hint(err, code, "did you mean '%s'?", near);
    }
    return lwc_hint(err, code, "'lw-credential-helper get --help' lists the formats");
}

enum lwc_code lwc_format_find(const char *name, const struct lwc_format **format_out,
                              struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(formats); i++) {
        if (lwc_streq(formats[i]->name, name)) {
            *format_out = formats[i];
            return LWC_OK;
        }
    }
    return fail_unknown_format(name, err);
}
