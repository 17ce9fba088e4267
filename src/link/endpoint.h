/* endpoint.h - messages that arrive: sealed objects between named peers over a bus that
 * loses, repeats, reorders and damages payloads and goes away at any time.
 *
 * The same code is the coordinator, with thousands of peers, and a device, whose one
 * peer is the coordinator.  An endpoint knows sessions, objects and their
 * acknowledgement; what messages mean is its owner's business.
 *
 * Reliable kinds (Hello, Welcome, Refusal, Task, Update, PartialSum, Decline) are sent
 * again, at growing intervals, until the other side's owner has answered with an Ack;
 * the others (Round, Ack, Want, Heartbeat, Bye) are sent once.  The receiver's owner
 * answers now or later, when the object is on its disk; a repeated object is answered
 * again and not delivered again.  That holds for the life of both processes: exactly
 * once beyond a restart is the owner's journal, which answers what it has with OK.
 *
 * Sessions.  A process draws a session number when it starts.  At the coordinator the
 * newest living process of a device wins: a Hello of a new session is asked to be said
 * again (Refusal, E_STATE), and once that was acknowledged, which no recorded Hello
 * can, older sessions get a Refusal (E_SUPERSEDED, final) and are not listened to
 * again; objects of a session that said no Hello get a Refusal (E_STATE, not final),
 * which asks for one.  A device takes another session of the coordinator only from
 * an object that is for its own session; of one that speaks to everybody `joined` tells
 * it, so that it says Hello, which a living coordinator answers.
 *
 * Flow.  Of an object's chunks at most a window is on its way: the last of a burst
 * asks, and the receiver answers with Want (the next burst) or the Ack.  A receiver
 * that has no room is silent, and the sender knocks again later.
 *
 * Memory: `mmofl_endpoint_peer_bytes()` for each peer, what is being sent (each object
 * once, however many it goes to), and the budget of objects coming in.  Work for a
 * payload does not grow with the number of peers.  Threads: one owner.  Times are
 * seconds of a monotonic clock; wall clocks and their jumps are not looked at. */
#ifndef MMOFL_LINK_ENDPOINT_H
#define MMOFL_LINK_ENDPOINT_H

#include "link/bus.h"
#include "wire/messages.h"
#include "wire/seal.h"

typedef struct mmofl_endpoint mmofl_endpoint;
typedef struct mmofl_peer mmofl_peer; /* lives until it is forgotten, or the endpoint */

/** What the owner says of a name that was heard. */
typedef struct mmofl_admission {
    bool has_key; /* then everything must be signed with it */
    uint8_t public_key[MMOFL_KEY_BYTES];
    void *data; /* the peer's mmofl_peer_data from the start */
} mmofl_admission;

/** An object that came; borrowed for the call. */
typedef struct mmofl_arrival {
    mmofl_object_id object;
    mmofl_message_kind kind;
    uint64_t session, sequence; /* of the sender */
    const uint8_t *message;     /* for mmofl_message_read, or to be kept as it is */
    size_t size;
} mmofl_arrival;

/** What an endpoint tells its owner, from within mmofl_endpoint_step.  NULL functions
 * are not called.  All may call the endpoint, but not step or delete it, or forget the
 * peer. */
typedef struct mmofl_endpoint_events {
    /** Who is that?  A device is asked for MMOFL_COORDINATOR.  Who is admitted stays so
     * until it is forgotten; of others nothing is kept.  NULL: anybody, without keys.
     * @retval OK        *admission is filled (it is zero before)
     * @retval others    not admitted: its Hello gets a Refusal with that status, which
     * is final for E_DENIED */
    mmofl_status (*admit)(void *context, const char *name, mmofl_admission *admission);
    /** A message, its kind being one that this side is sent.  Reliable kinds: return
     * true to acknowledge now, with *answer (zero at first: OK; else the status and the
     * text that the sender is told); false: mmofl_endpoint_answer or
     * mmofl_endpoint_again will follow.  For other kinds it does not matter. */
    bool (*received)(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer);
    /** What became of something that was sent reliably, once; and each peer's answer to
     * what was announced, which may come twice.  status: the peer's answer, or
     *   E_INTERRUPTED  give_up_s passed
     *   E_SUPERSEDED   the peer has a new session, which was not told
     * text is borrowed. */
    void (*answered)(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text);
    /** A peer has a session that was not known: at the coordinator before its Hello is
     * received; at a device when a process of the coordinator is heard that it does not
     * know (say Hello).
     */
    void (*joined)(void *context, mmofl_peer *peer, uint64_t session);
    /** The bus is there or not; resumed as in bus.h. */
    void (*connected)(void *context, bool resumed);
    void (*lost)(void *context, const char *reason);
    /** A payload on a topic that is not the endpoint's. */
    void (*other)(void *context, const char *topic, const void *payload, size_t size);
    void *context;
} mmofl_endpoint_events;

