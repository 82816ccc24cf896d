/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/text.h"
#include "paths.h"
#include "stack/module.h"

/* Cheap ones first; a store that does not hold the identity says so without being unlocked. */
static const char builtin_stack[] = "lookup sufficient env\n"
                                    "lookup sufficient file\n"
                                    "lookup sufficient secret-service\n"
                                    "lookup sufficient lacework-cli\n"
                                    "store  sufficient secret-service\n"
                                    "store  required   file\n"
                                    "erase  sufficient file\n"
                                    "erase  sufficient secret-service\n";

static const char *const op_words[] = {"lookup", "store", "erase", "set"};
static const char *const set_words[] = {"cache", "min-valid"};
static const char *const cache_words[] = {"auto", "keyring", "runtime", "sealed", "none"};

/*
 * Words of pam.d(5).  Unlike PAM's, "sufficient" fails closed: a locked or broken store never
 * hands over to a weaker one.
 */
static const struct {
    const char *word;
    uint8_t actions[LWC_OUT_COUNT];
} controls[] = {
    {"required",
     {[LWC_OUT_SUCCESS] = LWC_ACT_OK,
      [LWC_OUT_NOT_FOUND] = LWC_ACT_BAD,
      [LWC_OUT_LOCKED] = LWC_ACT_BAD,
      [LWC_OUT_DENIED] = LWC_ACT_BAD,
      [LWC_OUT_UNAVAILABLE] = LWC_ACT_BAD,
      [LWC_OUT_INVALID] = LWC_ACT_BAD,
      [LWC_OUT_ERROR] = LWC_ACT_BAD}},
    {"requisite",
     {[LWC_OUT_SUCCESS] = LWC_ACT_OK,
      [LWC_OUT_NOT_FOUND] = LWC_ACT_DIE,
      [LWC_OUT_LOCKED] = LWC_ACT_DIE,
      [LWC_OUT_DENIED] = LWC_ACT_DIE,
      [LWC_OUT_UNAVAILABLE] = LWC_ACT_DIE,
      [LWC_OUT_INVALID] = LWC_ACT_DIE,
      [LWC_OUT_ERROR] = LWC_ACT_DIE}},
    {"sufficient",
     {[LWC_OUT_SUCCESS] = LWC_ACT_DONE,
      [LWC_OUT_NOT_FOUND] = LWC_ACT_IGNORE,
      [LWC_OUT_LOCKED] = LWC_ACT_DIE,
      [LWC_OUT_DENIED] = LWC_ACT_DIE,
      [LWC_OUT_UNAVAILABLE] = LWC_ACT_IGNORE,
      [LWC_OUT_INVALID] = LWC_ACT_DIE,
      [LWC_OUT_ERROR] = LWC_ACT_DIE}},
    {"optional", {[LWC_OUT_SUCCESS] = LWC_ACT_OK}},
};

/* The words of one line, each with its column. */
struct words {
    struct {
        const char *text;
        size_t len;
        unsigned column;
    } word[3 + LWC_CONF_ARGS_MAX];
    size_t count;
};

struct place {
    const char *source;
    unsigned line;
};

const char *lwc_op_name(enum lwc_op op)
{
    return op_words[op];
}

enum lwc_outcome lwc_outcome_of(enum lwc_code code)
{
    static const enum lwc_outcome outcomes[] = {
        [LWC_OK] = LWC_OUT_SUCCESS,
        [LWC_E_INTERNAL] = LWC_OUT_ERROR,
        [LWC_E_INVALID] = LWC_OUT_INVALID,
        [LWC_E_NOT_FOUND] = LWC_OUT_NOT_FOUND,
        [LWC_E_LOCKED] = LWC_OUT_LOCKED,
        [LWC_E_DENIED] = LWC_OUT_DENIED,
        [LWC_E_CORRUPT] = LWC_OUT_ERROR,
        [LWC_E_TOO_NEW] = LWC_OUT_ERROR,
        [LWC_E_UNAVAILABLE] = LWC_OUT_UNAVAILABLE,
    };

    return (size_t)code < LWC_ARRAY_LEN(outcomes) ? outcomes[code] : LWC_OUT_ERROR;
}

