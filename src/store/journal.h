/* journal.h - what a coordinator of real devices must not lose between two checkpoints,
 * in one SQLite file beside the run store, and one for the answers themselves, whose
 * name ends in "-messages".
 *
 *   round    the open one: number, digest of its model
 *   answer   what devices sent: the message as it travelled, of the round that it was
 *            made for, until the round in which it came is over; then that it came
 *   model    of recent rounds, where late answers count
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
 * other all messages are dropped, and of answers made for rounds before `since`, or for
 * this one and later, it is forgotten that they came.  Committed when it returns.
 * @param[out] goes_on  there are answers of it */
MMOFL_CHECKED mmofl_status
mmofl_journal_begin(mmofl_journal *journal, uint64_t round,
                    const unsigned char digest[MMOFL_JOURNAL_DIGEST_BYTES],
                    uint64_t since, bool *goes_on, mmofl_error *err);

/** Add to the open round what a device made for `round`; not yet committed.  Once it
 * was added, each commit tries to keep it, until one has.
 * @retval E_DUPLICATE  it is there
 * @retval E_NO_SPACE, E_IO, E_MEMORY  it is not, and nothing is changed */
MMOFL_CHECKED mmofl_status mmofl_journal_add(mmofl_journal *journal, uint64_t device,
                                             uint64_t round, const void *message,
                                             size_t size, mmofl_error *err);

/** Forget what was added last, before anything else is done. */
void mmofl_journal_take_back(mmofl_journal *journal);

/** Keep the model of a round, and forget those before `since`; not yet committed. */
MMOFL_CHECKED mmofl_status mmofl_journal_keep_model(mmofl_journal *journal,
                                                    uint64_t round, const void *model,
                                                    size_t size, uint64_t since,
                                                    mmofl_error *err);

/** A device's session; not yet committed. */
MMOFL_CHECKED mmofl_status mmofl_journal_set_session(mmofl_journal *journal,
                                                     uint64_t device, uint64_t session,
                                                     mmofl_error *err);

/** Put everything since the last commit on the disk; cheap when there is nothing.
 * On failure answers are still to be committed, and of all else it is as if nothing had
 * been done since then.  A call that failed before may have taken what was gathered
 * with it: then this one fails once, too. */
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

/** Called for each answer that came before the open round and is not forgotten: the
 * round that it was made for. */
typedef void mmofl_journal_earlier_visit(void *context, uint64_t device,
                                         uint64_t round);
MMOFL_CHECKED mmofl_status
mmofl_journal_each_earlier(mmofl_journal *journal, mmofl_journal_earlier_visit *visit,
                           void *context, mmofl_error *err);

/** Called for each model that is kept; borrowed. */
typedef void mmofl_journal_model_visit(void *context, uint64_t round, const void *model,
                                       size_t size);
MMOFL_CHECKED mmofl_status mmofl_journal_each_model(mmofl_journal *journal,
                                                    mmofl_journal_model_visit *visit,
                                                    void *context, mmofl_error *err);

/** Called for each session, by device. */
typedef void mmofl_journal_session_visit(void *context, uint64_t device,
                                         uint64_t session);
MMOFL_CHECKED mmofl_status
mmofl_journal_each_session(mmofl_journal *journal, mmofl_journal_session_visit *visit,
                           void *context, mmofl_error *err);

#endif
