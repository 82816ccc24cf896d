/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/rollback.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "backends/file/home.h"
#include "base/crypto.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"

#define ID_HEX_LEN (2 * LWC_FORMAT_ID_LEN)
#define MAC_HEX_LEN (2 * LWC_FORMAT_DIGEST_LEN)
#define CONTENT_MAX 128
#define NAME_LEN 96
#define FILE_LEN (PATH_MAX + NAME_LEN)
#define LINE_LEN (2 * PATH_MAX + 512)
#define LOCK_NAME "lock"
#define LOCK_MS 1000

/* The state directory, the names of both files in it, and their content for the store at hand. */
struct record {
    char dir[PATH_MAX];
    char id_file[FILE_LEN];
    char path_file[FILE_LEN];
    char id_line[CONTENT_MAX];
    char path_line[CONTENT_MAX];
};

/* Content of the file of a store; generation 0: no content, or none that can be read. */
struct known {
    uint64_t generation;
    char mac[MAC_HEX_LEN + 1];
};

enum rollback_verdict { SAME, NEWER, OLDER, DIVERGED };

static void log_warning(struct lwc_rollback *rollback, const char *line)
{
    rollback->host->log(rollback->host->data, LWC_LOG_WARNING, line);
}

static void warn_once(struct lwc_rollback *rollback, const struct lwc_error *why)
{
    char line[LINE_LEN];

    if (!rollback->has_warned) {
        (void)snprintf(line, sizeof line,
                       "cannot remember the store's generation, a rollback would not be seen: %s",
                       why->msg);
        log_warning(rollback, line);
    }
    rollback->has_warned = true;
}

/* The directory, or false if the user has none. */
static bool find_state_dir(const struct lwc_host *host, char dir_out[PATH_MAX])
{
    static const struct {
        const char *setting;
        const char *below;
    } places[] = {{"XDG_STATE_HOME", "lwcred"}, {"HOME", ".local/state/lwcred"}};

    for (size_t i = 0; i < LWC_ARRAY_LEN(places); i++) {
        const char *base = lwc_host_dir(host, places[i].setting);

        if (base != NULL) {
            int len = snprintf(dir_out, PATH_MAX, "%s/%s", base, places[i].below);

            return len > 0 && len < PATH_MAX;
        }
    }
    return false;
}

static void write_hex(const uint8_t *bytes, size_t len, char *text_out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text_out[2 * i] = digits[bytes[i] >> 4];
        text_out[2 * i + 1] = digits[bytes[i] & 15];
    }
    text_out[2 * len] = '\0';
}

static bool make_record(const struct lwc_host *host, const char *path,
                        const struct lwc_store_format *store, struct record *record)
{
    char id[ID_HEX_LEN + 1];
    char mac[MAC_HEX_LEN + 1];
    char path_hex[LWC_HASH_HEX_LEN];
    uint8_t path_hash[LWC_HASH_LEN];
    struct lwc_hash hash;

    if (!find_state_dir(host, record->dir)) {
        return false;
    }
    lwc_hash_begin(&hash, "path of a store");
    lwc_hash_add_text(&hash, path);
    lwc_hash_end(&hash, path_hash);
    lwc_hash_hex(path_hash, path_hex);
    write_hex(store->store_id, LWC_FORMAT_ID_LEN, id);
    write_hex(store->mac, LWC_FORMAT_DIGEST_LEN, mac);
    (void)snprintf(record->id_file, FILE_LEN, "%s/%s", record->dir, id);
    (void)snprintf(record->path_file, FILE_LEN, "%s/path-%s", record->dir, path_hex);
    (void)snprintf(record->id_line, CONTENT_MAX, "%" PRIu64 " %s\n", store->generation, mac);
    (void)snprintf(record->path_line, CONTENT_MAX, "%s\n", id);
    return true;
}

/* A missing file gives empty text. */
static enum lwc_code read_line(const char *file, char line_out[CONTENT_MAX], struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    struct lwc_error why = {0};
    enum lwc_code code = lwc_buf_new(CONTENT_MAX, &content, &why);

    line_out[0] = '\0';
    if (code == LWC_OK) {
        code = lwc_file_read(file, LWC_TRUST_PRIVATE, CONTENT_MAX - 1, content, &why);
    }
    if (code == LWC_OK) {
        (void)snprintf(line_out, CONTENT_MAX, "%s", lwc_buf_text(content));
    } else if (code != LWC_E_NOT_FOUND) {
        *err = why;
        return code;
    }
    return LWC_OK;
}

/* "GENERATION MAC\n"; another text leaves generation 0. */
static void parse_known(const char *line, struct known *known_out)
{
    const size_t digits = lwc_text_span(line, "0123456789");
    const char *mac = line + digits + 1;
    int64_t number = 0;

    *known_out = (struct known){0};
    if (line[digits] != ' ' || lwc_text_span(mac, "0123456789abcdef") != MAC_HEX_LEN ||
        !lwc_streq(mac + MAC_HEX_LEN, "\n") ||
        !lwc_text_parse_number(line, digits, INT64_MAX, &number)) {
        return;
    }
    known_out->generation = (uint64_t)number;
    memcpy(known_out->mac, mac, MAC_HEX_LEN);
}

