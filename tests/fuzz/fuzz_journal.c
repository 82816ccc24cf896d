/* SPDX-License-Identifier: Apache-2.0 */
/* A journal of any content: refused, or written again with the same bytes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "plugins/helper/journal_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LWC_AUTO_BUF text = NULL;
    LWC_AUTO_BUF again = NULL;
    LWC_AUTO_JOURNAL_TEXT journal = {.count = 0};
    struct lwc_error err = {0};

    if (lwc_buf_copy(data, size, &text, NULL) != LWC_OK ||
        lwc_buf_new(size + 1, &again, NULL) != LWC_OK) {
        return 0;
    }
    if (lwc_journal_text_parse(lwc_buf_text(text), size, &journal, &err) != LWC_OK) {
        assert(err.code == LWC_E_CORRUPT || err.code == LWC_E_TOO_NEW || err.code == LWC_E_IO);
        assert(err.msg[0] != '\0' && journal.name == NULL && journal.count == 0);
        return 0;
    }
    assert(lwc_journal_text_write(&journal, again, NULL) == LWC_OK);
    assert(lwc_buf_equal(again, data, size));
    return 0;
}
