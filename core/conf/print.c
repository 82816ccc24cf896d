/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/print.h"

#include <string.h>

#include "base/append.h"
#include "conf/control.h"
#include "conf/setting.h"

static enum lwc_code append_quoted(struct lwc_buf *out, const char *arg, struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_append(out, "[", 1, err);

    for (const char *at = arg; code == LWC_OK && *at != '\0'; at++) {
        code = *at == ']' ? lwc_buf_append(out, "\\]", 2, err) : lwc_buf_append(out, at, 1, err);
    }
    return code == LWC_OK ? lwc_buf_append(out, "]", 1, err) : code;
}

static enum lwc_code append_arg(struct lwc_buf *out, const char *arg, struct lwc_error *err)
{
    enum lwc_code code = lwc_buf_append(out, " ", 1, err);

    if (code != LWC_OK) {
        return code;
    }
    if (arg[0] != '[' && strpbrk(arg, " \t#") == NULL) {
        return lwc_buf_append(out, arg, strlen(arg), err);
    }
    return append_quoted(out, arg, err);
}

enum lwc_code lwc_conf_text_line(struct lwc_buf *out, const struct lwc_conf_line *line,
                                 struct lwc_error *err)
{
    char control[LWC_CONTROL_TEXT_LEN];
    enum lwc_code code = lwc_text_append(out, err, "%s %s %s", lwc_op_name(line->op),
                                         lwc_control_text(line->actions, control), line->backend);

    for (size_t i = 0; i < line->argc && code == LWC_OK; i++) {
        code = append_arg(out, line->argv[i], err);
    }
    return code;
}

enum lwc_code lwc_conf_text_setting(struct lwc_buf *out, const struct lwc_conf *conf,
                                    enum lwc_setting setting, struct lwc_error *err)
{
    char value[LWC_SETTING_TEXT_LEN];

    return lwc_text_append(out, err, "set %s %s", lwc_setting_name(setting),
                           lwc_setting_text(conf, setting, value));
}