void lwc_conf_free(struct lwc_conf **conf)
{
    if (conf == NULL || *conf == NULL) {
        return;
    }
    for (size_t i = 0; i < (*conf)->count; i++) {
        for (size_t j = 0; j < (*conf)->lines[i].argc; j++) {
            free((*conf)->lines[i].argv[j]);
        }
        free((*conf)->lines[i].argv);
    }
    free((*conf)->lines);
    free((*conf)->source);
    free(*conf);
    *conf = NULL;
}

static enum lwc_code split(const char *line, size_t len, const struct place *place,
                           struct words *words, struct lwc_error *err)
{
    size_t at = 0;

    words->count = 0;
    while (at < len) {
        size_t start = at;

        while (at < len && line[at] != ' ' && line[at] != '\t') {
            at++;
        }
        if (at > start && words->count == LWC_ARRAY_LEN(words->word)) {
            return lwc_fail(err, LWC_E_INVALID, "%s:%u: more than %d arguments", place->source,
                            place->line, LWC_CONF_ARGS_MAX);
        }
        if (at > start) {
            words->word[words->count].text = line + start;
            words->word[words->count].len = at - start;
            words->word[words->count++].column = (unsigned)start + 1;
        }
        at++;
    }
    return LWC_OK;
}

static bool word_is(const struct words *words, size_t i, const char *text)
{
    return words->word[i].len == strlen(text) &&
           memcmp(words->word[i].text, text, strlen(text)) == 0;
}

/* "file:3:8: unknown control 'sufficent'", and the right words as a hint. */
static enum lwc_code unknown_word(const struct words *words, size_t i, const char *what,
                                  const char *const *right, size_t count, const struct place *place,
                                  struct lwc_error *err)
{
    char shown[64];
    char given[64];
    const char *near = NULL;
    enum lwc_code code;

    (void)lwc_text_printable(shown, sizeof shown, words->word[i].text, words->word[i].len);
    (void)snprintf(given, sizeof given, "%s", shown);
    near = lwc_text_nearest(given, right, count);
    code = lwc_fail(err, LWC_E_INVALID, "%s:%u:%u: unknown %s '%s'", place->source, place->line,
                    words->word[i].column, what, shown);
    if (near != NULL) {
        return lwc_hint(err, code, "did you mean '%s'?", near);
    }
    given[0] = '\0';
    for (size_t k = 0; k < count; k++) {
        size_t used = strlen(given);

        (void)snprintf(given + used, sizeof given - used, "%s%s", k > 0 ? ", " : "", right[k]);
    }
    return lwc_hint(err, code, "one of: %s", given);
}

static enum lwc_code parse_op(const struct words *words, enum lwc_op *op_out,
                              const struct place *place, struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_OP_COUNT; i++) {
        if (word_is(words, 0, op_words[i])) {
            *op_out = (enum lwc_op)i;
            return LWC_OK;
        }
    }
    return unknown_word(words, 0, "operation", op_words, LWC_ARRAY_LEN(op_words), place, err);
}

static enum lwc_code parse_control(const struct words *words, uint8_t actions_out[LWC_OUT_COUNT],
                                   const struct place *place, struct lwc_error *err)
{
    const char *right[LWC_ARRAY_LEN(controls)];

    for (size_t i = 0; i < LWC_ARRAY_LEN(controls); i++) {
        right[i] = controls[i].word;
        if (word_is(words, 1, controls[i].word)) {
            memcpy(actions_out, controls[i].actions, sizeof controls[i].actions);
            return LWC_OK;
        }
    }
    return unknown_word(words, 1, "control", right, LWC_ARRAY_LEN(right), place, err);
}

static enum lwc_code parse_backend(const struct words *words, char name_out[static 1],
                                   const struct place *place, struct lwc_error *err)
{
    const char *text = words->word[2].text;
    size_t len = words->word[2].len;

    if (!lwc_module_name_ok(text, len)) {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "%s:%u:%u: not a backend's name",
                                 place->source, place->line, words->word[2].column),
                        "backends are named, not given by path: up to %d of a-z, 0-9 and -",
                        LWC_BACKEND_NAME_MAX);
    }
    memcpy(name_out, text, len);
    name_out[len] = '\0';
    return LWC_OK;
}

