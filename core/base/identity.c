/* SPDX-License-Identifier: Apache-2.0 */
#include "base/identity.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "base/util.h"

#define LABEL_MAX 63
#define PORT_MAX 65535
#define PORT_HTTPS 443

/* Classes of bytes.  NUL is in none, so that a run ends there. */
enum {
    DIGIT = 1u << 0,
    LOWER = 1u << 1,
    UPPER = 1u << 2,
    HYPHEN = 1u << 3,
    MARK = 1u << 4,
    OTHER = 1u << 5,

    LABEL = LOWER | DIGIT | HYPHEN,
    ALNUM = LOWER | DIGIT | UPPER,
    PROFILE = ALNUM | HYPHEN | MARK,
    PLAIN = PROFILE | OTHER, /* key ids and sub-accounts */
};

static const uint8_t classes[UINT8_MAX + 1] = {
    ['!'] = OTHER, ['#' ... '&'] = OTHER, ['(' ... ','] = OTHER, ['-'] = HYPHEN,
    ['.'] = MARK,  ['/'] = OTHER,         ['0' ... '9'] = DIGIT, [':' ... '?'] = OTHER,
    ['@'] = MARK,  ['A' ... 'Z'] = UPPER, ['['] = OTHER,         [']' ... '^'] = OTHER,
    ['_'] = MARK,  ['`'] = OTHER,         ['a' ... 'z'] = LOWER, ['{' ... '~'] = OTHER,
};

/* Returns how many bytes at the start of @text are of the classes in @allowed. */
static size_t class_run_len(const char *text, unsigned allowed)
{
    size_t len = 0;

    while ((classes[(uint8_t)text[len]] & allowed) != 0) {
        len++;
    }
    return len;
}

/* Fails if @text is missing or longer than @max; names it @what. */
static enum lwc_code length_check(const char *what, const char *text, size_t max,
                                  struct lwc_error *err)
{
    if (text == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "%s: missing", what);
    }
    if (strnlen(text, max + 1) > max) {
        return lwc_fail(err, LWC_E_INVALID, "%s: longer than %zu bytes", what, max);
    }
    return LWC_OK;
}

enum lwc_code lwc_profile_check(const char *profile, struct lwc_error *err)
{
    enum lwc_code code = length_check("profile name", profile, LWC_PROFILE_MAX, err);
    size_t len = 0;

    if (code != LWC_OK) {
        return code;
    }
    if (profile[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "profile name: empty");
    }
    if (profile[0] == '_') { /* not shown: it may be a secret in the wrong place */
        return lwc_fail(err, LWC_E_INVALID, "profile name: it begins with '_', as a secret does");
    }
    len = (classes[(uint8_t)profile[0]] & ALNUM) != 0 ? class_run_len(profile, PROFILE) : 0;
    if (profile[len] != '\0') {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "profile name '%s': wrong character at %zu",
                                 profile, len + 1),
                        "a profile name is made of A-Z a-z 0-9 . _ @ - and begins with a "
                        "letter or digit");
    }
    return LWC_OK;
}

static enum lwc_code plain_check(const char *what, const char *text, size_t max,
                                 struct lwc_error *err)
{
    enum lwc_code code = length_check(what, text, max, err);
    size_t len = 0;

    if (code != LWC_OK) {
        return code;
    }
    len = class_run_len(text, PLAIN);
    if (text[len] != '\0') {
        return lwc_fail(err, LWC_E_INVALID,
                        "%s: character %zu is not printable ASCII, or a blank, quote or "
                        "backslash",
                        what, len + 1);
    }
    return LWC_OK;
}

enum lwc_code lwc_key_id_check(const char *key_id, struct lwc_error *err)
{
    if (key_id != NULL && key_id[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "key id: empty");
    }
    return plain_check("key id", key_id, LWC_KEY_ID_MAX, err);
}

enum lwc_code lwc_sub_account_check(const char *sub_account, struct lwc_error *err)
{
    return plain_check("sub-account", sub_account, LWC_SUB_ACCOUNT_MAX, err);
}

