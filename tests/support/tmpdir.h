/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TMPDIR_H
#define TESTS_SUPPORT_TMPDIR_H

#include <stddef.h>
#include <sys/types.h>

/*
 * A private directory for one test, below $TMPDIR or /tmp: a cmocka fixture.
 *
 *     cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)
 *
 * *state is then the struct tmpdir.  Helpers fail the test where they fail.
 */

#define TMPDIR_PATH_LEN 4096

struct tmpdir {
    char path[TMPDIR_PATH_LEN]; /* canonical, mode 0700 */
};

int tmpdir_setup(void **state);

/* Removes the directory and all in it; fails if something stays. */
int tmpdir_teardown(void **state);

/* Writes "DIR/NAME" into @path_out and returns that. */
char *tmpdir_join(const struct tmpdir *dir, const char *name, char path_out[TMPDIR_PATH_LEN]);

/* Makes a file, or a directory, with exactly that mode. */
void tmpdir_write(const struct tmpdir *dir, const char *name, const void *bytes, size_t len,
                  mode_t mode);
void tmpdir_mkdir(const struct tmpdir *dir, const char *name, mode_t mode);

/* Does the file hold exactly that text? */
void tmpdir_assert_text(const struct tmpdir *dir, const char *name, const char *text);

/* How many entries are in the directory @name ("." for the directory itself)? */
size_t tmpdir_count(const struct tmpdir *dir, const char *name);

#endif
