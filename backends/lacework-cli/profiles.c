/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in profiles.h. */
#include "backends/lacework-cli/profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/lacework-cli/edit.h"
#include "backends/lacework-cli/toml.h"
#include "base/account.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"

/* Of the newest layout of the file. */
#define VERSION_MAX 2
#define TOP_PROFILE "default"

enum member { ACCOUNT, SUB_ACCOUNT, KEY, SECRET, TOKEN, ORGANIZATION, VERSION, MEMBER_COUNT };

static const struct {
    const char *name;
    enum lwc_toml_kind kind;
    const char *expected;
    bool makes_profile; /* a table without any of these keys is none */
} members[MEMBER_COUNT] = {
    [ACCOUNT] = {"account", LWC_TOML_TEXT, "text", true},
    [SUB_ACCOUNT] = {"subaccount", LWC_TOML_TEXT, "text", true},
    [KEY] = {"api_key", LWC_TOML_TEXT, "text", true},
    [SECRET] = {"api_secret", LWC_TOML_TEXT, "text", true},
    [TOKEN] = {"api_token", LWC_TOML_TEXT, "text", true},
    [ORGANIZATION] = {"organization", LWC_TOML_BOOLEAN, "true or false", false},
    [VERSION] = {"version", LWC_TOML_NUMBER, "a number", false},
};

/* Its text is borrowed from the tree.  Never shown: a secret may stand in the place of another. */
struct value {
    bool is_set;
    bool is_twice;
    enum lwc_toml_kind kind;
    const char *text;
    size_t len;
    int64_t number;
    unsigned line;
};

struct profile {
    size_t table_id;
    unsigned line; /* of its first known key */
    bool has_long_name;
    char name[LWC_PROFILE_MAX + 1];
    struct value values[MEMBER_COUNT];
};

struct lwc_profiles {
    char *path;
    struct lwc_toml *toml;
    struct profile *all;
    size_t count;
    size_t room;
    struct value organization; /* at the top */
    enum lwc_code code;        /* of collecting */
};

void lwc_profiles_free(struct lwc_profiles **profiles)
{
    if (profiles == NULL || *profiles == NULL) {
        return;
    }
    lwc_toml_free(&(*profiles)->toml);
    free((*profiles)->all);
    free((*profiles)->path);
    free(*profiles);
    *profiles = NULL;
}

size_t lwc_profiles_count(const struct lwc_profiles *profiles)
{
    return profiles->count;
}

const char *lwc_profiles_name(const struct lwc_profiles *profiles, size_t number)
{
    return profiles->all[number].name;
}

/* MEMBER_COUNT for a key that the CLI does not read. */
static enum member find_member(const char *key)
{
    enum member member = ACCOUNT;

    while (member < MEMBER_COUNT && !lwc_text_is(key, members[member].name)) {
        member++;
    }
    return member;
}

static bool grow_profiles(struct lwc_profiles *profiles)
{
    const size_t room = profiles->room > 0 ? profiles->room * 2 : 4;
    struct profile *all = NULL;

    if (profiles->count < profiles->room) {
        return true;
    }
    all = reallocarray(profiles->all, room, sizeof *all);
    if (all == NULL) {
        profiles->code = LWC_E_IO;
        return false;
    }
    profiles->all = all;
    profiles->room = room;
    return true;
}

/* The profile of an entry's table; NULL with the cause in @profiles. */
static struct profile *take_profile(struct lwc_profiles *profiles,
                                    const struct lwc_toml_entry *entry)
{
    struct profile *last = profiles->count > 0 ? &profiles->all[profiles->count - 1] : NULL;
    const char *name = entry->table_id == 0 ? TOP_PROFILE : entry->table;

    if (last != NULL && last->table_id == entry->table_id) {
        return last;
    }
    if (profiles->count == LWC_PROFILES_MAX) {
        profiles->code = LWC_E_INVALID;
        return NULL;
    }
    if (!grow_profiles(profiles)) {
        return NULL;
    }
    last = &profiles->all[profiles->count++];
    *last = (struct profile){.table_id = entry->table_id,
                             .line = entry->line,
                             .has_long_name = strlen(name) > LWC_PROFILE_MAX};
    (void)snprintf(last->name, sizeof last->name, "%s", name);
    return last;
}

