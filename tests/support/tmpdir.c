/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tmpdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int tmpdir_setup(void **state)
{
    struct tmpdir *dir = calloc(1, sizeof *dir);
    const char *base = getenv("TMPDIR");
    char made[TMPDIR_PATH_LEN];

    if (dir == NULL) {
        return -1;
    }
    (void)snprintf(made, sizeof made, "%s/lwcred-test-XXXXXX",
                   base != NULL && base[0] == '/' ? base : "/tmp");
    if (mkdtemp(made) == NULL || realpath(made, dir->path) == NULL) {
        perror(made);
        free(dir);
        return -1;
    }
    *state = dir;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    if (remove(path) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int tmpdir_teardown(void **state)
{
    struct tmpdir *dir = *state;
    int result = nftw(dir->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

    free(dir);
    *state = NULL;
    return result;
}

char *tmpdir_join(const struct tmpdir *dir, const char *name, char path_out[TMPDIR_PATH_LEN])
{
    int len = snprintf(path_out, TMPDIR_PATH_LEN, "%s/%s", dir->path, name);

    assert_in_range(len, 1, TMPDIR_PATH_LEN - 1);
    return path_out;
}

void tmpdir_write(const struct tmpdir *dir, const char *name, const void *bytes, size_t len,
                  mode_t mode)
{
    char path[TMPDIR_PATH_LEN];
    FILE *file = fopen(tmpdir_join(dir, name, path), "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

void tmpdir_mkdir(const struct tmpdir *dir, const char *name, mode_t mode)
{
    char path[TMPDIR_PATH_LEN];

    assert_int_equal(mkdir(tmpdir_join(dir, name, path), 0700), 0);
    assert_int_equal(chmod(path, mode), 0);
}

void tmpdir_assert_text(const struct tmpdir *dir, const char *name, const char *text)
{
    char path[TMPDIR_PATH_LEN];
    size_t len = strlen(text);
    char *found = calloc(1, len + 2);
    FILE *file = fopen(tmpdir_join(dir, name, path), "re");

    assert_non_null(found);
    assert_non_null(file);
    assert_int_equal(fread(found, 1, len + 1, file), len);
    assert_string_equal(found, text);
    assert_int_equal(fclose(file), 0);
    free(found);
}

size_t tmpdir_count(const struct tmpdir *dir, const char *name)
{
    char path[TMPDIR_PATH_LEN];
    DIR *open_dir = opendir(tmpdir_join(dir, name, path));
    size_t count = 0;

    assert_non_null(open_dir);
    for (struct dirent *entry = readdir(open_dir); entry != NULL; entry = readdir(open_dir)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    }
    assert_int_equal(closedir(open_dir), 0);
    return count;
}