static enum rollback_verdict compare_generations(const struct known *known,
                                                 const struct lwc_store_format *store)
{
    const bool is_next = store->generation == known->generation + 1;
    char mac[MAC_HEX_LEN + 1];

    if (known->generation == 0) {
        return NEWER;
    }
    if (store->generation < known->generation) {
        return OLDER;
    }
    if (store->generation > known->generation && !is_next) {
        return NEWER;
    }
    write_hex(is_next ? store->previous_mac : store->mac, LWC_FORMAT_DIGEST_LEN, mac);
    if (!lwc_streq(mac, known->mac)) {
        return DIVERGED;
    }
    return is_next ? NEWER : SAME;
}

/* Under the lock, and without what a killed process left of the same file. */
static enum lwc_code replace_line(const char *file, const char *line, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    enum lwc_code code = lwc_path_resolve(file, &path, err);

    if (code != LWC_OK) {
        return code;
    }
    lwc_file_sweep(&path);
    return lwc_file_replace(&path, line, strlen(line), NULL, NULL, NULL, err);
}

/* Another process may have noted a newer generation since ours was read. */
static enum lwc_code remember_locked(const struct record *record,
                                     const struct lwc_store_format *store,
                                     enum lwc_rollback_event event, struct lwc_error *err)
{
    char line[CONTENT_MAX];
    struct known known = {0};
    enum lwc_code code = read_line(record->path_file, line, err);

    if (code == LWC_OK && (line[0] == '\0' || event == LWC_ROLLBACK_WRITTEN) &&
        !lwc_streq(line, record->path_line)) {
        code = replace_line(record->path_file, record->path_line, err);
    }
    if (code == LWC_OK) {
        code = read_line(record->id_file, line, err);
    }
    if (code != LWC_OK || lwc_streq(line, record->id_line)) {
        return code;
    }
    parse_known(line, &known);
    if (event != LWC_ROLLBACK_WRITTEN && compare_generations(&known, store) != NEWER) {
        return LWC_OK;
    }
    return replace_line(record->id_file, record->id_line, err);
}

static enum lwc_code record_generation(const struct lwc_host *host, const struct record *record,
                                       const struct lwc_store_format *store,
                                       enum lwc_rollback_event event, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    LWC_AUTO_LOCK lock_fd = -1;
    enum lwc_code code = lwc_home_check(host, record->dir, err);

    if (code == LWC_OK) {
        code = lwc_dir_make(record->dir, err);
    }
    if (code == LWC_OK) {
        code = lwc_path_resolve(record->id_file, &path, err);
    }
    if (code == LWC_OK) {
        code = lwc_lock_take(&path, LOCK_NAME, LOCK_MS, &lock_fd, err);
    }
    return code == LWC_OK ? remember_locked(record, store, event, err) : code;
}

static void report_generation(struct lwc_rollback *rollback, const char *path,
                              const struct lwc_store_format *store, const struct known *known,
                              enum rollback_verdict verdict)
{
    char line[LINE_LEN];

    if (verdict == OLDER) {
        (void)snprintf(line, sizeof line,
                       "%s is older than last seen (generation %" PRIu64 ", last seen %" PRIu64
                       "): was it put back from a backup?",
                       path, store->generation, known->generation);
        log_warning(rollback, line);
    }
    if (verdict == DIVERGED) {
        (void)snprintf(line, sizeof line,
                       "%s has diverged from what was last seen (generation %" PRIu64
                       "): was it changed in two places, or put back from a backup?",
                       path, known->generation);
        log_warning(rollback, line);
    }
}

/* Compares with what is known and warns; tells whether there is anything to remember. */
static enum lwc_code check_generation(struct lwc_rollback *rollback, const char *path,
                                      const struct record *record,
                                      const struct lwc_store_format *store, bool *is_news_out,
                                      struct lwc_error *err)
{
    char line[LINE_LEN];
    char content[CONTENT_MAX];
    struct known known = {0};
    enum rollback_verdict verdict = SAME;
    enum lwc_code code = read_line(record->path_file, content, err);

    if (code != LWC_OK) {
        return code;
    }
    *is_news_out = content[0] == '\0';
    if (content[0] != '\0' && !lwc_streq(content, record->path_line)) {
        (void)snprintf(line, sizeof line,
                       "%s is another store than last time: was it replaced?  If by you, remove %s",
                       path, record->path_file);
        log_warning(rollback, line);
    }
    code = read_line(record->id_file, content, err);
    if (code == LWC_OK) {
        parse_known(content, &known);
        verdict = compare_generations(&known, store);
        report_generation(rollback, path, store, &known, verdict);
        *is_news_out = *is_news_out || verdict == NEWER;
    }
    return code;
}

void lwc_rollback_note(struct lwc_rollback *rollback, const char *path,
                       const struct lwc_store_format *store, enum lwc_rollback_event event)
{
    struct record record;
    struct lwc_error why = {0};
    bool is_news = true;
    enum lwc_code code = LWC_OK;

    if (!make_record(rollback->host, path, store, &record)) {
        return;
    }
    if (event == LWC_ROLLBACK_READ) {
        code = check_generation(rollback, path, &record, store, &is_news, &why);
    }
    if (code == LWC_OK && is_news) {
        code = record_generation(rollback->host, &record, store, event, &why);
    }
    if (code != LWC_OK) {
        warn_once(rollback, &why);
    }
}
