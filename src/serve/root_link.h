/* root_link.h - what a shard hears from its root and says to it: to the root it is a
 * device (link/member.h), named "shard-0" and so on, that sends sums in place of an
 * update.
 *
 * The newest Task is put down until the shard takes it; an answer is sent until the
 * root has it, by whatever process of the root is there.  Nothing of this is on the
 * disk: the root's own journal and the shard's make it again.  Threads: one owner. */
#ifndef MMOFL_SERVE_ROOT_LINK_H
#define MMOFL_SERVE_ROOT_LINK_H

#include "link/member.h"

typedef struct mmofl_root_setup {
    const char *federation, *name; /* of the shard; borrowed, as all that follows */
    const uint8_t *secret; /* (MMOFL_KEY_BYTES) signs; NULL: nothing is signed */
    const uint8_t *root;   /* (MMOFL_KEY_BYTES) the root's; NULL: any root */
    const char *program;   /* "mmofl 0.1.0" */
    mmofl_member_connect *connect; /* to the root's broker */
    void *connect_context;
} mmofl_root_setup;

typedef struct mmofl_root_link mmofl_root_link;

/** Connect.
 * @param greeting  what the shard tells its devices: the root must tell it the same
 * @param limits    of Task and PartialSum
 * @param clock     as in mmofl_server_setup; NULL: the system's
 * @retval E_RANGE   a name that nobody may have  @retval E_MEMORY, those of connect */
MMOFL_CHECKED mmofl_status
mmofl_root_link_new(const mmofl_root_setup *setup, const mmofl_welcome *greeting,
                    const mmofl_wire_limits *limits, const mmofl_log_sink *log,
                    double (*clock)(void *context), void *clock_context,
                    mmofl_root_link **link, mmofl_error *err);

/** Says Bye.  NULL is allowed. */
void mmofl_root_link_delete(mmofl_root_link *link);

/** Hear and say what is due; never waits.
 * @retval E_STATE   the root learns something else than the shard
 * @retval those of its final Refusal, and of sums that it cannot take
 * @retval those of mmofl_endpoint_step */
MMOFL_CHECKED mmofl_status mmofl_root_link_step(mmofl_root_link *link,
                                                mmofl_error *err);

/** To wait for it: as mmofl_bus_kind.descriptor. */
int mmofl_root_link_descriptor(const mmofl_root_link *link, bool *wants_write,
                               double *due_s);

/** The newest Task that was not taken; NULL: none. */
const mmofl_task *mmofl_root_link_next(const mmofl_root_link *link);

/** It goes into *task, and what was there is freed; task: NULL: it is dropped. */
void mmofl_root_link_take(mmofl_root_link *link, mmofl_kept_message *task);

/** Send the bytes of a PartialSum, the link's from now on, until the root has them; one
 * that was not answered yet is forgotten. */
void mmofl_root_link_answer(mmofl_root_link *link, uint8_t *bytes, size_t size,
                            uint64_t round);

/** Is there an answer that the root has not acknowledged? */
bool mmofl_root_link_is_answering(const mmofl_root_link *link);

/** Silence of the root in seconds; infinite: never heard. */
double mmofl_root_link_silence(const mmofl_root_link *link);

#endif
