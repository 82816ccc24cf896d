/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_SAFEFILE_H
#define CORE_BASE_SAFEFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/path.h"

/*
 * Files in directories where other users may write; path.h has the way to them.
 *
 * MUST:
 *  1. The opened file is checked (fstat), not the named one.
 *  2. Only regular files are read; opening never blocks (FIFO) and never becomes our terminal.
 *  3. Every read has a cap.
 *  4. A file is replaced, never rewritten: exclusive temporary file with mode 0600 under any
 *     umask, in the directory of the resolved target; all written, fsync; rename; fsync of the
 *     directory.  After any failure the old file is as it was and no temporary file stays.
 *  5. Every descriptor is close-on-exec.
 *
 * A trust failure is LWC_E_UNSAFE with a hint that names the path and the cure.
 * A missing file or directory is LWC_E_NOT_FOUND with ENOENT in err->sys.
 */

/* How much a file must be trusted; its owner is root or us in each case. */
enum lwc_trust {
    LWC_TRUST_CONTENT, /* no other user can write it: configuration, modules, secrets that the
                          user names, such as a mounted volume                               */
    LWC_TRUST_PRIVATE, /* no other user can read it: our own stores                           */
};

/*
 * Opens the resolved file for reading and checks it.
 *
 * @fd_out    owned by the caller.
 * @stat_out  the result of fstat(); may be NULL.
 */
enum lwc_code lwc_file_open(const struct lwc_path *path, enum lwc_trust trust, int *fd_out,
                            struct stat *stat_out, struct lwc_error *err) LWC_RESULT;

/*
 * Reads a whole file, at most @cap bytes (more: LWC_E_INVALID), into @content, which is reset
 * first.  Takes no lock and writes nothing.
 */
enum lwc_code lwc_file_read(const char *text, enum lwc_trust trust, size_t cap,
                            struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/* As lwc_file_read(), for a resolved path. */
enum lwc_code lwc_file_read_at(const struct lwc_path *path, enum lwc_trust trust, size_t cap,
                               struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/*
 * Reads the file at @path that the user named with the option or variable @what: as lwc_file_read()
 * with LWC_TRUST_CONTENT, but a missing file is LWC_E_INVALID.  Errors begin with @what.
 */
enum lwc_code lwc_file_read_named(const char *what, const char *path, size_t cap,
                                  struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/* No deadline; others are milliseconds of the boot clock (base/clock.h). */
#define LWC_NO_DEADLINE INT64_MAX

/*
 * Calls read(), again after EINTR; waits for input until @deadline_ms at most, on blocking and
 * other descriptors.  Returns the result of read(); -1 with ETIMEDOUT once the time is over.
 */
ssize_t lwc_fd_read_step(int fd, void *room, size_t len, int64_t deadline_ms);

/*
 * Reads descriptor @fd to its end, at most @cap bytes, appending to @content.  LWC_E_INVALID if
 * the end, or more than @cap bytes, did not come before @deadline_ms.
 */
enum lwc_code lwc_fd_read(int fd, size_t cap, int64_t deadline_ms, struct lwc_buf *content,
                          struct lwc_error *err) LWC_RESULT;

/* Writes all @len bytes to @fd, over short writes and EINTR. */
enum lwc_code lwc_fd_write(int fd, const void *bytes, size_t len, struct lwc_error *err) LWC_RESULT;

/*
 * Checks the temporary file before it replaces the old one; @fd is open for reading at its start.
 * Any code but LWC_OK cancels the replacement.
 */
typedef enum lwc_code lwc_file_verify_fn(void *data, int fd, struct lwc_error *err);

/*
 * Replaces the file at @path by @len bytes.
 *
 * @previous  if not NULL, the name in the same directory under which the replaced file stays
 *            reachable: a hard link made before the rename, so that the name is never without a
 *            file.  On a file system without hard links: a copy.
 * @verify    may be NULL.
 * Returns LWC_OK; LWC_E_INVALID if @path is no regular file; LWC_E_UNSAFE if it belongs to another
 * user; LWC_E_IO; or the code of @verify.  LWC_E_IO after the rename (the directory could not be
 * forced to the disk) means that the new file is in place but may not survive a crash; the text of
 * the error says so.
 */
enum lwc_code lwc_file_replace(const struct lwc_path *path, const void *bytes, size_t len,
                               const char *previous, lwc_file_verify_fn *verify, void *data,
                               struct lwc_error *err) LWC_RESULT;

/*
 * Replaces a file of another program that was read, and keeps its mode and group.  Locks the file
 * (flock) meanwhile, and removes temporary files of an edit that was killed.
 *
 * @was  the result of fstat() when it was read.
 * Returns as lwc_file_replace(); LWC_E_BUSY if it is not that file any more, or has changed since;
 * LWC_E_UNSAFE unless it is ours; LWC_E_INVALID if it has other names (hard links), under which the
 * old text would stay.
 */
enum lwc_code lwc_file_edit(const struct lwc_path *path, const struct stat *was, const void *bytes,
                            size_t len, struct lwc_error *err) LWC_RESULT;

/*
 * Checks as lwc_file_edit() that the file at @path is still the one that was read, and ours alone.
 */
enum lwc_code lwc_file_unchanged_check(const struct lwc_path *path, const struct stat *was,
                                       struct lwc_error *err) LWC_RESULT;

/* Removes the file at @path, if it passes lwc_file_unchanged_check(), for good. */
enum lwc_code lwc_file_remove(const struct lwc_path *path, const struct stat *was,
                              struct lwc_error *err) LWC_RESULT;

/*
 * Removes temporary files that interrupted replacements of @path (SIGKILL, power) left beside it.
 * Only for the holder of the lock under which @path is replaced.  Reports no errors.
 */
void lwc_file_sweep(const struct lwc_path *path);

/*
 * Takes an exclusive lock on the file @name in @path's directory, which is made if missing.  The
 * kernel drops the lock when the process dies.  LWC_E_BUSY after @timeout_ms.
 *
 * @fd_out  owned by the caller, lwc_lock_give().  close() alone would leave the lock to a child
 *          that another thread made by fork() meanwhile.
 */
enum lwc_code lwc_lock_take(const struct lwc_path *path, const char *name, int64_t timeout_ms,
                            int *fd_out, struct lwc_error *err) LWC_RESULT;

/* Takes an exclusive lock on an open file or directory, as lwc_lock_take(). */
enum lwc_code lwc_lock_take_fd(int fd, int64_t timeout_ms, struct lwc_error *err) LWC_RESULT;

/* Releases the lock of *fd, closes *fd and sets it to -1.  -1 is allowed. */
void lwc_lock_give(int *fd);
#define LWC_AUTO_LOCK LWC_AUTO(int, lwc_lock_give)

#endif
