/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in keysource.h. */
#include "backends/file/keysource.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"

#define KEY_FILE "LWCRED_KEY_FILE"
#define PASSPHRASE_FILE "LWCRED_PASSPHRASE_FILE"
#define PASSPHRASE_FD "LWCRED_PASSPHRASE_FD"
#define NEWLINE_MAX 2
#define ROOM_USUAL ((size_t)4096) /* of a key file or passphrase; a larger one makes it grow */
#define NEW_QUESTION "Keys will be kept in a new encrypted store. New passphrase for"
#define QUESTION_LEN 4500
#define LINE_LEN 4400
#define PASSPHRASE_SHORT 8

void lwc_keysource_forget(struct lwc_keysource *source)
{
    lwc_buf_free(&source->passphrase);
}

const char *lwc_keysource_key_file_path(const struct lwc_keysource *source)
{
    return lwc_host_setting(source->host, KEY_FILE);
}

bool lwc_keysource_is_given(const struct lwc_keysource *source)
{
    return lwc_host_setting(source->host, PASSPHRASE_FILE) != NULL ||
           lwc_host_setting(source->host, PASSPHRASE_FD) != NULL;
}

enum lwc_code lwc_keysource_check(const struct lwc_keysource *source, struct lwc_error *err)
{
    if (lwc_host_setting(source->host, PASSPHRASE_FILE) != NULL &&
        lwc_host_setting(source->host, PASSPHRASE_FD) != NULL) {
        return lwc_hint(
            err,
            lwc_fail(err, LWC_E_INVALID, PASSPHRASE_FILE " and " PASSPHRASE_FD " are both set"),
            "unset one of them");
    }
    return LWC_OK;
}

static bool is_in_memory(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static void warn_if_exposed(struct lwc_keysource *source, const char *name, const char *path)
{
    struct stat st;
    char line[LINE_LEN];

    if (source->warned || stat(path, &st) != 0 || st.st_uid != geteuid() ||
        (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 || is_in_memory(path)) {
        return;
    }
    (void)snprintf(line, sizeof line, "%s: %s can be read by others (mode %04o): chmod 600 it",
                   name, path, (unsigned)st.st_mode & 07777);
    source->host->log(source->host->data, LWC_LOG_WARNING, line);
    source->warned = true;
}

/* Read the file that the setting @name names; a missing one is the user's mistake. */
static enum lwc_code read_named(struct lwc_keysource *source, const char *name, const char *path,
                                size_t cap, struct lwc_buf **content_out, struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    enum lwc_code code = lwc_buf_new(cap < ROOM_USUAL ? cap : ROOM_USUAL, &content, err);

    if (code != LWC_OK) {
        return code;
    }
    code = lwc_file_read(path, LWC_TRUST_CONTENT, cap, content, err);
    if (code == LWC_E_NOT_FOUND) {
        return lwc_fail_sys(err, LWC_E_INVALID, ENOENT, "%s: %s", name, path);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, "%s", name);
    }
    warn_if_exposed(source, name, path);
    *content_out = LWC_TAKE(content);
    return LWC_OK;
}

enum lwc_code lwc_keysource_key_file(struct lwc_keysource *source, struct lwc_buf **content_out,
                                     struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    struct lwc_error why = {0};
    const char *path = lwc_keysource_key_file_path(source);
    enum lwc_code code = read_named(source, KEY_FILE, path, LWC_KEY_FILE_MAX, &content, &why);

    if (code == LWC_OK && lwc_buf_len(content) < LWC_KEY_FILE_MIN) {
        code = lwc_fail(&why, LWC_E_INVALID, KEY_FILE ": %s: %zu bytes, at least %d are needed",
                        path, lwc_buf_len(content), LWC_KEY_FILE_MIN);
    }
    if (code == LWC_OK) {
        *content_out = LWC_TAKE(content);
        return LWC_OK;
    }
    if (code == LWC_E_INVALID) {
        code = lwc_hint(&why, code, "a new one: (umask 077; head -c 32 /dev/urandom >FILE)");
    }
    return lwc_error_pass(err, code, &why);
}

static void drop_newline(struct lwc_buf *text)
{
    const uint8_t *bytes = lwc_buf_bytes(text);
    size_t len = lwc_buf_len(text);

    if (len > 0 && bytes[len - 1] == '\n') {
        len -= len > 1 && bytes[len - 2] == '\r' ? 2 : 1;
        lwc_buf_truncate(text, len);
    }
}

static enum lwc_code read_descriptor(const struct lwc_keysource *source, const char *text,
                                     struct lwc_buf **content_out, struct lwc_error *err)
{
    const struct lwc_host *host = source->host;
    const int64_t deadline_ms =
        lwc_clock_boot_ms(lwc_clock_system()) + host->remaining_ms(host->data);
    LWC_AUTO_BUF content = NULL;
    int64_t fd = -1;
    enum lwc_code code = LWC_OK;

    if (!lwc_text_parse_number(text, strlen(text), INT32_MAX, &fd) || fd <= STDERR_FILENO) {
        return lwc_fail(err, LWC_E_INVALID, PASSPHRASE_FD ": '%s' is not a descriptor above 2",
                        text);
    }
    if (fcntl((int)fd, F_GETFD) < 0) {
        return lwc_fail_sys(err, LWC_E_INVALID, errno, PASSPHRASE_FD ": descriptor %s", text);
    }
    code = lwc_buf_new(LWC_PASSPHRASE_MAX + NEWLINE_MAX + 1, &content, err);
    if (code == LWC_OK) {
        code = lwc_fd_read((int)fd, LWC_PASSPHRASE_MAX + NEWLINE_MAX, deadline_ms, content, err);
    }
    if (code != LWC_OK) {
        return lwc_wrap(err, code, PASSPHRASE_FD);
    }
    *content_out = LWC_TAKE(content);
    return LWC_OK;
}

enum lwc_code lwc_keysource_read(struct lwc_keysource *source, struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    const char *file = lwc_host_setting(source->host, PASSPHRASE_FILE);
    const char *name = file != NULL ? PASSPHRASE_FILE : PASSPHRASE_FD;
    enum lwc_code code = LWC_OK;

    if (source->passphrase != NULL) {
        return LWC_OK;
    }
    if (file != NULL) {
        code = read_named(source, name, file, LWC_PASSPHRASE_MAX + NEWLINE_MAX, &content, err);
    } else {
        code =
            read_descriptor(source, lwc_host_setting(source->host, PASSPHRASE_FD), &content, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    drop_newline(content);
    if (lwc_buf_len(content) == 0) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the passphrase is empty%s", name,
                        file != NULL ? "" : ", or was read before");
    }
    if (lwc_buf_len(content) > LWC_PASSPHRASE_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the passphrase is longer than %d bytes", name,
                        LWC_PASSPHRASE_MAX);
    }
    source->passphrase = LWC_TAKE(content);
    return LWC_OK;
}

