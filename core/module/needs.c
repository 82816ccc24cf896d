/* SPDX-License-Identifier: Apache-2.0 */
#include "module/needs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/util.h"

#define NAME_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define CONTROLS "\t\n\r\033\177"
#define PATH_LEN 4096
#define REASONS_LEN 400

/* A word of the needs, taken apart; file is without its slash, or empty. */
struct need {
    char name[LWC_BACKEND_NEEDS_MAX + 1];
    char file[LWC_BACKEND_NEEDS_MAX + 1];
};

/* Returns the words behind "WHAT:", or NULL. */
static const char *find_words(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon != NULL && colon > text ? colon + 1 : NULL;
}

/* Takes the next word off *words.  Returns false at the end. */
static bool take_need(const char **words, struct need *need_out)
{
    const char *word = *words + strspn(*words, " ");
    const size_t len = strcspn(word, " ");
    const size_t name_len = strcspn(word, " /");

    *words = word + len;
    (void)snprintf(need_out->name, sizeof need_out->name, "%.*s", (int)name_len, word);
    (void)snprintf(need_out->file, sizeof need_out->file, "%.*s",
                   name_len < len ? (int)(len - name_len - 1) : 0, word + name_len + 1);
    return len > 0;
}

bool lwc_needs_are_valid(const char *text)
{
    const char *words = find_words(text);
    struct need need;
    size_t count = 0;

    if (words == NULL || strlen(text) > LWC_BACKEND_NEEDS_MAX ||
        text[strcspn(text, CONTROLS)] != '\0') {
        return false;
    }
    while (take_need(&words, &need)) {
        if (need.name[0] == '\0' || need.name[strspn(need.name, NAME_ALPHABET)] != '\0' ||
            words[-1] == '/') {
            return false;
        }
        count++;
    }
    return count > 0;
}

/*
 * Returns whether a need is met; a file that cannot be examined counts as present.  Appends the
 * reason if not.
 */
static bool is_met(const struct need *need, const struct lwc_host *host, char *reasons, size_t cap)
{
    const char *value = host->setting(host->data, need->name);
    const bool is_file = need->file[0] != '\0' && lwc_is_set(value);
    const size_t used = strlen(reasons);
    char path[PATH_LEN];
    struct stat st;

    if (lwc_is_set(value) &&
        (!is_file || snprintf(path, sizeof path, "%s/%s", value, need->file) >= (int)sizeof path)) {
        return true;
    }
    if (is_file && (stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))) {
        return true;
    }
    (void)snprintf(reasons + used, cap - used, "%s%.64s %s%.64s", used > 0 ? ", " : "", need->name,
                   is_file ? "holds no " : "is not set", is_file ? need->file : "");
    return false;
}

enum lwc_code lwc_needs_check(const struct lwc_backend *backend, const struct lwc_host *host,
                              struct lwc_error *err)
{
    const char *words = backend->needs != NULL ? find_words(backend->needs) : NULL;
    char reasons[REASONS_LEN] = "";
    struct need need;

    if (words == NULL) {
        return LWC_OK;
    }
    while (take_need(&words, &need)) {
        if (is_met(&need, host, reasons, sizeof reasons)) {
            return LWC_OK;
        }
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_UNAVAILABLE, "there is no %.*s: %s",
                             (int)strcspn(backend->needs, ":"), backend->needs, reasons),
                    "log in to a session that has one, or choose another backend");
}
