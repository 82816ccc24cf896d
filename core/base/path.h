/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_PATH_H
#define CORE_BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The way to a file, through directories in which other users may write.
 *
 * MUST:
 *  1. A path is walked component by component from the root.  Each directory on the way is owned by
 *     root or by us (effective uid) and not writable by group or others; the exception is a sticky
 *     directory such as /tmp, whose entries must then be ours or root's.  So no other user can
 *     change where the walked part leads; the directory opened at the end is checked again.
 *  2. At most 40 symbolic links are followed, each only if it stands in such a directory and, in a
 *     sticky one, if it is ours or root's.
 *  3. ".." leads up from the directory that was reached, links followed, never up in the given
 *     text.
 *  4. Directories are made with mode 0700, and checked like existing ones.
 *  5. Every descriptor is close-on-exec.
 *
 * A trust failure is LWC_E_UNSAFE with a hint that names the path and the cure.  A missing
 * directory on the way is LWC_E_NOT_FOUND with ENOENT in err->sys.
 */

/* A walked path: the descriptor of the directory, and the entry's name in it. */
#define LWC_PATH_MAX 4096
#define LWC_NAME_MAX 255
struct lwc_path {
    int dir_fd;  /* O_PATH                                                           */
    mode_t seen; /* of the entry when it was walked to; 0: not there, or not known   */
    bool shared; /* the directory is a sticky one: others can make entries in it     */
    char *dir;   /* canonical, absolute; for messages, dlopen and logs               */
    char name[LWC_NAME_MAX + 1];
};

/* Closes and frees; leaves LWC_PATH_INIT. */
void lwc_path_clear(struct lwc_path *path);
#define LWC_AUTO_PATH LWC_AUTO(struct lwc_path, lwc_path_clear)
#define LWC_PATH_INIT \
    {                 \
        .dir_fd = -1  \
    }

/*
 * Walks @text (absolute, or relative to the working directory) to its last component, which need
 * not exist.  A link there is followed, too.  "~/" at the start means $HOME.
 *
 * @path_out  cleared by the caller with lwc_path_clear().
 */
enum lwc_code lwc_path_resolve(const char *text, struct lwc_path *path_out, struct lwc_error *err)
    LWC_RESULT;

/* Walks to the directory @text.  The name in @path_out is empty, for the caller to fill in. */
enum lwc_code lwc_dir_open(const char *text, struct lwc_path *path_out, struct lwc_error *err)
    LWC_RESULT;

/* Makes the directory @text and its missing parents, mode 0700, below trusted ones. */
enum lwc_code lwc_dir_make(const char *text, struct lwc_error *err) LWC_RESULT;

#define LWC_PATH_TEXT_LEN (LWC_PATH_MAX + LWC_NAME_MAX + 1)
/* Writes the whole path, directory and name, into @text_out, and returns that. */
const char *lwc_path_text(const struct lwc_path *path, char text_out[LWC_PATH_TEXT_LEN]);

/*
 * Refuses, with LWC_E_UNSAFE, a path in a directory where other users can make entries: code and
 * configuration are never read from there.
 */
enum lwc_code lwc_path_unshared_check(const struct lwc_path *path, struct lwc_error *err)
    LWC_RESULT;

/* Forces changes of the directory (renames, new entries) to the disk. */
enum lwc_code lwc_path_sync(const struct lwc_path *path, struct lwc_error *err) LWC_RESULT;

/*
 * Returns the code for a system call on a file that failed with @sys: LWC_E_NOT_FOUND for ENOENT,
 * LWC_E_INVALID where the name is wrong (a directory, a loop, too long), otherwise LWC_E_IO.
 */
enum lwc_code lwc_path_code(int sys);

/*
 * Refuses, with LWC_E_UNSAFE and a hint, an @owner of @text ("directory /x", "/x/file") other than
 * root or us (effective uid).
 */
enum lwc_code lwc_path_owner_check(const char *text, uid_t owner, struct lwc_error *err) LWC_RESULT;

#endif
