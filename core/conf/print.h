/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_PRINT_H
#define CORE_CONF_PRINT_H

#include "base/buffer.h"
#include "base/error.h"
#include "conf/conf.h"

/*
 * A parsed stack as text again: controls as bracketed lists, arguments in brackets where they need
 * them.  Without a newline.  Parsing it gives the same lines.
 */

/* Appends a line to @out. */
enum lwc_code lwc_conf_text_line(struct lwc_buf *out, const struct lwc_conf_line *line,
                                 struct lwc_error *err) LWC_RESULT;

/* Appends "set NAME VALUE".  @setting must be set in @conf. */
enum lwc_code lwc_conf_text_setting(struct lwc_buf *out, const struct lwc_conf *conf,
                                    enum lwc_setting setting, struct lwc_error *err) LWC_RESULT;

#endif
