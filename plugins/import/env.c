/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/util.h"
#include "plugins/import/readers.h"

/* Lacework's own names first, then those that scripts and pipelines have made up. */
static const struct lwc_import_name names[] = {
    {"LW_ACCOUNT", LWC_IMPORT_ACCOUNT},
    {"LW_API_KEY", LWC_IMPORT_KEY_ID},
    {"LW_API_SECRET", LWC_IMPORT_SECRET},
    {"LW_SUBACCOUNT", LWC_IMPORT_SUB_ACCOUNT},
    {"LW_ORGANIZATION", LWC_IMPORT_ORGANIZATION},
    {"LW_KEYID", LWC_IMPORT_KEY_ID},
    {"LW_KEY_ID", LWC_IMPORT_KEY_ID},
    {"LW_API_KEY_ID", LWC_IMPORT_KEY_ID},
    {"LW_ACCESS_KEY_ID", LWC_IMPORT_KEY_ID},
    {"LW_ACCESSKEYID", LWC_IMPORT_KEY_ID},
    {"lwKeyId", LWC_IMPORT_KEY_ID},
    {"LW_SECRET", LWC_IMPORT_SECRET},
    {"LW_SECRETKEY", LWC_IMPORT_SECRET},
    {"LW_SECRET_KEY", LWC_IMPORT_SECRET},
    {"LW_API_SECRET_KEY", LWC_IMPORT_SECRET},
    {"LW_ACCESS_SECRET", LWC_IMPORT_SECRET},
    {"lwSecret", LWC_IMPORT_SECRET},
    {"lwSecretKey", LWC_IMPORT_SECRET},
    {"lwAccount", LWC_IMPORT_ACCOUNT},
    {"LW_ACCOUNT_URL", LWC_IMPORT_ACCOUNT},
    {"lwSubAccount", LWC_IMPORT_SUB_ACCOUNT},
    {"LW_SUB_ACCOUNT", LWC_IMPORT_SUB_ACCOUNT},
    {"LACEWORK_ACCOUNT", LWC_IMPORT_ACCOUNT},
    {"LACEWORK_API_KEY", LWC_IMPORT_KEY_ID},
    {"LACEWORK_KEY_ID", LWC_IMPORT_KEY_ID},
    {"LACEWORK_API_SECRET", LWC_IMPORT_SECRET},
    {"LACEWORK_SECRET_KEY", LWC_IMPORT_SECRET},
    {"LACEWORK_SUBACCOUNT", LWC_IMPORT_SUB_ACCOUNT},
};

/* Names of members in messages: that of the variable would do, but is text from outside. */
static const char *const labels[] = {
    [LWC_IMPORT_ACCOUNT] = "the account",
    [LWC_IMPORT_KEY_ID] = "the key id",
    [LWC_IMPORT_SECRET] = "the secret",
    [LWC_IMPORT_SUB_ACCOUNT] = "the sub-account",
    [LWC_IMPORT_ORGANIZATION] = "the organization flag",
};

/* An assignment; value NULL: a line without. */
struct assignment {
    enum lwc_import_member member;
    const char *value;
    size_t len;
};

static enum lwc_import_member find_name(const char *name, size_t len)
{
    return lwc_import_find(names, LWC_ARRAY_LEN(names), name, len);
}

enum lwc_code lwc_import_read_variables(char *const *variables, struct lwc_import_key *key_out,
                                        struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; variables[i] != NULL && code == LWC_OK; i++) {
        const char *equals = strchr(variables[i], '=');
        enum lwc_import_member member = LWC_IMPORT_MEMBERS;

        if (equals != NULL) {
            member = find_name(variables[i], (size_t)(equals - variables[i]));
        }
        if (member != LWC_IMPORT_MEMBERS) {
            code = lwc_import_set(key_out, member, labels[member], equals + 1, strlen(equals + 1),
                                  err);
        }
    }
    code = code == LWC_OK ? lwc_import_check(key_out, err) : code;
    return code == LWC_OK ? code : lwc_wrap(err, code, "environment");
}

