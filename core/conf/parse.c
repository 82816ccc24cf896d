/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "conf/control.h"
#include "conf/lexer.h"
#include "conf/setting.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define EVERY_OP LWC_OP_COUNT

/*
 * A file that is being read.
 *
 * source  its name for messages, owned by the conf.
 * path    its unique name.
 * only    take the lines of this operation alone, and no settings; or EVERY_OP.
 * seen    the lines in which the file makes a setting; 0 for none.
 */
struct frame {
    const struct frame *outer;
    unsigned depth;
    const char *source;
    const char *path;
    enum lwc_op only;
    unsigned seen[LWC_SET_COUNT];
    struct lwc_lexer lexer;
};

struct parser {
    const struct lwc_conf_input *input;
    struct lwc_conf *conf;
    enum lwc_code first; /* fault that was passed on */
};

static struct lwc_conf_place place_of(struct frame *frame, size_t at)
{
    struct lwc_conf_place place = {.file = frame->source};

    lwc_lexer_place(&frame->lexer, at, &place.line, &place.column);
    return place;
}

/*
 * Passes a fault to the caller's function and returns LWC_OK; without a function, returns @code
 * with the place in front of the text.
 */
static enum lwc_code pass_fault(struct parser *parser, const struct lwc_conf_place *where,
                                enum lwc_code code, struct lwc_error *err)
{
    if (parser->input->fault == NULL || (code == LWC_E_IO && err->sys == ENOMEM)) {
        return lwc_wrap(err, code, "%s:%u:%u", where->file, where->line, where->column);
    }
    if (parser->first == LWC_OK) {
        parser->first = code;
    }
    parser->input->fault(parser->input->data, where, err);
    return LWC_OK;
}

static enum lwc_code parse_op(const struct lwc_word *word, enum lwc_op *op_out,
                              struct lwc_error *err)
{
    const char *const right[] = {lwc_op_name(LWC_OP_LOOKUP), lwc_op_name(LWC_OP_STORE),
                                 lwc_op_name(LWC_OP_ERASE), "include", "set"};

    for (size_t i = 0; i < LWC_OP_COUNT; i++) {
        if (lwc_word_is(word, lwc_op_name((enum lwc_op)i))) {
            *op_out = (enum lwc_op)i;
            return LWC_OK;
        }
    }
    return lwc_word_unknown("operation", word->text, word->len, right, LWC_ARRAY_LEN(right), err);
}

static enum lwc_code parse_backend(const struct lwc_word *word, char name_out[static 1],
                                   struct lwc_error *err)
{
    if (word->bracketed || !lwc_backend_name_is_valid(word->text, word->len)) {
        return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "not a backend's name"),
                        "backends are named, not given by path: up to %d of a-z, 0-9 and -",
                        LWC_BACKEND_NAME_MAX);
    }
    memcpy(name_out, word->text, word->len + 1);
    return LWC_OK;
}

static enum lwc_code copy_args(const struct lwc_words *words, struct lwc_conf_line *line,
                               struct lwc_error *err)
{
    line->argv = calloc(words->count - 3 + 1, sizeof *line->argv);
    if (line->argv == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 3; i < words->count; i++) {
        char *arg = strdup(words->word[i].text);

        if (arg == NULL) {
            return lwc_fail_nomem(err);
        }
        line->argv[line->argc++] = arg;
    }
    return LWC_OK;
}

/* Parses a line of an operation.  *@at_out is the place of the fault. */
static enum lwc_code parse_rule(struct parser *parser, struct frame *frame,
                                const struct lwc_words *words, enum lwc_op op, size_t *at_out,
                                struct lwc_error *err)
{
    struct lwc_conf_line *line = &parser->conf->lines[parser->conf->count];
    enum lwc_code code = LWC_OK;

