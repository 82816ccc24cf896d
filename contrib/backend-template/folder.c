/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "folder": each credential is a file in one directory.
 *
 *     lookup sufficient folder path=/srv/keys
 *     store  required   folder path=/srv/keys
 *
 * A file is named by its profile and holds the lines "lwcred-folder 1", account, origin, key id,
 * sub-account, kind and flags, then the secret up to the end of the file.  The secret is NOT
 * encrypted: it is as safe as the directory and the disk below it.
 *
 * A template: change the name here, in the Makefile and in lwc_backend at the end; keep the order
 * of things in find(), store() and erase(), and run "make check" after every step.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lwcred/backend.h>

#define MAGIC "lwcred-folder 1"
#define HEAD_MAX 1024
#define FILE_LEN_MAX (HEAD_MAX + LWC_SECRET_MAX)
#define LINES 7

struct folder {
    const struct lwc_host *host;
    char *path;
};

/* A file: identity and secret point into text, which ends in NUL. */
struct entry {
    struct lwc_identity identity;
    const char *secret;
    size_t secret_len;
    char text[FILE_LEN_MAX + 1];
};

static enum lwc_code __attribute__((format(printf, 3, 4)))
fail(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
{
    va_list args;

    if (err != NULL) {
        memset(err, 0, sizeof *err);
        err->code = code;
        va_start(args, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, args);
        va_end(args);
    }
    return code;
}

static enum lwc_code fail_sys(struct lwc_error *err, const struct folder *folder, const char *what)
{
    int sys = errno;
    enum lwc_code code = fail(err, LWC_E_IO, "%s: %s: %s", folder->path, what, strerror(sys));

    if (err != NULL) {
        err->sys = sys;
    }
    return code;
}

static enum lwc_code folder_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                                 void **state_out, struct lwc_error *err)
{
    const char *path = NULL;
    struct folder *folder;

    for (size_t i = 0; i < argc; i++) {
        if (strncmp(argv[i], "path=", 5) != 0) {
            return fail(err, LWC_E_INVALID, "unknown argument '%s'", argv[i]);
        }
        path = argv[i] + 5;
    }
    if (path == NULL || path[0] != '/') {
        return fail(err, LWC_E_INVALID, "path=DIRECTORY is needed, from the root on");
    }
    folder = calloc(1, sizeof *folder);
    if (folder != NULL) {
        folder->path = strdup(path); /* arguments are gone after this call */
    }
    if (folder == NULL || folder->path == NULL) {
        free(folder);
        return fail(err, LWC_E_IO, "out of memory");
    }
    folder->host = host;
    *state_out = folder;
    return LWC_OK;
}

static void folder_close(void *state)
{
    struct folder *folder = state;

    if (folder != NULL) {
        free(folder->path);
    }
    free(folder);
}

/* Opens the directory, which must be ours alone.  Cached answers depend on it, present or not. */
static enum lwc_code dir_open(const struct folder *folder, int *fd_out, struct lwc_error *err)
{
    struct stat st;
    int fd;

    folder->host->depends(folder->host->data, folder->path);
    fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? LWC_E_NOT_FOUND : fail_sys(err, folder, "cannot open");
    }
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        close(fd);
        return fail(err, LWC_E_UNSAFE, "%s: must belong to you, with mode 0700", folder->path);
    }
    *fd_out = fd;
    return LWC_OK;
}

static bool parse_entry(struct entry *entry, const char *name, size_t len)
{
    char *rest = entry->text;
    const char *line[LINES];

    entry->text[len] = '\0';
    for (size_t i = 0; i < LINES; i++) {
        char *end = memchr(rest, '\n', len - (size_t)(rest - entry->text));

        if (end == NULL) {
            return false;
        }
        *end = '\0';
        line[i] = rest;
        rest = end + 1;
    }
    entry->identity = (struct lwc_identity){
        .profile = name,
        .account = line[1],
        .origin = line[2],
        .key_id = line[3],
        .sub_account = line[4],
        .kind = (uint32_t)strtoul(line[5], NULL, 10),
        .flags = (uint32_t)strtoul(line[6], NULL, 10),
    };
    entry->secret = rest;
    entry->secret_len = len - (size_t)(rest - entry->text);
    return strcmp(line[0], MAGIC) == 0 && entry->secret_len > 0;
}