/* Unlike lwc_buf_sink(), takes an empty answer: it is a wrong one, not a failure. */
static enum lwc_code answer_put(void *data, const struct lwc_identity *identity, const void *bytes,
                                size_t len, struct lwc_error *err)
{
    struct lwc_buf **answer = data;

    (void)identity;
    if (len > LWC_PASSPHRASE_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "the passphrase is longer than %d bytes",
                        LWC_PASSPHRASE_MAX);
    }
    lwc_buf_free(answer);
    return lwc_buf_copy(bytes, len, answer, err);
}

static enum lwc_code hint_at_settings(struct lwc_error *err, enum lwc_code code)
{
    return lwc_hint(
        err, code, "set " PASSPHRASE_FILE ", " PASSPHRASE_FD " or " KEY_FILE ", or use a terminal");
}

enum lwc_code lwc_keysource_ask(const struct lwc_keysource *source, const char *words,
                                uint32_t flags, struct lwc_buf **answer_out, struct lwc_error *err)
{
    LWC_AUTO_BUF answer = NULL;
    const struct lwc_sink sink = {.data = &answer, .put = answer_put};
    const struct lwc_host *host = source->host;
    char question[QUESTION_LEN];
    enum lwc_code code = LWC_OK;

    if (host->prompt == NULL) {
        return hint_at_settings(err,
                                lwc_fail(err, LWC_E_LOCKED, "locked, and there is no way to ask"));
    }
    (void)snprintf(question, sizeof question, "%s %s", words, source->path);
    code = host->prompt(host->data, question, flags, &sink, err);
    if (code == LWC_E_LOCKED) {
        return hint_at_settings(err, lwc_wrap(err, code, "locked"));
    }
    if (code == LWC_OK && answer != NULL && lwc_buf_len(answer) > 0) {
        *answer_out = LWC_TAKE(answer);
    }
    return code;
}

static void warn_if_short(const struct lwc_keysource *source)
{
    const size_t len = lwc_buf_len(source->passphrase);
    char line[LINE_LEN];

    if (len < PASSPHRASE_SHORT) {
        (void)snprintf(
            line, sizeof line,
            "the passphrase of the new store has %zu bytes: a copy of the store would soon "
            "be opened by guessing",
            len);
        source->host->log(source->host->data, LWC_LOG_WARNING, line);
    }
}

enum lwc_code lwc_keysource_choose(struct lwc_keysource *source, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (source->passphrase != NULL) {
        return LWC_OK;
    }
    if (lwc_keysource_is_given(source)) {
        code = lwc_keysource_read(source, err);
    } else {
        code = lwc_keysource_ask(source, NEW_QUESTION, LWC_PROMPT_TWICE, &source->passphrase, err);
    }
    if (code == LWC_OK && source->passphrase == NULL) {
        return lwc_fail(err, LWC_E_INVALID, "the passphrase is empty");
    }
    if (code == LWC_OK) {
        warn_if_short(source);
    }
    return code;
}
