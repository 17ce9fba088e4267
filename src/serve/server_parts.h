/* server_parts.h - what the files of the server share; inside of src/serve only.
 *
 *   server.c          making it, the bus, the journal's sessions, the admission list
 *   server_hear.c     what the endpoint tells: who joins, what comes
 *   server_answers.c  updates: checked, accepted, journaled, acknowledged
 *   server_late.c     models of earlier rounds, and what came for them
 *   server_round.c    a round from its task to its close; the final model
 *   server_shards.c   where not all devices are its own, or none
 *   server_status.c   how things stand
 */
#ifndef MMOFL_SERVE_SERVER_PARTS_H
#define MMOFL_SERVE_SERVER_PARTS_H

#include "serve/server.h"

typedef enum mmofl_answer_state {
    MMOFL_ANSWER_NONE,
    MMOFL_ANSWER_ACCEPTED, /* in the coordinator, not yet on the disk */
    MMOFL_ANSWER_KEPT,     /* on the disk */
    MMOFL_ANSWER_DECLINED
} mmofl_answer_state;

/* What is known of a device. */
typedef struct mmofl_served {
    mmofl_peer *peer; /* NULL: not heard */
    bool is_welcome;  /* its process has the plan */
    bool takes_part;  /* in the open round; at the end: the final model is on its way */
    bool has_task;
    unsigned char answer; /* mmofl_answer_state in the open round */
    /* Bit s: its update of s + 1 rounds ago is in the coordinator; on the disk. */
    uint32_t earlier_taken, earlier_kept;
    uint32_t samples;
} mmofl_served;

/* An update that is to be acknowledged once it is on the disk. */
typedef struct mmofl_gathered {
    uint32_t device;
    uint32_t age; /* of its round: 0 is the open one */
    mmofl_object_id object;
} mmofl_gathered;

enum { MMOFL_GATHERED_MOST = 4096 };

/* The model of an earlier round. */
typedef struct mmofl_earlier_model {
    uint64_t round; /* 0: none */
    mmofl_digest digest;
    float *parameters;
} mmofl_earlier_model;

/* What an answer is of, whoever made it; borrowed. */
typedef struct mmofl_answer_head {
    uint64_t round;
    const mmofl_digest *config, *model;
} mmofl_answer_head;

/* What the training of an update began with; borrowed. */
typedef struct mmofl_origin {
    const float *parameters;
    const mmofl_digest *digest;
    uint32_t age; /* rounds ago; 0: the open one */
} mmofl_origin;

struct mmofl_server {
    mmofl_server_setup setup;
    const mmofl_admission_list *devices; /* the newest that holds */
    uint32_t n_devices;                  /* that it serves; of a root: shards */
    mmofl_log_sink log;
    mmofl_arena arena;
    mmofl_model *model;
    mmofl_wire_limits limits;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    char *config;
    mmofl_signal signal[MMOFL_MAX_MODALITIES];
    mmofl_welcome greeting;
    mmofl_served *device; /* by number */
    double looked_s; /* when the endpoint had its last turn: leases are over by then */
    double away_since_s; /* the broker; infinite: it is there */
    /* The open round. */
    enum { MMOFL_SERVER_IDLE, MMOFL_SERVER_ROUND, MMOFL_SERVER_CLOSING } stage;
    uint64_t round; /* the open one; closing: the one that would be next */
    mmofl_coordinator *coordinator;
    const mmofl_broadcast *broadcast;
    mmofl_digest model_digest;
    mmofl_object_id task;
    const uint32_t *participants; /* devices that it serves, by its own numbers */
    uint32_t n_participants;
    uint32_t *asked;   /* (n_devices) they, where others are the fleet's numbers */
    uint32_t accepted; /* in the coordinator, late ones too */
    uint32_t kept;     /* of them, on the disk */
    uint32_t answers, declines; /* participants: on the disk; counted once each */
    uint32_t has_task;
    uint32_t to_go; /* closing: devices that the final model is on its way to */
    double opened_s, told_s, round_told_s;
    uint64_t noticed_round; /* the one whose notice was posted last; 0: none yet */
    double noticed_s;
    /* Answers on their way to the disk. */
    mmofl_gathered *waiting; /* (MMOFL_GATHERED_MOST) */
    int n_waiting;
    double commit_s;    /* when they go there, at the latest */
    bool is_disk_short; /* it did not take what was committed last */
    bool sessions_changed;
    double journal_told_s;    /* when its last failure was told */
    double refusal_told_s;    /* when the last refusal was told */
    uint64_t refusals_untold; /* since */
    double published_s;       /* when the board had its last state */
    /* Late updates, and those that are moved. */
    mmofl_earlier_model *earlier; /* (staleness + 1) by round; NULL: late is late */
    bool has_restored;
    float *moved; /* (n_parameters); NULL: nothing is ever moved */
    mmofl_server_counts counts;
    mmofl_remote_fleet fleet;
};

