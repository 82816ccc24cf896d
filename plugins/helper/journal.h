/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_JOURNAL_H
#define PLUGINS_HELPER_JOURNAL_H

#include <stdint.h>

#include "base/error.h"
#include "base/util.h"

/*
 * The journal of an operation in several steps, so that a run that was killed can be finished by
 * the next.  A file in $XDG_STATE_HOME/lwcred, else ~/.local/state/lwcred, for each operation
 * ("import") and name that it works on (a path, a profile, an alias).
 *
 *     lwc_journal_open("rename", "old", deadline, &journal, err);
 *     step = lwc_journal_step(journal);          "" for a new one, else where the last run ended
 *     lwc_journal_set(journal, "new", name, err);
 *     lwc_journal_write(journal, "stored", err); durable; only then the action of the step
 *     ...
 *     lwc_journal_finish(journal, err);
 *     lwc_journal_close(&journal);
 *
 * MUST:
 *  1. A journal holds names, key ids, aliases and paths: never a secret or a token, or a part or
 *     hash of one.
 *  2. One process at a time has the journal of an operation and name.
 *  3. A step is on the disk before lwc_journal_write() returns; a journal is old or new, never half.
 *  4. A journal that is damaged, or that another user could have written, is never obeyed.
 */

struct lwc_journal;

/*
 * Opens the journal of @operation (a-z, 0-9, '-') on @name (no control bytes), waits for another
 * process that has it until @deadline_ms of the boot clock, and reads what a run before has left.
 *
 * @journal_out  owned by the caller, lwc_journal_close().
 * Returns LWC_OK; LWC_E_BUSY; LWC_E_UNSAFE for a file or directory of another user, with another
 * mode, or that is a link; LWC_E_CORRUPT or LWC_E_TOO_NEW, with a hint; LWC_E_INVALID where there is
 * no home directory; LWC_E_IO.
 */
enum lwc_code lwc_journal_open(const char *operation, const char *name, int64_t deadline_ms,
                               struct lwc_journal **journal_out, struct lwc_error *err) LWC_RESULT;

/* Returns the step that was written last, "" for a new journal.  Borrowed until it is written. */
const char *lwc_journal_step(const struct lwc_journal *journal);

/* Returns the value of a field, or NULL.  Borrowed until it is set. */
const char *lwc_journal_field(const struct lwc_journal *journal, const char *field);

/*
 * Sets a field for the next lwc_journal_write(); NULL removes it.  LWC_E_INVALID for a name that is
 * no word, a value with a control byte, of more than 4352 bytes, or more than 32 fields.
 */
enum lwc_code lwc_journal_set(struct lwc_journal *journal, const char *field, const char *value,
                              struct lwc_error *err) LWC_RESULT;

/* Writes @step (a-z, 0-9, '-') and the fields, and forces them to the disk. */
enum lwc_code lwc_journal_write(struct lwc_journal *journal, const char *step,
                                struct lwc_error *err) LWC_RESULT;

/* Removes the file: the operation is done.  The journal is as new, and still locked. */
enum lwc_code lwc_journal_finish(struct lwc_journal *journal, struct lwc_error *err) LWC_RESULT;

/* Releases and frees; sets *journal to NULL.  What was written stays.  NULL is allowed. */
void lwc_journal_close(struct lwc_journal **journal);
#define LWC_AUTO_JOURNAL LWC_AUTO(struct lwc_journal *, lwc_journal_close)

#endif
