/* journal.h - what a coordinator of real devices must not lose between two checkpoints,
 * in one SQLite file beside the run store.
 *
 *   round    the open one: number, digest of its model
 *   answer   what devices sent in it: the message as it travelled
 *   session  the process of each device that said Hello last
 *
 * Changes are gathered and become durable together (mmofl_journal_commit): with one
 * sync of the disk for many devices, each may be told that its answer is kept.  A
 * process killed at any moment finds what it committed, whole.  Threads: one owner.
 * Statuses of sql.h's files besides those named here: E_NO_SPACE, E_CORRUPT, E_VERSION,
 * E_STATE, E_IO, E_MEMORY. */
#ifndef MMOFL_STORE_JOURNAL_H
#define MMOFL_STORE_JOURNAL_H

#include "mmofl/status.h"

enum { MMOFL_JOURNAL_DIGEST_BYTES = 32 };

typedef struct mmofl_journal mmofl_journal;

/** Open the file, or make it.  On success: mmofl_journal_close. */
MMOFL_CHECKED mmofl_status mmofl_journal_open(const char *path, mmofl_journal **journal,
                                              mmofl_error *err);

/** What was not committed is dropped.  NULL is allowed. */
void mmofl_journal_close(mmofl_journal *journal);

/** Open a round.  One with the same number and digest goes on, with its answers; of any
 * other all answers are dropped.  Committed when it returns.
 * @param[out] goes_on  there are answers of it */
MMOFL_CHECKED mmofl_status
mmofl_journal_begin(mmofl_journal *journal, uint64_t round,
                    const unsigned char digest[MMOFL_JOURNAL_DIGEST_BYTES],
                    bool *goes_on, mmofl_error *err);

/** Add a device's answer to the open round; not yet committed.
 * @retval E_DUPLICATE  it has answered */
MMOFL_CHECKED mmofl_status mmofl_journal_add(mmofl_journal *journal, uint64_t device,
                                             const void *message, size_t size,
                                             mmofl_error *err);

/** A device's session; not yet committed. */
MMOFL_CHECKED mmofl_status mmofl_journal_set_session(mmofl_journal *journal,
                                                     uint64_t device, uint64_t session,
                                                     mmofl_error *err);

/** Put everything since the last commit on the disk; cheap when there is nothing.
 * On failure it is as if nothing had been added since then. */
MMOFL_CHECKED mmofl_status mmofl_journal_commit(mmofl_journal *journal,
                                                mmofl_error *err);

/** Is there something to be committed? */
bool mmofl_journal_is_dirty(const mmofl_journal *journal);

/** Called for each answer of the open round, by device; borrowed.  A status other than
 * OK stops the walk, which then returns it. */
typedef mmofl_status mmofl_journal_visit(void *context, uint64_t device,
                                         const void *message, size_t size);
MMOFL_CHECKED mmofl_status mmofl_journal_each(mmofl_journal *journal,
                                              mmofl_journal_visit *visit, void *context,
                                              mmofl_error *err);

/** Called for each session, by device. */
typedef void mmofl_journal_session_visit(void *context, uint64_t device,
                                         uint64_t session);
MMOFL_CHECKED mmofl_status
mmofl_journal_each_session(mmofl_journal *journal, mmofl_journal_session_visit *visit,
                           void *context, mmofl_error *err);

#endif
