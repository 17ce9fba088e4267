/* endpoint_parts.h - what the files of an endpoint share; internal.
 *
 *   endpoint.c   the bus, the clock, the owner's calls
 *   peers.c      who is there: names, admission, sessions
 *   parcels.c    objects to be sent: sealed, cut, published
 *   outbox.c     who gets them, when, and when again
 *   inbox.c      payloads and objects that come in, and what was answered
 *
 * A *parcel* is an object to be sent, its bytes once; a *transfer* is a parcel on its
 * way to one peer, or to everybody.  A transfer is in at most two places: in the ring
 * of those that have chunks to hand to the bus, and among the timers, when it has
 * handed them over and waits for an answer. */
#ifndef MMOFL_LINK_ENDPOINT_PARTS_H
#define MMOFL_LINK_ENDPOINT_PARTS_H

#include <math.h>

#include "base/rng.h"
#include "link/endpoint.h"
#include "link/timers.h"
#include "link/topic.h"
#include "wire/assembly.h"

enum {
    MMOFL_DONE_OBJECTS = 32, /* names of answered objects that a peer's books hold */
    MMOFL_PAST_SESSIONS = 4
};

typedef struct mmofl_parcel {
    struct mmofl_parcel *next; /* among those that are kept */
    struct mmofl_transfer *transfers;
    int users;         /* transfers, and 1 for being kept */
    int announcements; /* transfers to everybody that are not over */
    mmofl_object_id id;
    mmofl_message_kind kind;
    bool announced;
    uint32_t chunk_bytes; /* 0: not cut yet; only ever gets smaller */
    size_t size;
    uint8_t *bytes;
} mmofl_parcel;

typedef struct mmofl_transfer {
    mmofl_timer timer; /* first: the heap's pointers are pointers to transfers */
    struct mmofl_transfer *next, *previous;      /* of the peer */
    struct mmofl_transfer *same, *same_before;   /* of the parcel */
    struct mmofl_transfer *ready, *ready_before; /* in the ring; NULL: not in it */
    mmofl_peer *peer;                            /* NULL: everybody */
    mmofl_parcel *parcel;
    bool reliable;     /* false: an announcement, or chunks that a peer missed of one */
    double interval;   /* until the next repetition */
    double give_up;    /* at that time */
    uint32_t expiry_s; /* of its frames */
    uint64_t credit;   /* chunks that the other side may still ask for */
    uint32_t chunk_bytes; /* of the cutting that the ranges count in */
    int n_ranges; /* chunks to be handed to the bus; the first range shrinks; 0: from
                   * the start, once it is cut */
    mmofl_chunk_range range[MMOFL_WIRE_RANGES];
} mmofl_transfer;

typedef enum mmofl_done_state {
    MMOFL_DONE_FREE,
    MMOFL_DONE_PENDING, /* delivered; the owner's answer is still to come */
    MMOFL_DONE_ANSWERED
} mmofl_done_state;

typedef struct mmofl_done {
    mmofl_object_id id;
    uint8_t state, status;
} mmofl_done;

struct mmofl_peer {
    mmofl_peer *next; /* in its bucket */
    uint64_t number;  /* its source number in the assembler; never used again */
    void *data;
    uint64_t session, past[MMOFL_PAST_SESSIONS];
    uint64_t claimant;     /* a session that wants to take its place; 0: none */
    mmofl_object_id claim; /* what it was asked, and must acknowledge */
    double claimed;        /* when it was asked */
    double heard, refused; /* refused: when it got the last Refusal of ours */
    uint64_t last_round, last_heartbeat; /* sequences */
    mmofl_transfer *transfers;
    int unanswered, pending;
    bool has_key;
    uint8_t public_key[MMOFL_KEY_BYTES];
    uint8_t next_past, next_done;
    mmofl_done done[MMOFL_DONE_OBJECTS];
    char name[];
};

typedef struct mmofl_peers {
    mmofl_peer **bucket;
    size_t n, buckets; /* buckets: a power of two, or 0 */
    uint64_t numbers;  /* given so far */
} mmofl_peers;

struct mmofl_endpoint {
    mmofl_endpoint_setup setup; /* with all defaults filled in */
    bool coordinator;
    bool connected, full; /* the bus; full: it took no more at the last try */
    mmofl_bus *bus;
    mmofl_peers peers;
    mmofl_assembler *assembler;
    mmofl_timers timers;
    size_t transfers;     /* that exist: room among the timers */
    mmofl_transfer *ring; /* the next of those with chunks to hand over */
    mmofl_parcel *kept;   /* those of mmofl_endpoint_keep */
    mmofl_parcel *round;  /* the retained descriptor */
    bool round_due;
    uint64_t sequence;
    mmofl_rng rng;
    double strangers; /* when the last stranger got a Refusal */
    uint8_t *frame;   /* a payload that is being written */
    size_t frame_room;
    char up[MMOFL_TOPIC_BYTES], down[MMOFL_TOPIC_BYTES], all[MMOFL_TOPIC_BYTES],
        round_topic[MMOFL_TOPIC_BYTES]; /* up, down of a coordinator: filters */
    char longest[MMOFL_TOPIC_BYTES];    /* of all topics that it may publish to */
    mmofl_endpoint_counts counts;
};

double mmofl_endpoint_now(const mmofl_endpoint *e);
/** Largest object that may come in. */
size_t mmofl_endpoint_object_limit(const mmofl_endpoint *e);
void mmofl_endpoint_refuse(mmofl_endpoint *e, mmofl_status status);

