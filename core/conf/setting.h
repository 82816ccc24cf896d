/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_SETTING_H
#define CORE_CONF_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/conf.h"
#include "conf/lexer.h"

/* Settings: the lines "set NAME VALUE". */

/* Returns the word for @mode, "keyring".  Static. */
const char *lwc_cache_mode_name(enum lwc_cache_mode mode);

/* Reads the mode from its word.  Returns false for another word. */
bool lwc_cache_mode_parse(const char *word, enum lwc_cache_mode *mode_out);

/* Returns the name of @setting, "min-valid".  Static. */
const char *lwc_setting_name(enum lwc_setting setting);

/* Returns the value of @setting in @conf as it is written: static, or in @out. */
#define LWC_SETTING_TEXT_LEN 24
const char *lwc_setting_text(const struct lwc_conf *conf, enum lwc_setting setting,
                             char out[LWC_SETTING_TEXT_LEN]);

/*
 * Sets the words of a line "set NAME VALUE" in @conf.
 *
 * @setting_out  the setting.
 * @at_out       on failure, its place in the file.
 */
enum lwc_code lwc_setting_parse(const struct lwc_words *words, struct lwc_conf *conf,
                                enum lwc_setting *setting_out, size_t *at_out,
                                struct lwc_error *err) LWC_RESULT;

#endif
