/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/user_profile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_span.h"

#define ACCOUNTS_MAX 10000

void lwc_user_profile_clear(struct lwc_user_profile *profile)
{
    free(profile->accounts);
    *profile = (struct lwc_user_profile){0};
}

static enum lwc_code fail_unusable(struct lwc_error *err, const char *what)
{
    return lwc_fail(err, LWC_E_NETWORK, "unusable reply: %s", what);
}

/* Finds a member; NULL and an empty span for one that is missing or null. */
static enum lwc_code find_member(struct lwc_json_span object, const char *name,
                                 struct lwc_json_span *value_out, struct lwc_error *err)
{
    enum lwc_code code = lwc_json_span_member(object, name, LWC_JSON_EXACT, NULL, value_out, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_NETWORK, "unusable reply");
    }
    if (lwc_json_span_type(*value_out) == 'n') {
        *value_out = (struct lwc_json_span){NULL, 0};
    }
    return LWC_OK;
}

/* A reply being read: room for a text, and the error. */
struct profile_reader {
    struct lwc_buf *text;
    struct lwc_error *err;
};

/* Reads a text of up to @cap - 1 bytes; "" for a missing member. */
static enum lwc_code read_text(const struct profile_reader *reader, struct lwc_json_span object,
                               const char *name, char *text_out, size_t cap)
{
    struct lwc_json_span value;
    enum lwc_code code = find_member(object, name, &value, reader->err);

    text_out[0] = '\0';
    if (code != LWC_OK || value.at == NULL) {
        return code;
    }
    lwc_buf_reset(reader->text);
    /* An escape has six bytes at most. */
    if (value.len > cap * 6 || lwc_json_span_text(value, reader->text, NULL) != LWC_OK ||
        lwc_buf_len(reader->text) >= cap) {
        return lwc_fail(reader->err, LWC_E_NETWORK, "unusable reply: \"%s\" is no short text",
                        name);
    }
    memcpy(text_out, lwc_buf_text(reader->text), lwc_buf_len(reader->text) + 1);
    return LWC_OK;
}

static bool is_word(struct lwc_json_span value, const char *word)
{
    return value.len == strlen(word) && memcmp(value.at, word, value.len) == 0;
}

/* Reads true, false, 1 or 0; false for a missing member. */
static enum lwc_code read_flag(const struct profile_reader *reader, struct lwc_json_span object,
                               const char *name, bool *flag_out)
{
    struct lwc_json_span value;
    enum lwc_code code = find_member(object, name, &value, reader->err);

    *flag_out = false;
    if (code != LWC_OK || value.at == NULL) {
        return code;
    }
    *flag_out = is_word(value, "true") || is_word(value, "1");
    if (!*flag_out && !is_word(value, "false") && !is_word(value, "0")) {
        return lwc_fail(reader->err, LWC_E_NETWORK,
                        "unusable reply: \"%s\" is neither true nor false", name);
    }
    return LWC_OK;
}

static enum lwc_code read_account(const struct profile_reader *reader, struct lwc_json_span object,
                                  struct lwc_user_account *account_out)
{
    enum lwc_code code = LWC_OK;

    if (lwc_json_span_type(object) != '{') {
        return fail_unusable(reader->err, "an account that is no object");
    }
    code = read_text(reader, object, "accountName", account_out->name, sizeof account_out->name);
    if (code == LWC_OK && account_out->name[0] == '\0') {
        return fail_unusable(reader->err, "an account without a name");
    }
    if (code == LWC_OK) {
        code = read_flag(reader, object, "admin", &account_out->is_admin);
    }
    return code == LWC_OK ? read_flag(reader, object, "userEnabled", &account_out->is_enabled)
                          : code;
}

static size_t count_elements(struct lwc_json_span array)
{
    struct lwc_json_walk walk = lwc_json_walk_begin(array);
    struct lwc_json_span name;
    struct lwc_json_span value;
    size_t count = 0;

    while (lwc_json_walk_next(&walk, &name, &value)) {
        count++;
    }
    return count;
}

static enum lwc_code read_elements(const struct profile_reader *reader, struct lwc_json_span array,
                                   struct lwc_user_profile *profile)
{
    struct lwc_json_walk walk = lwc_json_walk_begin(array);
    struct lwc_json_span name;
    struct lwc_json_span value;
    enum lwc_code code = LWC_OK;

    while (code == LWC_OK && lwc_json_walk_next(&walk, &name, &value)) {
        code = read_account(reader, value, &profile->accounts[profile->count++]);
    }
    return code;
}

static enum lwc_code read_accounts(const struct profile_reader *reader, struct lwc_json_span object,
                                   struct lwc_user_profile *profile)
{
    struct lwc_json_span array;
    enum lwc_code code = find_member(object, "accounts", &array, reader->err);
    size_t count = 0;