/** {0} takes the values in brackets. */
typedef struct mmofl_endpoint_timing {
    double resend_s;     /* until the first repetition [2] */
    double resend_max_s; /* intervals double up to this [60]; +-25 % by chance */
    uint32_t expiry_s;   /* a broker forgets undelivered frames after this [120] */
    double idle_s;       /* of unfinished objects, when others need the room [10] */
    double forget_s;     /* of unfinished objects in any case [600] */
} mmofl_endpoint_timing;

typedef struct mmofl_endpoint_setup {
    mmofl_identity identity;   /* borrowed texts and seed must outlive the endpoint */
    mmofl_wire_limits limits;  /* objects that come in: mmofl_endpoint_set_limits */
    size_t assembly_bytes;     /* of all unfinished objects together; 0: 64 MiB */
    uint32_t most_frame_bytes; /* 0: 64 KiB; the bus may carry less */
    uint32_t window_bytes;     /* of one object on its way; 0: 512 KiB */
    mmofl_endpoint_timing timing;
    mmofl_endpoint_events events;
    /** Seconds, monotonic; NULL: mmofl_clock_seconds. */
    double (*clock)(void *context);
    void *clock_context;
} mmofl_endpoint_setup;

/** @retval E_RANGE   a name that nobody may have, no session
 *  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_endpoint_new(const mmofl_endpoint_setup *setup,
                                              mmofl_endpoint **endpoint,
                                              mmofl_error *err);

/** The bus must be gone or never step again.  NULL is allowed. */
void mmofl_endpoint_delete(mmofl_endpoint *endpoint);

/* ---- the bus: first the endpoint, then a bus with its events and will, then attach */

/** For the bus that will be attached. */
mmofl_bus_events mmofl_endpoint_bus_events(mmofl_endpoint *endpoint);

/** A device's will: a Bye in a frame; borrowed from the endpoint until its next call.
 */
MMOFL_CHECKED mmofl_status mmofl_endpoint_will(mmofl_endpoint *endpoint,
                                               mmofl_bus_will *will);

/** Use that bus from now on (borrowed) and subscribe to what this side listens to.
 * @retval those of subscribe */
MMOFL_CHECKED mmofl_status mmofl_endpoint_attach(mmofl_endpoint *endpoint,
                                                 mmofl_bus *bus, mmofl_error *err);

/** Let the bus and all timers do what is due; wait at most timeout_s for something to
 * come.  Callbacks come from here.
 * @retval E_LIMIT  connected, but the bus carries less than MMOFL_FRAME_LEAST_PAYLOAD:
 *                  nothing can be sent
 * @retval those of the bus's step */
MMOFL_CHECKED mmofl_status mmofl_endpoint_step(mmofl_endpoint *endpoint,
                                               double timeout_s, mmofl_error *err);

/** Seconds until step has something to do by itself (0: now; infinite: never); for a
 * poll beside the bus's descriptor. */
double mmofl_endpoint_due_s(const mmofl_endpoint *endpoint);

/* ---- sending --------------------------------------------------------------------- */

/** {0}: until it is answered. */
typedef struct mmofl_sending {
    double give_up_s; /* after so many seconds; 0: never */
    bool pack;        /* by zstd, where that makes it smaller */
} mmofl_sending;

/** Send the bytes of a message (mmofl_message_write; copied) to one peer: reliable
 * kinds until it answers, others once.  object: its name, for `answered` (NULL: not
 * wanted). Works while the bus is away: reliable kinds wait, others are dropped
 * (E_NETWORK).
 * @retval E_MEMORY
 * @retval E_LIMIT    MMOFL_ENDPOINT_UNANSWERED to that peer already; for kinds that are
 *                    not reliable also: larger than a frame
 * @retval E_NETWORK  only kinds that are not reliable */
MMOFL_CHECKED mmofl_status mmofl_endpoint_send(mmofl_endpoint *endpoint,
                                               mmofl_peer *peer, const void *message,
                                               size_t size, const mmofl_sending *how,
                                               mmofl_object_id *object);

enum { MMOFL_ENDPOINT_UNANSWERED = 16, MMOFL_ENDPOINT_PENDING = 8 };

/** Stop sending it to that peer; nothing is called back. */
void mmofl_endpoint_cancel(mmofl_endpoint *endpoint, mmofl_peer *peer,
                           const mmofl_object_id *object);

/* One object for many devices: sealed once, for everybody, and kept until it is
 * released. Announced, it goes to the topic `all` once; each device that gets it
 * answers, and those that miss chunks are sent these.  Sent, it goes to one device
 * until that answers; a device that heard it announced is first asked what it lacks,
 * and one that is about to hear it is only asked when its answer is overdue. */