/* Reads file @name into @entry; the caller wipes @entry, also after a failure. */
static enum lwc_code entry_read(const struct folder *folder, int dir, const char *name,
                                struct entry *entry, struct lwc_error *err)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = 1;

    if (fd < 0) {
        return errno == ENOENT ? LWC_E_NOT_FOUND : fail_sys(err, folder, name);
    }
    while (got > 0 && len < FILE_LEN_MAX) {
        got = read(fd, entry->text + len, FILE_LEN_MAX - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        enum lwc_code code = fail_sys(err, folder, name);

        close(fd);
        return code;
    }
    close(fd);
    return parse_entry(entry, name, len)
               ? LWC_OK
               : fail(err, LWC_E_CORRUPT, "%s: %s: is no credential", folder->path, name);
}

static bool is_agreed(const char *wanted, const char *held)
{
    return wanted[0] == '\0' || strcmp(wanted, held) == 0;
}

static bool is_match(const struct lwc_identity *query, const struct lwc_identity *identity)
{
    return is_agreed(query->profile, identity->profile) &&
           is_agreed(query->key_id, identity->key_id) &&
           (is_agreed(query->account, identity->account) ||
            is_agreed(query->account, identity->origin)) &&
           is_agreed(query->origin, identity->origin) &&
           (query->kind == LWC_KIND_ANY || query->kind == identity->kind);
}

typedef enum lwc_code visit_fn(void *data, const struct entry *entry, struct lwc_error *err);

static enum lwc_code visit_file(const struct folder *folder, int dir, const char *name,
                                const struct lwc_identity *query, visit_fn *visit, void *data,
                                struct lwc_error *err)
{
    struct entry *entry = malloc(sizeof *entry);
    enum lwc_code code;

    if (entry == NULL) {
        return fail(err, LWC_E_IO, "out of memory");
    }
    code = entry_read(folder, dir, name, entry, err);
    if (code == LWC_E_NOT_FOUND) {
        code = LWC_OK; /* removed by another process meanwhile */
    } else if (code == LWC_OK && is_match(query, &entry->identity)) {
        code = visit(data, entry, err);
    }
    explicit_bzero(entry, sizeof *entry);
    free(entry);
    return code;
}

/* Calls @visit for each credential that agrees with @query. */
static enum lwc_code visit_all(const struct folder *folder, const struct lwc_identity *query,
                               visit_fn *visit, void *data, struct lwc_error *err)
{
    int fd = -1;
    enum lwc_code code = dir_open(folder, &fd, err);
    const struct dirent *file;
    DIR *dir;

    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    dir = fdopendir(fd);
    if (dir == NULL) {
        code = fail_sys(err, folder, "cannot be read");
        close(fd);
        return code;
    }
    while (code == LWC_OK && (file = readdir(dir)) != NULL) {
        if (file->d_name[0] != '.' && is_agreed(query->profile, file->d_name)) {
            code = visit_file(folder, fd, file->d_name, query, visit, data, err);
        }
    }
    closedir(dir);
    return code;
}

/* Counts the credentials that fit, and keeps the last name. */
struct pick {
    unsigned count;
    char profile[LWC_PROFILE_MAX + 1];
};

static enum lwc_code pick_entry(void *data, const struct entry *entry, struct lwc_error *err)
{
    struct pick *pick = data;

    (void)err;
    pick->count++;
    snprintf(pick->profile, sizeof pick->profile, "%s", entry->identity.profile);
    return LWC_OK;
}

/* Finds the only credential that agrees with @query; fails differently for none and for several. */
static enum lwc_code pick_one(const struct folder *folder, const struct lwc_identity *query,
                              struct pick *pick, struct lwc_error *err)
{
    enum lwc_code code = visit_all(folder, query, pick_entry, pick, err);

