/* member.h - the side of a federation that says Hello: a device towards its
 * coordinator, a shard towards its root.
 *
 *   member                       the other side, whatever process of it is there
 *     | Hello -------------------> |    again whenever it asks, or is another process
 *     | <--------------- Welcome - |    put down, until the owner takes it
 *     | <------------------ Task - |    once the owner is ready for it; the newest one
 *     | answer ------------------> |    until it was answered; soon after a Task, it
 *     |                            |    is that Task's acknowledgement as well
 *     | Heartbeat ---------------> |
 *
 * What comes is only put down, so that an owner who is learning may give the member its
 * turn.  Nothing of this is on the disk: what must outlive the process is the owner's.
 * Threads: one owner. */
#ifndef MMOFL_LINK_MEMBER_H
#define MMOFL_LINK_MEMBER_H

#include "base/log.h"
#include "link/endpoint.h"
#include "wire/kept_message.h"

typedef struct mmofl_member mmofl_member;

/** Makes the bus; events and will are the endpoint's. */
typedef mmofl_status mmofl_member_connect(void *context, const mmofl_bus_events *events,
                                          const mmofl_bus_will *will, mmofl_bus **bus,
                                          mmofl_error *err);

/** Everything is borrowed and must outlive the member. */
typedef struct mmofl_member_setup {
    const char *federation, *name;
    const uint8_t *secret;     /* (MMOFL_KEY_BYTES) signs; NULL: nothing is signed */
    const uint8_t *other;      /* (MMOFL_KEY_BYTES) of the other side; NULL: anybody */
    const char *program;       /* "mmofl-device 0.1.0" */
    size_t assembly_bytes;     /* of objects that come in */
    const char *me, *it;       /* for people: "this device", "the coordinator" */
    const char *broker;        /* likewise: "the broker" */
    const mmofl_log_sink *log; /* NULL: nothing */
    double (*clock)(void *context); /* monotonic seconds; NULL: the system's */
    void *clock_context;
    /** What became of the answer, once, from within a step: OK, or why it is not
     * wanted. */
    void (*answered)(void *context, mmofl_status status, const char *text);
    void *context;
} mmofl_member_setup;

/** @retval E_RANGE  a name that nobody may have  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_member_new(const mmofl_member_setup *setup,
                                            mmofl_member **member, mmofl_error *err);

/** Once, before the first step.  @retval those of connect and of subscribe */
MMOFL_CHECKED mmofl_status mmofl_member_open(mmofl_member *member,
                                             mmofl_member_connect *connect,
                                             void *context, mmofl_error *err);

/** Says Bye with that reason where it can.  NULL is allowed. */
void mmofl_member_delete(mmofl_member *member, const char *reason);

/** Hear and send; wait at most timeout_s for something.
 * @retval those of a final Refusal (E_UNKNOWN, E_DENIED, E_SUPERSEDED, ...): err has
 * its words; it stays so
 * @retval those of mmofl_endpoint_step */
MMOFL_CHECKED mmofl_status mmofl_member_step(mmofl_member *member, double timeout_s,
                                             mmofl_error *err);

/** To wait for it: as mmofl_bus_kind.descriptor. */
int mmofl_member_descriptor(const mmofl_member *member, bool *wants_write,
                            double *due_s);

/** Its bus, for payloads beside the protocol. */
mmofl_bus *mmofl_member_bus(mmofl_member *member);

/** Silence of the other side in seconds; infinite: never heard. */
double mmofl_member_silence(const mmofl_member *member);

/* ---- joining --------------------------------------------------------------------- */

/** The Welcome that came goes into *welcome, the caller's.  false: none did. */
bool mmofl_member_take_welcome(mmofl_member *member, mmofl_kept_message *welcome);

/** The owner knows this config: its Tasks may come, and messages are held to these
 * limits.  Until then Tasks are put off, and so they are while a Welcome lies there. */
void mmofl_member_ready(mmofl_member *member, const mmofl_digest *config,
                        const mmofl_wire_limits *limits);
void mmofl_member_unready(mmofl_member *member);
bool mmofl_member_is_ready(const mmofl_member *member);

/* ---- tasks and answers ----------------------------------------------------------- */

/** The newest Task that was not taken; NULL: none. */
const mmofl_task *mmofl_member_task(const mmofl_member *member);

/** It goes into *task, and what was there is freed; task: NULL: it is dropped. */
void mmofl_member_take_task(mmofl_member *member, mmofl_kept_message *task);

/** Send these bytes of a message (copied), the answer of that round, until they are
 * answered; nothing is done while one is on its way.  What went to a process that is
 * gone is to be sent again: then mmofl_member_is_sending is false, and `answered` was
 * not called.
 * @retval those of mmofl_endpoint_send */
MMOFL_CHECKED mmofl_status mmofl_member_answer(mmofl_member *member, uint64_t round,
                                               const void *bytes, size_t size);
bool mmofl_member_is_sending(const mmofl_member *member);

/** What becomes of the answer does not matter any more; cancel: it is not sent again
 * either. */
void mmofl_member_forget_answer(mmofl_member *member, bool cancel);

/* ---- saying ---------------------------------------------------------------------- */

/** Hello, if one is due.  round: the last that was answered. */
MMOFL_CHECKED mmofl_status mmofl_member_say_hello(mmofl_member *member, uint64_t round,
                                                  mmofl_error *err);

/** A heartbeat if the last was so long ago; its uptime is filled in. */
void mmofl_member_say_heartbeat(mmofl_member *member, double period_s,
                                mmofl_heartbeat beat);

#endif
