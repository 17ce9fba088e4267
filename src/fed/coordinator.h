/* coordinator.h - rounds: who takes part, what comes in, the next model.
 *
 *        open                 accept (from any thread, any order)            close
 *   idle ----> Theta^t, participants ----> ... updates ... ----> Theta^(t+1), summary
 * ----> idle
 *
 * It knows nothing of networks or of the devices' memory; updates reach it as messages.
 *
 * With ranks (base/ranks.h) each has a coordinator.  They open the same round, each
 * accepts what comes to its own, merge brings them level, and they close alike.
 */
#ifndef MMOFL_FED_COORDINATOR_H
#define MMOFL_FED_COORDINATOR_H

#include "base/option.h"
#include "fed/aggregation.h"
#include "learn/message.h"
#include "mmofl/status.h"

typedef struct mmofl_coordinator_setup {
    uint64_t seed;
    uint32_t devices;     /* K */
    double participation; /* share of devices in (0, 1], or their number if > 1 */
    size_t n_parameters;
    mmofl_pick aggregation;
    const mmofl_model *model; /* where encoders and prototypes lie; NULL: neither */
    const mmofl_pick *method; /* its prototypes and weights; NULL: pm */
    double momentum;          /* of the devices' optimiser */
    size_t memory_limit;      /* bytes; a rule that keeps more is refused.  0: none */
    const mmofl_ranks *ranks; /* NULL: alone */
    long fail_after;          /* tests: as in arena.h */
} mmofl_coordinator_setup;

/** What happened in a round; sums run over devices in their order. */
typedef struct mmofl_round_summary {
    uint64_t round;
    uint32_t participants; /* asked */
    uint32_t updates;      /* that answered */
    uint64_t late;         /* further updates, of earlier rounds; in no other sum */
    uint64_t fresh, fresh_correct;
    double loss;       /* F_t: mean over devices of the loss on their fresh samples */
    double train_loss; /* mean over devices */
    uint64_t whole, partial; /* trained samples with all modalities, and others */
    double whole_loss, partial_loss; /* their mean loss */
    double method_loss;              /* further loss terms, mean over devices */
    uint64_t steps;                  /* mini-batches over all devices */
    uint64_t bytes_down, bytes_up;
} mmofl_round_summary;

typedef struct mmofl_coordinator mmofl_coordinator;

/** Starts before round 1 with the model given (copied).
 * @retval E_MEMORY  also: the rule keeps all models of a round, and they pass the limit
 * @retval E_RANGE  no devices, or a participation that asks for none or for more than
 * all
 * @retval E_RANGE, E_INFEASIBLE  the aggregation rule cannot work so; err says why */
MMOFL_CHECKED mmofl_status mmofl_coordinator_new(const mmofl_coordinator_setup *setup,
                                                 const float *parameters,
                                                 mmofl_coordinator **coordinator,
                                                 mmofl_error *err);
void mmofl_coordinator_delete(mmofl_coordinator *coordinator);

/** Memory it holds, in bytes. */
size_t mmofl_coordinator_bytes(const mmofl_coordinator *coordinator);

/** Go on after `round` finished rounds with this model (after a resume). @retval
 * E_STATE a round is open */
MMOFL_CHECKED mmofl_status mmofl_coordinator_restore(mmofl_coordinator *coordinator,
                                                     uint64_t round,
                                                     const float *parameters);

/** The state of rank 0 between rounds (after a restore) goes to all. */
void mmofl_coordinator_spread(mmofl_coordinator *coordinator);

/** Arrays beside the model that must survive a resume: prototypes, the rule's state.
 * Write into them only between rounds.  At most max; returns how many. */
int mmofl_coordinator_state(mmofl_coordinator *coordinator, mmofl_state_array *arrays,
                            int max);

/** Global prototypes after the last finished round; NULL when the method has none. */
const mmofl_prototypes *
mmofl_coordinator_prototypes(const mmofl_coordinator *coordinator);

/** The model between rounds, Theta^(t+1) after round t; lives as long as the
 * coordinator. */
const float *mmofl_coordinator_parameters(const mmofl_coordinator *coordinator);

/** Open the next round; participants (ascending device numbers) are drawn by (seed,
 * round). Both stay valid until close.  @retval E_STATE  a round is open */
MMOFL_CHECKED mmofl_status mmofl_coordinator_open(mmofl_coordinator *coordinator,
                                                  mmofl_broadcast *broadcast,
                                                  const uint32_t **participants,
                                                  uint32_t *n);

/** Take an update.  Thread-safe.  A refused update changes nothing.
 * @retval E_STATE      no round is open
 * @retval E_STALE      of another round
 * @retval E_UNKNOWN    of a device that does not take part
 * @retval E_DUPLICATE  the device has answered already
 * @retval E_SHAPE      another number of parameters
 * @retval E_MISSING    prototypes or the rule's numbers are not there
 * @retval E_NONFINITE, E_RANGE  parameters or report hold NaN, infinity or absurd
 * values */
MMOFL_CHECKED mmofl_status mmofl_coordinator_accept(mmofl_coordinator *coordinator,
                                                    const mmofl_update *update);

/** Take an update of an earlier round, from any device, that was moved to the open
 * round's model (fed/rebase.h): one more term of the mean, and of the prototypes; its
 * report is not added up.  Not with ranks.  Thread-safe.  Whether it was taken before
 * is the caller's to know.
 * @retval E_STATE        no round is open
 * @retval E_UNSUPPORTED  the rule keeps the updates of participants apart, or has
 *                        numbers of its own in them
 * @retval E_UNKNOWN, E_SHAPE, E_MISSING, E_NONFINITE, E_RANGE  as
 * mmofl_coordinator_accept */
MMOFL_CHECKED mmofl_status mmofl_coordinator_accept_late(mmofl_coordinator *coordinator,
                                                         const mmofl_update *update);

/** Take in what the other ranks accepted: all call it once their updates are there.
 * Participants number start[r] ... start[r + 1] - 1 are those that rank r has heard.
 * @retval E_STATE  no round is open
 * @retval E_RANGE  the updates are too large together; the same on all ranks, and the
 *                  round is of no use any more */
MMOFL_CHECKED mmofl_status mmofl_coordinator_merge(mmofl_coordinator *coordinator,
                                                   const size_t *start);

/** Close the round over the updates that came.  @retval E_STATE  no round is open */
MMOFL_CHECKED mmofl_status mmofl_coordinator_close(mmofl_coordinator *coordinator,
                                                   mmofl_round_summary *summary);

#endif