/* ---- peers.c --------------------------------------------------------------------- */

mmofl_peer *mmofl_peers_find(const mmofl_peers *peers, const char *name);
/** A new peer of that name.  NULL: no memory. */
mmofl_peer *mmofl_peers_add(mmofl_peers *peers, const char *name,
                            const mmofl_admission *admission);
void mmofl_peers_remove(mmofl_peers *peers, mmofl_peer *peer);
void mmofl_peers_free(mmofl_peers *peers);

/** The peer of that name, admitted if it must be.  @retval those of `admit`, E_MEMORY
 */
MMOFL_CHECKED mmofl_status mmofl_endpoint_admit(mmofl_endpoint *e, const char *name,
                                                mmofl_peer **peer);
bool mmofl_peer_had_session(const mmofl_peer *peer, uint64_t session);
/** Go on with a new session; the one before is past.  Answered objects are forgotten.
 */
void mmofl_peer_change_session(mmofl_peer *peer, uint64_t session);

/* ---- outbox.c -------------------------------------------------------------------- */

bool mmofl_message_is_reliable(mmofl_message_kind kind);

/** Seal a message.  parcel->users is 0. @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_parcel_new(mmofl_endpoint *e, const char *receiver,
                                            uint64_t receiver_session,
                                            const void *message, size_t size, bool pack,
                                            mmofl_parcel **out);
void mmofl_parcel_drop(mmofl_parcel *parcel); /* one user less; the last frees it */
mmofl_parcel *mmofl_parcel_kept(const mmofl_endpoint *e, const mmofl_object_id *id);

/** Cut it for the bus.  Once cut it stays so, for what receivers have of it, until a
 * bus carries less.  false: the bus carries nothing now. */
bool mmofl_parcel_cut(const mmofl_endpoint *e, mmofl_parcel *parcel);
/** Bytes of a chunk on this bus, whatever device it goes to; 0: the bus carries nothing
 * now, or too little. */
uint32_t mmofl_parcel_chunk_bytes(const mmofl_endpoint *e);
uint32_t mmofl_parcel_chunks(const mmofl_parcel *parcel);

/** How frames of that kind travel. */
mmofl_bus_delivery mmofl_outbox_delivery(const mmofl_endpoint *e,
                                         mmofl_message_kind kind);

/** Room for a payload in e->frame.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_outbox_reserve(mmofl_endpoint *e, size_t bytes);

/** @retval those of publish, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_outbox_publish(mmofl_endpoint *e,
                                                const mmofl_frame *frame,
                                                const char *topic,
                                                mmofl_bus_delivery delivery);

/** Publish a parcel of one frame, once.  @retval those of publish; E_LIMIT: larger */
MMOFL_CHECKED mmofl_status mmofl_outbox_once(mmofl_endpoint *e, mmofl_parcel *parcel,
                                             const char *topic,
                                             mmofl_bus_delivery delivery);
/** Write a message to a session of a name and publish it once, if the bus takes it.
 * object: its name (NULL: not wanted). */
void mmofl_outbox_say(mmofl_endpoint *e, const char *name, uint64_t session,
                      const mmofl_message *message, mmofl_object_id *object);

/** The topic on which a peer listens, or everybody (NULL). */
void mmofl_outbox_topic(const mmofl_endpoint *e, const mmofl_peer *peer,
                        char topic[MMOFL_TOPIC_BYTES]);

/* ---- outbox.c -------------------------------------------------------------------- */

/** Begin a transfer; mmofl_transfer_queue, _chunks or _wait must follow.
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_transfer_begin(mmofl_endpoint *e, mmofl_peer *peer,
                                                mmofl_parcel *parcel, bool reliable,
                                                mmofl_transfer **out);
/** Hand its first chunks to the bus as soon as that takes them. */
void mmofl_transfer_queue(mmofl_endpoint *e, mmofl_transfer *t);
/** Likewise these chunks, but no more than a window. */
void mmofl_transfer_chunks(mmofl_endpoint *e, mmofl_transfer *t,
                           const mmofl_chunk_range *range, int n);
/** Hand nothing over now: it knocks when an answer would be overdue. */
void mmofl_transfer_wait(mmofl_endpoint *e, mmofl_transfer *t);
void mmofl_transfer_end(mmofl_endpoint *e, mmofl_transfer *t);
mmofl_transfer *mmofl_transfer_find(const mmofl_peer *peer, const mmofl_object_id *id);

/** End all of a peer's; `told`: the owner hears of the reliable ones. */
void mmofl_outbox_end_all(mmofl_endpoint *e, mmofl_peer *peer, bool told);

void mmofl_outbox_ack(mmofl_endpoint *e, mmofl_peer *peer, const mmofl_ack *ack);
void mmofl_outbox_want(mmofl_endpoint *e, mmofl_peer *peer, const mmofl_want *want);
void mmofl_outbox_connected(mmofl_endpoint *e);
void mmofl_outbox_timers(mmofl_endpoint *e);
void mmofl_outbox_pump(mmofl_endpoint *e);
/** No more transfers of that parcel; nobody is told. */
void mmofl_outbox_release(mmofl_endpoint *e, const mmofl_parcel *parcel);
void mmofl_outbox_free(mmofl_endpoint *e);

/* ---- inbox.c --------------------------------------------------------------------- */

/** A payload on one of the endpoint's topics.  name: whose; MMOFL_COORDINATOR. */
void mmofl_inbox_payload(mmofl_endpoint *e, const char *name, const void *payload,
                         size_t size);

#endif
