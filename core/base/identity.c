/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <arpa/inet.h>

#include "text.h"
#include "util.h"

#define LABEL_MAX 63
#define PORT_MAX 65535
#define PORT_HTTPS 443

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c);
}

static bool is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_within(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Alphabet of key ids, sub-accounts and secrets. */
static bool is_plain(char c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
}

/* Fails if @text is missing or longer than @max; names it @what. */
static enum lwc_code length_check(const char *what, const char *text, size_t max,
                                  struct lwc_error *err)
{
    if (text == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "%s: missing", what);
    }
    if (strlen(text) > max) {
        return lwc_fail(err, LWC_E_INVALID, "%s: longer than %zu bytes", what, max);
    }
    return LWC_OK;
}

enum lwc_code lwc_profile_check(const char *profile, struct lwc_error *err)
{
    enum lwc_code code = length_check("profile name", profile, LWC_PROFILE_MAX, err);

    if (code != LWC_OK) {
        return code;
    }
    if (profile[0] == '\0') {
        return lwc_fail(err, LWC_E_INVALID, "profile name: empty");
    }
    for (size_t i = 0; profile[i] != '\0'; i++) {
        if (!is_alnum(profile[i]) && (i == 0 || !is_within(profile[i], "._@-"))) {
            return lwc_hint(err,
                            lwc_fail(err, LWC_E_INVALID,
                                     "profile name '%s': wrong character at %zu", profile, i + 1),
                            "a profile name is made of A-Z a-z 0-9 . _ @ - and begins with a "
                            "letter or digit");
        }
    }
    return LWC_OK;
}

static enum lwc_code plain_check(const char *what, const char *text, size_t max,
                                 struct lwc_error *err)
{
    enum lwc_code code = length_check(what, text, max, err);

    if (code != LWC_OK) {
        return code;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (!is_plain(text[i])) {
            return lwc_fail(err, LWC_E_INVALID,
                            "%s: character %zu is not printable ASCII, or a blank, quote or "
                            "backslash",
                            what, i + 1);
        }
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

/* What is wrong with one byte of a secret, in words that help; NULL if nothing is. */
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

static bool label_is_canonical(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_lower_alnum(label[i]) && label[i] != '-') {
            return false;
        }
    }
    return true;
}

/* Digits alone, or 0x and what follows: resolvers read a name that ends so as an address. */
static bool label_is_number(const char *label)
{
    return (label[0] == '0' && label[1] == 'x') || label[strspn(label, "0123456789")] == '\0';
}

static bool name_is_canonical(const char *name)
{
    const char *label = name;
    struct in_addr address;

    for (const char *dot = strchr(label, '.'); dot != NULL; dot = strchr(label, '.')) {
        if (!label_is_canonical(label, (size_t)(dot - label))) {
            return false;
        }
        label = dot + 1;
    }
    if (!label_is_canonical(label, strlen(label))) {
        return false;
    }
    return !label_is_number(label) || inet_pton(AF_INET, name, &address) == 1;
}

static bool ipv6_is_canonical(const char *host, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (len < 4 || len - 2 >= sizeof text || host[len - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i < len - 1; i++) {
        if (!is_digit(host[i]) && !is_within(host[i], "abcdef:.")) {
            return false;
        }
    }
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool port_is_canonical(const char *port)
{
    int64_t number = 0;

    return port[0] != '0' && lwc_text_parse_number(port, strlen(port), PORT_MAX, &number) &&
           number != PORT_HTTPS;
}

bool lwc_host_is_canonical(const char *host, bool port_allowed)
{
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(bracket != NULL ? bracket : host, ':');
    size_t len = colon != NULL ? (size_t)(colon - host) : strlen(host);
    char name[LWC_ACCOUNT_MAX + 1];

    if (len > LWC_ACCOUNT_MAX) {
        return false;
    }
    if (colon != NULL && (!port_allowed || !port_is_canonical(colon + 1))) {
        return false;
    }
    if (bracket != NULL) {
        return ipv6_is_canonical(host, len);
    }
    memcpy(name, host, len);
    name[len] = '\0';
    return name_is_canonical(name);
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

static enum lwc_code kind_check(const struct lwc_identity *id, struct lwc_error *err)
{
    if (id->kind != LWC_KIND_ACCESS_KEY && id->kind != LWC_KIND_TOKEN &&
        id->kind != LWC_KIND_AGENT_TOKEN) {
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
    if (code == LWC_OK && id->kind == LWC_KIND_ACCESS_KEY) {
        code = lwc_key_id_check(id->key_id, err);
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

static bool agrees(const char *wanted, const char *value)
{
    return !lwc_is_set(wanted) || lwc_streq(wanted, value);
}

bool lwc_identity_matches(const struct lwc_identity *query, const struct lwc_identity *id)
{
    return agrees(query->profile, id->profile) && agrees(query->key_id, id->key_id) &&
           agrees(query->origin, id->origin) &&
           (agrees(query->account, id->account) || agrees(query->account, id->origin)) &&
           (query->kind == LWC_KIND_ANY || query->kind == id->kind);
}

const char *lwc_identity_authority(const struct lwc_identity *id)
{
    return lwc_is_set(id->origin) ? id->origin : id->account;
}
