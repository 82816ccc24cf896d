/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/file/contents.h"
#include "backends/file/seal.h"
#include "backends/file/unlock.h"
#include "base/util.h"

/*
 * grow_store FILE COUNT: make the store FILE, which $LWCRED_KEY_FILE opens, one of COUNT records,
 * in one step where "add" would take COUNT.
 *
 * The records that are new sort behind those that are there: access keys "u00001" and so on, and
 * last the ready token "v-token", which the store can give without an exchange.
 */

#define NAME_LEN 32

static const char *setting(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

static void say(void *data, enum lwc_log_level level, const char *text)
{
    (void)data;
    (void)level;
    (void)fprintf(stderr, "grow_store: %s\n", text);
}

static enum lwc_code decline(void *data, const char *text, uint32_t flags,
                             const struct lwc_sink *answer, struct lwc_error *err)
{
    (void)data;
    (void)flags;
    (void)answer;
    return lwc_fail(err, LWC_E_LOCKED, "nobody answers: %s", text);
}

static int64_t remaining_ms(void *data)
{
    (void)data;
    return 60000;
}

static void depends(void *data, const char *path)
{
    (void)data;
    (void)path;
}

static void asking(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static enum lwc_code load(const char *path, struct lwc_contents *contents_out,
                          struct lwc_buf **master, struct lwc_error *err)
{
    const struct lwc_host host = {
        .abi = LWC_BACKEND_ABI,
        .size = sizeof host,
        .log = say,
        .prompt = decline,
        .setting = setting,
        .remaining_ms = remaining_ms,
        .depends = depends,
        .asking = asking,
    };
    LWC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct lwc_unlock *unlock = NULL;
    enum lwc_code code = LWC_OK;

    if (fd < 0) {
        return lwc_fail(err, LWC_E_IO, "cannot open");
    }
    code = lwc_contents_read(fd, contents_out, err);
    if (code == LWC_OK) {
        code = lwc_unlock_new(&host, path, lwc_random, &unlock, err);
    }
    if (code == LWC_OK) {
        code = lwc_unlock_open(unlock, contents_out, master, err);
    }
    lwc_unlock_free(&unlock);
    return code;
}

/* A record, sealed; its bytes live until the process ends. */
static enum lwc_code make_record(const struct lwc_store_format *format,
                                 const struct lwc_buf *master, const struct lwc_identity *id,
                                 struct lwc_format_record *record_out, struct lwc_error *err)
{
    static const char secret[] = "_0123456789abcdef0123456789abcdef";
    uint8_t random[LWC_FORMAT_ID_LEN + LWC_FORMAT_NONCE_LEN];
    const struct lwc_format_draft draft = {
        .id = random,
        .nonce = random + LWC_FORMAT_ID_LEN,
        .generation = format->generation + 1,
        .created_at = format->created_at,
        .changed_at = format->created_at,
        .identity = id,
        .sealed_len = lwc_seal_len(sizeof secret - 1),
    };
    uint8_t ad[LWC_FORMAT_RECORD_AD_MAX];
    struct lwc_seal_ad bound = {ad, 0};
    uint8_t *bytes = NULL;
    enum lwc_code code = LWC_OK;

    lwc_random(random, sizeof random);
    code = lwc_format_record_make(&draft, &bytes, record_out, err);
    if (code != LWC_OK) {
        return code;
    }
    bound.len = lwc_format_record_ad(format, record_out, ad);
    return lwc_seal_record(master, draft.nonce, bound, secret, sizeof secret - 1,
                           bytes + record_out->ad_len, err);
}

static enum lwc_code grow(struct lwc_store_format *format, size_t count,
                          const struct lwc_buf *master, struct lwc_error *err)
{
    struct lwc_format_record *records =
        reallocarray(format->records, count, sizeof *format->records);
    enum lwc_code code = LWC_OK;

    if (records == NULL) {
        return lwc_fail(err, LWC_E_IO, "out of memory");
    }
    format->records = records;
    for (size_t i = format->record_count; i < count && code == LWC_OK; i++) {
        char profile[NAME_LEN] = "v-token";
        char key_id[NAME_LEN] = "";
        struct lwc_identity id = {
            .profile = profile,
            .account = "store.lacework.net",
            .origin = "",
            .key_id = key_id,
            .sub_account = "",
            .kind = LWC_KIND_TOKEN,
        };

        if (i + 1 < count) {
            id.kind = LWC_KIND_ACCESS_KEY;
            (void)snprintf(profile, sizeof profile, "u%05zu", i);
            (void)snprintf(key_id, sizeof key_id, "STORE_%05zu", i);
        }
        code = make_record(format, master, &id, &records[i], err);
    }
    if (code == LWC_OK) {
        format->record_count = count;
        format->generation++;
        memcpy(format->previous_mac, format->mac, sizeof format->mac);
    }
    return code;
}

static enum lwc_code save(const struct lwc_store_format *format, const struct lwc_buf *master,
                          const char *path, struct lwc_error *err)
{
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    size_t len = 0;
    enum lwc_code code = lwc_format_encode(format, &bytes, &len, err);

    if (code == LWC_OK) {
        code = lwc_seal_finish(master, bytes, len, err);
    }
    if (code == LWC_OK) {
        LWC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
            code = lwc_fail(err, LWC_E_IO, "cannot write");
        }
    }
    return code;
}

int main(int argc, char **argv)
{
    struct lwc_error err = {0};
    LWC_AUTO_CONTENTS contents = {0};
    LWC_AUTO_BUF master = NULL;
    size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    enum lwc_code code = LWC_OK;

    if (count == 0 || count > LWC_FORMAT_RECORD_MAX) {
        (void)fputs("usage: grow_store FILE COUNT\n", stderr);
        return 2;
    }
    code = load(argv[1], &contents, &master, &err);
    if (code == LWC_OK) {
        code = grow(&contents.format, count, master, &err);
    }
    if (code == LWC_OK) {
        code = save(&contents.format, master, argv[1], &err);
    }
    if (code != LWC_OK) {
        (void)fprintf(stderr, "grow_store: %s: %s\n", argv[1], err.msg);
    }
    return code == LWC_OK ? 0 : 1;
}
