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
 * Files in a world where others can write too; the way to them is path.h.
 *
 * MUST:
 *  1. What was opened is judged (fstat), not what was named.
 *  2. Only regular files are read; opening never blocks (FIFO) and never becomes our terminal.
 *  3. Every read has a cap.
 *  4. A file is replaced, never rewritten: exclusive temporary file with mode 0600 whatever the
 *     umask, in the directory of the resolved target; all written, fsync; rename; fsync of the
 *     directory.  After any failure the old file is as it was and no temporary file stays.
 *  5. Every descriptor is close-on-exec.
 *
 * A trust failure is LWC_E_UNSAFE with a hint that names the path and the cure.
 * A missing file or directory is LWC_E_NOT_FOUND with ENOENT in err->sys.
 */

/* How much a file must be trusted; its owner is root or us in each case. */
enum lwc_trust {
    LWC_TRUST_CONTENT, /* nobody else can write it: configuration, modules, secrets that the
                          user names, such as a mounted volume                               */
    LWC_TRUST_PRIVATE, /* nobody else can even read it: our own stores                       */
};

/*
 * Open the resolved file for reading and judge it.
 *
 * @fd_out    owned by the caller.
 * @stat_out  what fstat() said; may be NULL.
 */
enum lwc_code lwc_file_open(const struct lwc_path *path, enum lwc_trust trust, int *fd_out,
                            struct stat *stat_out, struct lwc_error *err) LWC_RESULT;

/*
 * Read a whole file, at most @cap bytes (more: LWC_E_INVALID), into @content, a secret that is
 * reset first.  Takes no lock and writes nothing.
 */
enum lwc_code lwc_file_read(const char *text, enum lwc_trust trust, size_t cap,
                            struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/* The same for a path that was resolved. */
enum lwc_code lwc_file_read_at(const struct lwc_path *path, enum lwc_trust trust, size_t cap,
                               struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/*
 * Read the file at @path that the user named with the option or variable @what: as
 * lwc_file_read() with LWC_TRUST_CONTENT, but a missing file is LWC_E_INVALID, for the user meant
 * it.  Errors begin with @what.
 */
enum lwc_code lwc_file_read_named(const char *what, const char *path, size_t cap,
                                  struct lwc_buf *content, struct lwc_error *err) LWC_RESULT;

/* For a deadline by the boot clock (base/clock.h): none. */
#define LWC_NO_DEADLINE INT64_MAX

/*
 * read(), retried after EINTR, and waiting at most until @deadline_ms for a descriptor that has
 * nothing to give, be it blocking or not.  Returns -1 with errno; ETIMEDOUT once the time is over.
 */
ssize_t lwc_fd_read_step(int fd, void *room, size_t len, int64_t deadline_ms);

/*
 * Read descriptor @fd to its end, at most @cap bytes, appending to @content.  LWC_E_INVALID if
 * the end, or more than @cap bytes, did not come before @deadline_ms.
 */
enum lwc_code lwc_fd_read(int fd, size_t cap, int64_t deadline_ms, struct lwc_buf *content,
                          struct lwc_error *err) LWC_RESULT;

/* Write all @len bytes to @fd; a short write is continued, EINTR retried. */
enum lwc_code lwc_fd_write(int fd, const void *bytes, size_t len, struct lwc_error *err) LWC_RESULT;

/*
 * Judges the temporary file before it takes the place of the old one; @fd is open for reading
 * at its start.  Anything but LWC_OK gives the replacement up.
 */
typedef enum lwc_code lwc_file_verify_fn(void *data, int fd, struct lwc_error *err);

/*
 * Replace the file at @path by @len bytes.
 *
 * @previous  if not NULL, the name in the same directory under which the replaced file stays
 *            reachable: a hard link made before the rename, so that there is never a moment
 *            without the file.  On a file system without hard links: a copy.
 * @verify    may be NULL.
 * Returns LWC_OK; LWC_E_INVALID if something else than a file is there; LWC_E_UNSAFE if it is
 * someone else's; LWC_E_IO; what @verify said.  LWC_E_IO after the rename (the directory could
 * not be forced to the disk) means that the new file is in place but may not outlive a crash; its
 * text says so.
 */
enum lwc_code lwc_file_replace(const struct lwc_path *path, const void *bytes, size_t len,
                               const char *previous, lwc_file_verify_fn *verify, void *data,
                               struct lwc_error *err) LWC_RESULT;

/*
 * Remove the temporary files that dead replacements of @path left beside it (SIGKILL, power).
 * Only for the holder of the lock under which @path is replaced.  Best effort.
 */
void lwc_file_sweep(const struct lwc_path *path);

/*
 * Take an exclusive lock on the file @name in @path's directory, made if missing.  The kernel
 * drops it when the process dies.  Not taken within @timeout_ms: LWC_E_BUSY.
 *
 * @fd_out  owned by the caller, lwc_lock_give().  Closing it alone leaves the lock to a child that
 *          another thread made by fork() meanwhile.
 */
enum lwc_code lwc_lock_take(const struct lwc_path *path, const char *name, int64_t timeout_ms,
                            int *fd_out, struct lwc_error *err) LWC_RESULT;

/* The same for a file or directory that is open already, if only for reading. */
enum lwc_code lwc_lock_opened(int fd, int64_t timeout_ms, struct lwc_error *err) LWC_RESULT;

/* Give the lock of *fd back, if it has one; close *fd and set it to -1.  -1 is allowed. */
void lwc_lock_give(int *fd);
#define LWC_AUTO_LOCK LWC_AUTO(int, lwc_lock_give)

#endif