    *at_out = lwc_word_at(&words->word[0]);
    if (words->count < 3) {
        return lwc_fail(err, LWC_E_INVALID, "expected 'OPERATION CONTROL BACKEND'");
    }
    if (words->used - words->word[1].len > LWC_CONF_REST_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d bytes beside the control",
                        LWC_CONF_REST_MAX);
    }
    if (parser->conf->count == LWC_CONF_LINES_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d lines", LWC_CONF_LINES_MAX);
    }
    *line = (struct lwc_conf_line){.op = op,
                                   .where = place_of(frame, lwc_word_at(&words->word[0])),
                                   .control = place_of(frame, lwc_word_at(&words->word[1]))};
    code = lwc_control_parse(&words->word[1], line->actions, at_out, err);
    if (code == LWC_OK) {
        *at_out = lwc_word_at(&words->word[2]);
        code = parse_backend(&words->word[2], line->backend, err);
    }
    if (code != LWC_OK || (frame->only != EVERY_OP && frame->only != op)) {
        return code;
    }
    /* Counted before it is whole: its members are freed with the conf. */
    parser->conf->count++;
    return copy_args(words, line, err);
}

static enum lwc_code parse_set(struct parser *parser, struct frame *frame,
                               const struct lwc_words *words, size_t *at_out, struct lwc_error *err)
{
    struct lwc_conf unused = {.source = NULL};
    struct lwc_conf *conf = frame->only == EVERY_OP ? parser->conf : &unused;
    const struct lwc_conf_place where = place_of(frame, lwc_word_at(&words->word[0]));
    enum lwc_setting setting = LWC_SET_COUNT;
    enum lwc_code code = lwc_setting_parse(words, conf, &setting, at_out, err);

    if (code != LWC_OK) {
        return code;
    }
    if (frame->seen[setting] != 0) {
        *at_out = lwc_word_at(&words->word[1]);
        return lwc_fail(err, LWC_E_INVALID, "'%s' is set in line %u already",
                        lwc_setting_name(setting), frame->seen[setting]);
    }
    frame->seen[setting] = where.line;
    conf->set[setting] = where;
    return LWC_OK;
}

/* Writes "a -> b -> c", outermost first. */
static void write_chain(const struct frame *frame, char *out, size_t cap)
{
    size_t used = 0;

    out[0] = '\0';
    if (frame->outer != NULL) {
        write_chain(frame->outer, out, cap);
        used = strlen(out);
    }
    (void)snprintf(out + used, cap - used, "%s%s", used > 0 ? " -> " : "", frame->source);
}

static enum lwc_code depth_check(const struct parser *parser, const struct frame *frame,
                                 struct lwc_error *err)
{
    char chain[LWC_ERROR_MSG_LEN];

    if (frame->depth == LWC_CONF_DEPTH_MAX) {
        write_chain(frame, chain, sizeof chain);
        return lwc_fail(err, LWC_E_INVALID, "files are included more than %d deep: %s",
                        LWC_CONF_DEPTH_MAX, chain);
    }
    if (parser->conf->file_count == LWC_CONF_FILES_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "more than %d files", LWC_CONF_FILES_MAX);
    }
    return LWC_OK;
}

static enum lwc_code cycle_check(const struct frame *frame, const char *path, struct lwc_error *err)
{
    char chain[LWC_ERROR_MSG_LEN];

    for (const struct frame *at = frame; at != NULL; at = at->outer) {
        if (at->path != NULL && lwc_streq(at->path, path)) {
            write_chain(frame, chain, sizeof chain);
            return lwc_fail(err, LWC_E_INVALID, "the file includes itself: %s -> %s", chain,
                            at->source);
        }
    }
    return LWC_OK;
}

static enum lwc_code read_included(const struct parser *parser, const struct frame *frame,
                                   const char *name, struct lwc_buf **content, char **path,
                                   struct lwc_error *err)
{
    const struct lwc_conf_input *input = parser->input;
    enum lwc_code code = depth_check(parser, frame, err);

    if (code == LWC_OK && input->read == NULL) {
        code = lwc_fail(err, LWC_E_INVALID, "no file can be included here");
    }
    if (code == LWC_OK) {
        code = lwc_buf_new(LWC_CONF_LINE_MAX, content, err);
    }
    if (code == LWC_OK) {
        code = input->read(input->data, frame->path, name, *content, path, err);
        /* A named file that is missing is a fault. */
        code = code == LWC_E_NOT_FOUND ? lwc_wrap(err, LWC_E_INVALID, "include") : code;
    }
    return code == LWC_OK ? cycle_check(frame, *path, err) : code;
}

static enum lwc_code parse_frame(struct parser *parser, struct frame *frame, struct lwc_error *err);

/*
 * Reads the file that @word names.  *@own_out: the fault is of the line itself; faults inside of
 * the file were passed on.
 */
