/* SPDX-License-Identifier: Apache-2.0 */
/* A file of any content for each reader of one key: a whole key, or a reason without it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/identity.h"
#include "base/util.h"
#include "plugins/import/readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const struct lwc_import_key *key)
{
    assert(lwc_key_id_check(key->key_id, NULL) == LWC_OK);
    assert(lwc_key_secret_check(lwc_buf_bytes(key->secret), lwc_buf_len(key->secret), NULL) ==
           LWC_OK);
    assert(lwc_sub_account_check(key->sub_account, NULL) == LWC_OK);
    assert(key->account[0] == '\0' || lwc_host_is_canonical(key->account, false));
}

/* An emptied file gives no secret. */
static void empty_and_check(const struct lwc_buf *text)
{
    LWC_AUTO_BUF edited = NULL;
    LWC_AUTO_IMPORT_KEY key = {.secret = NULL};

    if (lwc_buf_new(lwc_buf_len(text) + 1, &edited, NULL) != LWC_OK) {
        return;
    }
    assert(lwc_import_empty_env(text, edited, NULL) == LWC_OK);
    assert(lwc_buf_len(edited) < lwc_buf_len(text));
    assert(lwc_import_read_env(edited, &key, NULL) == LWC_E_INVALID && key.secret == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum lwc_code (*const readers[])(const struct lwc_buf *, struct lwc_import_key *,
                                            struct lwc_error *) = {
        lwc_import_read_json, lwc_import_read_txt, lwc_import_read_env};
    LWC_AUTO_BUF text = NULL;

    if (lwc_buf_copy(data, size, &text, NULL) != LWC_OK) {
        return 0;
    }
    (void)lwc_import_detect(lwc_buf_text(text), size);
    for (size_t i = 0; i < LWC_ARRAY_LEN(readers); i++) {
        LWC_AUTO_IMPORT_KEY key = {.secret = NULL};
        struct lwc_error err = {0};
        const enum lwc_code code = readers[i](text, &key, &err);

        if (code != LWC_OK) {
            assert(err.msg[0] != '\0');
            continue;
        }
        check_key(&key);
        if (readers[i] == lwc_import_read_env) {
            empty_and_check(text);
        }
    }
    return 0;
}