    profile->has_accounts = true;
    if (code != LWC_OK || array.at == NULL) {
        return code;
    }
    count = count_elements(array);
    if (lwc_json_span_type(array) != '[' || count > ACCOUNTS_MAX) {
        return fail_unusable(reader->err, "\"accounts\" is no array, or too long a one");
    }
    if (count == 0) {
        return LWC_OK;
    }
    profile->accounts = calloc(count, sizeof *profile->accounts);
    return profile->accounts != NULL ? read_elements(reader, array, profile)
                                     : lwc_fail_nomem(reader->err);
}

/* Finds the one object in "data", or in the array there. */
static enum lwc_code find_data(const void *bytes, size_t len, struct lwc_json_span *object_out,
                               struct lwc_error *err)
{
    struct lwc_json_span value;
    struct lwc_json_span name;
    struct lwc_json_walk walk;
    enum lwc_code code = LWC_OK;

    if (len > LWC_USER_REPLY_MAX) {
        return fail_unusable(err, "it is longer than 1 MiB");
    }
    code = lwc_json_span_parse(bytes, len, &value, err);
    if (code != LWC_OK) {
        return lwc_wrap(err, LWC_E_NETWORK, "unusable reply");
    }
    if (lwc_json_span_type(value) != '{') {
        return fail_unusable(err, "no JSON object");
    }
    code = find_member(value, "data", &value, err);
    if (code == LWC_OK && lwc_json_span_type(value) == '[') {
        walk = lwc_json_walk_begin(value);
        value = (struct lwc_json_span){NULL, 0};
        (void)lwc_json_walk_next(&walk, &name, &value);
    }
    if (code == LWC_OK && lwc_json_span_type(value) != '{') {
        return fail_unusable(err, "\"data\" holds no object");
    }
    *object_out = value;
    return code;
}

static enum lwc_code read_profile(const struct profile_reader *reader, struct lwc_json_span object,
                                  struct lwc_user_profile *profile)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"orgAccount", &profile->is_organization},
                 {"orgAdmin", &profile->is_org_admin},
                 {"orgUser", &profile->is_org_user}};
    enum lwc_code code = read_text(reader, object, "username", profile->name, sizeof profile->name);

    if (code == LWC_OK) {
        code = read_text(reader, object, "url", profile->url, sizeof profile->url);
    }
    for (size_t i = 0; code == LWC_OK && i < LWC_ARRAY_LEN(flags); i++) {
        code = read_flag(reader, object, flags[i].name, flags[i].flag);
    }
    return code == LWC_OK ? read_accounts(reader, object, profile) : code;
}

static enum lwc_code read_organization(const struct profile_reader *reader,
                                       struct lwc_json_span object,
                                       struct lwc_user_profile *profile)
{
    enum lwc_code code = read_flag(reader, object, "orgAccount", &profile->is_organization);

    return code == LWC_OK
               ? read_text(reader, object, "orgAccountUrl", profile->url, sizeof profile->url)
               : code;
}

typedef enum lwc_code read_fn(const struct profile_reader *reader, struct lwc_json_span object,
                              struct lwc_user_profile *profile);

static enum lwc_code parse_reply(const void *bytes, size_t len, read_fn *read,
                                 struct lwc_user_profile *profile_out, struct lwc_error *err)
{
    LWC_AUTO_USER_PROFILE profile = {.has_accounts = false};
    LWC_AUTO_BUF text = NULL;
    struct lwc_json_span object;
    enum lwc_code code = find_data(bytes, len, &object, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(LWC_USER_TEXT_MAX + 1, &text, err);
    }
    if (code == LWC_OK) {
        code = read(&(struct profile_reader){.text = text, .err = err}, object, &profile);
    }
    if (code == LWC_OK) {
        *profile_out = profile;
        profile.accounts = NULL;
    }
    return code;
}

enum lwc_code lwc_user_profile_parse(const void *bytes, size_t len,
                                     struct lwc_user_profile *profile_out, struct lwc_error *err)
{
    return parse_reply(bytes, len, read_profile, profile_out, err);
}

enum lwc_code lwc_user_organization_parse(const void *bytes, size_t len,
                                          struct lwc_user_profile *profile_out,
                                          struct lwc_error *err)
{
    return parse_reply(bytes, len, read_organization, profile_out, err);
}

const struct lwc_user_account *lwc_user_profile_find(const struct lwc_user_profile *profile,
                                                     const char *name)
{
    for (size_t i = 0; i < profile->count; i++) {
        if (strcasecmp(profile->accounts[i].name, name) == 0) {
            return &profile->accounts[i];
        }
    }
    return NULL;
}