static enum lwc_code parse_include(struct parser *parser, const struct frame *frame,
                                   const struct lwc_word *word, enum lwc_op only, bool *own_out,
                                   struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_FREE char *path = NULL;
    struct frame inner = {.outer = frame, .depth = frame->depth + 1, .only = only};
    enum lwc_code code = read_included(parser, frame, word->text, &content, &path, err);

    *own_out = code != LWC_OK;
    if (code != LWC_OK) {
        return code;
    }
    inner.source = path;
    inner.path = path;
    inner.lexer = (struct lwc_lexer){.text = lwc_buf_text(content), .len = lwc_buf_len(content)};
    parser->conf->files[parser->conf->file_count++] = LWC_TAKE(path);
    return parse_frame(parser, &inner, err);
}

/*
 * Returns which word of an include names the file, or 0 for another line.  *only: the lines to
 * take.
 */
static size_t find_include(const struct lwc_words *words, enum lwc_op *only)
{
    if (lwc_word_is(&words->word[0], "include")) {
        return 1;
    }
    for (size_t i = 0; words->count > 1 && i < LWC_OP_COUNT; i++) {
        if (lwc_word_is(&words->word[0], lwc_op_name((enum lwc_op)i)) &&
            lwc_word_is(&words->word[1], "include")) {
            *only = (enum lwc_op)i;
            return 2;
        }
    }
    return 0;
}

static enum lwc_code parse_words(struct parser *parser, struct frame *frame,
                                 const struct lwc_words *words, size_t *at_out, bool *own_out,
                                 struct lwc_error *err)
{
    enum lwc_op only = frame->only;
    enum lwc_op op = LWC_OP_LOOKUP;
    const size_t name = find_include(words, &only);
    enum lwc_code code = LWC_OK;

    *own_out = true;
    *at_out = lwc_word_at(&words->word[0]);
    if (name > 0 && words->count != name + 1) {
        return lwc_fail(err, LWC_E_INVALID, "expected '%sinclude FILE'",
                        name > 1 ? "OPERATION " : "");
    }
    if (name > 0) {
        /* An operation that the outer file leaves out is left out of inner files, too. */
        if (frame->only != EVERY_OP && only != frame->only) {
            return LWC_OK;
        }
        *at_out = lwc_word_at(&words->word[name]);
        return parse_include(parser, frame, &words->word[name], only, own_out, err);
    }
    if (lwc_word_is(&words->word[0], "set")) {
        return parse_set(parser, frame, words, at_out, err);
    }
    code = parse_op(&words->word[0], &op, err);
    return code == LWC_OK ? parse_rule(parser, frame, words, op, at_out, err) : code;
}

/* Checks a file as a whole: its length and first bytes. */
static enum lwc_code text_check(struct parser *parser, struct frame *frame, struct lwc_error *err)
{
    struct lwc_lexer *lexer = &frame->lexer;
    const struct lwc_conf_place start = {.file = frame->source, .line = 1, .column = 1};
    enum lwc_code code = LWC_OK;

    if (lexer->len > LWC_CONF_FILE_MAX) {
        code = lwc_fail(err, LWC_E_INVALID, "more than %zu bytes", LWC_CONF_FILE_MAX);
        lexer->len = 0;
        return pass_fault(parser, &start, code, err);
    }
    if (lexer->len >= strlen(BYTE_ORDER_MARK) &&
        memcmp(lexer->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        lexer->at = strlen(BYTE_ORDER_MARK);
        code = lwc_fail(err, LWC_E_INVALID, "the file begins with a byte order mark");
        return pass_fault(parser, &start, lwc_hint(err, code, "save it as plain UTF-8"), err);
    }
    return LWC_OK;
}

static enum lwc_code parse_line(struct parser *parser, struct frame *frame, struct lwc_words *words,
                                struct lwc_error *err)
{
    struct lwc_conf_place where;
    size_t at = 0;
    bool own = true;
    enum lwc_code code = lwc_lexer_next(&frame->lexer, words, &at, err);

