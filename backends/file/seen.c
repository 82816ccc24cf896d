/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/seen.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"

#define NUMBER_MAX 32
#define LINE_LEN (PATH_MAX + 256)

static void complain(struct lwc_seen *seen, const struct lwc_error *why)
{
    char line[LINE_LEN];

    if (!seen->complained) {
        (void)snprintf(line, sizeof line,
                       "cannot remember the store's generation, a rollback would not be seen: %s",
                       why->msg);
        seen->host->log(seen->host->data, LWC_LOG_WARNING, line);
    }
    seen->complained = true;
}

/* The directory, or false if the user has none. */
static bool state_dir(const struct lwc_host *host, char dir_out[PATH_MAX])
{
    static const struct {
        const char *setting;
        const char *below;
    } places[] = {{"XDG_STATE_HOME", "lwcred"}, {"HOME", ".local/state/lwcred"}};

    for (size_t i = 0; i < LWC_ARRAY_LEN(places); i++) {
        const char *base = host->setting(host->data, places[i].setting);

        if (base != NULL && base[0] == '/') {
            int len = snprintf(dir_out, PATH_MAX, "%s/%s", base, places[i].below);

            return len > 0 && len < PATH_MAX;
        }
    }
    return false;
}

static void append_hex(char *text, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = '\0';
}

/* 0 if nothing, or nothing readable, is remembered. */
static enum lwc_code recall(const char *file, uint64_t *generation_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET content = NULL;
    int64_t number = 0;
    enum lwc_code code = lwc_secret_new(NUMBER_MAX, &content, err);

    if (code == LWC_OK) {
        code = lwc_file_read(file, LWC_TRUST_PRIVATE, NUMBER_MAX, content, err);
    }
    if (code == LWC_OK && lwc_secret_len(content) > 0 &&
        lwc_text_parse_number(lwc_secret_text(content), lwc_secret_len(content) - 1, INT64_MAX,
                              &number)) {
        *generation_out = (uint64_t)number;
    }
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

static enum lwc_code remember(const char *dir, const char *file, uint64_t generation,
                              struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char number[NUMBER_MAX];
    int len = snprintf(number, sizeof number, "%" PRIu64 "\n", generation);
    enum lwc_code code = lwc_dir_make(dir, err);

    if (code == LWC_OK) {
        code = lwc_path_resolve(file, &path, err);
    }
    return code == LWC_OK ? lwc_file_replace(&path, number, (size_t)len, NULL, NULL, NULL, err)
                          : code;
}

void lwc_seen_note(struct lwc_seen *seen, const char *path,
                   const uint8_t store_id[static LWC_FORMAT_ID_LEN], uint64_t generation)
{
    char dir[PATH_MAX];
    char id[2 * LWC_FORMAT_ID_LEN + 1];
    char file[PATH_MAX + sizeof id + 1];
    char line[LINE_LEN];
    uint64_t known = 0;
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    if (!state_dir(seen->host, dir)) {
        return;
    }
    append_hex(id, store_id, LWC_FORMAT_ID_LEN);
    (void)snprintf(file, sizeof file, "%s/%s", dir, id);
    code = recall(file, &known, &why);
    if (code == LWC_OK && generation < known) {
        (void)snprintf(line, sizeof line,
                       "%s is older than last seen (generation %" PRIu64 ", last seen %" PRIu64
                       "): was it put back from a backup?",
                       path, generation, known);
        seen->host->log(seen->host->data, LWC_LOG_WARNING, line);
    }
    if (code == LWC_OK && generation > known) {
        code = remember(dir, file, generation, &why);
    }
    if (code != LWC_OK) {
        complain(seen, &why);
    }
}
