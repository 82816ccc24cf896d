/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/lacework-cli/edit.h"

#include <string.h>

#include "backends/lacework-cli/toml.h"
#include "base/crypto.h"
#include "base/text.h"
#include "base/util.h"

#define CUTS_MAX 4

/* Bytes of the text that become "". */
struct cut {
    size_t begin;
    size_t end;
};

/*
 * A text under examination: what is to be emptied in it, in cuts, and a hash of all other entries.
 * bad_line: a line with a value that cannot be found, or 0.
 */
struct edit_ctx {
    const char *text;
    size_t len;
    size_t table_id;
    const char *const *keys;
    size_t key_count;
    struct cut cuts[CUTS_MAX];
    size_t cut_count;
    unsigned bad_line;
    struct lwc_hash hash;
};

static bool is_wanted(const struct edit_ctx *ctx, const struct lwc_toml_entry *entry)
{
    if (entry->table_id != ctx->table_id || entry->kind != LWC_TOML_TEXT) {
        return false;
    }
    for (size_t i = 0; i < ctx->key_count; i++) {
        if (lwc_text_is(entry->key, ctx->keys[i])) {
            return true;
        }
    }
    return false;
}

static void hash_entry(struct lwc_hash *hash, const struct lwc_toml_entry *entry, bool is_emptied)
{
    lwc_hash_add_text(hash, entry->table);
    lwc_hash_add_text(hash, entry->key);
    lwc_hash_add_number(hash, entry->kind);
    lwc_hash_add_number(hash, entry->number);
    lwc_hash_add(hash, is_emptied ? "" : entry->text, is_emptied ? 0 : entry->len);
}

/* Returns the offset of @line, from 1; the length of the text if there is none. */
static size_t find_line(const struct edit_ctx *ctx, unsigned line)
{
    size_t at = 0;

    while (line > 1 && at < ctx->len) {
        const char *newline = memchr(ctx->text + at, '\n', ctx->len - at);

        at = newline != NULL ? (size_t)(newline - ctx->text) + 1 : ctx->len;
        line--;
    }
    return at;
}

/* Skips @count characters of UTF-8, a byte order mark in front of them not counted. */
static size_t skip_characters(const struct edit_ctx *ctx, size_t at, unsigned count)
{
    if (at == 0 && ctx->len >= 3 && memcmp(ctx->text, "\xef\xbb\xbf", 3) == 0) {
        at = 3;
    }
    for (; count > 0 && at < ctx->len; count--) {
        do {
            at++;
        } while (at < ctx->len && ((uint8_t)ctx->text[at] & 0xc0u) == 0x80u);
    }
    return at;
}

/* Returns the end of the string that begins at @at with a quote; 0 if it has none. */
static size_t find_string_end(const struct edit_ctx *ctx, size_t at)
{
    const char quote = ctx->text[at];
    const bool is_long =
        at + 2 < ctx->len && ctx->text[at + 1] == quote && ctx->text[at + 2] == quote;
    const size_t marks = is_long ? 3 : 1;
    size_t seen = 0;

    for (at += marks; at < ctx->len; at++) {
        if (ctx->text[at] == '\\' && quote == '"') {
            seen = 0;
            at++;
            continue;
        }
        seen = ctx->text[at] == quote ? seen + 1 : 0;
        if (seen == marks) {
            break;
        }
    }
    if (at >= ctx->len) {
        return 0;
    }
    at++;
    /* A long string may end in one or two quotes of its own. */
    for (int i = 0; is_long && i < 2 && at < ctx->len && ctx->text[at] == quote; i++) {
        at++;
    }
    return at;
}

/* Finds the value of @entry behind the '=' of its key. */
static bool find_value(const struct edit_ctx *ctx, const struct lwc_toml_entry *entry,
                       struct cut *cut_out)
{
    size_t at = skip_characters(ctx, find_line(ctx, entry->line), entry->column - 1);

    while (at < ctx->len && ctx->text[at] != '=' && ctx->text[at] != '\n') {
        at++;
    }
    do {
        at++;
    } while (at < ctx->len && (ctx->text[at] == ' ' || ctx->text[at] == '\t'));
    if (at >= ctx->len || (ctx->text[at] != '"' && ctx->text[at] != '\'')) {
        return false;
    }
    cut_out->begin = at;
    cut_out->end = find_string_end(ctx, at);
    return cut_out->end > 0;
}

