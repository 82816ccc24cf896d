/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack files: any bytes parse or are refused with a reason and a place; what is parsed, written as
 * text, parses to the same.  Parts of the input that a byte 0x1e ends are files, which include one
 * another by their number.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/append.h"
#include "conf/conf.h"
#include "conf/lint.h"
#include "conf/parse.h"
#include "conf/print.h"

#define FILE_END 0x1e

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parts {
    const char *text;
    size_t len;
    size_t faults;
};

/* Part @number of the input; false if there are not so many. */
static bool find_part(const struct parts *parts, size_t number, const char **text, size_t *len)
{
    const char *end = NULL;

    *text = parts->text;
    *len = parts->len;
    while ((end = memchr(*text, FILE_END, *len)) != NULL && number > 0) {
        *len -= (size_t)(end + 1 - *text);
        *text = end + 1;
        number--;
    }
    if (end != NULL) {
        *len = (size_t)(end - *text);
    }
    return number == 0;
}

static enum lwc_code read_part(void *data, const char *from, const char *name,
                               struct lwc_buf *content, char **path_out, struct lwc_error *err)
{
    const char *text = NULL;
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    assert(from != NULL);
    if (!find_part(data, (size_t)(name[0] - '0'), &text, &len) || name[1] != '\0') {
        return lwc_fail(err, LWC_E_NOT_FOUND, "no part '%s'", name);
    }
    code = lwc_buf_append(content, text, len, err);
    *path_out = code == LWC_OK ? strdup(name) : NULL;
    return code;
}

static void on_fault(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    struct parts *parts = data;

    assert(where->file != NULL && where->line > 0 && where->column > 0);
    assert(what->code != LWC_OK && what->msg[0] != '\0');
    parts->faults++;
}

static void on_warning(void *data, const struct lwc_conf_place *where, const struct lwc_error *what)
{
    (void)data;
    assert(where->line > 0 && what->msg[0] != '\0');
}

static void write_text(const struct lwc_conf *conf, struct lwc_buf *out)
{
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < LWC_SET_COUNT; i++) {
        if (conf->set[i].file != NULL) {
            code = lwc_conf_text_setting(out, conf, (enum lwc_setting)i, NULL);
            assert(code == LWC_OK && lwc_text_append(out, NULL, "\n") == LWC_OK);
        }
    }
    for (size_t i = 0; i < conf->count; i++) {
        code = lwc_conf_text_line(out, &conf->lines[i], NULL);
        assert(code == LWC_OK && lwc_text_append(out, NULL, "  # %zu\n", i) == LWC_OK);
    }
}

static void assert_same(const struct lwc_conf *a, const struct lwc_conf *b)
{
    assert(a->count == b->count && a->cache == b->cache && a->min_valid_s == b->min_valid_s);
    for (size_t i = 0; i < LWC_SET_COUNT; i++) {
        assert((a->set[i].file == NULL) == (b->set[i].file == NULL));
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct lwc_conf_line *one = &a->lines[i];
        const struct lwc_conf_line *two = &b->lines[i];

        assert(one->op == two->op && one->argc == two->argc);
        assert(memcmp(one->actions, two->actions, sizeof one->actions) == 0);
        assert(strcmp(one->backend, two->backend) == 0);
        for (size_t j = 0; j < one->argc; j++) {
            assert(strcmp(one->argv[j], two->argv[j]) == 0);
        }
    }
}

static void check_text(const struct lwc_conf *conf)
{
    LWC_AUTO_BUF text = NULL;
    LWC_AUTO_CONF again = NULL;
    struct lwc_error err = {0};

    if (lwc_buf_new(LWC_CONF_LINE_MAX, &text, NULL) != LWC_OK) {
        abort();
    }
    write_text(conf, text);
    if (lwc_buf_len(text) > LWC_CONF_FILE_MAX) {
        return;
    }
    if (lwc_conf_parse(lwc_buf_text(text), lwc_buf_len(text), "shown", &again, &err) != LWC_OK) {
        (void)fprintf(stderr, "%s\n%s", err.msg, lwc_buf_text(text));
        abort();
    }
    assert_same(conf, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parts parts = {.text = size > 0 ? (const char *)data : "", .len = size};
    struct lwc_conf_input input = {.data = &parts, .read = read_part};
    LWC_AUTO_CONF conf = NULL;
    LWC_AUTO_CONF checked = NULL;
    struct lwc_error err = {0};
    struct lwc_error why = {0};
    const char *text = NULL;
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    (void)find_part(&parts, 0, &text, &len);
    code = lwc_conf_parse_from(&input, text, len, "0", "0", &conf, &err);
    assert((code == LWC_OK) == (conf != NULL));
    assert(code == LWC_OK || (err.code == code && strchr(err.msg, ':') != NULL));
    input.fault = on_fault;
    assert((lwc_conf_parse_from(&input, text, len, "0", "0", &checked, &why) == LWC_OK) ==
           (code == LWC_OK));
    assert((parts.faults == 0) == (code == LWC_OK));
    if (conf != NULL) {
        lwc_conf_lint(conf, on_warning, NULL);
        check_text(conf);
    }
    return 0;
}
