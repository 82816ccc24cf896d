/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in failures.h. */
#include "flight/failures.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/safefile.h"
#include "base/util.h"
#include "flight/flight_dir.h"

#define FILE_NAME_LEN (LWC_HASH_HEX_LEN + 2)
#define LOCK_WAIT_MS 200
#define READ_TRIES 3
#define READ_PAUSE_NS 1000000

/* The file of a table; fd is locked, or -1. */
struct table_file {
    struct lwc_path dir;
    char name[FILE_NAME_LEN];
    int fd;
};

static bool file_locate(const char *name, struct table_file *file)
{
    (void)snprintf(file->name, sizeof file->name, "%s.f", name);
    return lwc_flight_name_is_good(name) && lwc_flight_dir_open(&file->dir, NULL) == LWC_OK;
}

static void file_clear(struct table_file *file)
{
    lwc_lock_give(&file->fd);
    lwc_path_clear(&file->dir);
}

#define AUTO_FILE LWC_AUTO(struct table_file, file_clear)

/* Reads a table from @fd.  Returns false without a sound table of this boot. */
static bool table_load(int fd, struct lwc_failure_table *table)
{
    uint8_t bytes[LWC_FAILURE_MAX + 1];
    struct lwc_failure_table found;
    ssize_t len = pread(fd, bytes, sizeof bytes, 0);

    if (len <= 0 || !lwc_failure_decode(bytes, (size_t)len, &found) ||
        !lwc_streq(found.boot_id, table->boot_id)) {
        return false;
    }
    *table = found;
    return true;
}

static void pause_shortly(void)
{
    const struct timespec span = {.tv_nsec = READ_PAUSE_NS};

    (void)nanosleep(&span, NULL); /* waking early does no harm */
}

void lwc_failures_read(const char *name, struct lwc_failure_table *table_out)
{
    AUTO_FILE file = {.dir = LWC_PATH_INIT, .fd = -1};
    LWC_AUTO_CLOSE int fd = -1;
    struct stat st;

    if (!file_locate(name, &file) || !lwc_failure_table_init(table_out)) {
        table_out->count = 0;
        return;
    }
    fd = openat(file.dir.dir_fd, file.name,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    /* Without a lock, a table under write looks damaged. */
    for (int i = 0; i < READ_TRIES && !table_load(fd, table_out); i++) {
        pause_shortly();
    }
}

enum lwc_code lwc_failures_find(const char *name, const uint8_t (*names)[LWC_HASH_LEN],
                                size_t count, const struct lwc_failures_rule *rule,
                                struct lwc_error *err)
{
    struct lwc_failure_table table;
    struct lwc_error unused;

    lwc_failures_read(name, &table);
    for (size_t i = 0; i < count; i++) {
        const struct lwc_failure *record = lwc_failure_table_find(&table, names[i]);

        if (record != NULL && ((rule->counts_life && lwc_failure_is_live(record, rule->clock)) ||
                               lwc_failure_is_since(record, rule->since_ms, rule->clock))) {
            lwc_failure_report(record, rule->clock, err != NULL ? err : &unused);
            return record->err.code;
        }
    }
    return LWC_OK;
}

/* Opens and locks the file, and reads its table. */
static bool file_lock(const char *name, struct table_file *file, struct lwc_failure_table *table)
{
    if (!file_locate(name, file) || !lwc_failure_table_init(table) ||
        lwc_lock_take(&file->dir, file->name, LOCK_WAIT_MS, &file->fd, NULL) != LWC_OK) {
        return false;
    }
    (void)table_load(file->fd, table); /* a damaged table is overwritten */
    return true;
}

/* Writes the table to its file; removes the file if the table is empty or cannot be written. */
static void file_save(const struct table_file *file, const struct lwc_failure_table *table)
{
    uint8_t bytes[LWC_FAILURE_MAX];
    size_t len = table->count > 0 ? lwc_failure_encode(table, bytes) : 0;

    if (len == 0 || pwrite(file->fd, bytes, len, 0) != (ssize_t)len ||
        ftruncate(file->fd, (off_t)len) != 0) {
        (void)unlinkat(file->dir.dir_fd, file->name, 0);
    }
}

void lwc_failures_put(const char *name, const struct lwc_failure *record)
{
    AUTO_FILE file = {.dir = LWC_PATH_INIT, .fd = -1};
    struct lwc_failure_table table;

    if (file_lock(name, &file, &table)) {
        lwc_failure_table_put(&table, record);
        file_save(&file, &table);
        lwc_flight_dir_sweep(&file.dir);
    }
}

static bool drop_all(struct lwc_failure_table *table, const uint8_t (*names)[LWC_HASH_LEN],
                     size_t count)
{
    bool has_any = false;

    for (size_t i = 0; i < count; i++) {
        has_any = lwc_failure_table_drop(table, names[i]) || has_any;
    }
    return has_any;
}

void lwc_failures_drop(const char *name, const uint8_t (*names)[LWC_HASH_LEN], size_t count)
{
    AUTO_FILE file = {.dir = LWC_PATH_INIT, .fd = -1};
    struct lwc_failure_table table;

    lwc_failures_read(name, &table);
    if (drop_all(&table, names, count) && file_lock(name, &file, &table)) {
        (void)drop_all(&table, names, count);
        file_save(&file, &table);
    }
}

void lwc_failures_clear(const char *name)
{
    AUTO_FILE file = {.dir = LWC_PATH_INIT, .fd = -1};
    struct lwc_failure_table table;

    if (file_lock(name, &file, &table)) {
        table.count = 0;
        file_save(&file, &table);
    }
}
