/* agent.h - a device of a federation: joins, takes tasks, learns on what its sensors
 * told, answers, goes on after anything.
 *
 *              Hello                   Welcome                    Task
 *   away ---------------> joining ---------------> planned ---------------> task open
 *                                                     ^                        | enough
 *                                                     |   Update or Decline    v
 * samples
 *                                                     +-------- Ack -------- learning
 *
 * What must survive is in a folder (state.h): a process that is killed anywhere goes on
 * with the round it was in and sends the bytes it would have sent.  The learning is
 * learn/learner.h's, as in the simulator: the same samples in the same rounds give the
 * same bytes.  One thread; while it learns, the bus has its turn between mini-batches.
 */
#ifndef MMOFL_DEVICE_AGENT_H
#define MMOFL_DEVICE_AGENT_H

#include "base/log.h"
#include "device/plan.h"
#include "device/sample_line.h"
#include "link/member.h"

typedef struct mmofl_agent mmofl_agent;

/** Everything is borrowed and must outlive the agent. */
typedef struct mmofl_agent_setup {
    const char *federation, *name;
    const uint8_t *secret;      /* (MMOFL_KEY_BYTES) signs; NULL: nothing is signed */
    const uint8_t *coordinator; /* (MMOFL_KEY_BYTES) its public key; NULL: any */
    const char *folder;         /* of the state; it exists */
    const char *program;        /* "mmofl-device 0.1.0" */
    bool lockstep; /* round t begins when the samples of its schedule have arrived, and
                      no more are taken before (plan.h); else with what there is */
    double offline_s; /* learn alone after so long without a task; 0: never */
    mmofl_member_connect *connect;
    void *connect_context;
    const mmofl_log_sink *log;      /* NULL: nothing */
    double (*clock)(void *context); /* monotonic seconds; NULL: the system's */
    void *clock_context;
} mmofl_agent_setup;

/** Make an agent, with what its folder has from before.
 * @retval those of connect, of the state's files and of mmofl_sample_buffer_open
 * @retval E_MEMORY
 * On success the caller owns it. */
MMOFL_CHECKED mmofl_status mmofl_agent_new(const mmofl_agent_setup *setup,
                                           mmofl_agent **agent, mmofl_error *err);

/** Says Bye where it can.  NULL is allowed. */
void mmofl_agent_delete(mmofl_agent *agent);

/** Do what is due: the bus, learning, answers; wait at most timeout_s for something.
 * @retval OK  go on
 * @retval those of a final Refusal (E_UNKNOWN, E_DENIED, E_SUPERSEDED, ...): the
 *         coordinator does not want this device; err has its words
 * @retval those of a plan that cannot be made (plan.h) and of the bus (bus.h) */
MMOFL_CHECKED mmofl_status mmofl_agent_step(mmofl_agent *agent, double timeout_s,
                                            mmofl_error *err);

/** Training has ended and the final model is here. */
bool mmofl_agent_is_done(const mmofl_agent *agent);

/** NULL before a Welcome ever came. */
const mmofl_plan *mmofl_agent_get_plan(const mmofl_agent *agent);

/** Should a sample be read from the sensors now?  Without a plan, or in lockstep
 * between rounds, not. */
bool mmofl_agent_wants_samples(const mmofl_agent *agent);

/** Nothing more will come from the sensors: in lockstep rounds go on with what there
 * is.
 */
void mmofl_agent_end_samples(mmofl_agent *agent);

/** Take what a sensor told: a sample into the buffer, a label to its sample.
 * @retval E_NOT_FOUND  a label of a sample that is gone */
MMOFL_CHECKED mmofl_status mmofl_agent_take(mmofl_agent *agent, const mmofl_line *line,
                                            mmofl_error *err);

/** Samples that ever came. */
uint64_t mmofl_agent_arrivals(const mmofl_agent *agent);

/** Predict the sample that came last: (K) probabilities; the likeliest class, or -1
 * before there is a model and a sample. */
int mmofl_agent_predict(mmofl_agent *agent, float *probability);

/** Publish a payload on the device's topic `prediction`; lost while the bus is away. */
void mmofl_agent_publish_prediction(mmofl_agent *agent, const void *payload,
                                    size_t size);

/** For a poll beside the sensors' descriptors: as in bus.h. */
int mmofl_agent_descriptor(const mmofl_agent *agent, bool *wants_write, double *due_s);

#endif