static void set_value(struct value *value, const struct lwc_toml_entry *entry)
{
    *value = (struct value){.is_set = true,
                            .is_twice = value->is_set,
                            .kind = entry->kind,
                            .text = entry->text,
                            .len = entry->len,
                            .number = entry->number,
                            .line = entry->line};
}

static void collect_entry(void *data, const struct lwc_toml_entry *entry)
{
    struct lwc_profiles *profiles = data;
    const enum member member = find_member(entry->key);
    struct profile *profile = NULL;

    if (profiles->code != LWC_OK || member == MEMBER_COUNT) {
        return;
    }
    if (entry->table_id == 0 && member == ORGANIZATION) {
        set_value(&profiles->organization, entry);
        return;
    }
    profile = take_profile(profiles, entry);
    if (profile != NULL) {
        set_value(&profile->values[member], entry);
        profile->line = entry->line < profile->line ? entry->line : profile->line;
    }
}

static bool is_profile(const struct profile *profile)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (profile->values[i].is_set && members[i].makes_profile) {
            return true;
        }
    }
    return false;
}

static void drop_other_tables(struct lwc_profiles *profiles)
{
    size_t kept = 0;

    for (size_t i = 0; i < profiles->count; i++) {
        if (is_profile(&profiles->all[i])) {
            profiles->all[kept++] = profiles->all[i];
        }
    }
    profiles->count = kept;
}

static enum lwc_code fail_malformed(const char *path, const struct lwc_toml_fault *fault,
                                    struct lwc_error *err)
{
    if (fault->line == 0) {
        return lwc_fail(err, LWC_E_INVALID, "%s: %s", path, fault->why);
    }
    return lwc_fail(err, LWC_E_INVALID, "%s:%u:%u: %s", path, fault->line, fault->column,
                    fault->why);
}

static enum lwc_code read_profiles(struct lwc_profiles *profiles, const char *path,
                                   const struct lwc_buf *text, struct lwc_error *err)
{
    struct lwc_toml_fault fault = {0};
    enum lwc_toml_end end =
        lwc_toml_parse(lwc_buf_text(text), lwc_buf_len(text), &profiles->toml, &fault);

    if (end == LWC_TOML_MALFORMED) {
        return fail_malformed(path, &fault, err);
    }
    if (end == LWC_TOML_DONE) {
        end = lwc_toml_visit(profiles->toml, collect_entry, profiles);
    }
    if (end == LWC_TOML_DONE && profiles->code == LWC_E_INVALID) {
        return lwc_fail(err, LWC_E_INVALID, "%s: more than %d profiles", path, LWC_PROFILES_MAX);
    }
    profiles->path = strdup(path);
    if (end != LWC_TOML_DONE || profiles->code != LWC_OK || profiles->path == NULL) {
        return lwc_fail_nomem(err);
    }
    drop_other_tables(profiles);
    return LWC_OK;
}

enum lwc_code lwc_profiles_parse(const char *path, const struct lwc_buf *text,
                                 struct lwc_profiles **profiles_out, struct lwc_error *err)
{
    LWC_AUTO_PROFILES profiles = calloc(1, sizeof *profiles);
    enum lwc_code code = LWC_OK;

    if (profiles == NULL) {
        return lwc_fail_nomem(err);
    }
    code = read_profiles(profiles, path, text, err);
    if (code == LWC_OK) {
        *profiles_out = LWC_TAKE(profiles);
    }
    return code;
}

static bool has_text(const struct profile *profile, enum member member)
{
    return profile->values[member].len > 0;
}

static bool has_key(const struct profile *profile)
{
    return has_text(profile, KEY) && has_text(profile, SECRET);
}

static bool is_named_twice(const struct lwc_profiles *profiles, const struct profile *profile)
{
    size_t found = 0;

    for (size_t i = 0; i < profiles->count; i++) {
        found += lwc_streq(profiles->all[i].name, profile->name);
    }
    return found > 1;
}