static bool is_within(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Returns words for the flaw of a secret's byte, or NULL. */
static const char *secret_flaw(uint8_t byte)
{
    static const struct {
        const char *set;
        const char *flaw;
    } flaws[] = {
        {"\r\n", "a newline"},
        {" \t", "a blank"},
        {"\"'", "a quote"},
        {"\\", "a backslash"},
    };

    for (size_t i = 0; i < LWC_ARRAY_LEN(flaws); i++) {
        if (is_within((char)byte, flaws[i].set)) {
            return flaws[i].flaw;
        }
    }
    if (byte >= 0x80) {
        return "a character that is not ASCII";
    }
    return byte < 0x20 || byte == 0x7f ? "a control character" : NULL;
}

enum lwc_code lwc_key_secret_check(const void *secret, size_t len, struct lwc_error *err)
{
    const uint8_t *bytes = secret;

    if (len == 0) {
        return lwc_fail(err, LWC_E_INVALID, "secret: empty");
    }
    if (len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret: longer than %d bytes", LWC_SECRET_MAX);
    }
    for (size_t i = 0; i < len; i++) {
        const char *flaw = secret_flaw(bytes[i]);

        if (flaw != NULL) {
            return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "secret: contains %s", flaw),
                            "give the secret alone, as one line, without quotes or blanks");
        }
    }
    return LWC_OK;
}

/* Returns the length of the canonical label with which @text begins, or 0. */
static size_t label_len(const char *text)
{
    size_t len = class_run_len(text, LABEL);

    return len > 0 && len <= LABEL_MAX && text[0] != '-' && text[len - 1] != '-' ? len : 0;
}

/*
 * Returns whether a label is all digits or begins with 0x: resolvers take a name that ends so for
 * an address.
 */
static bool label_is_number(const char *label, size_t len)
{
    return (label[0] == '0' && label[1] == 'x') || class_run_len(label, DIGIT) == len;
}

