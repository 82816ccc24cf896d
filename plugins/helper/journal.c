/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in journal.h. */
#include "plugins/helper/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/safefile.h"
#include "plugins/helper/journal_text.h"

#define NAME_LEN (LWC_JOURNAL_WORD_MAX + LWC_HASH_HEX_LEN + 16)
#define OTHERS_ANY (S_IRWXG | S_IRWXO)

/* path names the file; lock_name the lock beside it. */
struct lwc_journal {
    struct lwc_path path;
    int lock_fd;
    char lock_name[NAME_LEN];
    struct lwc_journal_text text;
};

static enum lwc_code find_state_dir(char dir_out[LWC_PATH_MAX], struct lwc_error *err)
{
    static const struct {
        const char *variable;
        const char *below;
    } places[] = {{"XDG_STATE_HOME", "lwcred"}, {"HOME", ".local/state/lwcred"}};
    struct stat st;

    for (size_t i = 0; i < LWC_ARRAY_LEN(places); i++) {
        const char *base = getenv(places[i].variable);
        int len = 0;

        if (base == NULL || base[0] != '/') {
            continue;
        }
        if (lwc_streq(places[i].variable, "HOME") && stat(base, &st) != 0) {
            return lwc_fail_sys(err, LWC_E_INVALID, errno, "the home directory %s", base);
        }
        len = snprintf(dir_out, LWC_PATH_MAX, "%s/%s", base, places[i].below);
        return len > 0 && len < LWC_PATH_MAX
                   ? LWC_OK
                   : lwc_fail(err, LWC_E_INVALID, "%s: too long", places[i].variable);
    }
    return lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "no place for a journal: no home directory"),
                    "set HOME, or XDG_STATE_HOME, to an absolute path");
}

static enum lwc_code check_private(const char *text, const struct stat *st, struct lwc_error *err)
{
    if (st->st_uid != geteuid()) {
        return lwc_fail(err, LWC_E_UNSAFE, "%s belongs to another user", text);
    }
    if ((st->st_mode & OTHERS_ANY) == 0) {
        return LWC_OK;
    }
    (void)!lwc_fail(err, LWC_E_UNSAFE, "%s can be read or written by others (mode %04o)", text,
                    st->st_mode & 07777u);
    return lwc_hint_command(err, LWC_E_UNSAFE, S_ISDIR(st->st_mode) ? "chmod 700" : "chmod 600",
                            text);
}

static enum lwc_code open_dir(struct lwc_path *path_out, struct lwc_error *err)
{
    char dir[LWC_PATH_MAX];
    struct stat st;
    enum lwc_code code = find_state_dir(dir, err);