static enum lwc_code check_name(const struct lwc_profiles *profiles, const struct profile *profile,
                                struct lwc_error *err)
{
    if (profile->has_long_name || lwc_profile_check(profile->name, NULL) != LWC_OK) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "the profile's name cannot be used here"),
                        "a profile name is made of A-Z a-z 0-9 . _ @ - and begins with a letter "
                        "or digit; at most %d of them",
                        LWC_PROFILE_MAX);
    }
    if (lwc_streq(profile->name, LWC_ENVIRONMENT)) {
        return lwc_fail(err, LWC_E_INVALID, "the profile name 'env' is kept for the environment");
    }
    if (is_named_twice(profiles, profile)) {
        return lwc_fail(err, LWC_E_INVALID, "profile '%s' is there twice%s", profile->name,
                        lwc_streq(profile->name, TOP_PROFILE)
                            ? ": keys before the first table are that profile, too"
                            : "");
    }
    return LWC_OK;
}

static enum lwc_code check_value(const struct value *value, enum member member,
                                 struct lwc_error *err)
{
    const char *name = members[member].name;

    if (value->is_twice) {
        return lwc_fail(err, LWC_E_INVALID, "%s is there twice", name);
    }
    if (value->is_set && value->kind != members[member].kind) {
        return lwc_fail(err, LWC_E_INVALID, "%s: %s expected", name, members[member].expected);
    }
    if (value->len > 0 && strlen(value->text) != value->len) {
        return lwc_fail(err, LWC_E_INVALID, "%s: a NUL in it", name);
    }
    return LWC_OK;
}

static enum lwc_code check_values(const struct lwc_profiles *profiles,
                                  const struct profile *profile, struct lwc_error *err)
{
    const struct value *version = &profile->values[VERSION];
    enum lwc_code code = check_value(&profiles->organization, ORGANIZATION, err);

    for (enum member member = ACCOUNT; member < MEMBER_COUNT && code == LWC_OK; member++) {
        code = check_value(&profile->values[member], member, err);
    }
    if (code == LWC_OK && version->is_set &&
        (version->number < 1 || version->number > VERSION_MAX)) {
        return lwc_fail(err, LWC_E_INVALID, "version: 1 or %d expected", VERSION_MAX);
    }
    return code;
}

/* An access key or a token, and an account. */
static enum lwc_code check_complete(const struct profile *profile, struct lwc_error *err)
{
    const bool has_secret = has_key(profile) || has_text(profile, TOKEN);
    const struct {
        bool is_missing;
        const char *name;
    } parts[] = {
        {!has_text(profile, ACCOUNT), members[ACCOUNT].name},
        {!has_secret && !has_text(profile, KEY), members[KEY].name},
        {!has_secret && !has_text(profile, SECRET), members[SECRET].name},
    };
    char names[64] = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(parts); i++) {
        const size_t used = strlen(names);

        if (parts[i].is_missing) {
            (void)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                           parts[i].name);
        }
    }
    if (names[0] == '\0') {
        return LWC_OK;
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_NOT_FOUND, "profile '%s' lacks %s", profile->name, names),
                    "'lacework configure --profile %s' completes it", profile->name);
}

/* Text that goes into an identity; one that is too long is refused, and not shown. */
static enum lwc_code copy_text(const struct profile *profile, enum member member, char *out,
                               size_t cap, struct lwc_error *err)
{
    const struct value *value = &profile->values[member];

    if (value->len >= cap) {
        return lwc_fail(err, LWC_E_INVALID, "%s: longer than %zu bytes", members[member].name,
                        cap - 1);
    }
    memcpy(out, value->len > 0 ? value->text : "", value->len + 1);
    return LWC_OK;
}

static enum lwc_code fill_account(const struct profile *profile, struct lwc_identity_copy *identity,
                                  struct lwc_error *err)
{
    char text[512];
    enum lwc_code code = copy_text(profile, ACCOUNT, text, sizeof text, err);

    if (code == LWC_OK && lwc_account_canonical(text, identity->account, NULL) != LWC_OK) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "account: not the name of one"),
                        "an account looks like 'acme' or 'acme.lacework.net'");
    }
    return code;
}

static enum lwc_code fill_identity(const struct lwc_profiles *profiles,
                                   const struct profile *profile,
                                   struct lwc_identity_copy *identity_out, struct lwc_error *err)
{
    struct lwc_identity_copy text = {0};
    enum lwc_code code = fill_account(profile, &text, err);

