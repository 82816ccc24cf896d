/* SPDX-License-Identifier: Apache-2.0 */
#include "base/account.h"

#include <string.h>

#include "base/identity.h"
#include "base/join.h"
#include "base/text.h"

#define DOMAIN ".lacework.net"
#define DOMAIN_LEN (sizeof DOMAIN - 1)
#define LABELS_MAX 3
#define LOOKS_LIKE "an account looks like 'acme' or 'acme.lacework.net'"

/* Hosts of the service itself, which are no accounts. */
static const char *const service_hosts[] = {"login", "api", "agent", "packages", "docs", "www"};

static void make_lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

static enum lwc_code fail_account(const char *text, const char *why, struct lwc_error *err)
{
    char shown[96];

    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "'%s' is not an account: %s",
                             lwc_text_printable(shown, sizeof shown, text, strlen(text)), why),
                    LOOKS_LIKE);
}

/*
 * Returns why @text may hold a secret and must not be shown, or NULL: a password stands before an
 * '@', and the secret of an access key begins with '_'.
 */
static const char *hidden_fault(const char *text)
{
    if (strchr(text, '@') != NULL) {
        return "user information before an '@'";
    }
    return text[0] == '_' ? "it begins with '_', as a secret does" : NULL;
}

/* Skips "https://" or "http://": users paste both, and only https is used. */
static const char *skip_scheme(const char *text)
{
    static const char *const schemes[] = {"https://", "http://"};

    for (size_t i = 0; i < LWC_ARRAY_LEN(schemes); i++) {
        if (lwc_text_begins(text, schemes[i])) {
            return text + strlen(schemes[i]);
        }
    }
    return text;
}

/* Cuts @host to the labels before the domain, in lower case; *is_full_out: the domain was there. */
static bool cut_domain(char *host, bool *is_full_out)
{
    size_t len = strlen(host);

    make_lower(host);
    *is_full_out = len > DOMAIN_LEN && lwc_streq(host + len - DOMAIN_LEN, DOMAIN);
    if (*is_full_out) {
        host[len - DOMAIN_LEN] = '\0';
    }
    return host[0] != '\0';
}

static const char *labels_fault(const char *labels)
{
    const char *last = strrchr(labels, '.');
    size_t count = 1;

    /* Named, because a blank at the end of the message would be invisible. */
    if (labels[lwc_text_reach(labels, " \t\r\n")] != '\0') {
        return "a blank or newline in it";
    }
    if (!lwc_host_is_canonical(labels, false) || labels[0] == '[') {
        return "letters, digits and hyphens expected";
    }
    for (const char *p = labels; *p != '\0'; p++) {
        count += *p == '.';
    }
    if (count > LABELS_MAX || (count == LABELS_MAX && !lwc_streq(last, ".corp"))) {
        return "another domain than lacework.net";
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(service_hosts); i++) {
        size_t len = strlen(service_hosts[i]);

        if (strncmp(labels, service_hosts[i], len) == 0 &&
            (labels[len] == '\0' || labels[len] == '.')) {
            return "a host of the service itself";
        }
    }
    return NULL;
}

enum lwc_code lwc_account_canonical(const char *text, char host_out[LWC_ACCOUNT_MAX + 1],
                                    struct lwc_error *err)
{
    const char *start = skip_scheme(text);
    size_t len = lwc_text_reach(start, "/?#");
    char host[LWC_ACCOUNT_MAX + 1];
    bool is_full = false;
    const char *fault = hidden_fault(text);

    if (fault != NULL) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "not an account: %s", fault), LOOKS_LIKE);
    }
    if (len > 4 && strncmp(start + len - 4, ":443", 4) == 0) {
        len -= 4;
    }
    if (len == 0 || len + DOMAIN_LEN >= sizeof host) {
        return fail_account(text, len == 0 ? "it is empty" : "it is too long", err);
    }
    memcpy(host, start, len);
    host[len] = '\0';
    if (!cut_domain(host, &is_full)) {
        return fail_account(text, "it is empty", err);
    }
    if (!is_full && (start != text || start[len] != '\0')) {
        return fail_account(text, "a URL of another domain than lacework.net", err);
    }
    fault = labels_fault(host);
    if (fault != NULL) {
        return fail_account(text, fault, err);
    }
    (void)lwc_join(host_out, LWC_ACCOUNT_MAX + 1, LWC_PARTS(host, DOMAIN));
    return LWC_OK;
}

enum lwc_code lwc_origin_canonical(const char *url, char origin_out[LWC_ORIGIN_MAX + 1],
                                   struct lwc_error *err)
{
    static const char scheme[] = "https://";
    const char *host = NULL;
    char origin[LWC_ORIGIN_MAX + 1];
    char shown[96];
    size_t len = 0;

    if (lwc_text_begins(url, scheme)) {
        host = url + sizeof scheme - 1;
        len = strlen(host);
        len -= len > 0 && host[len - 1] == '/';
    }
    if (len > 0 && len < sizeof origin) {
        memcpy(origin, host, len);
        origin[len] = '\0';
        make_lower(origin);
        if (len > 4 && lwc_streq(origin + len - 4, ":443")) {
            origin[len - 4] = '\0';
        }
        if (lwc_host_is_canonical(origin, true)) {
            memcpy(origin_out, origin, strlen(origin) + 1);
            return LWC_OK;
        }
    }
    /* The text before the '@' may be a password. */
    if (strchr(url, '@') != NULL) {
        return lwc_fail(err, LWC_E_INVALID,
                        "an API address has no user name: https://HOST[:PORT] expected");
    }
    return lwc_fail(err, LWC_E_INVALID, "'%s' is not an API address: https://HOST[:PORT] expected",
                    lwc_text_printable(shown, sizeof shown, url, strlen(url)));
}