#define MMOFL_SERVER_SAY(server, level, ...)                                           \
    mmofl_log(&(server)->log, MMOFL_LOG_##level, __VA_ARGS__)

double mmofl_server_now(const mmofl_server *s);

static inline const char *mmofl_server_name(const mmofl_server *s, uint32_t number)
{
    return s->devices->device[number].name;
}

/** Its number, from the endpoint's peer. */
uint32_t mmofl_server_number(const mmofl_server *s, const mmofl_peer *peer);

/** Is its lease running? */
static inline bool mmofl_server_is_live(const mmofl_server *s, const mmofl_served *d)
{
    return d->peer && s->looked_s - mmofl_peer_heard(d->peer) < s->greeting.lease_s;
}

static inline bool mmofl_server_is_revoked(const mmofl_server *s, uint32_t number)
{
    return s->devices->device[number].how == MMOFL_ADMITTED_NO_MORE;
}

/** One turn of everything: the endpoint (waiting at most timeout_s), the journal, the
 * admission list, the board; then whether to stop.
 * @retval E_INTERRUPTED  asked to stop  @retval those of mmofl_endpoint_step */
MMOFL_CHECKED mmofl_status mmofl_server_turn(mmofl_server *s, double timeout_s,
                                             mmofl_error *err);

/* ---- server_hear.c */

mmofl_endpoint_events mmofl_server_events(mmofl_server *s);

/* ---- server_answers.c */

/** An update or a partial sum came.  true: acknowledge it now with *answer; false:
 * later. */
bool mmofl_server_take_answer(mmofl_server *s, mmofl_peer *peer, mmofl_message *m,
                              const mmofl_arrival *arrival, mmofl_error *answer);
void mmofl_server_take_decline(mmofl_server *s, uint32_t number,
                               const mmofl_decline *decline);

/** Nobody need wait for this device in the open round. */
void mmofl_server_give_up(mmofl_server *s, uint32_t number);

/** Put on the disk what was gathered, when it is time, and acknowledge it. */
void mmofl_server_commit(mmofl_server *s);

/** The round ends before they were acknowledged: they may come again. */
void mmofl_server_drop_waiting(mmofl_server *s);

/** Take what the journal has of the open round.  @retval E_MEMORY, the journal's */
MMOFL_CHECKED mmofl_status mmofl_server_replay(mmofl_server *s, mmofl_error *err);

/** Count what was refused, and say so: once a second, as a device may make us refuse as
 * often as it likes.  what: "update of round 3" */
void mmofl_server_tell_refused(mmofl_server *s, uint32_t number, const char *what,
                               const mmofl_error *why);

/** Warn of the journal, not too often. */
void mmofl_server_complain(mmofl_server *s, const mmofl_error *err);

/* ---- server_late.c */

/** Room for what the rules ask.  @retval E_INFEASIBLE, E_RANGE, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_server_late_init(mmofl_server *s, mmofl_error *err);

/** A round opens: keep its model, here and in the journal, and begin it there.
 * @param[out] goes_on  the journal has updates of it */
MMOFL_CHECKED mmofl_status mmofl_server_late_begin(mmofl_server *s, bool *goes_on,
                                                   mmofl_error *err);

/** A round is over: what came in it came one round ago now. */
void mmofl_server_late_move_on(mmofl_server *s);

/** It is not the next round that opens but this one. */
void mmofl_server_late_jump(mmofl_server *s, uint64_t round);

/** What training began with.  @retval E_STALE  nothing that counts */
MMOFL_CHECKED mmofl_status mmofl_server_late_find(const mmofl_server *s,
                                                  const mmofl_answer_head *head,
                                                  mmofl_origin *origin,
                                                  mmofl_error *err);

/** Rebuild an update, and move it to the open round's model where the rules ask.
 * @retval those of mmofl_update_rebuild */
MMOFL_CHECKED mmofl_status mmofl_server_late_fit(mmofl_server *s,
                                                 mmofl_update_message *u,
                                                 const mmofl_origin *origin);

/* ---- server_round.c */

/** For mmofl_remote_fleet. */
mmofl_status mmofl_server_run_round(void *context, mmofl_coordinator *coordinator,
                                    const mmofl_broadcast *broadcast,
                                    const uint32_t *participants, uint32_t n,
                                    mmofl_error *err);

/** The task, where the device is to have it. */
void mmofl_server_send_task(mmofl_server *s, mmofl_served *d);

/** What became of a task that was sent. */
void mmofl_server_task_answered(mmofl_server *s, mmofl_served *d, mmofl_status status);

/** Seconds until the deadline; infinite: there is none. */
double mmofl_server_left(const mmofl_server *s, double now);

/* ---- server_shards.c */

/** Is what was set up so possible with shards, as their root or as one of them?
 * @retval E_INFEASIBLE */
MMOFL_CHECKED mmofl_status mmofl_server_check_shards(const mmofl_server *s,
                                                     mmofl_error *err);

/** Who is served of the fleet's participants.
 * @retval E_UNSUPPORTED  the coordinator has nothing that is added up */
MMOFL_CHECKED mmofl_status mmofl_server_ask(mmofl_server *s,
                                            const uint32_t *participants, uint32_t n,
                                            mmofl_error *err);

/** Into the coordinator.  @retval those of mmofl_coordinator_accept_partial; E_UNKNOWN
 * also: of devices that are not the shard's */
MMOFL_CHECKED mmofl_status mmofl_server_accept_partial(mmofl_server *s, uint32_t shard,
                                                       const mmofl_partial *partial,
                                                       mmofl_error *err);

/* ---- server_status.c */

/** Put how things stand on the board, when it is time or at once. */
void mmofl_server_publish(mmofl_server *s, bool at_once);

#endif
