/* SPDX-License-Identifier: Apache-2.0 */
#include "net/json.h"
#include "plugins/agent/config.h"

#define TOKEN "0a1b2c3d4e5f"
#define URL "https://api.fra.lacework.net"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct lwc_buf *edit(const void *text, size_t len)
{
    const struct lwc_agent_change change = {.token = TOKEN, .url = URL};
    struct lwc_buf *out = NULL;
    struct lwc_error err = {0};

    if (lwc_buf_new(64, &out, NULL) != LWC_OK) {
        abort();
    }
    if (lwc_agent_config_edit(text, len, &change, out, &err) != LWC_OK) {
        if (err.code != LWC_E_INVALID || err.msg[0] == '\0') {
            abort();
        }
        lwc_buf_free(&out);
    }
    return out;
}

/* Is the file what a strict reader takes, unless it takes the old one neither? */
static void check_tree(const uint8_t *data, size_t len, const struct lwc_buf *out)
{
    LWC_AUTO_JSON before = NULL;
    LWC_AUTO_JSON after = NULL;

    if (len == 0 || lwc_json_parse(data, len, &before, NULL) == LWC_OK) {
        if (lwc_json_parse(lwc_buf_bytes(out), lwc_buf_len(out), &after, NULL) != LWC_OK) {
            abort();
        }
    }
}

/* An edited file holds the token and the server; a second edit changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    LWC_AUTO_BUF once = len <= 65536 ? edit(data, len) : NULL;
    LWC_AUTO_BUF twice = NULL;
    LWC_AUTO_BUF token = NULL;
    bool has_url = false;

    if (once == NULL) {
        return 0;
    }
    check_tree(data, len, once);
    if (lwc_agent_config_parse(lwc_buf_text(once), lwc_buf_len(once), &has_url, &token, NULL) !=
            LWC_OK ||
        !has_url || token == NULL || !lwc_buf_equal(token, TOKEN, sizeof TOKEN - 1)) {
        abort();
    }
    twice = edit(lwc_buf_bytes(once), lwc_buf_len(once));
    if (twice == NULL || !lwc_buf_equal(twice, lwc_buf_bytes(once), lwc_buf_len(once))) {
        abort();
    }
    return 0;
}
