/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/format/formats.h"

#include "base/suggest.h"
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
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < LWC_ARRAY_LEN(formats); i++) {
        names[i] = formats[i]->name;
    }
    code = lwc_fail_unknown(err, "format", name, names, LWC_ARRAY_LEN(names));
    if (err != NULL && err->hint[0] == '\0') {
        return lwc_hint(err, code, "'lw-credential-helper get --help' lists the formats");
    }
    return code;
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