/* Takes quotes away, or a comment behind a value without. */
static enum lwc_code remove_quotes(struct assignment *assignment, struct lwc_error *err)
{
    const char quote = assignment->len > 0 ? assignment->value[0] : '\0';
    const char *end = NULL;

    if (quote == '"' || quote == '\'') {
        end = memchr(assignment->value + 1, quote, assignment->len - 1);
        if (end == NULL) {
            return lwc_fail(err, LWC_E_INVALID, "a quote without its end");
        }
        assignment->value++;
        assignment->len = (size_t)(end - assignment->value);
        return LWC_OK;
    }
    /* An '=' at least stands in front of the value. */
    for (size_t i = 0; i < assignment->len; i++) {
        const char *at = assignment->value + i;

        if (at[0] == '#' && (at[-1] == ' ' || at[-1] == '\t')) {
            assignment->len = i;
        }
    }
    lwc_import_trim(&assignment->value, &assignment->len);
    return LWC_OK;
}

static enum lwc_code split_line(const char *line, size_t len, struct assignment *assignment_out,
                                struct lwc_error *err)
{
    static const char word[] = "export ";
    const char *equals = NULL;
    size_t name_len = 0;

    *assignment_out = (struct assignment){.member = LWC_IMPORT_MEMBERS};
    lwc_import_trim(&line, &len);
    if (len > sizeof word - 1 && memcmp(line, word, sizeof word - 1) == 0) {
        line += sizeof word - 1;
        len -= sizeof word - 1;
        lwc_import_trim(&line, &len);
    }
    equals = len > 0 && line[0] != '#' ? memchr(line, '=', len) : NULL;
    if (equals == NULL) {
        return LWC_OK;
    }
    name_len = (size_t)(equals - line);
    assignment_out->value = equals + 1;
    assignment_out->len = len - name_len - 1;
    lwc_import_trim(&line, &name_len);
    assignment_out->member = find_name(line, name_len);
    if (assignment_out->member == LWC_IMPORT_MEMBERS) {
        return LWC_OK;
    }
    lwc_import_trim(&assignment_out->value, &assignment_out->len);
    return remove_quotes(assignment_out, err);
}

static enum lwc_code read_line(const char *line, size_t len, struct lwc_import_key *key,
                               struct lwc_error *err)
{
    struct assignment found;
    enum lwc_code code = split_line(line, len, &found, err);

    if (code != LWC_OK || found.member == LWC_IMPORT_MEMBERS) {
        return code;
    }
    return lwc_import_set(key, found.member, labels[found.member], found.value, found.len, err);
}

enum lwc_code lwc_import_read_env(const struct lwc_buf *text, struct lwc_import_key *key_out,
                                  struct lwc_error *err)
{
    return lwc_import_read_lines(text, read_line, key_out, err);
}

enum lwc_code lwc_import_empty_env(const struct lwc_buf *text, struct lwc_buf *edited,
                                   struct lwc_error *err)
{
    const size_t bom_len = lwc_import_bom_len(lwc_buf_text(text), lwc_buf_len(text));
    const char *kept = lwc_buf_text(text);
    const char *rest = kept + bom_len;
    size_t rest_len = lwc_buf_len(text) - bom_len;
    const char *line = NULL;
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK && lwc_import_take_line(&rest, &rest_len, &line, &len)) {
        struct assignment found;

        code = split_line(line, len, &found, err);
        if (code == LWC_OK && found.member == LWC_IMPORT_SECRET) {
            code = lwc_buf_append(edited, kept, (size_t)(found.value - kept), err);
            kept = found.value + found.len;
        }
    }
    return code == LWC_OK ? lwc_buf_append(edited, kept, (size_t)(rest - kept), err) : code;
}
