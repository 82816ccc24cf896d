/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <string.h>

#include "base/text.h"

enum lwc_code lwc_hint_nearest(struct lwc_error *err, enum lwc_code code, const char *before,
                               const char *word, const char *const *words, size_t count,
                               const char *after)
{
    const char *near = lwc_text_nearest(word, words, count);

    return near == NULL ? code : lwc_hint(err, code, "did you mean %s%s%s?", before, near, after);
}

enum lwc_code lwc_fail_unknown(struct lwc_error *err, const char *kind, const char *word,
                               const char *const *words, size_t count)
{
    const bool is_word = lwc_text_span(word, "abcdefghijklmnopqrstuvwxyz-") == strlen(word);
    enum lwc_code code = is_word ? lwc_fail(err, LWC_E_INVALID, "unknown %s '%.32s'", kind, word)
                                 : lwc_fail(err, LWC_E_INVALID, "unknown %s (it is no word)", kind);

    return lwc_hint_nearest(err, code, "'", word, words, count, "'");
}
