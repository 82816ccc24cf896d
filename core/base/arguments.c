/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arguments.h"

#include <stdint.h>
#include <string.h>

#include "base/util.h"

static bool has_value(const struct lwc_argument *word)
{
    return word->word[strlen(word->word) - 1] == '=';
}

static bool is_named(const struct lwc_argument *word, const char *text)
{
    return has_value(word) ? strncmp(text, word->word, strlen(word->word)) == 0
                           : lwc_streq(text, word->word);
}

static enum lwc_code keep_text(void *member, const char *value, struct lwc_error *err)
{
    (void)err;
    memcpy(member, &value, sizeof value);
    return LWC_OK;
}

enum lwc_code lwc_argument_path(void *member, const char *value, struct lwc_error *err)
{
    if (value[0] != '/' && strncmp(value, "~/", 2) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "path '%s' is neither absolute nor begins with ~/",
                        value);
    }
    return keep_text(member, value, err);
}

static enum lwc_code read_argument(const struct lwc_argument_table *table, const char *text,
                                   uint32_t *seen, void *into, struct lwc_error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct lwc_argument *word = &table->words[i];
        const uint32_t bit = UINT32_C(1) << i;

        if (!is_named(word, text)) {
            continue;
        }
        if ((*seen & bit) != 0 && !word->can_repeat) {
            return lwc_fail(err, LWC_E_INVALID, "'%s' is repeated", word->word);
        }
        *seen |= bit;
        return (word->read != NULL ? word->read : keep_text)((char *)into + word->member,
                                                             text + strlen(word->word), err);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "unknown argument '%s'", text), "%s",
                    table->known);
}

enum lwc_code lwc_arguments_read(const struct lwc_argument_table *table, size_t argc,
                                 const char *const *argv, void *into, struct lwc_error *err)
{
    uint32_t seen = 0;
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < argc && code == LWC_OK; i++) {
        code = read_argument(table, argv[i], &seen, into, err);
    }
    return code;
}
