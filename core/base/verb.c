/* SPDX-License-Identifier: Apache-2.0 */
#include "base/verb.h"

#include "base/text.h"
#include "base/utf8.h"
#include "base/util.h"

/* Returns whether @word is 1 to @max bytes of a-z, 0-9 and '-'. */
static bool is_word(const char *word, size_t max)
{
    const size_t len = word != NULL ? strnlen(word, max + 1) : 0;

    return len >= 1 && len <= max &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool is_argument(const char *text)
{
    const size_t len = text != NULL ? strnlen(text, LWC_VERB_ARG_MAX + 1) : SIZE_MAX;

    return len <= LWC_VERB_ARG_MAX && !lwc_text_has_control(text, len);
}

/* Returns whether a terminal shows @text as it is. */
static bool is_value(const char *text)
{
    size_t len = text != NULL ? strnlen(text, LWC_FIELD_VALUE_MAX + 1) : SIZE_MAX;

    if (len > LWC_FIELD_VALUE_MAX) {
        return false;
    }
    while (len > 0) {
        const struct lwc_utf8 next = lwc_utf8_next((const uint8_t *)text, len);

        if (lwc_utf8_is_active(next.point)) {
            return false;
        }
        text += next.len;
        len -= next.len;
    }
    return true;
}

enum lwc_code lwc_verb_check(const char *verb, size_t argc, const char *const *argv,
                             struct lwc_error *err)
{
    if (!is_word(verb, LWC_VERB_MAX)) {
        return lwc_fail(err, LWC_E_INVALID, "a command is 1 to %d of a-z, 0-9 and '-'",
                        LWC_VERB_MAX);
    }
    if (argc > LWC_VERB_ARGS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s: %zu arguments, allowed are %d", verb, argc,
                        LWC_VERB_ARGS_MAX);
    }
    for (size_t i = 0; i < argc; i++) {
        if (!is_argument(argv[i])) {
            return lwc_fail(err, LWC_E_INVALID,
                            "%s: argument %zu is longer than %d bytes, or has control characters",
                            verb, i + 1, LWC_VERB_ARG_MAX);
        }
    }
    return LWC_OK;
}

static bool is_repeated(const struct lwc_field *fields, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (lwc_streq(fields[i].name, fields[index].name)) {
            return true;
        }
    }
    return false;
}

enum lwc_code lwc_record_check(const struct lwc_field *fields, size_t count, struct lwc_error *err)
{
    if (count < 1 || count > LWC_FIELDS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "a record of %zu fields, allowed are 1 to %d", count,
                        LWC_FIELDS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_word(fields[i].name, LWC_FIELD_NAME_MAX)) {
            return lwc_fail(err, LWC_E_INVALID, "a field without a proper name");
        }
        if (is_repeated(fields, i)) {
            return lwc_fail(err, LWC_E_INVALID, "the field '%s' twice", fields[i].name);
        }
        if (!is_value(fields[i].value)) {
            return lwc_fail(err, LWC_E_INVALID,
                            "a field '%s' that is longer than %d bytes, or no printable text",
                            fields[i].name, LWC_FIELD_VALUE_MAX);
        }
    }
    return LWC_OK;
}

enum lwc_code lwc_verb_unknown(const char *name, const char *verb, struct lwc_error *err)
{
    return lwc_fail(err, LWC_E_INVALID, "backend '%s' has no command '%s'", name, verb);
}
