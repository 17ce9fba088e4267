/* server.h - the coordinator of devices that are real: a remote fleet
 * (sim/simulation.h) behind an endpoint, whose answers are in a journal before they are
 * acknowledged.
 *
 *   mmofl_seed_run -> simulation -> round(): keep Task, send it --------------> devices
 *                                    ^                                             |
 *                                    | enough answers, or the deadline             |
 *                                    +-- accept <- journal commit <- Update -------+
 *                                                       +------------- Ack ------->
 *
 * The loop over rounds, tests, checkpoints and results are those of `mmofl run`.  A
 * process that is killed anywhere goes on: the checkpoint has the last finished round,
 * the journal what came in the open one.  One thread; memory for each device is
 * mmofl_server_device_bytes, no work for a message grows with their number. */
#ifndef MMOFL_SERVE_SERVER_H
#define MMOFL_SERVE_SERVER_H

#include "base/log.h"
#include "link/endpoint.h"
#include "pki/admission.h"
#include "run/setup.h"
#include "store/journal.h"

/** Makes the server's bus, as device/agent.h's. */
typedef mmofl_status mmofl_server_connect(void *context, const mmofl_bus_events *events,
                                          mmofl_bus **bus, mmofl_error *err);

/** When a round is closed.  {0}: when every participant has answered. */
typedef struct mmofl_round_rules {
    double deadline_s; /* of a round; 0: none */
    double quorum;     /* share of the participants whose updates are wanted, though the
                          deadline has passed; in [0, 1] */
    double heartbeat_s, lease_s; /* asked of devices; 0: 10 and three times that */
} mmofl_round_rules;

/** Everything is borrowed and must outlive the server. */
typedef struct mmofl_server_setup {
    const char *federation;
    const uint8_t *secret; /* (MMOFL_KEY_BYTES) signs; NULL: nothing is signed */
    const mmofl_admission_list *devices;
    const mmofl_setup *run; /* experiment, data, threads */
    uint64_t seed;
    mmofl_journal *journal;
    mmofl_round_rules rules;
    mmofl_update_coding coding;
    mmofl_server_connect *connect;
    void *connect_context;
    bool (*stop_asked)(void *context); /* looked at all the time; NULL: never */
    void *stop_context;
    const mmofl_log_sink *log;
    double (*clock)(void *context); /* monotonic seconds; NULL: the system's */
    void *clock_context;
} mmofl_server_setup;

typedef struct mmofl_server mmofl_server;

/** Plan the model, make room for the devices, connect.
 * @retval those of mmofl_model_new and of connect
 * @retval E_COUNT   the experiment has another number of devices than the list
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_server_new(const mmofl_server_setup *setup,
                                            mmofl_server **server, mmofl_error *err);
void mmofl_server_delete(mmofl_server *server);

/** What it coordinates; the server's. */
const mmofl_model *mmofl_server_model(const mmofl_server *server);

/** For mmofl_setup.remote. */
const mmofl_remote_fleet *mmofl_server_fleet(mmofl_server *server);

/** Training has ended with this model after `rounds`: give it to the devices, for at
 * most patience_s. */
void mmofl_server_finish(mmofl_server *server, uint64_t rounds, const float *parameters,
                         const mmofl_prototypes *prototypes, double patience_s);

/** How things stand; texts are the server's. */
typedef struct mmofl_server_status {
    uint64_t round;        /* the open one; 0: none */
    double open_s, left_s; /* since it opened, until the deadline (infinite: none) */
    uint32_t devices, live, participants, updates, declines, has_task;
    uint64_t late, refused; /* updates, in this life of the process */
    mmofl_endpoint_counts traffic;
} mmofl_server_status;

mmofl_server_status mmofl_server_get_status(const mmofl_server *server);

/** How device number `device` stands. */
typedef struct mmofl_device_status {
    const char *name;
    enum {
        MMOFL_DEVICE_AWAY,     /* never heard, or its lease is over */
        MMOFL_DEVICE_IDLE,     /* takes no part in the open round */
        MMOFL_DEVICE_WAITED,   /* has no task yet */
        MMOFL_DEVICE_LEARNING, /* has the task */
        MMOFL_DEVICE_ANSWERED,
        MMOFL_DEVICE_DECLINED
    } state;
    double heard_s;   /* ago; infinite: never */
    uint32_t samples; /* in its buffer, as it said last */
} mmofl_device_status;

mmofl_device_status mmofl_server_device(const mmofl_server *server, uint32_t device);

/** Bytes for each device that is admitted, besides those of its endpoint's peer. */
size_t mmofl_server_device_bytes(void);

#endif