static enum lwc_code copy_args(const struct words *words, struct lwc_conf_line *line,
                               struct lwc_error *err)
{
    line->argv = calloc(words->count - 3 + 1, sizeof *line->argv);
    if (line->argv == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 3; i < words->count; i++) {
        char *arg = strndup(words->word[i].text, words->word[i].len);

        if (arg == NULL) {
            return lwc_fail_nomem(err);
        }
        line->argv[line->argc++] = arg;
    }
    return LWC_OK;
}

static enum lwc_code set_cache(const struct words *words, const struct place *place,
                               struct lwc_conf *conf, struct lwc_error *err)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(cache_words); i++) {
        if (word_is(words, 2, cache_words[i])) {
            (void)snprintf(conf->cache, sizeof conf->cache, "%s", cache_words[i]);
            return LWC_OK;
        }
    }
    return unknown_word(words, 2, "cache", cache_words, LWC_ARRAY_LEN(cache_words), place, err);
}

static enum lwc_code set_min_valid(const struct words *words, const struct place *place,
                                   struct lwc_conf *conf, struct lwc_error *err)
{
    char text[16];
    int64_t seconds = 0;

    (void)snprintf(text, sizeof text, "%.*s", (int)words->word[2].len, words->word[2].text);
    if (words->word[2].len >= sizeof text || !lwc_text_parse_duration(text, &seconds) ||
        seconds < 1 || seconds > 86400) {
        return lwc_fail(err, LWC_E_INVALID, "%s:%u:%u: 1 s to 24 h expected", place->source,
                        place->line, words->word[2].column);
    }
    conf->min_valid_s = seconds;
    return LWC_OK;
}

static enum lwc_code parse_set(const struct words *words, const struct place *place,
                               struct lwc_conf *conf, struct lwc_error *err)
{
    if (words->count != 3) {
        return lwc_fail(err, LWC_E_INVALID, "%s:%u: expected 'set NAME VALUE'", place->source,
                        place->line);
    }
    if (word_is(words, 1, "cache")) {
        return set_cache(words, place, conf, err);
    }
    if (word_is(words, 1, "min-valid")) {
        return set_min_valid(words, place, conf, err);
    }
    return unknown_word(words, 1, "setting", set_words, LWC_ARRAY_LEN(set_words), place, err);
}

/* Appends a line at once, so that whatever it owns is freed with @conf. */
static enum lwc_code parse_words(const struct words *words, const struct place *place,
                                 struct lwc_conf *conf, struct lwc_error *err)
{
    struct lwc_conf_line *line = &conf->lines[conf->count];
    enum lwc_code code;

    if (word_is(words, 0, "set")) {
        return parse_set(words, place, conf, err);
    }
    if (conf->count == LWC_CONF_LINES_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s:%u: more than %d lines", place->source, place->line,
                        LWC_CONF_LINES_MAX);
    }
    if (words->count < 3) {
        return lwc_fail(err, LWC_E_INVALID, "%s:%u: expected 'operation control backend'",
                        place->source, place->line);
    }
    line->number = place->line;
    if ((code = parse_op(words, &line->op, place, err)) != LWC_OK ||
        (code = parse_control(words, line->actions, place, err)) != LWC_OK ||
        (code = parse_backend(words, line->backend, place, err)) != LWC_OK) {
        return code;
    }
    conf->count++;
    return copy_args(words, line, err);
}

static enum lwc_code parse_line(const char *text, size_t len, const struct place *place,
                                struct lwc_conf *conf, struct lwc_error *err)
{
    const char *comment = memchr(text, '#', len);
    struct words words;
    enum lwc_code code;

    if (len > 0 && text[len - 1] == '\r') {
        len--;
    }
    if (comment != NULL && (size_t)(comment - text) < len) {
        len = (size_t)(comment - text);
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\t' && lwc_text_has_control(text + i, 1)) {
            return lwc_fail(err, LWC_E_INVALID, "%s:%u:%zu: control byte", place->source,
                            place->line, i + 1);
        }
    }
    code = split(text, len, place, &words, err);
    if (code != LWC_OK || words.count == 0) {
        return code;
    }
    return parse_words(&words, place, conf, err);
}

static enum lwc_code conf_new(const char *source, struct lwc_conf **conf_out, struct lwc_error *err)
{
    LWC_AUTO_CONF conf = calloc(1, sizeof *conf);