static void examine_entry(void *data, const struct lwc_toml_entry *entry)
{
    struct edit_ctx *ctx = data;
    const bool is_emptied = is_wanted(ctx, entry);

    hash_entry(&ctx->hash, entry, is_emptied);
    if (!is_emptied) {
        return;
    }
    if (ctx->cut_count == CUTS_MAX || entry->column == 0 ||
        !find_value(ctx, entry, &ctx->cuts[ctx->cut_count])) {
        ctx->bad_line = entry->line;
        return;
    }
    ctx->cut_count++;
}

/* Parses ctx->text and examines all entries. */
static enum lwc_code examine_text(struct edit_ctx *ctx, uint8_t hash_out[LWC_HASH_LEN],
                                  struct lwc_error *err)
{
    LWC_AUTO(struct lwc_toml *, lwc_toml_free) toml = NULL;
    struct lwc_toml_fault fault = {0};
    enum lwc_toml_end end = lwc_toml_parse(ctx->text, ctx->len, &toml, &fault);

    if (end == LWC_TOML_DONE) {
        lwc_hash_begin(&ctx->hash, "lacework-cli entries");
        end = lwc_toml_visit(toml, examine_entry, ctx);
        lwc_hash_end(&ctx->hash, hash_out);
    }
    if (end == LWC_TOML_MALFORMED) {
        return lwc_fail(err, LWC_E_INVALID, "%s", fault.why);
    }
    return end == LWC_TOML_DONE ? LWC_OK : lwc_fail_nomem(err);
}

static void sort_cuts(struct edit_ctx *ctx)
{
    for (size_t i = 1; i < ctx->cut_count; i++) {
        for (size_t j = i; j > 0 && ctx->cuts[j].begin < ctx->cuts[j - 1].begin; j--) {
            const struct cut later = ctx->cuts[j - 1];

            ctx->cuts[j - 1] = ctx->cuts[j];
            ctx->cuts[j] = later;
        }
    }
}

static enum lwc_code append_edited(const struct edit_ctx *ctx, struct lwc_buf *edited,
                                   struct lwc_error *err)
{
    size_t at = 0;
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < ctx->cut_count && code == LWC_OK; i++) {
        code = lwc_buf_append(edited, ctx->text + at, ctx->cuts[i].begin - at, err);
        code = code == LWC_OK ? lwc_buf_append(edited, "\"\"", 2, err) : code;
        at = ctx->cuts[i].end;
    }
    return code == LWC_OK ? lwc_buf_append(edited, ctx->text + at, ctx->len - at, err) : code;
}

/* The edited text must hold all entries of the old one, the emptied ones as "". */
static enum lwc_code check_edited(const struct lwc_buf *edited, const uint8_t hash[LWC_HASH_LEN],
                                  struct lwc_error *err)
{
    struct edit_ctx again = {.text = lwc_buf_text(edited), .len = lwc_buf_len(edited)};
    uint8_t found[LWC_HASH_LEN];
    enum lwc_code code = examine_text(&again, found, err);

    if (code != LWC_OK) {
        return code;
    }
    return memcmp(hash, found, LWC_HASH_LEN) == 0
               ? LWC_OK
               : lwc_fail(err, LWC_E_INVALID, "other keys would change");
}

enum lwc_code lwc_edit_empty(const char *path, const struct lwc_buf *text, size_t table_id,
                             const char *const *keys, size_t count, struct lwc_buf *edited,
                             struct lwc_error *err)
{
    struct edit_ctx ctx = {.text = lwc_buf_text(text),
                           .len = lwc_buf_len(text),
                           .table_id = table_id,
                           .keys = keys,
                           .key_count = count};
    uint8_t hash[LWC_HASH_LEN];
    enum lwc_code code = examine_text(&ctx, hash, err);

    if (code == LWC_OK && ctx.bad_line != 0) {
        code = lwc_fail(err, LWC_E_INVALID, "line %u", ctx.bad_line);
    }
    if (code == LWC_OK) {
        sort_cuts(&ctx);
        code = append_edited(&ctx, edited, err);
    }
    if (code == LWC_OK) {
        code = check_edited(edited, hash, err);
    }
    if (code == LWC_OK) {
        return LWC_OK;
    }
    lwc_buf_reset(edited);
    return lwc_hint(err, lwc_wrap(err, code, "%s: the secret cannot be taken out", path),
                    "take it out with an editor");
}