    if (code == LWC_E_NOT_FOUND) {
        return code;
    }
    if (code == LWC_OK) {
        code = parse_words(parser, frame, words, &at, &own, err);
    }
    if (code == LWC_OK) {
        return code;
    }
    where = place_of(frame, at);
    if (own) {
        return pass_fault(parser, &where, code, err);
    }
    return lwc_wrap(err, code, "%s:%u:%u", where.file, where.line, where.column);
}

/* Parses all lines of @frame.  @err is not NULL. */
static enum lwc_code parse_frame(struct parser *parser, struct frame *frame, struct lwc_error *err)
{
    struct lwc_words words;
    enum lwc_code code = text_check(parser, frame, err);

    while (code == LWC_OK) {
        code = parse_line(parser, frame, &words, err);
    }
    return code == LWC_E_NOT_FOUND ? LWC_OK : code;
}

/* Returns how many lines of the same operation follow line @index. */
static size_t lines_behind(const struct lwc_conf *conf, size_t index)
{
    size_t count = 0;

    for (size_t i = index + 1; i < conf->count; i++) {
        count += conf->lines[i].op == conf->lines[index].op ? 1 : 0;
    }
    return count;
}

static enum lwc_code skip_check(const struct lwc_conf *conf, size_t index, struct lwc_error *err)
{
    const struct lwc_conf_line *line = &conf->lines[index];
    const size_t behind = lines_behind(conf, index);
    unsigned furthest = 0;

    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        const unsigned skip = lwc_action_skip(line->actions[i]);

        furthest = skip > furthest ? skip : furthest;
    }
    if (furthest <= behind) {
        return LWC_OK;
    }
    return lwc_hint(err,
                    lwc_fail(err, LWC_E_INVALID, "%u %s lines are to be skipped, but %zu follow",
                             furthest, lwc_op_name(line->op), behind),
                    "lines of other operations do not count");
}

/* Refuses skips beyond the last line, in each line. */
static enum lwc_code skips_check(struct parser *parser, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    for (size_t i = 0; i < parser->conf->count && code == LWC_OK; i++) {
        struct lwc_error why = {0};

        code = skip_check(parser->conf, i, &why);
        if (code != LWC_OK) {
            code = pass_fault(parser, &parser->conf->lines[i].control, code, &why);
        }
        (void)lwc_error_pass(err, code, &why);
    }
    return code;
}

static enum lwc_code conf_new(const char *source, struct lwc_conf **conf_out, struct lwc_error *err)
{
    LWC_AUTO_CONF conf = calloc(1, sizeof *conf);

    if (conf == NULL) {
        return lwc_fail_nomem(err);
    }
    conf->source = strdup(source);
    /* Not zeroed, because it is large: a line is set as a whole before it counts. */
    conf->lines = malloc((LWC_CONF_LINES_MAX + 1) * sizeof *conf->lines);
    conf->files = calloc(LWC_CONF_FILES_MAX, sizeof *conf->files);
    if (conf->source == NULL || conf->lines == NULL || conf->files == NULL) {
        return lwc_fail_nomem(err);
    }
    *conf_out = LWC_TAKE(conf);
    return LWC_OK;
}

enum lwc_code lwc_conf_parse_from(const struct lwc_conf_input *input, const char *text, size_t len,
                                  const char *source, const char *path, struct lwc_conf **conf_out,
                                  struct lwc_error *err)
{
    LWC_AUTO_CONF conf = NULL;
    struct parser parser = {.input = input};
    struct frame frame = {
        .path = path, .only = EVERY_OP, .lexer = {.text = text, .len = len, .at = 0}};
    struct lwc_error why = {0};
    enum lwc_code code = conf_new(source, &conf, &why);

    if (code == LWC_OK) {
        parser.conf = conf;
        frame.source = conf->source;
        code = parse_frame(&parser, &frame, &why);
    }
    if (code == LWC_OK && parser.first == LWC_OK) {
        code = skips_check(&parser, &why);
    }
    if (code == LWC_OK && parser.first != LWC_OK) {
        code = lwc_fail(&why, parser.first, "%s: not a stack file as it should be", source);
    }
    if (code == LWC_OK) {
        *conf_out = LWC_TAKE(conf);
    }
    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_conf_parse(const char *text, size_t len, const char *source,
                             struct lwc_conf **conf_out, struct lwc_error *err)
{
    const struct lwc_conf_input input = {.data = NULL};

    return lwc_conf_parse_from(&input, text, len, source, NULL, conf_out, err);
}
