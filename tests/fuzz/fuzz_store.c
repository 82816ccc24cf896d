/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/file/contents.h"
#include "backends/file/format.h"
#include "backends/file/seal.h"
#include "base/util.h"

/*
 * Any bytes as a store file.  What is accepted must encode to itself, hold only sound identities
 * in order, and, made authentic with a known key, must neither open a record nor break.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_canonical(const struct lwc_store_format *format, const uint8_t *data, size_t len)
{
    LWC_AUTO_FREE uint8_t *again = NULL;
    size_t again_len = 0;

    if (lwc_format_encode(format, &again, &again_len, NULL) != LWC_OK || again_len != len ||
        memcmp(again, data, len) != 0) {
        abort();
    }
}

static void check_records(const struct lwc_store_format *format)
{
    for (size_t i = 0; i < format->record_count; i++) {
        const struct lwc_identity *id = &format->records[i].id;
        size_t index = 0;

        if (lwc_identity_check(id, NULL) != LWC_OK ||
            !lwc_contents_locate(format, id->profile, &index) || index != i) {
            abort();
        }
    }
}

/* The attacker's best case: the file is authentic, its records are not. */
static void check_sealing(const struct lwc_store_format *format, const uint8_t *data, size_t len)
{
    LWC_AUTO_BUF master = NULL;
    LWC_AUTO_FREE uint8_t *bytes = malloc(len);
    struct lwc_contents contents = {.bytes = bytes, .len = len, .format = *format};

    if (bytes == NULL ||
        lwc_buf_copy("0123456789abcdef0123456789abcdef", 32, &master, NULL) != LWC_OK) {
        return;
    }
    memcpy(bytes, data, len);
    if (lwc_seal_finish(master, bytes, len, NULL) != LWC_OK) {
        abort();
    }
    lwc_seal_hash(bytes, len, contents.hash);
    if (!lwc_seal_digest_fits(contents.hash, bytes + len - LWC_FORMAT_TRAILER_LEN) ||
        lwc_contents_authenticate(&contents, master, NULL) != LWC_OK) {
        abort();
    }
    for (size_t i = 0; i < format->record_count && i < 8; i++) {
        LWC_AUTO_BUF secret = NULL;

        if (lwc_contents_open(&contents, i, master, &secret, NULL) == LWC_OK) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_FORMAT format = {0};
    struct lwc_error err = {0};
    enum lwc_code head = lwc_format_head(data, len, &err);
    enum lwc_code code = lwc_format_parse(data, len, &format, &err);

    if (head != LWC_OK && head != code) {
        abort();
    }
    if (code == LWC_OK) {
        check_canonical(&format, data, len);
        check_records(&format);
        check_sealing(&format, data, len);
    }
    return 0;
}
