/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds, checks and reads stack files.
 *
 * MUST:
 *  1. A file is root's or ours and writable by no other user, and so is the way to it
 *     (base/safefile.h), before a byte of it counts; an included one no less than the first.
 *  2. The first file that is there decides: one that cannot be used is an error, and no other is
 *     looked for.
 *  3. A service's name has no character of a path.
 */
#include "conf/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/safefile.h"
#include "base/text.h"
#include "base/util.h"
#include "conf/parse.h"

/* Cheap ones first; a store that does not hold the identity says so without being unlocked. */
static const char builtin_stack[] = "lookup sufficient env\n"
                                    "lookup sufficient file\n"
                                    "lookup sufficient secret-service\n"
                                    "lookup sufficient lacework-cli\n"
                                    "store  sufficient secret-service\n"
                                    "store  required   file\n"
                                    "erase  sufficient file\n"
                                    "erase  sufficient secret-service\n";

/* Reads the file @text; *path_out is its path, links followed. */
static enum lwc_code read_file(const char *text, struct lwc_buf *content, char **path_out,
                               struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char full[LWC_PATH_TEXT_LEN];
    char *copy = NULL;
    enum lwc_code code = lwc_path_resolve(text, &path, err);

    if (code == LWC_OK) {
        code = lwc_path_unshared_check(&path, err);
    }
    if (code == LWC_OK) {
        code = lwc_file_read_at(&path, LWC_TRUST_CONTENT, LWC_CONF_FILE_MAX, content, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    copy = strdup(lwc_path_text(&path, full));
    if (copy == NULL) {
        return lwc_fail_nomem(err);
    }
    *path_out = copy;
    return LWC_OK;
}

/* Reads the file @name, relative to the directory of the including file. */
static enum lwc_code read_included(void *data, const char *from, const char *name,
                                   struct lwc_buf *content, char **path_out, struct lwc_error *err)
{
    const char *slash = from == NULL ? NULL : strrchr(from, '/');
    LWC_AUTO_FREE char *joined = NULL;

    (void)data;
    if (name[0] == '~' && name[1] != '/') {
        return lwc_hint(err,
                        lwc_fail(err, LWC_E_INVALID, "'%s': no home but one's own is known", name),
                        "'~/' means $HOME; a file of that name is './%s'", name);
    }
    if (name[0] == '/' || name[0] == '~' || slash == NULL) {
        return read_file(name, content, path_out, err);
    }
    if (asprintf(&joined, "%.*s/%s", (int)(slash - from), from, name) < 0) {
        joined = NULL;
        return lwc_fail_nomem(err);
    }
    return read_file(joined, content, path_out, err);
}

/* The parser's input, and the outputs of a search. */
struct stack_search {
    struct lwc_conf_input input;
    struct lwc_conf **conf_out;
    struct lwc_error *err;
};

static enum lwc_code load_file(const struct stack_search *search, const char *path)
{
    LWC_AUTO_BUF content = NULL;
    LWC_AUTO_FREE char *real = NULL;
    enum lwc_code code = lwc_buf_new(LWC_CONF_LINE_MAX, &content, search->err);

    if (code == LWC_OK) {
        code = read_file(path, content, &real, search->err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return lwc_conf_parse_from(&search->input, lwc_buf_text(content), lwc_buf_len(content), path,
                               real, search->conf_out, search->err);
}

/* Returns LWC_E_NOT_FOUND if the file is missing. */
static enum lwc_code load_named(const struct stack_search *search, const char *dir,
                                const char *sub_dir, const char *name)
{
    LWC_AUTO_FREE char *path = NULL;
    size_t dir_len = strlen(dir) + strlen(sub_dir) + strlen("/stack.d");
    struct stat st;

    if (asprintf(&path, "%s%s/stack.d/%s", dir, sub_dir, name) < 0) {
        path = NULL;
        return lwc_fail_nomem(search->err);
    }
    /* Most users have no stack.d: its absence shows without walking the whole path. */
    path[dir_len] = '\0';
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return LWC_E_NOT_FOUND;
    }
    path[dir_len] = '/';
    return load_file(search, path);
}

static enum lwc_code load_service(const struct stack_search *search, const char *name)
{
    const char *config_home = secure_getenv("XDG_CONFIG_HOME");
    const char *home = secure_getenv("HOME");
    enum lwc_code code = LWC_E_NOT_FOUND;

    if (config_home != NULL && config_home[0] == '/') {
        code = load_named(search, config_home, "/lwcred", name);
    } else if (home != NULL && home[0] == '/') {
        code = load_named(search, home, "/.config/lwcred", name);
    }
    return code == LWC_E_NOT_FOUND ? load_named(search, lwc_sysconf_dir, "", name) : code;
}

static enum lwc_code service_check(const char *service, struct lwc_error *err)
{
    size_t len = strlen(service);

    if (len == 0 || len > 64 ||
        lwc_text_span(service, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") <
            len) {
        return lwc_fail(err, LWC_E_INVALID,
                        "service name: 1 to 64 of letters, digits, '_' and '-' expected");
    }
    return LWC_OK;
}

static enum lwc_code load_first(const struct stack_search *search, const char *service)
{
    enum lwc_code code = load_service(search, service);

    if (code == LWC_E_NOT_FOUND && !lwc_streq(service, "default")) {
        code = load_service(search, "default");
    }
    if (code == LWC_E_NOT_FOUND) {
        code = lwc_conf_parse(builtin_stack, sizeof builtin_stack - 1, "built-in", search->conf_out,
                              search->err);
    }
    return code;
}

static enum lwc_code load_stack(const struct stack_search *search, const char *service,
                                const char *config)
{
    enum lwc_code code = LWC_OK;

    if (lwc_is_set(config)) {
        code = load_file(search, config);
        if (code == LWC_E_NOT_FOUND) {
            return lwc_fail_sys(search->err, LWC_E_INVALID, ENOENT, "stack file '%s'", config);
        }
        return code;
    }
    service = lwc_is_set(service) ? service : "default";
    code = service_check(service, search->err);
    return code == LWC_OK ? load_first(search, service) : code;
}

enum lwc_code lwc_conf_check(const char *service, const char *config, lwc_conf_fault_fn *fault,
                             void *data, struct lwc_conf **conf_out, struct lwc_error *err)
{
    struct lwc_error why = {0};
    const struct stack_search search = {
        .input = {.data = data, .read = read_included, .fault = fault},
        .conf_out = conf_out,
        .err = &why,
    };
    enum lwc_code code = load_stack(&search, service, config);

    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_conf_load(const char *service, const char *config, struct lwc_conf **conf_out,
                            struct lwc_error *err)
{
    return lwc_conf_check(service, config, NULL, NULL, conf_out, err);
}
