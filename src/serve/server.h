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
 * the journal what came in the open one.  One thread (others look at
 * the board); memory for each device is
 * mmofl_server_device_bytes, no work for a message grows with their number. */
#ifndef MMOFL_SERVE_SERVER_H
#define MMOFL_SERVE_SERVER_H

#include "base/log.h"
#include "link/endpoint.h"
#include "pki/admission.h"
#include "run/setup.h"
#include "serve/board.h"
#include "store/journal.h"

/** Makes the server's bus, as device/agent.h's. */
typedef mmofl_status mmofl_server_connect(void *context, const mmofl_bus_events *events,
                                          mmofl_bus **bus, mmofl_error *err);

enum { MMOFL_STALENESS_MOST = 32 };

/** When a round is closed, and what counts in it.  {0}: when every participant has
 * answered; late updates do not count. */
typedef struct mmofl_round_rules {
    double deadline_s; /* of a round; 0: none */
    double quorum;     /* share of the updates wanted that must be there, though the
                          deadline has passed; in [0, 1] */
    double heartbeat_s, lease_s; /* asked of devices; 0: 10 and three times that */
    /** Updates that were made for one of the last `staleness` rounds (at most
     * MMOFL_STALENESS_MOST; 0: none) count in the open one, with (1 + s)^-exponent
     * (fed/rebase.h).  Not with rules that are no mean of models. */
    uint32_t staleness;
    double staleness_exponent;
    /** Buffered asynchronous aggregation (FedBuff, Nguyen et al. 2022): a round closes
     * with so many updates, whatever their rounds; at most the number of devices.
     * 0: it is the participants of the round that are wanted. */
    uint32_t buffered;
    double clip_norm; /* longer differences are scaled down to it; 0: none are */
} mmofl_round_rules;

typedef struct mmofl_server mmofl_server;

/** Everything is borrowed and must outlive the server. */
typedef struct mmofl_server_setup {
    const char *federation;
    const uint8_t *secret; /* (MMOFL_KEY_BYTES) signs; NULL: nothing is signed */
    const mmofl_admission_list *devices; /* the experiment's, or more: these wait for
                                          * another run */
    const mmofl_setup *run;              /* experiment, data, threads */
    /** Of a shard: its devices are first_device ... first_device + n_devices - 1 of the
     * fleet, and those of the list.  n_devices 0: it has them all. */
    uint32_t first_device, n_devices;
    /** A root: who answers are so many shards, those of the list; the devices of the
     * fleet are dealt out to them in blocks (mmofl_block_start).  0: devices answer. */
    uint32_t shards;
    uint64_t seed;
    mmofl_journal *journal;
    mmofl_round_rules rules;
    mmofl_update_coding coding;
    mmofl_server_connect *connect;
    void *connect_context;
    mmofl_board *board; /* of as many devices as the experiment has; NULL: none */
    bool (*stop_asked)(void *context); /* looked at all the time; NULL: never */
    /** Called between turns, when mmofl_server_readmit may be; NULL: nobody is. */
    void (*between)(void *context, mmofl_server *server);
    void *stop_context; /* of both */
    const mmofl_log_sink *log;
    double (*clock)(void *context); /* monotonic seconds; NULL: the system's */
    void *clock_context;
} mmofl_server_setup;

/** Plan the model, make room for the devices, connect.
 * @retval those of mmofl_model_new and of connect
 * @retval E_COUNT       the experiment has more devices than the list, or there are
 *                       fewer than shards
 * @retval E_RANGE       rules beyond their ranges
 * @retval E_INFEASIBLE  late updates with an aggregation that is no mean of models;
 *                       shards with one that compares models, or with rules for updates
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_server_new(const mmofl_server_setup *setup,
                                            mmofl_server **server, mmofl_error *err);
void mmofl_server_delete(mmofl_server *server);

/** What it coordinates; the server's. */
const mmofl_model *mmofl_server_model(const mmofl_server *server);

/** For mmofl_setup.remote. */
const mmofl_remote_fleet *mmofl_server_fleet(mmofl_server *server);

/** Go by another list from now on (borrowed; the old one is not looked at any more).
 * Devices whose key changed have to say Hello again; revoked ones are not listened to
 * and not waited for.  Not from within a turn.
 * @retval E_STATE  a device of this run is missing or has another name: the numbers
 *                  would not be theirs; the old list holds */
MMOFL_CHECKED mmofl_status mmofl_server_readmit(mmofl_server *server,
                                                const mmofl_admission_list *devices,
                                                mmofl_error *err);

/** Training has ended with this model after `rounds`: give it to the devices that are
 * here or come meanwhile, for at most patience_s.
 * @retval E_INTERRUPTED, E_MEMORY, those of mmofl_endpoint_step */
MMOFL_CHECKED mmofl_status mmofl_server_finish(mmofl_server *server, uint64_t rounds,
                                               const float *parameters,
                                               const mmofl_prototypes *prototypes,
                                               double patience_s, mmofl_error *err);

/** How things stand, and how a device does, by its number; on the server's thread. */
mmofl_server_status mmofl_server_get_status(const mmofl_server *server);
mmofl_device_status mmofl_server_device(const mmofl_server *server, uint32_t number);

/** Bytes for each device that is admitted, besides those of its endpoint's peer. */
size_t mmofl_server_device_bytes(void);

#endif