    if (code != LWC_OK) {
        return code;
    }
    if (pick->count > 1) {
        return fail(err, LWC_E_INVALID, "%s: several credentials fit", folder->path);
    }
    return pick->count == 1 ? LWC_OK : LWC_E_NOT_FOUND;
}

struct gift {
    const struct lwc_sink *sink;
    bool given;
};

static enum lwc_code give_secret(void *data, const struct entry *entry, struct lwc_error *err)
{
    struct gift *gift = data;

    gift->given = true;
    return gift->sink->put(gift->sink->data, &entry->identity, entry->secret, entry->secret_len,
                           err);
}

static enum lwc_code folder_find(void *state, const struct lwc_identity *query,
                                 const struct lwc_sink *sink, struct lwc_error *err)
{
    struct lwc_identity exact = *query;
    struct gift gift = {.sink = sink};
    struct pick pick = {0};
    enum lwc_code code = pick_one(state, query, &pick, err);

    if (code == LWC_OK) {
        exact.profile = pick.profile;
        code = visit_all(state, &exact, give_secret, &gift, err);
    }
    return code == LWC_OK && !gift.given ? LWC_E_NOT_FOUND : code;
}

static enum lwc_code visit_identity(void *data, const struct entry *entry, struct lwc_error *err)
{
    const struct lwc_visitor *visitor = data;

    return visitor->visit(visitor->data, &entry->identity, err);
}