/* Returns whether the first @len bytes of @text are an address for inet_pton(). */
static bool is_address(int family, const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

/* Returns the length of the canonical name, or IPv4 address, with which @host begins, or 0. */
static size_t name_len(const char *host)
{
    const char *label = host;
    size_t len = label_len(label);

    while (len > 0 && label[len] == '.') {
        label += len + 1;
        len = label_len(label);
    }
    if (len == 0) {
        return 0;
    }
    if (label_is_number(label, len) && !is_address(AF_INET, host, (size_t)(label - host) + len)) {
        return 0;
    }
    return (size_t)(label - host) + len;
}

/* Returns the length of the IPv6 address in brackets with which @host begins, or 0. */
static size_t ipv6_len(const char *host)
{
    size_t len = 1 + strspn(host + 1, "0123456789abcdef:.");

    return host[len] == ']' && is_address(AF_INET6, host + 1, len - 1) ? len + 1 : 0;
}

static bool port_is_canonical(const char *port)
{
    int64_t number = 0;

    return port[0] != '0' && lwc_text_parse_number(port, strlen(port), PORT_MAX, &number) &&
           number != PORT_HTTPS;
}

bool lwc_host_is_canonical(const char *host, bool port_allowed)
{
    size_t len = host[0] == '[' ? ipv6_len(host) : name_len(host);

    if (len == 0 || len > LWC_ACCOUNT_MAX) {
        return false;
    }
    return host[len] == '\0' ||
           (host[len] == ':' && port_allowed && port_is_canonical(host + len + 1));
}

static enum lwc_code host_check(const char *what, const char *host, bool port_allowed,
                                struct lwc_error *err)
{
    size_t max = port_allowed ? LWC_ORIGIN_MAX : LWC_ACCOUNT_MAX;
    enum lwc_code code = length_check(what, host, max, err);

    if (code == LWC_OK && !lwc_host_is_canonical(host, port_allowed)) {
        return lwc_fail(err, LWC_E_INVALID, "%s '%s': not a canonical host name", what, host);
    }
    return code;
}

static bool is_key(uint32_t kind)
{
    return kind == LWC_KIND_ACCESS_KEY || kind == LWC_KIND_RETIRED_KEY;
}

static enum lwc_code kind_check(const struct lwc_identity *id, struct lwc_error *err)
{
    if (id->kind == LWC_KIND_ANY || id->kind > LWC_KIND_RETIRED_KEY) {
        return lwc_fail(err, LWC_E_INVALID, "kind: unknown number %u", id->kind);
    }
    if ((id->flags & ~(uint32_t)LWC_ID_ORG_ACCESS) != 0) {
        return lwc_fail(err, LWC_E_INVALID, "flags: unknown bits 0x%x", id->flags);
    }
    return LWC_OK;
}

enum lwc_code lwc_identity_check(const struct lwc_identity *id, struct lwc_error *err)
{
    enum lwc_code code = lwc_profile_check(id->profile, err);

    if (code == LWC_OK) {
        code = host_check("account", id->account, false, err);
    }
    if (code == LWC_OK && (id->origin == NULL || id->origin[0] != '\0')) {
        code = host_check("origin", id->origin, true, err);
    }
    if (code == LWC_OK) {
        code = plain_check("key id", id->key_id, LWC_KEY_ID_MAX, err);
    }
    if (code == LWC_OK) {
        code = lwc_sub_account_check(id->sub_account, err);
    }
    if (code == LWC_OK) {
        code = kind_check(id, err);
    }
    if (code == LWC_OK && is_key(id->kind) && id->key_id[0] == '\0') {
        code = lwc_fail(err, LWC_E_INVALID, "key id: empty");
    }
    return code;
}

enum lwc_code lwc_identity_copy(const struct lwc_identity *id, struct lwc_identity_copy *copy_out,
                                struct lwc_error *err)
{
    enum lwc_code code = lwc_identity_check(id, err);

    if (code != LWC_OK) {
        return code;
    }
    memcpy(copy_out->profile, id->profile, strlen(id->profile) + 1);
    memcpy(copy_out->account, id->account, strlen(id->account) + 1);
    memcpy(copy_out->origin, id->origin, strlen(id->origin) + 1);
    memcpy(copy_out->key_id, id->key_id, strlen(id->key_id) + 1);
    memcpy(copy_out->sub_account, id->sub_account, strlen(id->sub_account) + 1);
    copy_out->id = (struct lwc_identity){
        .profile = copy_out->profile,
        .account = copy_out->account,
        .origin = copy_out->origin,
        .key_id = copy_out->key_id,
        .sub_account = copy_out->sub_account,
        .kind = id->kind,
        .flags = id->flags,
    };
    return LWC_OK;
}

size_t lwc_identity_text_len(const struct lwc_identity *id)
{
    return strlen(id->profile) + strlen(id->account) + strlen(id->origin) + strlen(id->key_id) +
           strlen(id->sub_account) + 5;
}

void lwc_identity_place(const struct lwc_identity *id, char *room, struct lwc_identity *placed_out)
{
    const char *members[] = {id->profile, id->account, id->origin, id->key_id, id->sub_account};
    const char **places[] = {&placed_out->profile, &placed_out->account, &placed_out->origin,
                             &placed_out->key_id, &placed_out->sub_account};

    *placed_out = *id;
    for (size_t i = 0; i < LWC_ARRAY_LEN(members); i++) {
        size_t len = strlen(members[i]) + 1;

        memcpy(room, members[i], len);
        *places[i] = room;
        room += len;
    }
}

static bool is_agreed(const char *wanted, const char *value)
{
    return !lwc_is_set(wanted) || lwc_streq(wanted, value);
}

bool lwc_identity_matches(const struct lwc_identity *query, const struct lwc_identity *id)
{
    return is_agreed(query->profile, id->profile) && is_agreed(query->key_id, id->key_id) &&
           is_agreed(query->origin, id->origin) &&
           (is_agreed(query->account, id->account) || is_agreed(query->account, id->origin)) &&
           (query->kind == LWC_KIND_ANY || query->kind == id->kind);
}

bool lwc_kind_is_kept(uint32_t kind)
{
    return kind == LWC_KIND_AGENT_TOKEN || kind == LWC_KIND_SCANNER_TOKEN;
}

bool lwc_kind_makes_tokens(uint32_t kind)
{
    return kind == LWC_KIND_ACCESS_KEY || kind == LWC_KIND_TOKEN;
}

const char *lwc_identity_authority(const struct lwc_identity *id)
{
    return lwc_is_set(id->origin) ? id->origin : id->account;
}

bool lwc_backend_name_is_valid(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_letter = name[i] >= 'a' && name[i] <= 'z';
        bool is_digit = name[i] >= '0' && name[i] <= '9';

        if (!is_letter && !is_digit && name[i] != '-') {
            return false;
        }
    }
    return len > 0 && len <= LWC_BACKEND_NAME_MAX;
}