    if (conf == NULL) {
        return lwc_fail_nomem(err);
    }
    conf->source = strdup(source);
    conf->lines = calloc(LWC_CONF_LINES_MAX + 1, sizeof *conf->lines);
    if (conf->source == NULL || conf->lines == NULL) {
        return lwc_fail_nomem(err);
    }
    *conf_out = LWC_TAKE(conf);
    return LWC_OK;
}

enum lwc_code lwc_conf_parse(const char *text, size_t len, const char *source,
                             struct lwc_conf **conf_out, struct lwc_error *err)
{
    LWC_AUTO_CONF conf = NULL;
    struct place place = {.source = source};
    enum lwc_code code = conf_new(source, &conf, err);

    while (code == LWC_OK && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - text) : len;
        size_t used = end != NULL ? line_len + 1 : line_len;

        place.line++;
        code = parse_line(text, line_len, &place, conf, err);
        text += used;
        len -= used;
    }
    if (code == LWC_OK) {
        *conf_out = LWC_TAKE(conf);
    }
    return code;
}

static enum lwc_code load_file(const char *path, struct lwc_conf **conf_out, struct lwc_error *err)
{
    LWC_AUTO_SECRET content = NULL;
    enum lwc_code code = lwc_secret_new(4096, &content, err);

    if (code == LWC_OK) {
        code = lwc_file_read(path, LWC_TRUST_CONTENT, LWC_CONF_FILE_MAX, content, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_conf_parse(lwc_secret_text(content), lwc_secret_len(content), path, conf_out, err);
}

/* LWC_E_NOT_FOUND where there is no such file. */
static enum lwc_code load_named(const char *dir, const char *sub_dir, const char *name,
                                struct lwc_conf **conf_out, struct lwc_error *err)
{
    LWC_AUTO_FREE char *path = NULL;
    size_t dir_len = strlen(dir) + strlen(sub_dir) + strlen("/stack.d");

    if (asprintf(&path, "%s%s/stack.d/%s", dir, sub_dir, name) < 0) {
        path = NULL;
        return lwc_fail_nomem(err);
    }
    /* Most people have no stack.d: that is seen without walking and judging the whole path. */
    path[dir_len] = '\0';
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return LWC_E_NOT_FOUND;
    }
    path[dir_len] = '/';
    return load_file(path, conf_out, err);
}

static enum lwc_code load_service(const char *name, struct lwc_conf **conf_out,
                                  struct lwc_error *err)
{
    const char *config_home = secure_getenv("XDG_CONFIG_HOME");
    const char *home = secure_getenv("HOME");
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (config_home != NULL && config_home[0] == '/') {
        code = load_named(config_home, "/lwcred", name, conf_out, err);
    } else if (home != NULL && home[0] == '/') {
        code = load_named(home, "/.config/lwcred", name, conf_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        code = load_named(lwc_sysconf_dir, "", name, conf_out, err);
    }
    return code;
}

static enum lwc_code service_check(const char *service, struct lwc_error *err)
{
    size_t len = strlen(service);

    if (len == 0 || len > 64 ||
        strspn(service, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") < len) {
        return lwc_fail(err, LWC_E_INVALID,
                        "service name: 1 to 64 of letters, digits, '_' and '-' expected");
    }
    return LWC_OK;
}

static enum lwc_code load_first(const char *service, struct lwc_conf **conf_out,
                                struct lwc_error *err)
{
    enum lwc_code code = load_service(service, conf_out, err);

    if (code == LWC_E_NOT_FOUND && !lwc_streq(service, "default")) {
        code = load_service("default", conf_out, err);
    }
    if (code == LWC_E_NOT_FOUND) {
        code = lwc_conf_parse(builtin_stack, sizeof builtin_stack - 1, "built-in", conf_out, err);
    }
    return code;
}

enum lwc_code lwc_conf_load(const char *service, const char *config, struct lwc_conf **conf_out,
                            struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code = LWC_OK;

    if (lwc_is_set(config)) {
        code = load_file(config, conf_out, &why);
        if (code == LWC_E_NOT_FOUND) {
            code = lwc_fail_sys(&why, LWC_E_INVALID, ENOENT, "stack file '%s'", config);
        }
    } else {
        service = lwc_is_set(service) ? service : "default";
        code = service_check(service, &why);
        if (code == LWC_OK) {
            code = load_first(service, conf_out, &why);
        }
    }
    if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}
