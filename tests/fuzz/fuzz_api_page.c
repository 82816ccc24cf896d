/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of results in pieces of any length: the same events, and no path that leaves the origin. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "plugins/helper/api_pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum_text(uint64_t sum, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static enum lwc_code add_text(void *data, const char *bytes, size_t len, bool is_markup,
                              struct lwc_error *err)
{
    uint64_t *sum = data;

    (void)is_markup;
    (void)err;
    *sum = sum_text(*sum, bytes, len);
    return LWC_OK;
}

static enum lwc_code read_page(const uint8_t *data, size_t size, size_t step, uint64_t *sum_out)
{
    char path[LWC_CALL_PATH_MAX + 1];
    struct lwc_error err = {0};
    struct lwc_json_printer printer = {.data = sum_out, .write = add_text, .is_pretty = true};
    struct lwc_api_page page = {.printer = &printer};
    const struct lwc_json_reader reader = {.data = &page, .event = lwc_api_page_event};
    struct lwc_json_stream stream = {.reader = &reader};
    enum lwc_code code = LWC_OK;

    for (size_t at = 0; at < size && code == LWC_OK; at += step) {
        code = lwc_json_stream_feed(&stream, (const char *)data + at,
                                    size - at < step ? size - at : step, &err);
    }
    code = code == LWC_OK ? lwc_json_stream_end(&stream, &err) : code;
    if (code == LWC_OK && lwc_api_page_next(&page, "acme.lacework.net", path, &err) == LWC_OK) {
        assert(path[0] == '\0' || path[0] == '/');
        *sum_out = sum_text(*sum_out, path, strlen(path));
    }
    lwc_api_page_clear(&page);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = 0;
    uint64_t pieces = 0;
    const enum lwc_code code = read_page(data, size, size + 1, &whole);

    assert(read_page(data, size, 1, &pieces) == code);
    assert(code != LWC_OK || whole == pieces);
    return 0;
}
