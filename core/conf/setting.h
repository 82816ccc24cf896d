/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_SETTING_H
#define CORE_CONF_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/lexer.h"

/* Settings: the lines "set NAME VALUE". */

/* "auto", "keyring", ...  Static. */
const char *lwc_cache_mode_name(enum lwc_cache_mode mode);

/* The mode of such a word.  False for another one. */
bool lwc_cache_mode_parse(const char *word, enum lwc_cache_mode *mode_out);

/* "cache", "min-valid", ...  Static. */
const char *lwc_setting_name(enum lwc_setting setting);

/* The value of @setting in @conf as it is written.  Into @out, which it returns. */
#define LWC_SETTING_TEXT_LEN 24
const char *lwc_setting_text(const struct lwc_conf *conf, enum lwc_setting setting,
                             char out[LWC_SETTING_TEXT_LEN]);

/*
 * Take the words of a line "set NAME VALUE" into @conf.
 *
 * @setting_out  which one it was.
 * @at_out       on failure, where in the file.
 */
enum lwc_code lwc_setting_parse(const struct lwc_words *words, struct lwc_conf *conf,
                                enum lwc_setting *setting_out, size_t *at_out,
                                struct lwc_error *err) LWC_RESULT;

#endif
