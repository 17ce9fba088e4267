/* agent_parts.h - what the files of an agent share; inside of src/device only.
 *
 * The bus has its turn also while the device learns.  So what comes is only put down
 * (link/member.h), and dealt with in mmofl_agent_step, where nothing else is going on.
 */
#ifndef MMOFL_DEVICE_AGENT_PARTS_H
#define MMOFL_DEVICE_AGENT_PARTS_H

#include "base/clock.h"
#include "device/agent.h"
#include "device/predictor.h"
#include "device/sample_buffer.h"
#include "device/state.h"
#include "wire/kept_message.h"

/* What a device carries from round to round: what it keeps for the aggregation rule,
 * and the error of lossy codings.  (P) or NULL: not needed. */
typedef struct mmofl_carried {
    float *kept, *residual;
} mmofl_carried;

struct mmofl_agent {
    mmofl_agent_setup setup;
    mmofl_log_sink log;
    mmofl_member *member;
    /* The plan, and what is made for it. */
    mmofl_plan *plan;
    mmofl_learner_space *space;
    mmofl_predictor *predictor;
    mmofl_sample_buffer *samples;
    mmofl_carried before; /* with what the coordinator is known to have */
    mmofl_carried after;  /* with the answer on its way, too */
    float *values[MMOFL_MAX_MODALITIES]; /* (S_m) of a sample to be predicted */
    bool samples_ended;
    /* The round. */
    mmofl_kept_message task;   /* the last one; no bytes: none yet */
    double task_s;             /* when it came */
    uint64_t answered;         /* the last round with an answer on its way or there */
    uint64_t acknowledged;     /* the last one whose answer arrived */
    mmofl_kept_message answer; /* of round `answered` */
    bool is_update; /* the answer is one whose Ack makes `after` what is carried */
    bool must_save; /* the disk did not take what is carried, nor is it sent before */
    double saved_s; /* when that was tried last */
    double save_told_s;
    uint64_t answered_arrivals;  /* samples that had come when it answered last */
    mmofl_digest answered_model; /* of the task of round `answered` */
    /* Learning alone. */
    uint64_t
        alone_arrivals; /* samples that had come when it learned last, either way */
    float *own;         /* (P) the model of its own; NULL: the task's */
    uint64_t own_rounds;
    double learned_s;
    /* Care. */
    double turn_s; /* when the bus had its last turn while learning */
    bool is_learning;
};

#define MMOFL_AGENT_SAY(agent, level, ...)                                             \
    mmofl_log(&(agent)->log, MMOFL_LOG_##level, __VA_ARGS__)

/** Seconds of the agent's clock. */
static inline double mmofl_agent_now(const mmofl_agent *a)
{
    return a->setup.clock ? a->setup.clock(a->setup.clock_context)
                          : mmofl_clock_seconds();
}

/** The last task; NULL: none yet.  Its round; 0: none yet. */
static inline const mmofl_task *mmofl_agent_task(const mmofl_agent *a)
{
    return a->task.bytes ? &a->task.message.body.task : NULL;
}

/** Does anything of a round matter in the next one? */
static inline bool mmofl_agent_carries(const mmofl_agent *a)
{
    return a->before.kept || a->before.residual;
}

static inline uint64_t mmofl_agent_round(const mmofl_agent *a)
{
    return a->task.bytes ? mmofl_agent_task(a)->broadcast.round : 0;
}

/* ---- agent_plan.c: the plan, and what is made for it ---- */

void mmofl_agent_drop_plan(mmofl_agent *agent);

/** Drop the plan and make that of a Welcome. */
MMOFL_CHECKED mmofl_status mmofl_agent_use_welcome(mmofl_agent *agent,
                                                   const mmofl_kept_message *welcome,
                                                   mmofl_error *err);

/** The Welcome that came, where one did. */
MMOFL_CHECKED mmofl_status mmofl_agent_take_welcome(mmofl_agent *agent,
                                                    mmofl_error *err);

/** Keep a file for a restart; a disk that does not take it is told of, not too often.
 * Is it kept? */
bool mmofl_agent_save(mmofl_agent *agent, const char *name,
                      const mmofl_state_file *file);

/** The plan, the task and the answer of before; what is not usable is told of. */
MMOFL_CHECKED mmofl_status mmofl_agent_restore(mmofl_agent *agent, mmofl_error *err);

/* ---- agent_round.c: tasks and answers ---- */

/** The Task that came, where one did and it is newer. */
void mmofl_agent_take_next_task(mmofl_agent *agent);

bool mmofl_agent_task_is_open(const mmofl_agent *agent);

/** What became of the answer.  context: the agent. */
void mmofl_agent_answered(void *context, mmofl_status status, const char *text);

/** A heartbeat, when it is due. */
void mmofl_agent_say_heartbeat(mmofl_agent *agent);

/** The open task, as far as it can be dealt with; the answer, as far as it must be
 * sent. */
MMOFL_CHECKED mmofl_status mmofl_agent_go_on(mmofl_agent *agent, mmofl_error *err);

/** The same step without a coordinator, when it is due (mmofl_agent_setup.offline_s):
 * for predictions until it is back.  What comes back from the others replaces it. */
void mmofl_agent_learn_alone(mmofl_agent *agent);

#endif
