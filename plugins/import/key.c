/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/import/key.h"

#include <string.h>

#include "base/account.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/helper/key_format.h"

#define WORD_MAX 64

void lwc_import_key_clear(struct lwc_import_key *key)
{
    lwc_buf_free(&key->secret);
    *key = (struct lwc_import_key){.secret = NULL};
}

static const char *fold_word(char out[WORD_MAX], const char *word)
{
    size_t len = 0;

    for (; word[len] != '\0' && len < WORD_MAX - 1; len++) {
        out[len] = word[len] >= 'A' && word[len] <= 'Z' ? (char)(word[len] - 'A' + 'a') : word[len];
    }
    out[len] = '\0';
    return out;
}

enum lwc_import_member lwc_import_find(const struct lwc_import_name *names, size_t count,
                                       const char *name, size_t len)
{
    char word[WORD_MAX];

    if (len >= sizeof word) {
        return LWC_IMPORT_MEMBERS;
    }
    memcpy(word, name, len);
    word[len] = '\0';
    for (size_t i = 0; i < count; i++) {
        char known[WORD_MAX];

        if (lwc_text_is(word, fold_word(known, names[i].name))) {
            return names[i].member;
        }
    }
    return LWC_IMPORT_MEMBERS;
}

/* Copies text into @out; once set, only the same text again is accepted. */
static enum lwc_code set_text(char *out, size_t cap, const char *text, struct lwc_error *err)
{
    if (out[0] != '\0' && !lwc_streq(out, text)) {
        return lwc_fail(err, LWC_E_INVALID, "given twice, and not the same");
    }
    if (strlen(text) >= cap) {
        return lwc_fail(err, LWC_E_INVALID, "longer than %zu bytes", cap - 1);
    }
    memcpy(out, text, strlen(text) + 1);
    return LWC_OK;
}

static enum lwc_code set_account(struct lwc_import_key *key, const char *text,
                                 struct lwc_error *err)
{
    char canonical[LWC_ACCOUNT_MAX + 1];

    if (lwc_account_canonical(text, canonical, NULL) != LWC_OK) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "not the name of an account"),
                        "an account looks like 'acme' or 'acme.lacework.net'");
    }
    return set_text(key->account, sizeof key->account, canonical, err);
}

static enum lwc_code set_key_id(struct lwc_import_key *key, const char *text, struct lwc_error *err)
{
    enum lwc_code code = lwc_key_id_check(text, err);

    return code == LWC_OK ? set_text(key->key_id, sizeof key->key_id, text, err) : code;
}

static enum lwc_code set_sub_account(struct lwc_import_key *key, const char *text,
                                     struct lwc_error *err)
{
    char lower[LWC_SUB_ACCOUNT_MAX + 1] = "";
    enum lwc_code code = lwc_sub_account_check(text, err);

    for (size_t i = 0; code == LWC_OK && text[i] != '\0'; i++) {
        lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        lower[i + 1] = '\0';
    }
    return code == LWC_OK ? set_text(key->sub_account, sizeof key->sub_account, lower, err) : code;
}

static enum lwc_code set_organization(struct lwc_import_key *key, const char *text,
                                      struct lwc_error *err)
{
    if (!lwc_text_is_yes(text) && !lwc_text_is_no(text)) {
        return lwc_fail(err, LWC_E_INVALID, "true or false expected");
    }
    key->is_org = lwc_text_is_yes(text);
    return LWC_OK;
}

static enum lwc_code set_secret(struct lwc_import_key *key, const char *text, size_t len,
                                struct lwc_error *err)
{
    enum lwc_code code = lwc_key_secret_check(text, len, err);

    if (code == LWC_OK && key->secret != NULL) {
        return lwc_buf_equal(key->secret, text, len)
                   ? LWC_OK
                   : lwc_fail(err, LWC_E_INVALID, "given twice, and not the same");
    }
    return code == LWC_OK ? lwc_buf_copy(text, len, &key->secret, err) : code;
}

static enum lwc_code set_member(struct lwc_import_key *key, enum lwc_import_member member,
                                const char *text, size_t len, struct lwc_error *err)
{
    static enum lwc_code (*const setters[])(struct lwc_import_key *, const char *,
                                            struct lwc_error *) = {
        [LWC_IMPORT_ACCOUNT] = set_account,
        [LWC_IMPORT_KEY_ID] = set_key_id,
        [LWC_IMPORT_SUB_ACCOUNT] = set_sub_account,
        [LWC_IMPORT_ORGANIZATION] = set_organization,
    };

    return member == LWC_IMPORT_SECRET ? set_secret(key, text, len, err)
                                       : setters[member](key, text, err);
}

enum lwc_code lwc_import_set(struct lwc_import_key *key, enum lwc_import_member member,
                             const char *what, const char *value, size_t len, struct lwc_error *err)
{
    LWC_AUTO_BUF text = NULL;
    enum lwc_code code = LWC_OK;

    if (len == 0) {
        return LWC_OK;
    }
    if (len > LWC_SECRET_MAX || memchr(value, '\0', len) != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "%s: too long, or a NUL in it", what);
    }
    code = lwc_buf_copy(value, len, &text, err);
    if (code == LWC_OK) {
        code = set_member(key, member, lwc_buf_text(text), len, err);
    }
    key->is_set[member] = key->is_set[member] || code == LWC_OK;
    return code == LWC_OK ? code : lwc_wrap(err, code, "%s", what);
}

enum lwc_code lwc_import_check(const struct lwc_import_key *key, struct lwc_error *err)
{
    if (key->key_id[0] == '\0' || key->secret == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "%s missing",
                        key->key_id[0] != '\0' ? "the secret is"
                        : key->secret != NULL  ? "the key id is"
                                               : "key id and secret are");
    }
    return lwc_key_slip_check(key->key_id, lwc_buf_text(key->secret), err);
}