static enum lwc_code folder_list(void *state, const struct lwc_visitor *visitor,
                                 struct lwc_error *err)
{
    const struct lwc_identity any = {
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
    struct lwc_visitor own = *visitor;

    return visit_all(state, &any, visit_identity, &own, err);
}

/*
 * Accepts at most @max characters of @allowed: no newline, since a file holds a member on each
 * line.
 */
static bool text_ok(const char *text, size_t max, const char *allowed)
{
    return strlen(text) <= max && strspn(text, allowed) == strlen(text);
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define MARKS "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"

static bool identity_ok(const struct lwc_identity *identity)
{
    return identity->profile[0] != '\0' && strchr("._@-", identity->profile[0]) == NULL &&
           text_ok(identity->profile, LWC_PROFILE_MAX, LOWER UPPER "._@-") &&
           identity->account[0] != '\0' &&
           text_ok(identity->account, LWC_ACCOUNT_MAX, LOWER ".-") &&
           text_ok(identity->origin, LWC_ORIGIN_MAX, LOWER ".-:[]") &&
           text_ok(identity->key_id, LWC_KEY_ID_MAX, LOWER UPPER MARKS) &&
           text_ok(identity->sub_account, LWC_SUB_ACCOUNT_MAX, LOWER UPPER MARKS);
}

static int write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t written = write(fd, at, len);

        if (written < 0) {
            return -1;
        }
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

/* Writes the new file beside the old one.  It gets its name once all of it is on the disk. */
static int write_file(int dir, const char *temporary, const struct lwc_identity *identity,
                      const void *secret, size_t len)
{
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int result;

    if (fd < 0) {
        return -1;
    }
    result = dprintf(fd, "%s\n%s\n%s\n%s\n%s\n%u\n%u\n", MAGIC, identity->account, identity->origin,
                     identity->key_id, identity->sub_account, identity->kind, identity->flags);
    if (result > 0) {
        result = write_all(fd, secret, len);
    }
    if (fsync(fd) != 0) {
        result = -1;
    }
    return close(fd) == 0 ? result : -1;
}

/* Names the file: link() refuses a taken name, rename() replaces it. */
static int give_name(int dir, const char *temporary, const char *name, bool replace)
{
    if (replace) {
        return renameat(dir, temporary, dir, name);
    }
    return linkat(dir, temporary, dir, name, 0);
}

static enum lwc_code replace_or_add(const struct folder *folder, int dir,
                                    const struct lwc_identity *identity, const void *secret,
                                    size_t len, bool replace, struct lwc_error *err)
{
    char temporary[32];
    enum lwc_code code = LWC_OK;

    snprintf(temporary, sizeof temporary, ".new-%ld", (long)getpid());
    if (write_file(dir, temporary, identity, secret, len) != 0) {
        code = fail_sys(err, folder, "cannot write");
    } else if (give_name(dir, temporary, identity->profile, replace) != 0) {
        code = errno == EEXIST ? fail(err, LWC_E_INVALID, "profile '%s' is taken in %s",
                                      identity->profile, folder->path)
                               : fail_sys(err, folder, identity->profile);
    }
    unlinkat(dir, temporary, 0);
    if (code == LWC_OK && fsync(dir) != 0) {
        code = fail_sys(err, folder, "cannot reach the disk");
    }
    return code;
}

static enum lwc_code folder_store(void *state, const struct lwc_identity *identity,
                                  const void *secret, size_t len, uint32_t flags,
                                  struct lwc_error *err)
{
    const struct folder *folder = state;
    enum lwc_code code;
    int dir = -1;

    if (len == 0 || len > LWC_SECRET_MAX) {
        return fail(err, LWC_E_INVALID, "a secret has 1 to %d bytes", LWC_SECRET_MAX);
    }
    if (!identity_ok(identity)) {
        return fail(err, LWC_E_INVALID, "malformed identity");
    }
    if (mkdir(folder->path, 0700) != 0 && errno != EEXIST) {
        return fail_sys(err, folder, "cannot make the directory");
    }
    code = dir_open(folder, &dir, err);
    if (code != LWC_OK) {
        return code;
    }
    code =
        replace_or_add(folder, dir, identity, secret, len, (flags & LWC_STORE_REPLACE) != 0, err);
    close(dir);
    return code;
}

static enum lwc_code folder_erase(void *state, const struct lwc_identity *query,
                                  struct lwc_error *err)
{
    const struct folder *folder = state;
    struct pick pick = {0};
    enum lwc_code code = pick_one(folder, query, &pick, err);
    int dir = -1;

    if (code == LWC_OK) {
        code = dir_open(folder, &dir, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (unlinkat(dir, pick.profile, 0) != 0) {
        code = errno == ENOENT ? LWC_E_NOT_FOUND : fail_sys(err, folder, pick.profile);
    } else if (fsync(dir) != 0) {
        code = fail_sys(err, folder, "cannot reach the disk");
    }
    close(dir);
    return code;
}

static enum lwc_code count_entry(void *data, const struct entry *entry, struct lwc_error *err)
{
    unsigned *count = data;

    (void)entry;
    (void)err;
    (*count)++;
    return LWC_OK;
}

/* The command "check" reads every file, and reports how many credentials there are. */
static enum lwc_code folder_control(void *state, const char *verb, size_t argc,
                                    const char *const *argv, const struct lwc_reporter *reporter,
                                    struct lwc_error *err)
{
    const struct lwc_identity any = {
        .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};
    unsigned count = 0;
    char text[16];
    const struct lwc_field fields[] = {{.name = "credentials", .value = text}};
    enum lwc_code code;

    if (strcmp(verb, "check") != 0) {
        return fail(err, LWC_E_INVALID, "backend 'folder' has no command '%s'", verb);
    }
    if (argc > 0) {
        return fail(err, LWC_E_INVALID, "check: unknown argument '%s'", argv[0]);
    }
    code = visit_all(state, &any, count_entry, &count, err);
    if (code != LWC_OK) {
        return code;
    }
    snprintf(text, sizeof text, "%u", count);
    return reporter->report(reporter->data, fields, 1, err);
}

/* The only symbol that is exported. */
const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "folder",
    .summary = "plain files in a directory, one for each credential",
    .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST,
    .open = folder_open,
    .close = folder_close,
    .find = folder_find,
    .list = folder_list,
    .store = folder_store,
    .erase = folder_erase,
    .control = folder_control,
};