    if (code == LWC_OK) {
        code = lwc_dir_make(dir, err);
    }
    if (code == LWC_OK) {
        code = lwc_dir_open(dir, path_out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    return fstat(path_out->dir_fd, &st) != 0
               ? lwc_fail_sys(err, LWC_E_IO, errno, "directory %s", path_out->dir)
               : check_private(path_out->dir, &st, err);
}

/* The name can be any text: its hash names the files. */
static void name_files(struct lwc_journal *journal)
{
    struct lwc_hash hash;
    uint8_t bytes[LWC_HASH_LEN];
    char hex[LWC_HASH_HEX_LEN];

    lwc_hash_begin(&hash, "lwcred journal");
    lwc_hash_add_text(&hash, journal->text.operation);
    lwc_hash_add_text(&hash, journal->text.name);
    lwc_hash_end(&hash, bytes);
    lwc_hash_hex(bytes, hex);
    (void)snprintf(journal->path.name, sizeof journal->path.name, "%s-%.32s.journal",
                   journal->text.operation, hex);
    (void)snprintf(journal->lock_name, sizeof journal->lock_name, "%s-%.32s.lock",
                   journal->text.operation, hex);
}

static enum lwc_code take_lock(struct lwc_journal *journal, int64_t deadline_ms,
                               struct lwc_error *err)
{
    const int64_t left_ms = deadline_ms - lwc_clock_boot_ms(lwc_clock_system());
    enum lwc_code code = lwc_lock_take(&journal->path, journal->lock_name,
                                       left_ms > 0 ? left_ms : 0, &journal->lock_fd, err);

    if (code == LWC_E_BUSY) {
        (void)!lwc_fail(err, code, "'%s' of '%s' is under way in another process",
                        journal->text.operation, journal->text.name);
        return lwc_hint(err, code, "wait until it has ended, and try again");
    }
    /* A link or a directory in place of the lock was put there by hand: it is not obeyed. */
    return code == LWC_E_INVALID ? lwc_wrap(err, LWC_E_UNSAFE, "journal") : code;
}

/* Refuses the file before it is opened: a link, or no file. */
static enum lwc_code check_file(const struct lwc_journal *journal, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];
    struct stat st;

    lwc_path_text(&journal->path, text);
    if (fstatat(journal->path.dir_fd, journal->path.name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? LWC_E_NOT_FOUND : lwc_fail_sys(err, LWC_E_IO, errno, "%s", text);
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
        return lwc_fail(err, LWC_E_UNSAFE, "%s is a link or no file", text);
    }
    return check_private(text, &st, err);
}

/* Parses into a text of its own: the operation and name inside must be those asked for. */
static enum lwc_code parse_file(struct lwc_journal *journal, const struct lwc_buf *content,
                                struct lwc_error *err)
{
    LWC_AUTO_JOURNAL_TEXT found = {.count = 0};
    struct lwc_journal_text mine;
    enum lwc_code code =
        lwc_journal_text_parse(lwc_buf_text(content), lwc_buf_len(content), &found, err);

    if (code != LWC_OK) {
        return code;
    }
    if (!lwc_streq(found.operation, journal->text.operation) ||
        !lwc_streq(found.name, journal->text.name)) {
        return lwc_fail(err, LWC_E_CORRUPT, "the journal of something else");
    }
    mine = journal->text;
    journal->text = found;
    found = mine;
    return LWC_OK;
}

static enum lwc_code read_file(struct lwc_journal *journal, struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    char text[LWC_PATH_TEXT_LEN];
    enum lwc_code code = check_file(journal, err);

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    code = lwc_buf_new(4096, &content, err);
    if (code == LWC_OK) {
        code =
            lwc_file_read_at(&journal->path, LWC_TRUST_PRIVATE, LWC_JOURNAL_TEXT_MAX, content, err);
    }
    if (code != LWC_OK) {
        return code == LWC_E_INVALID ? lwc_wrap(err, LWC_E_CORRUPT, "journal") : code;
    }
    code = parse_file(journal, content, err);
    if (code == LWC_OK) {
        return LWC_OK;
    }
    lwc_path_text(&journal->path, text);
    code = lwc_wrap(err, code, "journal %s", text);
    return code == LWC_E_CORRUPT
               ? lwc_hint(err, code, "see what '%s' has done so far, then remove the file: rm '%s'",
                          journal->text.operation, text)
               : code;
}

enum lwc_code lwc_journal_open(const char *operation, const char *name, int64_t deadline_ms,
                               struct lwc_journal **journal_out, struct lwc_error *err)
{
    LWC_AUTO_JOURNAL journal = calloc(1, sizeof *journal);
    enum lwc_code code = LWC_OK;

    if (journal == NULL) {
        return lwc_fail_nomem(err);
    }
    journal->path.dir_fd = -1;
    journal->lock_fd = -1;
    code = lwc_journal_text_set_operation(&journal->text, operation, err);
    if (code == LWC_OK) {
        code = lwc_journal_text_set_name(&journal->text, name, err);
    }
    if (code == LWC_OK) {
        code = open_dir(&journal->path, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    name_files(journal);
    code = take_lock(journal, deadline_ms, err);
    if (code == LWC_OK) {
        lwc_file_sweep(&journal->path);
        code = read_file(journal, err);
    }
    if (code == LWC_OK) {
        *journal_out = LWC_TAKE(journal);
    }
    return code;
}

const char *lwc_journal_step(const struct lwc_journal *journal)
{
    return journal->text.step;
}

const char *lwc_journal_field(const struct lwc_journal *journal, const char *field)
{
    return lwc_journal_text_field(&journal->text, field);
}

enum lwc_code lwc_journal_set(struct lwc_journal *journal, const char *field, const char *value,
                              struct lwc_error *err)
{
    return lwc_journal_text_set_field(&journal->text, field, value, err);
}

enum lwc_code lwc_journal_write(struct lwc_journal *journal, const char *step,
                                struct lwc_error *err)
{
    LWC_AUTO_BUF content = NULL;
    enum lwc_code code = lwc_journal_text_set_step(&journal->text, step, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(4096, &content, err);
    }
    if (code == LWC_OK) {
        code = lwc_journal_text_write(&journal->text, content, err);
    }
    if (code == LWC_OK) {
        code = lwc_file_replace(&journal->path, lwc_buf_bytes(content), lwc_buf_len(content), NULL,
                                NULL, NULL, err);
        code = code == LWC_OK ? code : lwc_wrap(err, code, "journal");
    }
    return code;
}

static void forget_steps(struct lwc_journal_text *text)
{
    text->step[0] = '\0';
    while (text->count > 0) {
        text->count--;
        free(text->fields[text->count].value);
    }
}

enum lwc_code lwc_journal_finish(struct lwc_journal *journal, struct lwc_error *err)
{
    char text[LWC_PATH_TEXT_LEN];

    forget_steps(&journal->text);
    if (unlinkat(journal->path.dir_fd, journal->path.name, 0) == 0) {
        return lwc_path_sync(&journal->path, err);
    }
    return errno == ENOENT ? LWC_OK
                           : lwc_fail_sys(err, LWC_E_IO, errno, "cannot remove the journal %s",
                                          lwc_path_text(&journal->path, text));
}

/* Without a journal the lock's file is removed, too; who waits for it makes it anew. */
static void give_lock(struct lwc_journal *journal)
{
    if (journal->lock_fd < 0) {
        return;
    }
    if (faccessat(journal->path.dir_fd, journal->path.name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == ENOENT) {
        (void)unlinkat(journal->path.dir_fd, journal->lock_name, 0);
    }
    lwc_lock_give(&journal->lock_fd);
}

void lwc_journal_close(struct lwc_journal **journal)
{
    if (*journal == NULL) {
        return;
    }
    give_lock(*journal);
    lwc_journal_text_clear(&(*journal)->text);
    lwc_path_clear(&(*journal)->path);
    free(*journal);
    *journal = NULL;
}