/** Make such an object of the bytes of a message.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_endpoint_keep(mmofl_endpoint *endpoint,
                                               const void *message, size_t size,
                                               bool pack, mmofl_object_id *object);
/** Publish it to all, now or when the bus is back; expiry_s: a broker forgets frames
 * that were not delivered after so long (0: the timing's).
 * @retval E_UNKNOWN  no such object is kept */
MMOFL_CHECKED mmofl_status mmofl_endpoint_announce(mmofl_endpoint *endpoint,
                                                   const mmofl_object_id *object,
                                                   uint32_t expiry_s);
/** Send it to one peer, until that answers.
 * @retval E_UNKNOWN    no such object is kept
 * @retval E_DUPLICATE  it is being sent to that peer already
 * @retval E_MEMORY, E_LIMIT  as mmofl_endpoint_send */
MMOFL_CHECKED mmofl_status mmofl_endpoint_send_kept(mmofl_endpoint *endpoint,
                                                    mmofl_peer *peer,
                                                    const mmofl_object_id *object,
                                                    double give_up_s);
/** Forget it; where it was not answered, nothing is called back. */
void mmofl_endpoint_release(mmofl_endpoint *endpoint, const mmofl_object_id *object);

/** The coordinator's retained descriptor: the bytes of a Round.  While the bus is away
 * the last one waits for it.  @retval E_MEMORY, E_LIMIT (larger than a frame) */
MMOFL_CHECKED mmofl_status mmofl_endpoint_post_round(mmofl_endpoint *endpoint,
                                                     const void *message, size_t size);

/* ---- answering ------------------------------------------------------------------- */

/** Acknowledge what `received` left open; unknown objects (a session later) are
 * ignored. */
void mmofl_endpoint_answer(mmofl_endpoint *endpoint, mmofl_peer *peer,
                           const mmofl_object_id *object, mmofl_status status,
                           const char *text);

/** As mmofl_endpoint_answer with OK, but nothing is said now, because something that is
 * being sent says it, too.  Who asks again is told. */
void mmofl_endpoint_settle(mmofl_endpoint *endpoint, mmofl_peer *peer,
                           const mmofl_object_id *object);

/** It could not be dealt with now: forget that it came.  Its sender, unanswered, sends
 * it again, and it is delivered again. */
void mmofl_endpoint_again(mmofl_endpoint *endpoint, mmofl_peer *peer,
                          const mmofl_object_id *object);

/* ---- peers ----------------------------------------------------------------------- */

/** The peer of that name; with `admit` it is made if it is admitted.  NULL: none. */
mmofl_peer *mmofl_endpoint_peer(mmofl_endpoint *endpoint, const char *name, bool admit);

/** Drop all that concerns the peer, the peer too; nothing is called back.  It is asked
 * for again when it is heard again.  A device that was revoked goes so. */
void mmofl_endpoint_forget(mmofl_endpoint *endpoint, mmofl_peer *peer);

/** A session that said Hello to an earlier life of this coordinator, from its journal:
 * it need not say it again. */
void mmofl_peer_restore_session(mmofl_endpoint *endpoint, mmofl_peer *peer,
                                uint64_t session);

const char *mmofl_peer_name(const mmofl_peer *peer);
uint64_t mmofl_peer_session(const mmofl_peer *peer); /* 0: none yet */
/** When something verified came from its session last, by the endpoint's clock; leases
 * count from here.  -infinite: never. */
double mmofl_peer_heard(const mmofl_peer *peer);
void *mmofl_peer_data(const mmofl_peer *peer);
void mmofl_peer_set_data(mmofl_peer *peer, void *data);
int mmofl_peer_unanswered(const mmofl_peer *peer);

/** Memory for a peer to which nothing is being sent. */
size_t mmofl_endpoint_peer_bytes(void);

/** Objects that are held to a new measure from now on (a device that learned its
 * model). */
void mmofl_endpoint_set_limits(mmofl_endpoint *endpoint,
                               const mmofl_wire_limits *limits);

/* ---- figures --------------------------------------------------------------------- */

typedef struct mmofl_endpoint_counts {
    uint64_t frames_in, frames_out, bytes_in, bytes_out; /* payloads */
    uint64_t objects_in;                                 /* delivered to the owner */
    uint64_t objects_out;                                /* sealed */
    uint64_t repeats_in;  /* frames of objects that were there already */
    uint64_t repeats_out; /* sent again for want of an answer */
    uint64_t refused[MMOFL_STATUS_COUNT]; /* payloads and objects that were dropped */
    size_t peers, sending, assembling;    /* now */
    size_t assembly_bytes;                /* now */
} mmofl_endpoint_counts;

mmofl_endpoint_counts mmofl_endpoint_count(const mmofl_endpoint *endpoint);

#endif