    text.id =
        (struct lwc_identity){.profile = profile->name,
                              .account = text.account,
                              .origin = "",
                              .key_id = text.key_id,
                              .sub_account = text.sub_account,
                              .kind = has_key(profile) ? LWC_KIND_ACCESS_KEY : LWC_KIND_TOKEN};
    if (profiles->organization.number != 0 || profile->values[ORGANIZATION].number != 0) {
        text.id.flags |= LWC_ID_ORG_ACCESS;
    }
    if (code == LWC_OK) {
        code = copy_text(profile, SUB_ACCOUNT, text.sub_account, sizeof text.sub_account, err);
    }
    if (code == LWC_OK && has_key(profile)) {
        code = copy_text(profile, KEY, text.key_id, sizeof text.key_id, err);
    }
    return code == LWC_OK ? lwc_identity_copy(&text.id, identity_out, err) : code;
}

enum lwc_code lwc_profiles_identity(const struct lwc_profiles *profiles, size_t number,
                                    struct lwc_identity_copy *identity_out, struct lwc_error *err)
{
    const struct profile *profile = &profiles->all[number];
    enum lwc_code code = LWC_OK;

    if ((code = check_name(profiles, profile, err)) == LWC_OK &&
        (code = check_values(profiles, profile, err)) == LWC_OK &&
        (code = check_complete(profile, err)) == LWC_OK) {
        code = fill_identity(profiles, profile, identity_out, err);
    }
    return code == LWC_OK ? code
                          : lwc_wrap(err, LWC_E_NOT_FOUND, "%s:%u", profiles->path, profile->line);
}

enum lwc_code lwc_profiles_secret(const struct lwc_profiles *profiles, size_t number,
                                  const struct lwc_identity *identity, const struct lwc_sink *sink,
                                  struct lwc_error *err)
{
    const struct profile *profile = &profiles->all[number];
    const enum member member = has_key(profile) ? SECRET : TOKEN;
    const struct value *value = &profile->values[member];
    enum lwc_code code = LWC_OK;

    if (member == SECRET) {
        code = lwc_key_secret_check(value->text, value->len, err);
    } else if (value->len > LWC_SECRET_MAX) {
        code = lwc_fail(err, LWC_E_INVALID, "longer than %d bytes", LWC_SECRET_MAX);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "%s:%u: %s", profiles->path, value->line, members[member].name);
    }
    return sink->put(sink->data, identity, value->text, value->len, err);
}

bool lwc_profiles_is_emptied(const struct lwc_profiles *profiles, size_t number)
{
    const struct profile *profile = &profiles->all[number];
    const struct value *secret = &profile->values[SECRET];

    return has_text(profile, KEY) && !has_text(profile, TOKEN) && secret->is_set &&
           secret->kind == LWC_TOML_TEXT && secret->len == 0;
}

/* Without regard to profiles of the same name. */
static bool is_unusable_name(const struct profile *profile)
{
    return profile->has_long_name || lwc_profile_check(profile->name, NULL) != LWC_OK ||
           lwc_streq(profile->name, "env");
}

static bool is_of_account(const struct profile *profile, const char *account)
{
    struct lwc_identity_copy identity;

    return account == NULL || (fill_account(profile, &identity, NULL) == LWC_OK &&
                               lwc_streq(identity.account, account));
}

void lwc_profiles_rename(struct lwc_profiles *profiles, const char *account, const char *name)
{
    struct profile *found = NULL;

    for (size_t i = 0; i < profiles->count; i++) {
        struct profile *profile = &profiles->all[i];

        if (!is_unusable_name(profile) || !is_of_account(profile, account)) {
            continue;
        }
        if (found != NULL) {
            return;
        }
        found = profile;
    }
    if (found != NULL) {
        (void)snprintf(found->name, sizeof found->name, "%s", name);
        found->has_long_name = false;
    }
}

enum lwc_code lwc_profiles_empty(const struct lwc_profiles *profiles, size_t number,
                                 const struct lwc_buf *text, struct lwc_buf *edited,
                                 struct lwc_error *err)
{
    const char *const keys[] = {members[SECRET].name, members[TOKEN].name};

    return lwc_edit_empty(profiles->path, text, profiles->all[number].table_id, keys,
                          LWC_ARRAY_LEN(keys), edited, err);
}
